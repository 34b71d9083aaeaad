/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A world for tests of the engine as a whole: two in-memory stores behind the fault
 * backend, each with a control of its name, and a state directory.
 */
#pragma once

#include "engine/engine.h"

#include "fault-backend.h"
#include "memory-backend.h"

/* World: see above. One thread. */
typedef struct
{
  char *directory;
  Registry *registry;
  MemoryStore *source, *destination;
  FaultControl *source_control, *destination_control;
  const char *source_options, *destination_options;
  gboolean plain; /* no faults at the destination */
  EventFunc event;
  gpointer event_data;
  GCancellable *stop, *cancel;
  EngineMode mode;
  gint64 idle_us, retry_unit_us; /* 0: the default, a millisecond */
  void (*adjust) (Job *job, EngineRequest *request, gpointer data); /* NULL: nothing */
  gpointer adjust_data;
} World;

/* inbox, work, deep: the folders of the source: 5, 2 (3) and 1 messages. */
extern const char *const inbox[];
extern const char *const work[];
extern const char *const deep[];

/* world_new: with mail at the source; @big: one too big to be whole before it leaves.
 * (transfer full) */
World *world_new (gboolean big);
/* world_free: with its directory. */
void world_free (World *self);
/* world_run: one run of the engine. (transfer full) */
EngineResult *world_run (World *self);
/* add_mail: message @number, of at least @bytes. */
void add_mail (MemoryStore *store, HaulPath path, guint number, gsize bytes);
/* arm: an error at the @at-th step; 0: none. */
void arm (FaultControl *control, guint64 at, HaulErrorCode code, HaulErrorScope scope);
/* disarm: both sides; counting begins anew. */
void disarm (World *self);
/* contents: all bodies of all folders, sorted: "Work/Deep <digest>". (transfer full) */
char *contents (MemoryStore *store);
/* account: the one account of the result. (transfer none) */
AccountResult *account (EngineResult *result);
/* assert_balanced: the ledger of each folder balances. */
void assert_balanced (EngineResult *result, const char *place);
/* assert_second_run_completes: another run without faults ends well, and the destination
 * is as the source. */
void assert_second_run_completes (World *self, const char *place);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two stores and the state of one execution of a scenario, in a folder of its own.
 */
#pragma once

#include "engine/engine.h"
#include "imap-side.h"
#include "scenario.h"

/* Variant: what the backends of a scenario can do. */
typedef struct
{
  const char *name;
  const char *source;      /* options, as a shell splits them */
  const char *destination; /* likewise */
  gboolean loose; /* keys do not last: only `copied` and `failed` are what they were */
  gboolean imap_source; /* an account of the server of imap-on-server.py instead */
  gboolean imap_destination;
} Variant;

/* World: see above. One thread. */
typedef struct
{
  Scenario *scenario;
  const Variant *variant;
  char *directory;
  Registry *registry;
  const char *control; /* name of a FaultControl: both sides are the fault backend */
  GPtrArray *expected; /* of char *: the destination after the last run */
  ImapSide *side;      /* NULL: no account is looked into */
  char *users[2];      /* names of the accounts, the source's first; NULL: none */
  GHashTable *born; /* path → "subscribed" or "": folders that the accounts came with */
} World;

/* Actions: what a run said that it did, or would do. */
typedef struct
{
  GPtrArray *lines; /* of char *, sorted */
  gboolean keyless; /* keys are left out: they do not last */
} Actions;

/* world_variants: all there are; the last has no name (static). */
const Variant *world_variants (void);
/* world_new: in @directory, which exists. @control and @side may be NULL; without @side
 * it uses the accounts of the world that the folder had before. (transfer full) */
World *world_new (Scenario *scenario, const Variant *variant, const char *directory,
                  const char *control, ImapSide *side);
/* world_free: accepts NULL; leaves the folder. */
void world_free (World *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (World, world_free)
/* world_remove: removes a folder with all below it. */
void world_remove (const char *directory);

/* world_change: carries out a step that is no run. */
void world_change (World *self, const Step *step);
/* world_forget: the state is lost. */
void world_forget (World *self);
/* world_run: @actions (may be NULL) gets what was said. @hook: after each commit, may be
 * NULL. (transfer full) */
EngineResult *world_run (World *self, EngineMode mode, Actions *actions,
                         void (*hook) (gpointer user_data), gpointer user_data);
/* world_expect: from here on world_compare() compares with what @step expects. */
void world_expect (World *self, const Step *step);
/* world_compare: the destination is what was expected; @when is for the message. */
void world_compare (World *self, const Step *step, const char *when);
/* world_snapshot: all that lies in the folder, for world_untouched(). (transfer full) */
GHashTable *world_snapshot (const World *self);
/* world_untouched: nothing in the folder has changed since. */
void world_untouched (const World *self, GHashTable *snapshot, const char *when);

/* result_describe: what went wrong in a run, for the log of the test. */
void result_describe (const EngineResult *result, const char *when);
/* world_check_exit: the exit code is that of @step. */
void world_check_exit (const World *world, const Step *step, const EngineResult *result,
                       const char *when);
/* world_check_counts: the ledger is as @step says. */
void world_check_counts (const World *world, const Step *step,
                         const EngineResult *result);

/* compare_lines: fails with the first that differs. */
void compare_lines (GPtrArray *found, GPtrArray *expected, const char *when);
/* compare_text: for sorting arrays of char *. */
gint compare_text (gconstpointer a, gconstpointer b);
/* world_user: the account of one side; NULL: it is an in-memory store. */
const char *world_user (const World *self, gboolean source);
/* world_store_file: the log of one side. (transfer full) */
char *world_store_file (const World *self, gboolean source);
/* world_mail_content: the digest of a mail's canonical content, 32 bytes. */
void world_mail_content (const MailSpec *mail, guint8 *out);

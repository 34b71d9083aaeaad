/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The in-memory backend: a HaulBackend that is linked into a test. Its capabilities can
 * be taken away one by one, so that each way in which the engine makes up for a missing
 * one is met by some test.
 */
#pragma once

#include <mailhaul/backend.h>

#include "memory-store.h"

/*
 * MemorySettings: filled by the options of the same names.
 *
 * @store: the name of a MemoryStore. @file: a log file instead; `file` wins.
 * @without: words for capabilities that the session shall not have: keys (none in
 * receipts), stable-keys, ordered-keys, delivery-id, keywords, any-lines, dates,
 * scan-from, exact-size, token, mark, subscriptions, size (bodies of unknown length),
 * expunge (is refused).
 * @needs_size, @single_session, @case_insensitive: capabilities that restrict.
 * @delta: a scan since a token gives the difference only.
 * @batch: messages that are committed together. @window: messages of a fetch that are
 * taken ahead, and then delivered last first; receipts of a batch likewise.
 * @chunk: bytes of a body that are handed over at once.
 * @max_message, @quota: limits in bytes; 0: none. @again: each so many-th message is
 * refused at its first offer; 0: none.
 * @debris: a batch that is begun shows as half a message until it is whole or recover()
 * was called.
 * @ghost: a batch that is broken off at its commit is stored all the same, later: at the
 * next "recover", after the next batch ("store"), or at the next "list".
 * @lose: each so many-th message gets its receipt and is not there; 0: none.
 * @sessions: how many may be open at once, as it says; 0: it says nothing.
 */
typedef struct
{
  char *store;
  char *file;
  char **without;
  gboolean needs_size;
  gboolean single_session;
  gboolean case_insensitive;
  gboolean delta;
  guint batch;
  guint window;
  guint chunk;
  guint64 max_message;
  guint64 quota;
  guint again;
  gboolean debris;
  char *ghost;
  guint lose;
  guint sessions;
} MemorySettings;

/* MemoryStep: the moments at which a probe is asked. */
typedef enum
{
  MEMORY_STEP_PLAN = 0,      /* fetch: before a message is taken off the plan */
  MEMORY_STEP_BEGIN = 1,     /* fetch: before the sink's begin */
  MEMORY_STEP_WRITE = 2,     /* fetch: before each write, so also in mid-body */
  MEMORY_STEP_END = 3,       /* fetch: before the sink's end */
  MEMORY_STEP_NEXT = 4,      /* store: before a message is taken off the feed */
  MEMORY_STEP_READ = 5,      /* store: before a body is read */
  MEMORY_STEP_COMMIT = 6,    /* store: before a batch takes effect */
  MEMORY_STEP_COMMITTED = 7, /* store: it took effect, no receipt is out */
  MEMORY_STEP_RECEIPT = 8,   /* store: after each receipt */
  MEMORY_STEP_RECORD = 9,    /* scan: before each record */
} MemoryStep;

/* MemoryProbe: FALSE with @error set makes the callback return FALSE with that error,
 * with nothing cleaned up. Runs on the session's thread. */
typedef gboolean (*MemoryProbe) (MemoryStep step, gpointer user_data, GError **error);

/* memory_backend_get: "memory". All callbacks. (static) */
const HaulBackend *memory_backend_get (void);
/* memory_backend_get_plain: "memory-plain": only the callbacks that every backend of both
 * roles must have. (static) */
const HaulBackend *memory_backend_get_plain (void);
/* memory_session_set_probe: @session is what open() returned. NULL: no more. */
void memory_session_set_probe (gpointer session, MemoryProbe probe, gpointer user_data);

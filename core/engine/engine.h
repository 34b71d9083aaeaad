/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine's front door: checks a job against the plugins, runs it, plans it, verifies
 * it. Knows no protocol and prints nothing.
 */
#pragma once

#include <gio/gio.h>

#include "engine/events.h"
#include "engine/result.h"
#include "model/job.h"
#include "plugin/registry.h"
#include "state/state.h"

/* EngineMode: what to do with the job. */
typedef enum
{
  ENGINE_RUN,     /* sync */
  ENGINE_DRY_RUN, /* say what a run would do; write nothing anywhere */
  ENGINE_VERIFY,  /* compare both sides; write nothing anywhere */
} EngineMode;

/* EngineRequest: zeroed members are defaults. Everything must stand until the end. */
typedef struct
{
  const Job *job;
  Registry *registry;
  EngineMode mode;
  JobVerify verify_level;      /* ENGINE_VERIFY */
  const char *const *accounts; /* names; NULL: all of the job */
  gint64 now_unix;             /* 0: the clock */
  EventFunc event;             /* may be NULL */
  gpointer event_data;
  gboolean actions;     /* post EVENT_ACTION for each action */
  GCancellable *stop;   /* finish what is in flight, commit, end; may be NULL */
  GCancellable *cancel; /* end now; may be NULL */
  gint64 retry_unit_us; /* first back-off; 0: one second (tests: shorter) */
  gint64 idle_us;       /* a session idle for so long is kept alive; 0: a minute */
  void (*commit_hook) (gpointer user_data); /* after each commit of the state (tests) */
  gpointer commit_data;
} EngineRequest;

/*
 * engine_check: the third layer of validation: every plugin named by @job is there, and
 * its option table accepts the values of every account, and no two accounts have one
 * destination. All mistakes go to @problems.
 */
gboolean engine_check (const Job *job, Registry *registry, Problems *problems);

/*
 * engine_run: runs all selected accounts, up to the job's limit at once, and returns when
 * all have ended. Never NULL: what went wrong stands in the result. Unknown names in
 * request->accounts are ignored: the caller checks them. (transfer full)
 */
EngineResult *engine_run (const EngineRequest *request);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fault backend: passes all calls on to another backend, counts the steps on the way,
 * and at a chosen one fails, waits, or kills the process. Linked into a test.
 */
#pragma once

#include <mailhaul/backend.h>

/* FaultAction: what happens at the chosen step. */
typedef enum
{
  FAULT_NOTHING = 0, /* steps are only counted */
  FAULT_ERROR = 1,   /* the call fails; at a step "after" its effect is done already */
  FAULT_DELAY = 2,   /* the call waits */
  FAULT_KILL = 3,    /* SIGKILL to the own process */
} FaultAction;

/* FaultControl: a counter and a plan, shared by all sessions that name it. Any thread. */
typedef struct _FaultControl FaultControl;

/*
 * FaultPlan: the fault of a control. Each call of a callback is two steps, one before and
 * one after it; over the in-memory backend each step inside of fetch, store and scan (see
 * MemoryStep) is one, too. So a body breaks off in its middle, and a batch is stored
 * whose receipts never come. @at: the first step is 1. @lasting: all later steps, too.
 */
typedef struct
{
  FaultAction action;
  guint64 at;
  gboolean lasting;
  HaulErrorCode code;
  HaulErrorScope scope;
  gint64 delay_us;
  const char *place; /* "at commit": only these steps are counted for @at; NULL: all */
} FaultPlan;

/* fault_control_new: known to the process by @name until it is freed. (transfer full) */
FaultControl *fault_control_new (const char *name);
/* fault_control_free: no session may be left. Accepts NULL. */
void fault_control_free (FaultControl *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FaultControl, fault_control_free)
/* fault_control_arm: takes over @plan and counts from 0 again. */
void fault_control_arm (FaultControl *self, const FaultPlan *plan);
/* fault_control_steps: steps since it was armed. */
guint64 fault_control_steps (FaultControl *self);
/* fault_control_fired: how often the fault happened since it was armed. */
guint64 fault_control_fired (FaultControl *self);
/* fault_control_place: where it happened last, such as "after store". (transfer full),
 * NULL: nowhere. */
char *fault_control_place (FaultControl *self);
/* fault_control_calls: the callbacks that were called since it was armed, in order and
 * with a blank between: "open list enter(Work/Deep) close". (transfer full) */
char *fault_control_calls (FaultControl *self);

/* fault_control_meet: no folder is scanned before @count sessions of @one, and as many of
 * @other (may be NULL), have been opened or refused, counted from here on. It holds until
 * the next one; 0 ends it. With no session open. */
void fault_control_meet (FaultControl *self, guint count, FaultControl *one,
                         FaultControl *other);

/* fault_control_set_over: sessions whose `over` is the name of @over pass their calls on
 * to it; it must stand until the last of them is closed. */
void fault_control_set_over (const char *control, const HaulBackend *over);

/*
 * FaultSettings: filled by the options of the same names. @over: "memory",
 * "memory-plain", or what fault_control_set_over() gave; @with: the options of that
 * backend, "store=x batch=3", as a shell would split them; @control: the name of a
 * FaultControl.
 */
typedef struct
{
  char *over;
  char *with;
  char *control;
} FaultSettings;

/* fault_backend_get: "fault". (static) */
const HaulBackend *fault_backend_get (void);

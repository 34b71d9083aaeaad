/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A world for tests of several lanes: more folders than lanes, in-memory stores that take
 * several sessions, and steps that take a moment.
 */
#pragma once

#include "engine-world.h"

/* FOLDERS, MESSAGES: enough for several lanes: messages in each. */
#define FOLDERS  16
#define MESSAGES 30

/* LaneWorld: a world whose job takes so many connections. One thread. */
typedef struct
{
  World *world;
  guint connections;
  guint messages;    /* at the source */
  GHashTable *begun; /* folder → how often it was begun */
  guint actions;
  guint stop_at, cancel_at; /* actions; 0: never */
} LaneWorld;

/* lane_world_new: with so many folders beside those of the world, and so many messages in
 * each. (transfer full) */
LaneWorld *lane_world_new (guint connections, guint folders, guint messages);
/* lane_world_free: with its world. */
void lane_world_free (LaneWorld *self);
/* lane_world_adjust: what the world's `adjust` does. */
void lane_world_adjust (Job *job, EngineRequest *request, gpointer data);
/* slow_down: a step takes a moment, so that the lanes share the work. */
void slow_down (FaultControl *control, const char *place);
/* await_lanes: no folder is scanned before so many sessions are open on each side. */
void await_lanes (LaneWorld *self, guint count);
/* await_opens: no folder is scanned before so many sessions were opened or refused @at
 * one side. */
void await_opens (LaneWorld *self, FaultControl *at, guint count);
/* arm_at: an error of session scope at the @at-th step at @place; @lasting: and later. */
void arm_at (FaultControl *control, const char *place, guint64 at, gboolean lasting,
             HaulErrorCode code);
/* count_calls: how often a callback was called. */
guint count_calls (FaultControl *control, const char *name);
/* assert_lanes: so many sessions were opened on each side, and closed. For more than one
 * the run must have met by await_lanes(): else a quick lane leaves nothing to the others.
 */
void assert_lanes (LaneWorld *self, guint count);
/* assert_same_order: the destination's folders hold the source's messages, in their
 * order. */
void assert_same_order (LaneWorld *self);
/* assert_same_mail: all is there once; a message at which the source broke off may come
 * last. */
void assert_same_mail (LaneWorld *self, gboolean in_order);
/* assert_all_copied: one run did it all, and its sums say so. */
void assert_all_copied (LaneWorld *self, EngineResult *result);

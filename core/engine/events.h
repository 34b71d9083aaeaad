/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an engine tells while it runs. Lanes post facts; they are delivered one after the
 * other on the thread that called engine_run(). Counters are sampled, not posted. One of
 * the three files that lock.
 */
#pragma once

#include <mailhaul/backend.h>

#include "engine/progress.h"

/* EventKind: what happened. */
typedef enum
{
  EVENT_TICK,          /* about five times a second for each running account */
  EVENT_ACCOUNT_BEGIN, /* account */
  EVENT_ACCOUNT_END,   /* account */
  EVENT_FOLDER_BEGIN,  /* account, folder, destination */
  EVENT_FOLDER_END,    /* account, folder, destination */
  EVENT_ACTION,        /* account, folder, action, …: planned (dry run) or done */
  EVENT_FAILURE,       /* account, folder, text: one message or folder failed */
  EVENT_NOTICE, /* account, folder (may be NULL), text: survived; says what is next */
} EventKind;

/* ActionKind: what a run does, or a plan would. */
typedef enum
{
  ACTION_CREATE_FOLDER, /* destination */
  ACTION_SUBSCRIBE,     /* destination */
  ACTION_COPY,          /* folder, destination, key, bytes */
  ACTION_MATCH,         /* the message is at the destination already */
  ACTION_SKIP,          /* folder, key, text = reason */
  ACTION_FLAGS,         /* folder, destination, key, text = "+\\Seen -$Work" */
  ACTION_MOVE,          /* folder, destination, key: inside of the destination; text =
                           "moved from INBOX" or "copied from INBOX" */
  ACTION_DELETE,        /* destination, its key, bytes, text = why; folder if known */
  ACTION_DELETE_FOLDER, /* destination */
  ACTION_DELETE_SOURCE, /* folder, key, bytes, text = "delete" or where it is moved to */
} ActionKind;

/* Event: all strings stand during the call. */
typedef struct
{
  EventKind kind;
  const char *account;
  const char *folder;      /* source path as text; NULL: none */
  const char *destination; /* destination path as text; NULL: none */
  const char *text;
  ActionKind action;
  HaulBytes key;
  guint64 bytes;
  const Progress
      *progress; /* TICK, ACCOUNT_…: counters of `account`; stand as long as the result */
} Event;

/* EventFunc: receives events on the thread of engine_run(). */
typedef void (*EventFunc) (const Event *event, gpointer user_data);

/* EVENTS_QUEUED_MAX: enough that a terminal that hangs for a moment stops no lane, and
 * little memory. */
#define EVENTS_QUEUED_MAX 4096

/* Events: the queue. */
typedef struct _Events Events;

/* events_new: (transfer full). */
Events *events_new (void);
/* events_free: accepts NULL. */
void events_free (Events *self);
/* events_post: copies @event. Blocks only while EVENTS_QUEUED_MAX are undelivered. */
void events_post (Events *self, const Event *event);
/* events_close: no more will come: events_deliver() returns once the queue is empty. */
void events_close (Events *self);
/* events_deliver: hands events to @func (may be NULL: they are dropped), with a call of
 * @tick (may be NULL) about every 200 ms, until events_close(). */
void events_deliver (Events *self, EventFunc func, void (*tick) (gpointer user_data),
                     gpointer user_data);

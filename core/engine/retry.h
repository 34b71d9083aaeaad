/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an error means for the run: a pure table over its code, its scope and the attempt.
 * docs/internals/errors.md has the table in words.
 */
#pragma once

#include <mailhaul/error.h>

/* RETRY_UNIT_US: the first back-off; each further one is twice as long. */
#define RETRY_UNIT_US (G_GINT64_CONSTANT (1) * G_USEC_PER_SEC)
/* RETRY_DELAY_MAX_US: the longest back-off of our own: servers that come back are found
 * within minutes. */
#define RETRY_DELAY_MAX_US (G_GINT64_CONSTANT (300) * G_USEC_PER_SEC)
/* RETRY_HINT_MAX_US: the longest wait that a peer may ask for (Exchange asks for up to 50
 * minutes); beyond it the next run is the better time. */
#define RETRY_HINT_MAX_US (G_GINT64_CONSTANT (7200) * G_USEC_PER_SEC)
/* RETRY_MESSAGE_ATTEMPTS: offers of one message, as haul_feed_again() promises. */
#define RETRY_MESSAGE_ATTEMPTS 5
/* RETRY_SESSION_ATTEMPTS: connections lost in a row, about 20 minutes of back-off. */
#define RETRY_SESSION_ATTEMPTS 10
/* RETRY_BUSY_ATTEMPTS: refusals in a row by a peer that is busy: nothing is broken, so
 * more patience, about an hour. */
#define RETRY_BUSY_ATTEMPTS 18
/* RETRY_FIRST_ATTEMPTS: connections at the very beginning that come to nothing: a peer
 * that restarts is back after them; a wrong host name does not keep anybody waiting. */
#define RETRY_FIRST_ATTEMPTS 3
/* RETRY_FIRST_BUSY_ATTEMPTS: the same of a peer that says that it is busy: two minutes;
 * nothing is begun, so nothing is lost by coming again later. */
#define RETRY_FIRST_BUSY_ATTEMPTS 8
/* RETRY_PROTOCOL_ATTEMPTS: the same nonsense twice is not an accident. */
#define RETRY_PROTOCOL_ATTEMPTS 2

/* RetryAction: what to do. */
typedef enum
{
  RETRY_FAIL_MESSAGE = 0,  /* record it, go on with the next message */
  RETRY_AGAIN_MESSAGE = 1, /* offer the message once more after the delay */
  RETRY_COUNT_GONE = 2,    /* the message vanished: counted, not a failure */
  RETRY_FAIL_FOLDER = 3,   /* record it, go on with the next folder */
  RETRY_RECONNECT = 4,     /* a new session after the delay; resume the folder */
  RETRY_STOP_ACCOUNT = 5,  /* end the account's run */
  RETRY_STOP_JOB = 6,      /* end the whole run */
} RetryAction;

/* RetryDecision: an action and, where it means another try, how long to wait before. */
typedef struct
{
  RetryAction action;
  gint64 delay_us;
} RetryDecision;

/*
 * retry_decide: what follows from @error, the @attempt-th in a row (1: the first).
 * @jitter: any 32 random bits; 0 gives the full back-off, others shorten it by up to a
 * half, so that many sessions do not return at once. @unit_us: RETRY_UNIT_US, tests:
 * less; 0 or less: RETRY_UNIT_US. The delay is never shorter than what the peer asked
 * for. Errors of other domains count as HAUL_ERROR_PROTOCOL, but G_IO_ERROR_CANCELLED,
 * which stops the job.
 */
RetryDecision retry_decide (const GError *error, guint attempt, guint32 jitter,
                            gint64 unit_us);
/* retry_decide_first: the same before the account has done anything: RETRY_RECONNECT, or
 * anything else for the end. */
RetryDecision retry_decide_first (const GError *error, guint attempt, guint32 jitter,
                                  gint64 unit_us);
/* retry_delay: the back-off alone: @unit_us · 2^(@attempt - 1), at most
 * RETRY_DELAY_MAX_US. */
gint64 retry_delay (guint attempt, guint32 jitter, gint64 unit_us);

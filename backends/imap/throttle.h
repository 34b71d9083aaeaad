/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds out from the words of a server that it wants to be left alone, and for how long.
 */
#pragma once

#include "text.h"

typedef enum
{
  IMAP_THROTTLE_NONE,  /* the text says nothing of the kind */
  IMAP_THROTTLE_PLAIN, /* throttled, no time given: the caller backs off by its own rule
                        */
  IMAP_THROTTLE_TIMED, /* throttled, and the time was given */
} ImapThrottle;

/* Looks at the text of a NO, BAD, OK or BYE: "Suggested Backoff Time: N milliseconds"
 * (Exchange), "try again in N seconds", "rate limit", "throttled", "too many
 * connections", "bandwidth limits". @out_ms gets milliseconds, at most
 * IMAP_LIMIT_THROTTLE_MS, only with IMAP_THROTTLE_TIMED. Response codes such as
 * [THROTTLED] are the caller's to look at. */
ImapThrottle imap_throttle_parse (ImapString text, gint64 *out_ms);

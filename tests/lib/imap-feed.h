/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Feeds wire bytes to the response parser and prints the events, one line each. */
#pragma once

#include <glib.h>

/* How the bytes are cut into calls. */
typedef struct
{
  gsize first; /* bytes of the first call; 0: none of its own */
  gsize step;  /* bytes of each further call; 0: all the rest */
} ImapFeedCut;

/* The events of @data as text, (transfer full); the spans of one body are joined, and a
 * fatal error is the last line. Non-printable bytes are shown as \xNN. */
gchar *imap_feed_events (const guint8 *data, gsize length, ImapFeedCut cut);

/* Asserts that @data gives @expected when fed whole, byte by byte, and split at every
 * position; above 4 KiB without the splits, above 256 KiB in steps of 4099 bytes. */
void imap_feed_check (const gchar *data, gsize length, const gchar *expected);

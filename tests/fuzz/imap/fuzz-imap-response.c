/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes through the response parser, whole and cut in three ways taken from the
 * input: the printed events must be the same. */
#include <glib.h>

#include "imap-feed.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size < 2 || size > 65536)
    return 0;
  gsize first = data[0] + 1u;
  gsize step = data[1] % 7u + 1u;
  data += 2;
  size -= 2;

  g_autofree gchar *whole = imap_feed_events (data, size, (ImapFeedCut){ 0, 0 });
  g_autofree gchar *single = imap_feed_events (data, size, (ImapFeedCut){ 1, 1 });
  g_autofree gchar *split = imap_feed_events (data, size, (ImapFeedCut){ first, step });
  g_assert_cmpstr (whole, ==, single);
  g_assert_cmpstr (whole, ==, split);
  return 0;
}

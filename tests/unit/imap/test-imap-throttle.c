/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words by which servers ask for a pause. */
#include <string.h>

#include <glib.h>

#include "throttle.h"

static const struct
{
  const gchar *text;
  ImapThrottle throttle;
  gint64 ms;
} vectors[] = {
  { "Request is throttled. Suggested Backoff Time: 89117 milliseconds",
    IMAP_THROTTLE_TIMED, 89117 },
  { "Suggested Backoff Time: 300000 ms", IMAP_THROTTLE_TIMED, 300000 },
  { "slow down, try again in 5 minutes", IMAP_THROTTLE_TIMED, 300000 },
  { "Please wait 30 seconds", IMAP_THROTTLE_TIMED, 30000 },
  { "Suggested Backoff Time: 99999999999999999999 milliseconds", IMAP_THROTTLE_NONE, 0 },
  { "Suggested Backoff Time: 999999999999 milliseconds", IMAP_THROTTLE_TIMED, 86400000 },
  { "Request is throttled. Suggested Backoff Time: soon", IMAP_THROTTLE_PLAIN, 0 },
  { "Success [THROTTLED]", IMAP_THROTTLE_PLAIN, 0 },
  { "Too many simultaneous connections. (Failure)", IMAP_THROTTLE_PLAIN, 0 },
  { "Account exceeded command or bandwidth limits.", IMAP_THROTTLE_PLAIN, 0 },
  { "FETCH Rate limit hit", IMAP_THROTTLE_PLAIN, 0 },
  { "User is authenticated but not connected.", IMAP_THROTTLE_PLAIN, 0 },
  { "Server Unavailable. 15", IMAP_THROTTLE_PLAIN, 0 },
  { "Mailbox does not exist", IMAP_THROTTLE_NONE, 0 },
  { "await 3 seconds of fame no unit 7", IMAP_THROTTLE_TIMED, 3000 },
  { "", IMAP_THROTTLE_NONE, 0 },
};

static void
test_words (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      gint64 ms = 0;
      ImapString text = { vectors[i].text, strlen (vectors[i].text) };
      g_test_message ("%s", vectors[i].text);
      g_assert_cmpint (imap_throttle_parse (text, &ms), ==, vectors[i].throttle);
      g_assert_cmpint (ms, ==, vectors[i].ms);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/throttle/h43-words-of-busy-servers", test_words);
  return g_test_run ();
}

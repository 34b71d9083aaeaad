/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a server's refusal becomes: code, scope, delay, and words fit to print. */
#include <string.h>

#include <mailhaul/error.h>

#include "reply.h"
#include "response.h"

/* Parses @line as a tagged reply behind a greeting. */
static void
read_reply (const char *line, ImapReplyCopy *out)
{
  g_autoptr (ImapResponse) parser = imap_response_new ();
  g_autofree char *text = g_strdup_printf ("* OK hi\r\n%s\r\n", line);
  const guint8 *data = (const guint8 *) text;
  gsize length = strlen (text);
  ImapEvent event;
  g_assert_cmpint (imap_response_next (parser, &data, &length, &event, NULL), ==,
                   IMAP_NEXT_EVENT);
  g_assert_cmpint (imap_response_next (parser, &data, &length, &event, NULL), ==,
                   IMAP_NEXT_EVENT);
  g_assert_cmpint (event.type, ==, IMAP_EVENT_STATE);
  imap_reply_copy (out, &event.state, IMAP_TAGGED_DONE);
}

static void
test_errors (void)
{
  static const struct
  {
    const char *line;
    HaulErrorScope asked;
    HaulErrorCode code;
    HaulErrorScope scope;
  } vectors[] = {
    { "a NO [OVERQUOTA] full", HAUL_SCOPE_MESSAGE, HAUL_ERROR_QUOTA, HAUL_SCOPE_FOLDER },
    { "a NO Quota exceeded", HAUL_SCOPE_MESSAGE, HAUL_ERROR_QUOTA, HAUL_SCOPE_FOLDER },
    { "a NO [TOOBIG] no", HAUL_SCOPE_MESSAGE, HAUL_ERROR_TOO_BIG, HAUL_SCOPE_MESSAGE },
    { "a NO Maximum size of appendable message has been exceeded.", HAUL_SCOPE_MESSAGE,
      HAUL_ERROR_TOO_BIG, HAUL_SCOPE_MESSAGE },
    { "a NO [TRYCREATE] none", HAUL_SCOPE_MESSAGE, HAUL_ERROR_NOT_FOUND,
      HAUL_SCOPE_FOLDER },
    { "a NO [ALREADYEXISTS] x", HAUL_SCOPE_FOLDER, HAUL_ERROR_EXISTS, HAUL_SCOPE_FOLDER },
    { "a NO Mailbox already exists", HAUL_SCOPE_FOLDER, HAUL_ERROR_EXISTS,
      HAUL_SCOPE_FOLDER },
    { "a NO [NOPERM] x", HAUL_SCOPE_FOLDER, HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER },
    { "a NO [SERVERBUG] x", HAUL_SCOPE_FOLDER, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_FOLDER },
    { "a NO [THROTTLED] x", HAUL_SCOPE_MESSAGE, HAUL_ERROR_BUSY, HAUL_SCOPE_SESSION },
    { "a NO [OVERQUOTA] Account exceeded command or bandwidth limits.",
      HAUL_SCOPE_MESSAGE, HAUL_ERROR_BUSY, HAUL_SCOPE_SESSION },
    { "a NO Server Unavailable. 15", HAUL_SCOPE_MESSAGE, HAUL_ERROR_BUSY,
      HAUL_SCOPE_SESSION },
    { "a BAD User is authenticated but not connected.", HAUL_SCOPE_FOLDER,
      HAUL_ERROR_BUSY, HAUL_SCOPE_SESSION },
    { "a NO something else", HAUL_SCOPE_MESSAGE, HAUL_ERROR_REJECTED,
      HAUL_SCOPE_MESSAGE },
    { "a BAD Command Argument Error. 11", HAUL_SCOPE_MESSAGE, HAUL_ERROR_REJECTED,
      HAUL_SCOPE_MESSAGE },
    { "a BAD what", HAUL_SCOPE_FOLDER, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_FOLDER },
  };
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      ImapReplyCopy copy;
      g_autoptr (GError) error = NULL;
      g_test_message ("%s", vectors[i].line);
      read_reply (vectors[i].line, &copy);
      g_assert_false (imap_reply_error (&copy.reply, vectors[i].asked, "do it", &error));
      g_assert_error (error, HAUL_ERROR, (int) vectors[i].code);
      g_assert_cmpint (haul_error_scope (error), ==, vectors[i].scope);
      g_assert_true (g_str_has_prefix (error->message, "do it: "));
      imap_reply_clear (&copy);
    }
}

static void
test_delay (void)
{
  ImapReplyCopy copy;
  g_autoptr (GError) error = NULL;
  read_reply ("a BAD Request is throttled. Suggested Backoff Time: 89117 milliseconds",
              &copy);
  g_assert_false (imap_reply_error (&copy.reply, HAUL_SCOPE_MESSAGE, "x", &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_BUSY);
  g_assert_cmpint (haul_error_delay_us (error), ==, 89117 * 1000);
  imap_reply_clear (&copy);
}

static void
test_appenduid (void)
{
  ImapReplyCopy copy;
  read_reply ("a OK [APPENDUID 38505 3955:3957] done", &copy);
  g_assert_cmpint (copy.reply.code, ==, IMAP_CODE_APPENDUID);
  g_assert_cmpuint (copy.reply.uidvalidity, ==, 38505);
  g_assert_cmpstr (copy.reply.uids, ==, "3955:3957");
  imap_reply_clear (&copy);
}

static void
test_words_are_fit_to_print (void)
{
  static const char bytes[] = "a\033[31mb\xff\x80 c\td";
  g_autofree char *text = imap_printable ((ImapString){ bytes, sizeof bytes - 1 });
  g_assert_true (g_utf8_validate (text, -1, NULL));
  g_assert_null (strchr (text, '\033'));
  g_autofree char *filled = g_strnfill (10000, 'x');
  g_autofree char *cut = imap_printable ((ImapString){ filled, 10000 });
  g_assert_cmpuint (strlen (cut), <, 400);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/reply/errors-by-code-and-words", test_errors);
  g_test_add_func ("/imap/reply/a-named-delay-is-kept", test_delay);
  g_test_add_func ("/imap/reply/append-uids-are-kept", test_appenduid);
  g_test_add_func ("/imap/reply/words-are-fit-to-print", test_words_are_fit_to_print);
  return g_test_run ();
}

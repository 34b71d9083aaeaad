/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* State responses, their codes, continuations: each vector is what a server sent and the
 * events that must come of it, however the bytes are cut. A name that starts with hNN is
 * hazard NN of the IMAP reference. Test thread. */
#include <glib.h>

#include "imap-feed.h"
#include "response.h"

typedef struct
{
  const gchar *name;
  const gchar *wire;
  gsize length;
  const gchar *events;
} Vector;

#define VECTOR(name, wire, events)                                                       \
  {                                                                                      \
    name, wire, sizeof (wire) - 1, events                                                \
  }

static const Vector vectors[] = {
  VECTOR ("greeting-with-capabilities",
          "* OK [CAPABILITY IMAP4rev1 LITERAL+] ready\r\n"
          "* OK again\r\n",
          "greeting OK code=CAPABILITY arg='IMAP4rev1' ['IMAP4rev1' 'LITERAL+'] '"
          "ready'\n"
          "OK 'again'\n"),
  VECTOR ("greeting-preauth-and-bye",
          "* PREAUTH hi\r\n"
          "* BYE [UNAVAILABLE] later\r\n",
          "greeting PREAUTH 'hi'\n"
          "BYE code=UNAVAILABLE 'later'\n"),
  VECTOR ("h16-endless-bye",
          "* BYE\r\n"
          "* BYE x\r\n"
          "* BYE\r\n",
          "greeting BYE ''\n"
          "BYE 'x'\n"
          "BYE ''\n"),
  VECTOR ("h17-state-without-text-or-code",
          "A1 OK\r\n"
          "A2 OK \r\n"
          "* OK\r\n"
          "A3 OK [HIGHESTMODSEQ 1]\r\n"
          "A4 OK[READ-ONLY]x\r\n"
          "A5 no\r\n",
          "OK tag='A1' ''\n"
          "OK tag='A2' ''\n"
          "OK ''\n"
          "OK tag='A3' code=HIGHESTMODSEQ number=1 ''\n"
          "OK tag='A4' code=READ-ONLY 'x'\n"
          "NO tag='A5' ''\n"),
  VECTOR ("h17-code-without-ok",
          "* [COPYUID 14 1:2 5,7]\r\n"
          "* [APPENDUID 1 2] done\r\n",
          "greeting OK code=COPYUID number=14 uidvalidity=14 from='1:2' uids='5,7"
          "' ''\n"
          "OK code=APPENDUID number=1 number2=2 uidvalidity=1 uids='2' 'done'\n"),
  VECTOR ("h18-codes-with-quotes-lists-and-brackets",
          "* NO [BADCHARSET (\"x]\" utf-8)] no\r\n"
          "* NO [REFERRAL imap://[::1]/INBOX;UIDVALIDITY=1] see\r\n"
          "* NO [X-FOO (a (b \"]\")) c] text [not a code]\r\n"
          "* OK [PERMANENTFLAGS (\\Seen a]b \\*)] ok\r\n",
          "greeting NO code=BADCHARSET 'no'\n"
          "NO code=REFERRAL arg='imap://[::1]/INBOX;UIDVALIDITY=1' 'see'\n"
          "NO code=?X-FOO 'text [not a code]'\n"
          "OK code=PERMANENTFLAGS ['\\Seen' 'a]b' '\\*'] 'ok'\n"),
  VECTOR ("h18-literal-inside-a-code",
          "* NO [BADCHARSET ({5}\r\n"
          "UT]-8 x)] no\r\n"
          "A1 NO text ends in {5}\r\n"
          "A2 NO [ALERT] too {5}\r\n",
          "greeting NO code=BADCHARSET 'no'\n"
          "NO tag='A1' 'text ends in {5}'\n"
          "NO tag='A2' code=ALERT 'too {5}'\n"),
  VECTOR ("h18-unclosed-codes",
          "* NO [ALERT\r\n"
          "* NO [FOO (bar] baz\r\n"
          "* OK [PERMANENTFLAGS (\\Seen] x\r\n"
          "* OK [CAPABILITY \"a] y\r\n"
          "* OK []\r\n"
          "* OK [ x] y\r\n",
          "greeting NO code=ALERT damaged '[ALERT'\n"
          "NO code=?FOO damaged 'baz'\n"
          "OK code=PERMANENTFLAGS damaged [] 'x'\n"
          "OK code=CAPABILITY damaged [] 'y'\n"
          "OK code=? ''\n"
          "OK code=?x 'y'\n"),
  VECTOR ("h21-permanentflags",
          "* OK [PERMANENTFLAGS ()] none\r\n"
          "* OK [PERMANENTFLAGS (\\Deleted $MDNSent \\*)] x\r\n"
          "* OK [PERMANENTFLAGS \\Seen] bare\r\n",
          "greeting OK code=PERMANENTFLAGS [] 'none'\n"
          "OK code=PERMANENTFLAGS ['\\Deleted' '$MDNSent' '\\*'] 'x'\n"
          "OK code=PERMANENTFLAGS arg='\\Seen' ['\\Seen'] 'bare'\n"),
  VECTOR ("h13-code-numbers-that-make-no-sense",
          "* OK [UIDNEXT 0] x\r\n"
          "* OK [UIDVALIDITY 0] x\r\n"
          "* OK [UNSEEN 0] x\r\n"
          "* OK [HIGHESTMODSEQ -1] x\r\n"
          "* OK [UIDVALIDITY 4294967296] x\r\n"
          "* OK [UIDNEXT] x\r\n",
          "greeting OK code=UIDNEXT arg='0' 'x'\n"
          "OK code=UIDVALIDITY arg='0' 'x'\n"
          "OK code=UNSEEN arg='0' 'x'\n"
          "OK code=HIGHESTMODSEQ arg='-1' 'x'\n"
          "OK code=UIDVALIDITY arg='4294967296' 'x'\n"
          "OK code=UIDNEXT 'x'\n"),
  VECTOR ("uidplus",
          "A1 OK [APPENDUID 1795456937 101:102] done\r\n"
          "A2 OK [COPYUID 38505 304,319:320 3956:3958] done\r\n"
          "A3 OK [COPYUID 14 ] outlook\r\n"
          "A4 OK [APPENDUID 0 5] bad\r\n"
          "A5 OK [APPENDUID] none\r\n",
          "OK tag='A1' code=APPENDUID number=1795456937 uidvalidity=1795456937 ui"
          "ds='101:102' 'done'\n"
          "OK tag='A2' code=COPYUID number=38505 uidvalidity=38505 from='304,319:"
          "320' uids='3956:3958' 'done'\n"
          "OK tag='A3' code=COPYUID number=14 uidvalidity=14 'outlook'\n"
          "OK tag='A4' code=APPENDUID number=0 number2=5 'bad'\n"
          "OK tag='A5' code=APPENDUID 'none'\n"),
  VECTOR ("codes-with-numbers",
          "* OK [UIDVALIDITY 3857529045] x\r\n"
          "* OK [UIDNEXT 4392] x\r\n"
          "* OK [HIGHESTMODSEQ 9223372036854775807] x\r\n"
          "* OK [NOMODSEQ] x\r\n"
          "f OK [MESSAGELIMIT 1000 23007] x\r\n"
          "f NO [MESSAGELIMIT 1000] x\r\n"
          "f OK [MODIFIED 7,9] x\r\n",
          "greeting OK code=UIDVALIDITY number=3857529045 'x'\n"
          "OK code=UIDNEXT number=4392 'x'\n"
          "OK code=HIGHESTMODSEQ number=9223372036854775807 'x'\n"
          "OK code=NOMODSEQ 'x'\n"
          "OK tag='f' code=MESSAGELIMIT number=1000 number2=23007 'x'\n"
          "NO tag='f' code=MESSAGELIMIT number=1000 'x'\n"
          "OK tag='f' code=MODIFIED uids='7,9' arg='7,9' 'x'\n"),
  VECTOR ("rfc5530-and-friends",
          "a NO [UNAVAILABLE] x\r\n"
          "a NO [AUTHENTICATIONFAILED] x\r\n"
          "a NO [OVERQUOTA] x\r\n"
          "a NO [TRYCREATE] x\r\n"
          "a NO [LIMIT] x\r\n"
          "a NO [TOOBIG] x\r\n"
          "a OK [READ-WRITE] x\r\n"
          "a OK [closed] x\r\n"
          "a NO [X-NEW 5 y] x\r\n",
          "NO tag='a' code=UNAVAILABLE 'x'\n"
          "NO tag='a' code=AUTHENTICATIONFAILED 'x'\n"
          "NO tag='a' code=OVERQUOTA 'x'\n"
          "NO tag='a' code=TRYCREATE 'x'\n"
          "NO tag='a' code=LIMIT 'x'\n"
          "NO tag='a' code=TOOBIG 'x'\n"
          "OK tag='a' code=READ-WRITE 'x'\n"
          "OK tag='a' code=closed 'x'\n"
          "NO tag='a' code=?X-NEW number=5 'x'\n"),
  VECTOR ("h38-tags-are-given-as-they-came",
          "a1 OK x\r\n"
          "A1 OK x\r\n"
          "unknown.tag-7 BAD y\r\n",
          "OK tag='a1' 'x'\n"
          "OK tag='A1' 'x'\n"
          "BAD tag='unknown.tag-7' 'y'\n"),
  VECTOR ("h35-appenduid-repeats-a-uid",
          "A1 OK [APPENDUID 7 5] x\r\nA2 OK [APPENDUID 7 5] x\r\nA3 OK [APPENDUID 7 "
          "5,5] x\r\n",
          "OK tag='A1' code=APPENDUID number=7 number2=5 uidvalidity=7 uids='5' 'x'\n"
          "OK tag='A2' code=APPENDUID number=7 number2=5 uidvalidity=7 uids='5' 'x'\n"
          "OK tag='A3' code=APPENDUID number=7 uidvalidity=7 uids='5,5' 'x'\n"),
  VECTOR ("h37-continuations",
          "+\r\n"
          "+ \r\n"
          "+ abc=\r\n"
          "+OK go\r\n"
          "+ {5}\r\n",
          "+ ''\n"
          "+ ''\n"
          "+ 'abc='\n"
          "+ 'OK go'\n"
          "+ '{5}'\n"),
  VECTOR ("h40-eight-bit-and-nul-in-text", "* OK \344\000\001x\ry\r\n",
          "greeting OK '\\xe4\\x00\\x01x\\x0dy'\n"),
  VECTOR ("h43-authentication-refused-for-other-reasons",
          "A1 NO [AUTHENTICATIONFAILED] Too many simultaneous connections. (Failu"
          "re)\r\n"
          "A2 BAD User is authenticated but not connected.\r\n"
          "A3 NO [ALERT] Web login required\r\n",
          "NO tag='A1' code=AUTHENTICATIONFAILED 'Too many simultaneous connectio"
          "ns. (Failure)'\n"
          "BAD tag='A2' 'User is authenticated but not connected.'\n"
          "NO tag='A3' code=ALERT 'Web login required'\n"),
  VECTOR ("inprogress-is-kept-structurally",
          "* OK [INPROGRESS (\"A1\" 454 1000)] working\r\n",
          "greeting OK code=INPROGRESS 'working'\n"),
  VECTOR ("exchange-throttle",
          "12 BAD Request is throttled. Suggested Backoff Time: 89117 millisecond"
          "s\r\n"
          "* BYE Connection closed. 14\r\n",
          "BAD tag='12' 'Request is throttled. Suggested Backoff Time: 89117 mill"
          "iseconds'\n"
          "BYE 'Connection closed. 14'\n"),
};

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;

  imap_feed_check (vector->wire, vector->length, vector->events);
}

/* What follows the OK of STARTTLS or COMPRESS is not the parser's any more. */
static void
test_stops (void)
{
  static const gchar wire[] = "A1 OK begin\r\n\001\002 {9}\r\n";
  g_autoptr (ImapResponse) parser = imap_response_new ();
  const guint8 *data = (const guint8 *) wire;
  gsize length = sizeof (wire) - 1;
  ImapEvent event;

  g_assert_cmpint (imap_response_next (parser, &data, &length, &event, NULL), ==,
                   IMAP_NEXT_EVENT);
  g_assert_cmpint (event.type, ==, IMAP_EVENT_STATE);
  g_assert_true (imap_response_is_idle (parser));
  g_assert_cmpuint (length, ==, 8);
  g_assert_true (data == (const guint8 *) wire + 13);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree gchar *path = g_strconcat ("/imap/response-code/", vectors[i].name,
                                            NULL);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  g_test_add_func ("/imap/response-code/bytes-after-a-tagged-ok-are-untouched",
                   test_stops);
  return g_test_run ();
}

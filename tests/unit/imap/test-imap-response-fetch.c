/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FETCH and UIDFETCH: each vector is what a server sent and the
 * events that must come of it, however the bytes are cut. A name that starts with hNN is
 * hazard NN of the IMAP reference. Test thread. */
#include <glib.h>

#include "imap-feed.h"

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
  VECTOR ("h01-literals-wherever-a-string-may-stand",
          "* 1 FETCH (X-GM-LABELS ({3}\r\n"
          "a b \"c\" ~{1}\r\n"
          "d e) X-GUID {2}\r\n"
          "xy UID 5)\r\n",
          "fetch 1 uid=5 ['a b' 'c' 'd' 'e'] guid='xy'\n"),
  VECTOR ("h01-literal-in-the-echoed-section",
          "* 1 FETCH (UID 5 BODY[HEADER.FIELDS ({4}\r\n"
          "DATE \"X]\")]<0> {5}\r\n"
          "hello)\r\n",
          "body 1 uid=5 'HEADER.FIELDS ({4}\\x0d\\x0aDATE \"X]\")' origin=0 size=5\n"
          "end 'hello'\n"
          "fetch 1 uid=5 body\n"),
  VECTOR ("h02-literal-announced-with-plus-and-blanks",
          "* 1 FETCH (UID 5 BODY[] {5+}  \r\n"
          "hello FLAGS ())\r\n",
          "body 1 uid=5 '' size=5\n"
          "end 'hello'\n"
          "fetch 1 uid=5 [] body\n"),
  VECTOR ("h02-bare-line-feeds",
          "* 1 FETCH (UID 5 BODY[] {5}\n"
          "hello)\n"
          "* 2 FETCH (UID 6)\n",
          "body 1 uid=5 '' size=5\n"
          "end 'hello'\n"
          "fetch 1 uid=5 body\n"
          "fetch 2 uid=6\n"),
  VECTOR ("h03-literal-two-bytes-too-short-is-suspect",
          "* 1 FETCH (UID 5 BODY[] {3}\r\n"
          "abc\r\n"
          " FLAGS ())\r\n"
          "* 2 EXISTS\r\n",
          "body 1 uid=5 '' size=3\n"
          "end 'abc'\n"
          "fetch 1 uid=5 [] body suspect\n"
          "exists 2\n"),
  VECTOR ("h03-literal-one-byte-too-short-is-suspect",
          "* 1 FETCH (UID 5 BODY[] {4}\r\n"
          "abc\r\n"
          ")\r\n"
          "* 2 EXISTS\r\n",
          "body 1 uid=5 '' size=4\n"
          "end 'abc\\x0d'\n"
          "fetch 1 uid=5 body suspect\n"
          "exists 2\n"),
  VECTOR ("h03-literal-one-byte-too-long-is-damaged",
          "* 1 FETCH (UID 5 BODY[] {4}\r\n"
          "abc)\r\n"
          "* 2 EXISTS\r\n",
          "body 1 uid=5 '' size=4\n"
          "end 'abc)'\n"
          "fetch 1 uid=5 body damaged suspect\n"
          "exists 2\n"),
  VECTOR ("h03-literal-three-bytes-too-long-is-fatal",
          "* 1 FETCH (UID 5 BODY[] {6}\r\n"
          "abc)\r\n"
          "* 2 EXISTS\r\n",
          "body 1 uid=5 '' size=6\n"
          "end 'abc)\\x0d\\x0a'\n"
          "error 2 literal is longer or shorter than announced\n"),
  VECTOR ("h03-literal-far-too-short-is-fatal",
          "* 1 FETCH (UID 5 BODY[] {3}\r\n"
          "abcdef)\r\n",
          "body 1 uid=5 '' size=3\n"
          "end 'abc'\n"
          "error 2 literal is longer or shorter than announced\n"),
  VECTOR ("h06-body-nil-or-missing-is-not-available",
          "* 1 FETCH (UID 5 BODY[] NIL)\r\n"
          "* 2 FETCH (UID 6 BODY[])\r\n"
          "* 3 FETCH (BODY[] UID 7)\r\n"
          "* 4 FETCH (UID 8)\r\n",
          "fetch 1 uid=5 nobody\n"
          "fetch 2 uid=6 nobody\n"
          "fetch 3 uid=7 nobody\n"
          "fetch 4 uid=8\n"),
  VECTOR ("h07-unsolicited-data-between-our-lines",
          "* 1 FETCH (UID 5 BODY[] {1}\r\n"
          "a)\r\n"
          "* 9 EXISTS\r\n"
          "* 3 EXPUNGE\r\n"
          "* 4 FETCH (FLAGS (\\Seen))\r\n"
          "* VANISHED 7\r\n"
          "* FLAGS (\\Seen)\r\n"
          "* 2 FETCH (UID 6 BODY[] {1}\r\n"
          "b)\r\n",
          "body 1 uid=5 '' size=1\n"
          "end 'a'\n"
          "fetch 1 uid=5 body\n"
          "exists 9\n"
          "expunge 3\n"
          "fetch 4 ['\\Seen']\n"
          "vanished '7'\n"
          "flags ['\\Seen']\n"
          "body 2 uid=6 '' size=1\n"
          "end 'b'\n"
          "fetch 2 uid=6 body\n"),
  VECTOR ("h08-number-zero-and-split-items",
          "* 0 FETCH (UID 5 FLAGS (\\Seen))\r\n"
          "* 1 FETCH (UID 5)\r\n"
          "* 1 FETCH (UID 5 BODY[] {1}\r\n"
          "a)\r\n",
          "fetch 0 uid=5 ['\\Seen']\n"
          "fetch 1 uid=5\n"
          "body 1 uid=5 '' size=1\n"
          "end 'a'\n"
          "fetch 1 uid=5 body\n"),
  VECTOR ("h09-flags-and-uid-after-the-body",
          "* 1 FETCH (BODY[] {3}\r\n"
          "abc FLAGS (\\Seen) UID 5 RFC822.SIZE 3)\r\n",
          "body 1 uid=0 '' size=3\n"
          "end 'abc'\n"
          "fetch 1 uid=5 ['\\Seen'] size=3 body\n"),
  VECTOR ("h12-size-is-not-the-literal",
          "* 1 FETCH (UID 5 RFC822.SIZE 19189 BODY[] {3}\r\n"
          "abc)\r\n",
          "body 1 uid=5 '' size=3\n"
          "end 'abc'\n"
          "fetch 1 uid=5 size=19189 body\n"),
  VECTOR ("h13-numbers-that-make-no-sense-are-unknown",
          "* 1 FETCH (UID 0 RFC822.SIZE 9.37e+06 MODSEQ (-1))\r\n"
          "* 2 FETCH (UID 5 RFC822.SIZE -1 MODSEQ 0)\r\n"
          "* 3 FETCH (UID 4294967296 RFC822.SIZE NIL)\r\n",
          "fetch 1\n"
          "fetch 2 uid=5 modseq=0\n"
          "fetch 3\n"),
  VECTOR ("h14-large-numbers",
          "* 4294967295 FETCH (UID 4294967295 RFC822.SIZE 9223372036854775807 MOD"
          "SEQ (9223372036854775807) X-GM-MSGID 18446744073709551615 X-GM-THRID 1"
          ")\r\n",
          "fetch 4294967295 uid=4294967295 size=9223372036854775807 modseq=922337"
          "2036854775807 msgid=18446744073709551615 thrid=1\n"),
  VECTOR ("h14-literal-beyond-63-bits-is-fatal",
          "* 1 FETCH (UID 5 BODY[] {9223372036854775808}\r\n",
          "error 1 literal has an absurd length\n"),
  VECTOR ("h14-literal-above-four-gigabytes-begins",
          "* 1 FETCH (UID 5 BODY[] {5000000000}\r\n"
          "abc",
          "body 1 uid=5 '' size=5000000000\n"
          "unfinished\n"),
  VECTOR ("h15-dates-of-many-kinds",
          "* 1 FETCH (INTERNALDATE \"1-Jan-2024 10:00:00 +0100\")\r\n"
          "* 2 FETCH (INTERNALDATE \"30-Feb-2024 10:00:00 +0100\")\r\n"
          "* 3 FETCH (INTERNALDATE NIL)\r\n",
          "fetch 1 date=1704099600+60\n"
          "fetch 2\n"
          "fetch 3\n"),
  VECTOR ("h22-keywords-with-brackets-and-eight-bits",
          "* 1 FETCH (FLAGS (a]b [c d[e] \374ml \\Forwarded $x) UID 5)\r\n",
          "fetch 1 uid=5 ['a]b' '[c' 'd[e]' '\\xfcml' '\\Forwarded' '$x']\n"),
  VECTOR ("h23-recent-is-reported-as-it-came",
          "* 1 FETCH (FLAGS (\\Recent \\Seen) UID 5)\r\n",
          "fetch 1 uid=5 ['\\Recent' '\\Seen']\n"),
  VECTOR ("h39-malformed-envelope-is-skipped",
          "* 1 FETCH (ENVELOPE (\"d\" \"s\" (((\"a\" NIL \"b\" \"c\"))) NIL {2}\r\n"
          "))) UID 5)\r\n",
          "fetch 1 uid=5\n"),
  VECTOR ("h39-mime-bomb-is-skipped",
          "* 1 FETCH (BODYSTRUCTURE ((((((((((((((((((((((((((((((((((((((((((((("
          "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
          "(((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((((("
          "(((((((((((((((\"x\"))))))))))))))))))))))))))))))))))))))))))))))))))))"
          "))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
          "))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
          ")))))))) UID 5)\r\n",
          "fetch 1 uid=5\n"),
  VECTOR ("h39-mime-bomb-in-a-wanted-item-is-damage",
          "* 1 FETCH (FLAGS ((((((((((((((((((((((((((((((((((((((((((((((((((((("
          "((((((((((((((((((((((((((((((((((((((((((((((()))))))))))))))))))))))"
          "))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))))"
          "))))))) UID 5)\r\n"
          "* 2 EXISTS\r\n",
          "fetch 1 uid=5 damaged\n"
          "exists 2\n"),
  VECTOR ("h40-nul-in-a-literal-and-in-an-atom",
          "* 1 FETCH (UID 5 BINARY[] ~{3}\r\n"
          "\000a\000 FLAGS (a\000b))\r\n",
          "binary 1 uid=5 '' size=3\n"
          "end '\\x00a\\x00'\n"
          "fetch 1 uid=5 ['a\\x00b'] body\n"),
  VECTOR ("h44-status-like-lines-inside-a-literal",
          "* 1 FETCH (UID 5 BODY[] {44}\r\n"
          "X-Spam-Flag: NO\r\n"
          "\r\n"
          "A1 NO bad\r\n"
          "* BYE oops\r\n"
          "\r\n"
          ")\r\n"
          "A1 OK done\r\n",
          "body 1 uid=5 '' size=44\n"
          "end 'X-Spam-Flag: NO\\x0d\\x0a\\x0d\\x0aA1 NO bad\\x0d\\x0a* BYE oops\\x0d\\x0"
          "a\\x0d\\x0a'\n"
          "fetch 1 uid=5 body\n"
          "OK tag='A1' 'done'\n"),
  VECTOR ("body-as-quoted-string",
          "* 1 FETCH (UID 5 BODY[TEXT] \"a\\\"b\" FLAGS ())\r\n"
          "* 2 FETCH (BODY[] \"\")\r\n",
          "body 1 uid=5 'TEXT' size=3\n"
          "end 'a\"b'\n"
          "fetch 1 uid=5 [] body\n"
          "body 2 uid=0 '' size=0\n"
          "end ''\n"
          "fetch 2 body\n"),
  VECTOR ("empty-literal",
          "* 1 FETCH (UID 5 BODY[] {0}\r\n"
          ")\r\n",
          "body 1 uid=5 '' size=0\n"
          "end ''\n"
          "fetch 1 uid=5 body\n"),
  VECTOR ("rfc822-items",
          "* 1 FETCH (RFC822 {1}\r\n"
          "a RFC822.HEADER {1}\r\n"
          "b RFC822.TEXT {1}\r\n"
          "c)\r\n",
          "body 1 uid=0 '' size=1\n"
          "end 'a'\n"
          "body 1 uid=0 'HEADER' size=1\n"
          "end 'b'\n"
          "body 1 uid=0 'TEXT' size=1\n"
          "end 'c'\n"
          "fetch 1 body\n"),
  VECTOR ("two-bodies-in-one-line",
          "* 1 FETCH (UID 5 BODY[HEADER] {1}\r\n"
          "a BODY[1]<7.9> {1}\r\n"
          "b)\r\n",
          "body 1 uid=5 'HEADER' size=1\n"
          "end 'a'\n"
          "body 1 uid=5 '1' origin=7 size=1\n"
          "end 'b'\n"
          "fetch 1 uid=5 body\n"),
  VECTOR ("section-in-lower-case-without-blank-before-the-literal",
          "* 1 fetch (uid 5 body[header]{1}\r\n"
          "a flags (\\seen))\r\n",
          "body 1 uid=5 'header' size=1\n"
          "end 'a'\n"
          "fetch 1 uid=5 ['\\seen'] body\n"),
  VECTOR ("uidfetch-carries-the-uid", "* 25996 UIDFETCH (FLAGS (\\Seen))\r\n",
          "uidfetch 25996 uid=25996 ['\\Seen']\n"),
  VECTOR ("vendor-ids",
          "* 1 FETCH (EMAILID (M00ff) X-GUID abc DIGEST.SHA1 0123 THREADID NIL MO"
          "DSEQ (7))\r\n",
          "fetch 1 modseq=7 guid='abc' emailid='M00ff' sha1='0123'\n"),
  VECTOR ("gmail-labels",
          "* 1 FETCH (X-GM-LABELS (\"\\\\Inbox\" [Mailbox] +IMNews \"&AOQ-\" NIL) UID 3"
          ")\r\n"
          "* 2 FETCH (X-GM-LABELS NIL)\r\n",
          "fetch 1 uid=3 ['\\Inbox' '[Mailbox]' '+IMNews' '&AOQ-' NIL]\n"
          "fetch 2 []\n"),
  VECTOR ("line-that-ends-too-soon-is-damaged",
          "* 1 FETCH (UID 5 FLAGS (\\Seen\r\n"
          "* 2 EXISTS\r\n",
          "fetch 1 uid=5 damaged\n"
          "exists 2\n"),
  VECTOR ("fetch-without-list-is-malformed",
          "* 1 FETCH UID 5\r\n"
          "* 1 FETCH\r\n",
          "malformed 'FETCH'\n"
          "malformed 'FETCH'\n"),
  VECTOR ("unknown-items-of-every-shape",
          "* 1 FETCH (X-A b X-C (d (e \"f)\")) X-G {2}\r\n"
          ")) X-H \"i\" X-J NIL X-K ({1}\r\n"
          "() UID 5)\r\n",
          "fetch 1 uid=5\n"),
};

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;

  imap_feed_check (vector->wire, vector->length, vector->events);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree gchar *path = g_strconcat ("/imap/response-fetch/", vectors[i].name,
                                            NULL);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  return g_test_run ();
}

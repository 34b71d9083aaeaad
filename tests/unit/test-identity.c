/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of core/model/identity.c: which header blocks are the same message. */
#include <glib.h>
#include <string.h>

#include "model/identity.h"

/* BASE: the message that others are compared with. */
#define BASE                                                                             \
  "Received: from a by b\r\n"                                                            \
  "From: J\xc3\xb6rg <joerg@example.com>\r\n"                                            \
  "To: a@b.c, \"D, E\" <d@e.f>\r\n"                                                      \
  "Subject: Gr\xc3\xbc\xc3\x9f"                                                          \
  "e aus M\xc3\xbcnchen\r\n"                                                             \
  "Date: Fri, 31 Jan 2020 11:20:30 +0100\r\n"                                            \
  "Message-ID: <AbC.1@Example.COM>\r\n"                                                  \
  "References: <r1@x> <r2@x>\r\n"                                                        \
  "\r\n"

static Identity
identity_of (const char *data, gsize length)
{
  Identity identity = { 0 };

  identity_set_headers (&identity, (const guint8 *) data, length);
  return identity;
}

static void
assert_same (const char *data)
{
  Identity base = identity_of (BASE, strlen (BASE));
  Identity other = identity_of (data, strlen (data));

  g_assert_cmpmem (base.headers, 16, other.headers, 16);
  g_assert_cmpmem (base.message_id, 16, other.message_id, 16);
  g_assert_cmpint (base.date_unix, ==, other.date_unix);
  g_assert_cmpuint (base.known, ==, other.known);
}

static gboolean
headers_differ (const char *a, const char *b)
{
  Identity left = identity_of (a, strlen (a));
  Identity right = identity_of (b, strlen (b));

  return memcmp (left.headers, right.headers, sizeof left.headers) != 0;
}

static void
test_line_ends_and_order_do_not_matter (void)
{
  assert_same ("message-id: <AbC.1@example.com>\n"
               "DATE: Fri, 31 Jan 2020 10:20:30 GMT\n"
               "References:\n <r1@x>\n\t<r2@x>\n"
               "Subject : Gr\xc3\xbc\xc3\x9f"
               "e   aus\n M\xc3\xbcnchen \n"
               "To: A <a@b.c>,\n d@e.f (D E)\n"
               "X-Other: <never@mind>\n"
               "From: joerg@EXAMPLE.com\n");
}

static void
test_encodings_do_not_matter (void)
{
  assert_same ("From: =?iso-8859-1?Q?J=F6rg?= <joerg@example.com>\r\n"
               "To: a@b.c\r\n"
               "To: d@e.f\r\n"
               "Subject: =?utf-8?B?R3LDvMOfZSBhdXM=?= =?utf-8?Q?_M=C3=BCnchen?=\r\n"
               "Date: 31-Jan-2020 11:20:30 +0100\r\n"
               "Message-ID:\r\n <AbC.1@Example.COM>\r\n"
               "References: <r1@x>\t<r2@x>\r\n\r\nSubject: body\r\n");
}

static void
test_lone_cr_does_not_matter (void)
{
  assert_same ("From: joerg@example.com\r\r\n"
               "To: a@b.c, d@e.f\n"
               "Sub\rject: Gr\xfc\xdf"
               "e aus\r M\xfcnchen\r\n"
               "Date: Fri, 31 Jan 2020 11:20:30 +0100\r\n"
               "Message-ID: <AbC.1@Example.COM>\r\n"
               "References: <r1@x> <r2@x>\r\n"
               "\r\r\n"
               "Cc: body@text\n");
}

static void
test_each_identity_header_counts (void)
{
  static const char *const lines[] = {
    "From: a@b",          "To: a@b",          "Cc: a@b",
    "Subject: x",         "Date: x",          "Message-ID: <a@b>",
    "In-Reply-To: <a@b>", "References: <a@b>"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (lines); i++)
    {
      g_assert_true (headers_differ (lines[i], ""));
      for (gsize j = 0; j < i; j++)
        g_assert_true (headers_differ (lines[i], lines[j]));
    }
  g_assert_false (headers_differ ("Received: x\nX-UID: 1\nStatus: RO\nBcc: a@b", ""));
}

static void
test_only_the_first_of_a_single_header_counts (void)
{
  g_assert_false (headers_differ ("Subject: a\nSubject: b\n c\n", "Subject: a\n"));
  g_assert_true (headers_differ ("To: a@b\nTo: c@d\n", "To: a@b\n"));
}

static void
test_empty_counts_as_missing (void)
{
  static const char data[] = "Message-ID: <>\nSubject:\nDate:  \nFrom: \n";
  Identity empty = identity_of (data, strlen (data));

  g_assert_false (headers_differ (data, ""));
  g_assert_cmpuint (empty.known, ==, IDENTITY_HEADERS);
}

static void
test_known_fields (void)
{
  Identity base = identity_of (BASE, strlen (BASE));
  Identity none = identity_of ("", 0);
  static const char never[] = "Date: never\nMessage-ID: a@b\n";
  Identity undated = identity_of (never, strlen (never));

  g_assert_cmpuint (base.known, ==,
                    IDENTITY_HEADERS | IDENTITY_HAS_MESSAGE_ID | IDENTITY_HAS_DATE);
  g_assert_cmpint (base.date_unix, ==, 1580466030);
  g_assert_cmpuint (none.known, ==, IDENTITY_HEADERS);
  g_assert_cmpuint (undated.known, ==, IDENTITY_HEADERS | IDENTITY_HAS_MESSAGE_ID);
  g_assert_cmpint (undated.date_unix, ==, 0);
}

static void
test_other_members_stay (void)
{
  Identity identity = { .known = IDENTITY_SIZE | IDENTITY_HAS_DATE,
                        .size_bytes = 7,
                        .date_unix = 9 };

  identity_set_headers (&identity, (const guint8 *) "Subject: x\n", 11);
  g_assert_cmpuint (identity.known, ==, IDENTITY_SIZE | IDENTITY_HEADERS);
  g_assert_cmpuint (identity.size_bytes, ==, 7);
  g_assert_cmpint (identity.date_unix, ==, 0);
}

static void
test_message_without_headers_has_an_identity (void)
{
  static const char body[] = "\nFrom: a@b\nSubject: not a header\n";
  static const char nuls[16] = { 0 };
  Identity none = identity_of ("", 0);
  Identity blank = identity_of (body, strlen (body));
  Identity binary = identity_of (nuls, sizeof nuls);

  g_assert_cmpmem (none.headers, 16, blank.headers, 16);
  g_assert_cmpmem (none.headers, 16, binary.headers, 16);
}

/* Digests lie in state files: a change of this value loses every state there is. */
static void
test_digest_is_what_state_files_hold (void)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  static const char text[] =
      "date:1580466030\nfrom:joerg@example.com\nto:a@b.c,d@e.f\ncc:\n"
      "subject:Gr\xc3\xbc\xc3\x9f"
      "e aus M\xc3\xbcnchen\n"
      "message-id:AbC.1@example.com\nin-reply-to:\n"
      "references:r1@x r2@x\n";
  Identity base = identity_of (BASE, strlen (BASE));
  guint8 expected[32];
  gsize length = sizeof expected;

  g_checksum_update (checksum, (const guchar *) text, (gssize) strlen (text));
  g_checksum_get_digest (checksum, expected, &length);
  g_assert_cmpmem (base.headers, 16, expected, 16);
}

static void
test_block_beyond_the_limit_is_cut (void)
{
  g_autoptr (GString) small = g_string_new ("Subject: x\n");
  g_autoptr (GString) big = NULL;
  Identity a, b;

  while (small->len < IDENTITY_HEADER_LIMIT_BYTES)
    g_string_append_c (small, small->len % 100 == 99 ? '\n' : 'X');
  big = g_string_new (small->str);
  for (guint i = 0; i < 100000; i++)
    g_string_append (big, "\nFrom: a@b\n");
  a = identity_of (small->str, small->len);
  b = identity_of (big->str, big->len);
  g_assert_cmpmem (a.headers, 16, b.headers, 16);
}

/* What a server makes of 8-bit header bytes leaves the loose digest alone. */
static void
test_loose (void)
{
  static const char own[] = "Subject: gr\xfc\xdf\r\nMessage-ID: <\xe4@b.c>\r\n";
  static const char copy[] = "Subject: grXX\r\nMessage-ID: <X@b.c>\r\n";
  Identity left = { 0 }, right = { 0 };
  identity_set_headers (&left, (const guint8 *) own, sizeof own - 1);
  identity_set_headers (&right, (const guint8 *) copy, sizeof copy - 1);
  g_assert_true (left.has_loose && right.has_loose);
  g_assert_cmpmem (left.loose, 16, right.loose, 16);
  g_assert_cmpmem (right.loose, 16, right.headers, 16);
  g_assert_cmpint (memcmp (left.headers, right.headers, 16), !=, 0);
  g_assert_cmpint (memcmp (left.message_id, right.message_id, 16), !=, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/identity/headers/line-ends-and-order-do-not-matter",
                   test_line_ends_and_order_do_not_matter);
  g_test_add_func ("/identity/headers/encodings-do-not-matter",
                   test_encodings_do_not_matter);
  g_test_add_func ("/identity/headers/lone-cr-does-not-matter",
                   test_lone_cr_does_not_matter);
  g_test_add_func ("/identity/headers/each-one-counts", test_each_identity_header_counts);
  g_test_add_func ("/identity/headers/the-first-of-a-single-one-counts",
                   test_only_the_first_of_a_single_header_counts);
  g_test_add_func ("/identity/headers/empty-counts-as-missing",
                   test_empty_counts_as_missing);
  g_test_add_func ("/identity/headers/say-what-is-known", test_known_fields);
  g_test_add_func ("/identity/headers/leave-other-members", test_other_members_stay);
  g_test_add_func ("/identity/headers/none-is-an-identity-too",
                   test_message_without_headers_has_an_identity);
  g_test_add_func ("/identity/headers/digest-is-what-state-files-hold",
                   test_digest_is_what_state_files_hold);
  g_test_add_func ("/identity/headers/beyond-the-limit-are-cut",
                   test_block_beyond_the_limit_is_cut);
  g_test_add_func ("/model/identity/loose-headers", test_loose);
  return g_test_run ();
}

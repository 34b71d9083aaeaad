/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Private fields to flags and keywords, and that what we write reads back. Test thread.
 */
#include "../backends/mbox/status.h"

#include <string.h>

#include "../backends/mbox/labels.h"

#define SEEN     HAUL_FLAG_SEEN
#define ANSWERED HAUL_FLAG_ANSWERED
#define FLAGGED  HAUL_FLAG_FLAGGED
#define DELETED  HAUL_FLAG_DELETED
#define DRAFT    HAUL_FLAG_DRAFT

/* Vector: @base: the folder's list, NULL when it has none. */
typedef struct
{
  const char *name;
  const char *fields;
  const char *base;
  guint32 flags;
  const char *keywords;
} Vector;

static const Vector vectors[] = {
  { "nothing", "", NULL, 0, "" },
  { "old", "Status: O\n", NULL, 0, "" },
  { "read", "Status: RO\n", NULL, SEEN, "" },
  { "read-only-r", "Status:R\r\n", NULL, SEEN, "" },
  { "any-case", "STATUS: RO\nx-status: F\n", NULL, SEEN | FLAGGED, "" },
  { "all", "Status: RO\nX-Status: AFTD\n", NULL, HAUL_FLAGS_ALL, "" },
  { "keywords", "X-Keywords: a b  A\n c\n", NULL, 0, "a b c" },
  { "listed-keywords", "X-Keywords: a b C\n", "c A", 0, "a C" },
  { "no-listed-keywords", "X-Keywords: a b\n", "", 0, "" },
  { "invalid-keywords", "X-Keywords: a (b \\Seen c\n", NULL, 0, "a c" },
  { "mozilla-read", "X-Mozilla-Status: 0001\n", NULL, SEEN, "" },
  { "mozilla-all", "X-Mozilla-Status: 100f\n", NULL, SEEN | ANSWERED | FLAGGED | DELETED,
    "$Forwarded" },
  { "mozilla-keys", "X-Mozilla-Keys: $label1 work   \n", "", 0, "$label1 work" },
  { "mozilla-status2-is-nothing", "X-Mozilla-Status2: ffffffff\n", NULL, 0, "" },
  { "labels-opened", "X-Gmail-Labels: Inbox,Opened,Starred\n", NULL, SEEN | FLAGGED,
    "Inbox" },
  { "labels-unread", "X-Gmail-Labels: Unread,Opened\n", NULL, 0, "" },
  { "labels-draft", "X-Gmail-Labels: Drafts,Opened\n", NULL, SEEN | DRAFT, "" },
  { "labels-important", "X-Gmail-Labels: Important,Category Personal\n", NULL, 0,
    "$Important Category_Personal" },
  { "labels-folded", "X-Gmail-Labels: Archived,\n Opened, \"My Label\"\n", NULL, SEEN,
    "Archived My_Label" },
  { "labels-encoded", "X-Gmail-Labels: =?UTF-8?Q?Opened,Caf=C3=A9,a_b?=\n", NULL, SEEN,
    "a_b" },
  { "labels-base64", "X-Gmail-Labels: =?utf-8?B?T3BlbmVkLFdvcms=?=\n", NULL, SEEN,
    "Work" },
  { "labels-yield-to-status", "Status: O\nX-Gmail-Labels: Opened\n", NULL, 0, "" },
  { "labels-unknown-charset", "X-Gmail-Labels: =?koi8-r?Q?x?=\n", NULL, 0,
    "=?koi8-r?Q?x?=" },
};

static char *
joined (const MboxStatus *status, const char *base)
{
  g_autoptr (GPtrArray) words = g_ptr_array_new (), list = NULL;
  g_auto (GStrv) split = g_strsplit (base ? base : "", " ", -1);
  if (base != NULL)
    {
      list = g_ptr_array_new ();
      for (gsize i = 0; split[i] != NULL; i++)
        g_ptr_array_add (list, split[i]);
    }
  mbox_status_keywords (status, list, words);
  return g_strjoinv (" ", (char **) words->pdata);
}

static void
check_vector (gconstpointer data)
{
  const Vector *vector = data;
  MboxStatus status;
  mbox_status_init (&status);
  mbox_status_parse (&status, (const guint8 *) vector->fields, strlen (vector->fields));
  g_autofree char *keywords = joined (&status, vector->base);
  g_assert_cmphex (status.flags, ==, vector->flags);
  g_assert_cmpstr (keywords, ==, vector->keywords);
  g_assert_false (status.ours);
  mbox_status_clear (&status);
}

static void
written_reads_back (void)
{
  static const char *const sets[][3] = { { NULL },
                                         { "a", NULL },
                                         { "a", "$Forwarded", NULL } };
  MboxStatus status;
  mbox_status_init (&status);
  for (guint32 flags = 0; flags <= HAUL_FLAGS_ALL; flags++)
    for (guint i = 0; i < 3 * 2 * 3; i++)
      {
        MboxMark mark = { (MboxRule) (i % 3), i / 3 % 2 };
        g_autoptr (GByteArray) lines = g_byte_array_new ();
        mbox_status_append (lines, flags, sets[i / 6], mark);
        g_byte_array_append (lines, (const guint8 *) "X-Mozilla-Status: 000f\n", 23);
        mbox_status_parse (&status, lines->data, lines->len);
        g_autofree char *keywords = joined (&status, "");
        g_autofree char *want = g_strjoinv (" ", (char **) sets[i / 6]);
        g_assert_cmphex (status.flags, ==, flags);
        g_assert_true (status.ours);
        g_assert_cmpint (status.strict, ==, mark.strict);
        g_assert_cmpint (status.rule, ==, mark.rule);
        g_assert_cmpstr (keywords, ==, want);
      }
  mbox_status_clear (&status);
}

static void
base_lists (void)
{
  static const char text[] =
      "X-IMAPbase: 1234567890 0000000017 a $b\n c\n"
      "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\n";
  MboxStatus status;
  mbox_status_init (&status);
  mbox_status_parse (&status, (const guint8 *) text, strlen (text));
  g_assert_true (status.has_base);
  g_assert_true (status.is_pseudo);
  g_assert_cmpuint (status.base->len, ==, 3);
  mbox_status_parse (&status, (const guint8 *) "X-IMAP: no numbers\n", 19);
  g_assert_false (status.has_base);
  mbox_status_parse (&status, (const guint8 *) strchr (text, 'S'),
                     strlen (strchr (text, 'S')));
  g_assert_false (status.is_pseudo);
  g_autoptr (GByteArray) line = g_byte_array_new ();
  static const char *const words[] = { "one", "two", NULL };
  mbox_status_append_base (line, 77, words);
  g_assert_cmpuint (line->len, <, 998);
  mbox_status_parse (&status, line->data, line->len);
  g_assert_true (status.has_base);
  g_assert_cmpuint (status.base->len, ==, 2);
  mbox_status_clear (&status);
}

static void
content_lengths (void)
{
  static const struct
  {
    const char *line;
    gboolean has;
    guint64 value;
  } table[] = {
    { "Content-Length: 12\n", TRUE, 12 },
    { "content-length:12   \r\n", TRUE, 12 },
    { "Content-Length: 0\n", TRUE, 0 },
    { "Content-Length: 9223372036854775807\n", TRUE, G_MAXINT64 },
    { "Content-Length: 18446744073709551616\n", FALSE, 0 },
    { "Content-Length: -1\n", FALSE, 0 },
    { "Content-Length: 12x\n", FALSE, 0 },
    { "Content-Length:\n", FALSE, 0 },
  };
  MboxStatus status;
  mbox_status_init (&status);
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      mbox_status_parse (&status, (const guint8 *) table[i].line, strlen (table[i].line));
      g_assert_cmpint (status.has_length, ==, table[i].has);
      g_assert_cmpuint (status.content_length, ==, table[i].value);
    }
  mbox_status_clear (&status);
}

static void
hostile_fields (void)
{
  static const char bytes[] = ":\n\r \t\0Status: X-IMAPbase=?UTF-8?B?\"(,0123\xff";
  g_autoptr (GRand) rand = g_rand_new_with_seed (3);
  MboxStatus status;
  mbox_status_init (&status);
  for (guint round = 0; round < 20000; round++)
    {
      guint8 text[60];
      gsize length = (gsize) g_rand_int_range (rand, 0, sizeof text);
      for (gsize i = 0; i < length; i++)
        text[i] = (guint8) bytes[g_rand_int_range (rand, 0, sizeof bytes)];
      g_autofree guint8 *exact = g_memdup2 (text, length);
      mbox_status_parse (&status, exact, length);
      g_autofree char *value = g_strndup ((char *) text, length);
      mbox_labels_parse (value, NULL, NULL);
    }
  mbox_status_clear (&status);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strdup_printf ("/mbox/status/vector/%s", vectors[i].name);
      g_test_add_data_func (path, &vectors[i], check_vector);
    }
  g_test_add_func ("/mbox/status/reads-back-what-is-written", written_reads_back);
  g_test_add_func ("/mbox/status/reads-keyword-lists", base_lists);
  g_test_add_func ("/mbox/status/reads-content-length", content_lengths);
  g_test_add_func ("/mbox/status/survives-hostile-fields", hostile_fields);
  return g_test_run ();
}

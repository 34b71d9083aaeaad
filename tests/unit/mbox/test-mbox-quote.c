/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Quoting: vectors for each rule in both directions, cut everywhere, and that what mboxrd
 * quotes comes back as it was. Test thread.
 */
#include "../backends/mbox/quote.h"

#include <string.h>

typedef struct
{
  const char *name;
  MboxRule rule;
  gboolean unquote;
  const char *in;
  const char *out;
} Vector;

static const Vector vectors[] = {
  { "any/quote", MBOX_RULE_ANY, FALSE, "From a\n>From b\n>>From c\nFrom\n From d\n",
    ">From a\n>>From b\n>>>From c\nFrom\n From d\n" },
  { "any/unquote", MBOX_RULE_ANY, TRUE, ">From a\n>>From b\nFrom c\n>Fro\n> From\n",
    "From a\n>From b\nFrom c\n>Fro\n> From\n" },
  { "one/quote", MBOX_RULE_ONE, FALSE, "From a\n>From b\n", ">From a\n>From b\n" },
  { "one/unquote", MBOX_RULE_ONE, TRUE, ">From a\n>>From b\n", "From a\n>>From b\n" },
  { "none/quote", MBOX_RULE_NONE, FALSE, "From a\n>From b\n", "From a\n>From b\n" },
  { "none/unquote", MBOX_RULE_NONE, TRUE, ">From a\n>>From b\n", ">From a\n>>From b\n" },
  { "any/only-at-line-start", MBOX_RULE_ANY, FALSE, "x From a\rFrom b\n",
    "x From a\rFrom b\n" },
  { "any/end-in-the-word", MBOX_RULE_ANY, TRUE, "x\n>Fro", "x\n>Fro" },
  { "any/end-in-the-marks", MBOX_RULE_ANY, TRUE, "x\n>>>", "x\n>>>" },
  { "any/end-quoting", MBOX_RULE_ANY, FALSE, "x\n>From", "x\n>From" },
  { "any/empty-lines", MBOX_RULE_ANY, FALSE, "\n\nFrom \n", "\n\n>From \n" },
  { "any/crlf", MBOX_RULE_ANY, TRUE, ">From a\r\n>From b\r\n", "From a\r\nFrom b\r\n" },
};

static gboolean
collect (const guint8 *data, gsize length, gpointer user_data)
{
  g_string_append_len (user_data, (const char *) data, (gssize) length);
  return TRUE;
}

static void
check (MboxRule rule, gboolean unquote, const char *in, const char *out, gsize first,
       gsize step)
{
  g_autoptr (GString) text = g_string_new (NULL);
  MboxQuoteFilter filter;
  mbox_quote_filter_init (&filter, rule, unquote, collect, text);
  gsize length = strlen (in);
  for (gsize at = 0; at < length;)
    {
      gsize size = MIN (at == 0 && first > 0 ? first : step, length - at);
      g_assert_true (mbox_quote_filter_feed (&filter, (const guint8 *) in + at, size));
      at += size;
    }
  g_assert_true (mbox_quote_filter_finish (&filter));
  g_assert_cmpstr (text->str, ==, out);
}

static void
check_vector (gconstpointer data)
{
  const Vector *vector = data;
  gsize length = strlen (vector->in);
  check (vector->rule, vector->unquote, vector->in, vector->out, 0, 1);
  for (gsize split = 0; split <= length; split++)
    check (vector->rule, vector->unquote, vector->in, vector->out, split, length);
}

static void
round_trip (void)
{
  static const char *const words[] = {
    "From ", ">", "\n", "F", "x", "\r\n", ">>", "From"
  };
  g_autoptr (GRand) rand = g_rand_new_with_seed (7);
  for (guint round = 0; round < 20000; round++)
    {
      g_autoptr (GString) text = g_string_new (NULL), quoted = g_string_new (NULL);
      for (gint32 i = g_rand_int_range (rand, 0, 12); i > 0; i--)
        g_string_append (text, words[g_rand_int_range (rand, 0, G_N_ELEMENTS (words))]);
      MboxQuoteFilter filter;
      mbox_quote_filter_init (&filter, MBOX_RULE_ANY, FALSE, collect, quoted);
      mbox_quote_filter_feed (&filter, (const guint8 *) text->str, text->len);
      mbox_quote_filter_finish (&filter);
      g_assert_false (g_str_has_prefix (quoted->str, "From "));
      g_assert_null (strstr (quoted->str, "\nFrom "));
      check (MBOX_RULE_ANY, TRUE, quoted->str, text->str, 0,
             (gsize) g_rand_int_range (rand, 1, 9));
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strdup_printf ("/mbox/quote/%s", vectors[i].name);
      g_test_add_data_func (path, &vectors[i], check_vector);
    }
  g_test_add_func ("/mbox/quote/comes-back-as-it-was", round_trip);
  return g_test_run ();
}

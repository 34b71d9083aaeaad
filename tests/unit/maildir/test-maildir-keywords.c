/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The formats of Dovecot's and Courier's keyword files.
 */
#include "keywords.h"

#include <string.h>

static void
test_letters_both_ways (void)
{
  static const char text[] = "0 $Junk\n1 work\n25 last\n";
  MaildirLetters letters = { 0 };
  g_autofree char *again = NULL;

  maildir_letters_parse (&letters, text, strlen (text));
  g_assert_cmpint (maildir_letters_find (&letters, "WORK"), ==, 1);
  g_assert_cmpint (maildir_letters_find (&letters, "last"), ==, 25);
  g_assert_cmpint (maildir_letters_find (&letters, "none"), ==, -1);
  again = maildir_letters_format (&letters);
  g_assert_cmpstr (again, ==, text);
  maildir_letters_clear (&letters);
}

static void
test_letters_skip_nonsense (void)
{
  static const char text[] = "\n26 beyond\n-1 a\nx b\n0\n1 two words\n2 \n3 good\r\n"
                             "3 second\n4 tab\tbed\n999999999999 c\n5 \xc3\xa4\n6 end";
  MaildirLetters letters = { 0 };
  g_autofree char *again = NULL;

  maildir_letters_parse (&letters, text, strlen (text));
  again = maildir_letters_format (&letters);
  g_assert_cmpstr (again, ==, "3 good\n6 end\n");
  maildir_letters_parse (&letters, "0 a\0b\n1 c\n", 10);
  g_clear_pointer (&again, g_free);
  again = maildir_letters_format (&letters);
  g_assert_cmpstr (again, ==, "1 c\n");
  maildir_letters_clear (&letters);
}

static void
test_letters_run_out (void)
{
  MaildirLetters letters = { 0 };
  gboolean changed = FALSE;

  for (int i = 0; i < MAILDIR_KEYWORD_LETTERS; i++)
    {
      g_autofree char *word = g_strdup_printf ("word%d", i);

      g_assert_cmpint (maildir_letters_add (&letters, word, &changed), ==, i);
    }
  g_assert_true (changed);
  changed = FALSE;
  g_assert_cmpint (maildir_letters_add (&letters, "one-more", &changed), ==, -1);
  g_assert_cmpint (maildir_letters_add (&letters, "word7", &changed), ==, 7);
  g_assert_cmpint (maildir_letters_add (&letters, "no word", &changed), ==, -1);
  g_assert_false (changed);
  maildir_letters_clear (&letters);
}

static void
take (const char *base, gsize length, char *keywords, gpointer user_data)
{
  g_string_append_printf (user_data, "%.*s=%s;", (int) length, base, keywords);
  g_free (keywords);
}

typedef struct
{
  const char *text;
  const char *result;
} ListVector;

static const ListVector list_vectors[] = {
  { "", "" },
  { "a\nb\n\nm1:0\nm2:0 1\nm3:1\n", "m1=a\n;m2=a\nb\n;m3=b\n;" },
  { "a\n\nm1:0", "m1=a\n;" },
  { "a\n\nm1:7\n:0\nno colon\nm2:\n", "m1=;m2=;" },
  { "bad word\nb\n\nm1:0 1\n", "m1=b\n;" },
  { "a\r\n\r\nm1:0\r\n", "m1=a\n;" },
  { "a\n\nm1:99999999999999 0\n", "m1=a\n;" },
};

static void
test_courier_list (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (list_vectors); i++)
    {
      g_autoptr (GString) result = g_string_new (NULL);

      maildir_courier_parse_list (list_vectors[i].text, strlen (list_vectors[i].text),
                                  take, result);
      g_assert_cmpstr (result->str, ==, list_vectors[i].result);
    }
}

static void
test_courier_message (void)
{
  static const char text[] = "one\n\ntwo words\nthree";
  g_autofree char *words = maildir_courier_parse_message (text, strlen (text));
  g_autofree char *none = maildir_courier_parse_message ("", 0);

  g_assert_cmpstr (words, ==, "one\nthree\n");
  g_assert_cmpstr (none, ==, "");
}

static void
test_courier_rank (void)
{
  const char *base = NULL;
  guint64 dated = maildir_courier_rank (".5666666.1700000000.M1.host", &base);

  g_assert_cmpuint (dated, ==, 5666666);
  g_assert_cmpstr (base, ==, "1700000000.M1.host");
  g_assert_cmpuint (maildir_courier_rank ("1700000000.M1.host", &base), >, dated);
  g_assert_cmpstr (base, ==, "1700000000.M1.host");
  g_assert_cmpuint (maildir_courier_rank (":list", &base), ==, 0);
  g_assert_cmpuint (maildir_courier_rank (".tmp", &base), ==, 0);
  g_assert_cmpuint (maildir_courier_rank (".12", &base), ==, 0);
  g_assert_cmpuint (maildir_courier_rank (".12.", &base), ==, 0);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/keywords/letters-both-ways", test_letters_both_ways);
  g_test_add_func ("/maildir/keywords/letters-skip-nonsense", test_letters_skip_nonsense);
  g_test_add_func ("/maildir/keywords/letters-run-out", test_letters_run_out);
  g_test_add_func ("/maildir/keywords/courier-list", test_courier_list);
  g_test_add_func ("/maildir/keywords/courier-message", test_courier_message);
  g_test_add_func ("/maildir/keywords/courier-newest-file-counts", test_courier_rank);
  return g_test_run ();
}

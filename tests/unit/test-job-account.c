/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of core/model/job-account.c: accounts from CSV. */
#include <glib.h>
#include <string.h>

#include "model/job-account.h"

static GPtrArray *
parse (const char *data, gsize length, Problems *problems)
{
  return job_accounts_parse ("accounts.csv", data, length, problems);
}

/* The accounts as "name(column=value,…)" each; line ends in values as '~'. */
static char *
to_text (const GPtrArray *accounts)
{
  GString *text = g_string_new (NULL);

  for (guint i = 0; i < accounts->len; i++)
    {
      const JobAccount *account = accounts->pdata[i];

      g_string_append_printf (text, "%s%s@%u(", i > 0 ? " " : "", account->name,
                              account->line);
      for (gsize j = 0; account->columns[j] != NULL; j++)
        g_string_append_printf (text, "%s%s=%s", j > 0 ? "," : "", account->columns[j],
                                account->values[j]);
      g_string_append_c (text, ')');
    }
  return g_strdelimit (g_string_free (text, FALSE), "\r\n", '~');
}

static void
test_good_files (void)
{
  static const struct
  {
    const char *data, *expected;
  } vectors[] = {
    { "old,new\na,b\nc,d\n", "a@2(old=a,new=b) c@3(old=c,new=d)" },
    { "old,new\r\na,b\r\nc,d", "a@2(old=a,new=b) c@3(old=c,new=d)" },
    { "old,new\ra,b\rc,d\r", "a@2(old=a,new=b) c@3(old=c,new=d)" },
    { "\xef\xbb\xbfold,new\na,b\n", "a@2(old=a,new=b)" },
    { "old,name\na,x\nb,y\n", "x@2(old=a,name=x) y@3(old=b,name=y)" },
    { "old\na\nb\n", "a@2(old=a) b@3(old=b)" },
    { "old,new\na,\n", "a@2(old=a,new=)" },
    { " old , new \na, b \n", "a@2(old=a,new= b )" },
    { "\n\nold,new\n\na,b\n \n\nc,d\n\n", "a@5(old=a,new=b) c@8(old=c,new=d)" },
    { "old\n a \n", "a@2(old= a )" },
    { "\"old\",\"n,w\"\n\"a\"\"b\",\"c,d\"\n", "a\"b@2(old=a\"b,n,w=c,d)" },
    { "old,new\na,\"b\nc\r\nd\re\"\nf,g\n", "a@2(old=a,new=b~c~~d~e) f@6(old=f,new=g)" },
    { "old,new\n\"\",x\n", NULL },
    { "old,new\na,\"\"\n", "a@2(old=a,new=)" },
    { "mail\nanna/work@example.com\n",
      "anna%2Fwork@example.com@2(mail=anna/work@example.com)" },
    { "mail\nm\xc3\xbcller\n", "m\xc3\xbcller@2(mail=m\xc3\xbcller)" },
    { "mail\na\nA\n", "a@2(mail=a) A@3(mail=A)" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (Problems) problems = problems_new ();
      g_autoptr (GPtrArray)
          accounts = parse (vectors[i].data, strlen (vectors[i].data), problems);
      g_autofree char *text = NULL;

      g_autofree char *shown = g_strescape (vectors[i].data, NULL);

      g_test_message ("%s", shown);
      g_assert_cmpint (accounts == NULL, ==, vectors[i].expected == NULL);
      g_assert_cmpint (problems_length (problems) > 0, ==, vectors[i].expected == NULL);
      if (accounts != NULL)
        text = to_text (accounts);
      g_assert_cmpstr (text, ==, vectors[i].expected);
    }
}

static void
test_bad_files (void)
{
  static const struct
  {
    const char *data;
    gssize length;
    guint line;
    const char *text;
  } vectors[] = {
    { "", 0, 1, "the file is empty: its first row must name the columns" },
    { "\n\n", -1, 1, "the file is empty: its first row must name the columns" },
    { "old,new\n", -1, 2, "the file names columns but no account" },
    { "old,new\na\n", -1, 2, "the row has 1 fields, the first row names 2" },
    { "old,new\na,b\na,b,c\n", -1, 3, "the row has 3 fields, the first row names 2" },
    { "old,new\na,b\na,c\n", -1, 3,
      "account \"a\" stands twice: the first is in line 2" },
    { "password\nhunter2\nhunter2\n", -1, 3,
      "an account stands twice: the first is in line 2" },
    { "old,new\n ,b\n", -1, 2, "the account has no name" },
    { "old,old\na,b\n", -1, 1, "columns 1 and 2 are both named \"old\"" },
    { "old,\na,b\n", -1, 1, "column 2 has no name" },
    { "old,a{b\na,b\n", -1, 1, "column 2: a name cannot contain $, {, } or a line end" },
    { "old;new\na;b\n", -1, 1, "columns must be separated by commas" },
    { "old\tnew\na\tb\n", -1, 1, "columns must be separated by commas" },
    { "old,new\n\"a\"x,b\n", -1, 2, "text follows a closing quote" },
    { "old,new\na,b\n\n\"a,b\nc,d\n", -1, 4, "a quote is not closed" },
    { "old,new\na\"x,b\n", -1, 2,
      "a quote inside a field: such a field stands in quotes, with \"\" for each" },
    { "old,new\na,b\0c\n", 14, 2, "a field contains a NUL byte" },
    { "old,new\na,\xff\n", -1, 2, "a field is not valid UTF-8" },
    { "\xff\xfeo\0l\0d\0", 8, 1, "a field contains a NUL byte" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (Problems) problems = problems_new ();
      gsize length = vectors[i].length >= 0 ? (gsize) vectors[i].length
                                            : strlen (vectors[i].data);

      g_assert_null (parse (vectors[i].data, length, problems));
      g_assert_cmpuint (problems_count (problems), ==, 1);
      g_assert_cmpstr (problems_get (problems, 0)->file, ==, "accounts.csv");
      g_assert_cmpstr (problems_get (problems, 0)->text, ==, vectors[i].text);
      g_assert_cmpuint (problems_get (problems, 0)->line, ==, vectors[i].line);
    }
}

static void
test_all_mistakes_at_once (void)
{
  static const char data[] = "old,new\na\nb,c\n\"x\"y,z\nb,d\n,e\n";
  static const guint lines[] = { 2, 4, 5, 6 };
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (parse (data, strlen (data), problems));
  g_assert_cmpuint (problems_count (problems), ==, G_N_ELEMENTS (lines));
  for (guint i = 0; i < G_N_ELEMENTS (lines); i++)
    g_assert_cmpuint (problems_get (problems, i)->line, ==, lines[i]);
}

static void
test_another_file_is_given_up (void)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (GString) data = g_string_new ("old,new\n");

  for (guint i = 0; i < 100000; i++)
    g_string_append (data, "x\n");
  g_assert_null (parse (data->str, data->len, problems));
  g_assert_cmpuint (problems_count (problems), ==, ACCOUNTS_LIMIT_PROBLEMS + 1);
}

static void
test_limits (void)
{
  g_autoptr (GString) wide = g_string_new ("a");
  g_autoptr (GString) field = g_string_new ("a\n");
  g_autoptr (GString) rows = g_string_new ("a\n");
  g_autoptr (Problems) problems = problems_new ();

  for (guint i = 0; i < 300; i++)
    g_string_append_printf (wide, ",a%u", i);
  for (guint i = 0; i < 70000; i++)
    g_string_append_c (field, 'x');
  for (guint i = 0; i <= ACCOUNTS_LIMIT_ROWS; i++)
    g_string_append_printf (rows, "%u\n", i);
  g_assert_null (parse (wide->str, wide->len, problems));
  g_assert_null (parse (field->str, field->len, problems));
  g_assert_null (parse (rows->str, rows->len, problems));
  g_assert_cmpuint (problems_count (problems), ==, 3);
  g_assert_cmpstr (problems_get (problems, 0)->text, ==,
                   "the first row names more than 256 columns");
  g_assert_cmpstr (problems_get (problems, 1)->text, ==, "a field is longer than 64 KiB");
  g_assert_cmpstr (problems_get (problems, 2)->text, ==,
                   "the file has more than 200000 accounts");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-account/csv/good-files", test_good_files);
  g_test_add_func ("/job-account/csv/bad-files-with-their-line", test_bad_files);
  g_test_add_func ("/job-account/csv/all-mistakes-at-once", test_all_mistakes_at_once);
  g_test_add_func ("/job-account/csv/another-file-is-given-up",
                   test_another_file_is_given_up);
  g_test_add_func ("/job-account/csv/limits", test_limits);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses, options and filters of the command line.
 */
#include <string.h>

#include "cli/cli.h"

/* spell: "plugin name=value name=value". (transfer full) */
static char *
spell (const JobElement *element)
{
  GString *text = g_string_new (element->plugin);
  for (guint i = 0; i < element->options->len; i++)
    {
      const JobOption *option = element->options->pdata[i];
      g_string_append_printf (text, " %s=%s", option->name, option->value);
    }
  return g_string_free (text, FALSE);
}

static void
test_addresses (void)
{
  static const char *const rows[][2] = {
    { "maildir:/srv/mail", "maildir path=/srv/mail" },
    { "mbox:a b/c:d", "mbox path=a b/c:d" },
    { "vendor:x=y", "vendor path=x=y" },
    { "mbox:cost${5}", "mbox path=cost$${5}" },
    { "imaps://joe@mail.host/", "imap host=mail.host user=joe tls=implicit" },
    { "imaps://mail.host", "imap host=mail.host tls=implicit" },
    { "imap://joe@mail.host:1143/",
      /* lint: allow test-port: it is only parsed */
      "imap host=mail.host port=1143 user=joe tls=starttls" },
    { "imaps://joe%40example.com@mail.host/",
      "imap host=mail.host user=joe@example.com tls=implicit" },
    { "imaps://joe@example.com@mail.host/",
      "imap host=mail.host user=joe@example.com tls=implicit" },
    { "imaps://joe@[::1]:993/", "imap host=::1 port=993 user=joe tls=implicit" },
    { "imaps://joe@[fe80::1%25eth0]/", "imap host=fe80::1%eth0 user=joe tls=implicit" },
    { "IMAPS://joe@mail.host", "imap host=mail.host user=joe tls=implicit" },
    { "Imap://joe@127.0.0.1/", "imap host=127.0.0.1 user=joe tls=starttls" },
    { "imaps://mail.host:/", "imap host=mail.host tls=implicit" },
    { "imaps://joe*admin@mail.host/", "imap host=mail.host user=joe*admin tls=implicit" },
    { "imaps://dom%5Cadmin%5Cbox@mail.host/",
      "imap host=mail.host user=dom\\admin\\box tls=implicit" },
    { "imaps://a%2Fb%3Ac%3Bd%20e%25f%23g@mail.host/",
      "imap host=mail.host user=a/b:c;d e%f#g tls=implicit" },
    { "imaps://j%C3%B6rg@mail.host/", "imap host=mail.host user=jörg tls=implicit" },
    { "imaps://jörg@mail.host/", "imap host=mail.host user=jörg tls=implicit" },
    { "imaps://joe${x}@mail.host/", "imap host=mail.host user=joe$${x} tls=implicit" },
    { "imaps://joe;AUTH=XOAUTH2@mail.host/",
      "imap host=mail.host user=joe auth=XOAUTH2 tls=implicit" },
    { "imaps://joe@example.com;auth=SCRAM-SHA-256@mail.host/",
      "imap host=mail.host user=joe@example.com auth=SCRAM-SHA-256 tls=implicit" },
    { "imaps://joe;AUTH=*@mail.host/", "imap host=mail.host user=joe tls=implicit" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      JobElement *element = uri_parse (rows[i][0], &error);
      g_assert_no_error (error);
      g_autofree char *text = spell (element);
      g_assert_cmpstr (text, ==, rows[i][1]);
      job_element_free (element);
    }
}

static void
test_bad_addresses (void)
{
  static const char *const rows[] = {
    "",
    "mail",
    ":x",
    "maildir:",
    "imaps://",
    "imaps://joe:secret@host/",
    "imaps://joe@host/INBOX",
    "imaps://joe@host/?x=y",
    "imaps://joe:secret@host:99999/",
    "imaps://joe:secret@example.com@host/",
    "imaps://joe@example.com:secret@host/",
    "imaps://joe:sec/secret@host/",
    "imaps://joe:12/secret@host/",
    "imaps://joe#secret@host/",
    "imaps://joe?secret@host/",
    "imaps://joe:secret@host/#x",
    "imaps://joe@host/#x",
    "imaps://joe@host/?",
    "imaps://joe@host//",
    "imaps://joe@host/INBOX;UIDVALIDITY=3/;UID=5",
    "imaps://@host/",
    "imaps://:secret@host/",
    "imaps://joe@/",
    "imaps://joe@:993/",
    "imaps://joe@host:0/",
    "imaps://joe@host:-1/",
    "imaps://joe@host:99999/",
    "imaps://joe@host:imaps/",
    "imaps://joe@ho st/",
    "imaps://joe@[::1/",
    "imaps://joe@::1/",
    "imaps://joe%00@host/",
    "imaps://joe%0D%0Ax@host/",
    "imaps://joe%zz@host/",
    "imaps://joe%@host/",
    "imaps://joe%FF@host/",
    "imaps://joe\xff@host/",
    "imaps://joe@ho%0Ast/",
    "imaps://joe;AUTH=@host/",
    "imaps://joe;AUTH=A B@host/",
    "imaps://joe;secret@host/",
    "imaps:joe@host",
    "imap:host",
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      JobElement *element = uri_parse (rows[i], &error);
      g_test_message ("%u: %s: %s", i, rows[i],
                      element == NULL ? error->message : "taken");
      g_assert_null (element);
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
      g_assert_null (strstr (error->message, "secret"));
    }
}

static void
test_last_option_wins (void)
{
  g_autoptr (GError) error = NULL;
  JobElement *element = uri_parse ("imaps://joe@host/", NULL);
  g_assert_true (uri_add_option (element, "tls=none", &error));
  g_assert_true (uri_add_option (element, "note=a=b", &error));
  g_assert_true (uri_add_option (element, "empty=", &error));
  g_autofree char *text = spell (element);
  g_assert_cmpstr (text, ==, "imap host=host user=joe tls=none note=a=b empty=");
  g_assert_false (uri_add_option (element, "novalue", &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  job_element_free (element);
}

static void
test_filters (void)
{
  static const char *const rows[][2] = {
    { "skip-folder name=Trash", "skip-folder name=Trash" },
    { "skip-folder name='My Trash'", "skip-folder name=My Trash" },
    { "skip-message flag=\"\\\\Deleted x\"", "skip-message flag=\\Deleted x" },
    { "  rename-folder from=a to=b ", "rename-folder from=a to=b" },
    { "skip-folder match='^a$'", "skip-folder match=^a$" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      JobElement *element = uri_parse_filter (rows[i][0], &error);
      g_assert_no_error (error);
      g_autofree char *text = spell (element);
      g_assert_cmpstr (text, ==, rows[i][1]);
      job_element_free (element);
    }
}

static void
test_bad_filters (void)
{
  static const char *const rows[] = { "", "name=Trash", "skip-folder Trash",
                                      "skip-folder name='x" };
  for (guint i = 0; i < G_N_ELEMENTS (rows); i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (uri_parse_filter (rows[i], &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/cli/uri/addresses-become-elements", test_addresses);
  g_test_add_func ("/cli/uri/bad-addresses-are-refused", test_bad_addresses);
  g_test_add_func ("/cli/uri/last-option-wins", test_last_option_wins);
  g_test_add_func ("/cli/uri/filters-are-quoted-like-a-shell", test_filters);
  g_test_add_func ("/cli/uri/bad-filters-are-refused", test_bad_filters);
  return g_test_run ();
}

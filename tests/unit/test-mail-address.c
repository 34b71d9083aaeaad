/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of core/model/mail-address.c. */
#include <glib.h>

#include "model/mail-address.h"

typedef struct
{
  const char *text;
  const char *expected; /* NULL: none */
} Vector;

static const Vector addresses[] = {
  { "", "" },
  { "john@example.com", "john@example.com" },
  { "John Smith <John@Example.COM>", "john@example.com" },
  { "\"Smith, John\" <john@example.com>", "john@example.com" },
  { "\"a \\\" <x@y>, b\" <john@example.com>", "john@example.com" },
  { "john@example.com (John (the) \\) Smith)", "john@example.com" },
  { "=?utf-8?Q?J=C3=B6rg?= <j@x.de>", "j@x.de" },
  { "a@b, c@d,e@f", "a@b,c@d,e@f" },
  { "A <a@b>,\r\n\tB <c@d>", "a@b,c@d" },
  { "Friends: a@b, C <c@d>;", "a@b,c@d" },
  { "undisclosed-recipients:;", "" },
  { "Friends: a@b; x@y", "a@b,x@y" },
  { "<@relay1,@relay2:user@host>", "user@host" },
  { "<@relay:user@host>, b@c", "user@host,b@c" },
  { "\"john.doe\"@example.com", "john.doe@example.com" },
  { "john . doe @ example . com", "john.doe@example.com" },
  { "user@[IPv6:2001:DB8::1]", "user@[ipv6:2001:db8::1]" },
  { "<user@[IPv6:2001:DB8::1]>", "user@[ipv6:2001:db8::1]" },
  { "root", "root" },
  { "MAILER-DAEMON <>", "" },
  { "a@b;c@d", "a@b,c@d" },
  { ",,a@b,,", "a@b" },
  { "smtp:user@host", "user@host" },
  { "J\xf6rg <j@x.de>", "j@x.de" },
  { "a <b <c@d>", "c@d" },
  { "<a@b", "a@b" },
  { "\"unclosed <a@b>, c@d", "unclosed<a@b>,c@d" },
  { "(unclosed a@b", "" },
  { "a@b)", "a@b)" },
  { "\\", "\\" },
  { "\"\\", "\\" },
};

static const Vector ids[] = {
  { "", NULL },
  { "   ", NULL },
  { "<>", NULL },
  { "< >", NULL },
  { "(none)", NULL },
  { "<AbC@Example.COM>", "AbC@example.com" },
  { " \r\n\t<abc@x>", "abc@x" },
  { "<abc\r\n\t def@x>", "abcdef@x" },
  { "<a@B@C.D>", "a@B@c.d" },
  { "abc@Example.COM", "abc@example.com" },
  { "abc@x (added by postmaster)", "abc@x" },
  { "(<no@no>) <yes@x>", "yes@x" },
  { "junk <a@b> <c@d>", "a@b" },
  { "<abc@x", "abc@x" },
  { "<<abc@x>>", "abc@x" },
  { "<OF(12)3@x>", "OF(12)3@x" },
  { "<noat>", "noat" },
  { "(", NULL },
  { "(\\", NULL },
  { "<", NULL },
  { ">", ">" },
};

static const Vector id_lists[] = {
  { "", "" },
  { "<a@B>\r\n <c@D>\t<e@f>", "a@b c@d e@f" },
  { "<a@b><c@d>", "a@b c@d" },
  { "<a@b>, <c@d> (x)", "a@b c@d" },
  { "<> <a@b>", "a@b" },
  { "Your message of  Friday", "Your message of Friday" },
};

static void
assert_vectors (const Vector *vectors, gsize count, char *(*function) (const char *text))
{
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *found = function (vectors[i].text);

      g_assert_cmpstr (found, ==, vectors[i].expected);
    }
}

static void
test_addresses (void)
{
  assert_vectors (addresses, G_N_ELEMENTS (addresses), mail_address_reduce);
}

static void
test_message_id (void)
{
  assert_vectors (ids, G_N_ELEMENTS (ids), mail_message_id);
}

static void
test_message_id_list (void)
{
  assert_vectors (id_lists, G_N_ELEMENTS (id_lists), mail_message_id_list);
}

/* A quarter of a megabyte of each nasty pattern. The limit is far
 * above what linear work needs and far below what quadratic work takes. */
static void
test_hostile_values_take_linear_time (void)
{
  static const char *const patterns[] = { "=?",
                                          "=?utf-8?Q?",
                                          "=?utf-8?B?",
                                          "=?utf-8*",
                                          "(",
                                          "\"",
                                          "<",
                                          "=?a?",
                                          "\\",
                                          "<@a,",
                                          ":",
                                          ";",
                                          "=?=",
                                          "((((<",
                                          "\xcc\x81",
                                          "\xcc\xa7\xcc\x81",
                                          "=?gb2312?Q?=C4?= ",
                                          "?",
                                          " \t",
                                          "@",
                                          "=?big5?B?AAAA?= =?sjis?Q?a?= " };
  gint64 start = g_get_monotonic_time ();

  for (gsize i = 0; i < G_N_ELEMENTS (patterns); i++)
    {
      g_autoptr (GString) text = g_string_new ("a");
      g_autofree char *list = NULL, *id = NULL, *id_list = NULL;

      while (text->len < 256 * 1024)
        g_string_append (text, patterns[i]);
      list = mail_address_reduce (text->str);
      id = mail_message_id (text->str);
      id_list = mail_message_id_list (text->str);
      g_assert_nonnull (list);
      g_assert_nonnull (id_list);
    }
  g_assert_cmpint (g_get_monotonic_time () - start, <, 30 * G_USEC_PER_SEC);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mail-address/reduce/lists-become-addr-specs", test_addresses);
  g_test_add_func ("/mail-address/message-id/is-normalised", test_message_id);
  g_test_add_func ("/mail-address/message-id/lists-are-normalised", test_message_id_list);
  g_test_add_func ("/mail-address/hostile-values/take-linear-time",
                   test_hostile_values_take_linear_time);
  return g_test_run ();
}

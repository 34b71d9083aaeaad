/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter select-message and the conditions on headers, alone. The clock of every
 * message stands at NOW.
 */
#include "plugins/fakes.h"

#define NOW G_GINT64_CONSTANT (1706659200) /* 2024-01-31 00:00 UTC */
#define DAY 86400

HAUL_API const HaulFilter *haul_filter_select_message_get (void);

typedef struct
{
  const FakeOption options[4];
  const HaulMessage message;
  const char *reason;
} Vector;

static void
check (const Vector *vectors, gsize count)
{
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_select_message_get (),
                                                       vectors[i].options, &message);

      g_assert_cmpstr (message, ==, NULL);
      g_autofree char *reason = fake_filter_message (filter, &vectors[i].message);
      g_assert_cmpstr (reason, ==, vectors[i].reason);
    }
}

#define MAIL(text)                                                                       \
  {                                                                                      \
    .now_unix = NOW, .headers = text                                                     \
  }

static void
test_all (void)
{
  static const Vector vectors[] = {
    { { { "larger-than", "10" }, { "flag", "\\Seen a" } },
      { .size_bytes = 11, .flags = HAUL_FLAG_SEEN },
      NULL },
    { { { "larger-than", "10" }, { "flag", "\\Seen a" } },
      { .size_bytes = 11, .keywords = { "A" } },
      NULL },
    { { { "larger-than", "10" }, { "flag", "\\Seen a" } },
      { .size_bytes = 11 },
      "not flag \\Seen a" },
    { { { "larger-than", "10" }, { "flag", "\\Seen a" } },
      { .size_bytes = 10, .flags = HAUL_FLAG_SEEN },
      "not larger than 10 bytes" },
    { { { "not-flag", "x" } }, { .keywords = { "X" } }, "not without x" },
    { { { "newer-than", "1d" } },
      { .has_date = TRUE, .date_unix = NOW - 2 * DAY, .now_unix = NOW },
      "not newer than 1d" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

/* Not known: kept, unless something else rules it out. */
static void
test_unknown (void)
{
  static const Vector vectors[] = {
    { { { "newer-than", "1d" } }, { .now_unix = NOW }, NULL },
    { { { "larger-than", "10" } }, { .size_bytes = HAUL_SIZE_UNKNOWN }, NULL },
    { { { "larger-than", "10" }, { "flag", "a" } },
      { .size_bytes = HAUL_SIZE_UNKNOWN },
      "not flag a" },
    { { { "date", "header" }, { "newer-than", "1d" } }, MAIL ("Subject: x\n"), NULL },
    { { { "date", "header" }, { "newer-than", "1d" } }, MAIL ("Date: soon\n"), NULL },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_header_date (void)
{
  static const Vector vectors[] = {
    { { { "date", "header" }, { "after", "2024-01-01" } },
      MAIL ("Date: Fri, 31 Dec 2023 23:59:59 +0000\r\n"),
      "not Date after 2024-01-01" },
    { { { "date", "header" }, { "after", "2024-01-01" } },
      MAIL ("Date: Mon,\r\n 1 Jan 2024 00:00:00 +0000\r\n"),
      NULL },
    { { { "date", "header" }, { "before", "2024-01-01" } },
      { .has_date = TRUE, .date_unix = 0, .headers = "Date: 1 Jan 2024\n" },
      "not Date before 2024-01-01" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_header (void)
{
  static const Vector vectors[] = {
    { { { "header", "X-Spam" } }, MAIL ("x-spam:\r\n"), NULL },
    { { { "header", "X-Spam" } }, MAIL ("X-Spam-Not: a\r\n"), "not header X-Spam" },
    { { { "header", "Subject" }, { "contains", "grüße" } },
      MAIL ("Subject: =?iso-8859-1?Q?Viele_GR=DC=DFE?=\r\n"),
      NULL },
    { { { "header", "Subject" }, { "contains", "GRÜSSE" } },
      MAIL ("Subject: =?iso-8859-1?Q?Viele_gr=FC=DFe?=\r\n"),
      NULL },
    { { { "header", "Subject" }, { "contains", "ab cd" } },
      MAIL ("Subject: ab\r\n cd\r\n"),
      NULL },
    { { { "header", "Subject" }, { "match", "^a.c$" } },
      MAIL ("Subject: =?utf-8?B?YcO8?=\r\n =?utf-8?B?Yw==?=\r\n"),
      NULL },
    { { { "header", "Received" }, { "match", "two" } },
      MAIL ("Received: one\r\nReceived: two\r\n"),
      NULL },
    { { { "header", "Subject" }, { "contains", "body" } },
      MAIL ("A: b\r\n\r\nSubject: body\r\n"),
      "not header Subject: body" },
    { { { "header", "Subject" }, { "contains", "b" } },
      { .headers = "Subject: a\0b", .headers_length = 12 },
      NULL },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_address (void)
{
  static const Vector vectors[] = {
    { { { "from", "ann@x.org" } }, MAIL ("From: \"B, A\" <Ann@X.ORG>\n"), NULL },
    { { { "from", "ann@x.org" } }, MAIL ("From: joann@x.org\n"), "not from ann@x.org" },
    { { { "from", "@x.org" } }, MAIL ("From: a@x.org (at y.org)\n"), NULL },
    { { { "from", "@x.org" } }, MAIL ("From: a@sub.x.org\n"), "not from @x.org" },
    { { { "from", "@.x.org" } }, MAIL ("From: a@sub.x.org\n"), NULL },
    { { { "from", "@.x.org" } }, MAIL ("From: a@x.org\n"), NULL },
    { { { "from", "@.x.org" } }, MAIL ("From: a@yx.org\n"), "not from @.x.org" },
    { { { "to", "b@x.org" } }, MAIL ("To: a@x.org,\n b@x.org\n"), NULL },
    { { { "cc", "b@x.org" } }, MAIL ("To: b@x.org\n"), "not cc b@x.org" },
    { { { "address", "q@z.org b@x.org" } }, MAIL ("Bcc: b@x.org\n"), NULL },
    { { { "address", "b@x.org" } }, MAIL ("Subject: b@x.org\n"), "not address b@x.org" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_kinds (void)
{
  static const Vector vectors[] = {
    { { { "has-attachment", "yes" } },
      MAIL ("Content-Type:\r\n Multipart/MIXED; boundary=a\r\n"),
      NULL },
    { { { "has-attachment", "yes" } }, MAIL ("Content-Type: application/pdf\n"), NULL },
    { { { "has-attachment", "yes" } },
      MAIL ("Content-Type: multipart/alternative\n"),
      "not has attachment" },
    { { { "has-attachment", "yes" } }, MAIL (""), "not has attachment" },
    { { { "list", "yes" } }, MAIL ("List-Id: <a.b>\n"), NULL },
    { { { "list", "yes" } }, MAIL ("List-Unsubscribe: <mailto:a@b>\n"), NULL },
    { { { "list", "yes" } }, MAIL ("Precedence: bulk\n"), "not list mail" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

/* Nothing of a header is needed: it is not asked for. */
static void
test_effects (void)
{
  static const struct
  {
    FakeOption options[3];
    guint32 effects;
  } vectors[] = {
    { { { "larger-than", "1" } }, 0 },
    { { { "newer-than", "1d" } }, 0 },
    { { { "newer-than", "1d" }, { "date", "header" } }, HAUL_FILTER_NEEDS_HEADERS },
    { { { "list", "yes" } }, HAUL_FILTER_NEEDS_HEADERS },
    { { { "from", "@a.b" } }, HAUL_FILTER_NEEDS_HEADERS },
    { { { "header", "A" } }, HAUL_FILTER_NEEDS_HEADERS },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_select_message_get (),
                                                       vectors[i].options, &message);

      g_assert_cmpuint (filter->filter->instance_effects (filter->instance), ==,
                        vectors[i].effects);
    }
}

static void
test_mistakes (void)
{
  static const struct
  {
    FakeOption options[3];
    const char *message;
  } vectors[] = {
    { { { NULL, NULL } }, "give at least one condition" },
    { { { "contains", "a" } }, "\"contains\" needs \"header\"" },
    { { { "header", "a:" } }, "\"header\" must be the name of a field, got 'a:'" },
    { { { "from", "ann" } },
      "\"from\" must be of addresses (a@b.c) and domains (@b.c, @.b.c), got 'ann'" },
    { { { "larger-than", "5" }, { "smaller-than", "6" } },
      "\"larger-than\" leaves nothing below \"smaller-than\"" },
    { { { "older-than", "2d" }, { "newer-than", "1d" } },
      "\"older-than\" leaves nothing within \"newer-than\"" },
    { { { "after", "2020-01-02" }, { "before", "2020-01-02" } },
      "\"after\" leaves nothing \"before\"" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_select_message_get (),
                                                       vectors[i].options, &message);

      g_assert_null (filter);
      g_assert_cmpstr (message, ==, vectors[i].message);
    }
}

/* Headers of nothing but one thing, which no condition may take long for. */
static void
test_hostile (void)
{
  static const char *const units[] = { "Subject:",   "From: <", "\n ",     ",@",
                                       "=?utf-8?Q?", "(",       "To: a@b," };
  static const FakeOption options[] = {
    { "header", "Subject" }, { "contains", "zz" }, { "address", "@z.z" }, { NULL, NULL }
  };
  g_autofree char *problem = NULL;
  g_autoptr (FakeFilter)
      filter = fake_filter_new (haul_filter_select_message_get (), options, &problem);

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    {
      g_autoptr (GString) text = g_string_new ("Subject: ");
      while (text->len < 256 * 1024)
        g_string_append (text, units[i]);
      HaulMessage message = { .headers = text->str, .headers_length = text->len };
      g_autofree char *reason = fake_filter_message (filter, &message);

      g_assert_cmpstr (reason, ==, "not header Subject: zz");
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/filters/select-message/wants-all", test_all);
  g_test_add_func ("/filters/select-message/keeps-what-is-not-known", test_unknown);
  g_test_add_func ("/filters/select-message/reads-the-date-of-the-header",
                   test_header_date);
  g_test_add_func ("/filters/select-message/reads-decoded-fields", test_header);
  g_test_add_func ("/filters/select-message/compares-addresses", test_address);
  g_test_add_func ("/filters/select-message/knows-kinds-of-mail", test_kinds);
  g_test_add_func ("/filters/select-message/asks-for-no-header-in-vain", test_effects);
  g_test_add_func ("/filters/select-message/says-what-is-wrong", test_mistakes);
  g_test_add_func ("/filters/select-message/takes-hostile-headers", test_hostile);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter fix-date, alone. The clock of every message stands at NOW.
 */
#include <string.h>

#include "plugins/fakes.h"

#define NOW   G_GINT64_CONSTANT (1706659200) /* 2024-01-31 00:00 UTC */
#define STAMP G_GINT64_CONSTANT (1580466030) /* 2020-01-31 10:20:30 UTC */
#define KEPT  G_MININT64

HAUL_API const HaulFilter *haul_filter_fix_date_get (void);

/* HAS: an INTERNALDATE; NONE: without. */
#define HAS(date) .has_date = TRUE, .date_unix = date, .now_unix = NOW
#define NONE      .now_unix = NOW

typedef struct
{
  const FakeOption options[3];
  const HaulMessage message;
  gint64 expected; /* KEPT: not changed */
} Vector;

static gint64
result_of (const FakeFilter *filter, const HaulMessage *message)
{
  HaulMessageEdit edit;

  fake_filter_edit (filter, message, &edit);
  g_assert_cmpstr (edit.reason, ==, NULL);
  g_assert_cmpstr (edit.marks, ==, NULL);
  return edit.has_date ? edit.date_unix : KEPT;
}

static void
check (const Vector *vectors, gsize count)
{
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_fix_date_get (),
                                                       vectors[i].options, &message);

      g_assert_cmpstr (message, ==, NULL);
      g_assert_cmpint (result_of (filter, &vectors[i].message), ==, vectors[i].expected);
    }
}

#define DATE     "Date: Fri, 31 Jan 2020 10:20:30 +0000\r\n"
#define RECEIVED "Received: from a by b; Fri, 31 Jan 2020 11:20:30 +0100 (CET)\r\n"
#define OLDER    "Received: from x by a; Thu, 30 Jan 2020 11:20:30 +0100\r\n"
#define LATER    "Date: Sat, 1 Feb 2020 00:00:00 +0000\r\n"

static void
test_when (void)
{
  static const Vector vectors[] = {
    { { { NULL, NULL } }, { NONE, .headers = DATE }, STAMP },
    { { { NULL, NULL } }, { HAS (0), .headers = DATE }, STAMP },
    { { { NULL, NULL } }, { HAS (-1), .headers = DATE }, STAMP },
    { { { NULL, NULL } }, { HAS (NOW + 3 * 86400), .headers = DATE }, STAMP },
    { { { NULL, NULL } }, { HAS (NOW + 86400), .headers = DATE }, KEPT },
    { { { NULL, NULL } }, { HAS (NOW), .headers = DATE }, KEPT },
    { { { "earliest", "2022-01-01" } }, { HAS (STAMP), .headers = DATE }, KEPT },
    { { { "earliest", "2019-01-01" } }, { HAS (1500000000), .headers = DATE }, STAMP },
    { { { "when", "missing" } }, { HAS (0), .headers = DATE }, KEPT },
    { { { "when", "missing" } }, { NONE, .headers = DATE }, STAMP },
    { { { "when", "always" } }, { HAS (NOW), .headers = DATE }, STAMP },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_by (void)
{
  static const Vector vectors[] = {
    { { { NULL, NULL } }, { NONE, .headers = LATER RECEIVED OLDER }, STAMP },
    { { { "by", "received" } }, { NONE, .headers = LATER }, KEPT },
    { { { "by", "received" } }, { NONE, .headers = LATER RECEIVED }, STAMP },
    { { { "by", "date" } }, { NONE, .headers = RECEIVED DATE OLDER }, STAMP },
    { { { "by", "date" } }, { NONE, .headers = RECEIVED }, KEPT },
    { { { "by", "date-received" } }, { NONE, .headers = RECEIVED }, STAMP },
    { { { NULL, NULL } }, { NONE, .headers = "" }, KEPT },
    { { { NULL, NULL } }, { NONE, .headers = "Received: no date\r\n" DATE }, STAMP },
    { { { NULL, NULL } },
      { NONE, .headers = "Received: a; nonsense\r\n" RECEIVED },
      STAMP },
    { { { NULL, NULL } },
      { NONE, .headers = "Received: a; 1 Jan 2099 00:00:00 +0000\r\n" DATE },
      STAMP },
    { { { NULL, NULL } },
      { NONE, .headers = "Date: 1 Jan 1970 00:00:00 +0000\n" },
      KEPT },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_fields (void)
{
  static const Vector vectors[] = {
    { { { NULL, NULL } },
      { NONE, .headers = "received:\r\n from a\r\n\tby b;\r\n Fri, 31 Jan 2020\r\n"
                         " 10:20:30 +0000\r\n" },
      STAMP },
    { { { NULL, NULL } }, { NONE, .headers = "DATE : 31 Jan 2020 10:20:30 GMT" }, STAMP },
    { { { NULL, NULL } }, { NONE, .headers = "X-Date: 31 Jan 2020 10:20:30 GMT" }, KEPT },
    { { { NULL, NULL } },
      { NONE, .headers = "Subject: a\n Date: 31 Jan 2020 10:20:30 GMT\n" },
      KEPT },
    { { { NULL, NULL } },
      { NONE, .headers = "Received: a (x; y) by b; 31 Jan 2020 10:20:30 (a; b)\n" },
      STAMP },
    { { { NULL, NULL } },
      { NONE, .headers = "Date: 31 Jan\0 2020 10:20:30 GMT\r\n", .headers_length = 33 },
      STAMP },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

/* The forms that imapsync's good_date mends, and that it mends wrongly (12 PM). */
static void
test_broken_forms (void)
{
  static const struct
  {
    const char *text;
    gint64 date;
  } forms[] = {
    { "Fri, 31 Jan 2020 10:20:30", STAMP },
    { "Fri Jan 31 10:20:30 2020", STAMP },
    { "Fri Jan 31 10:20:30 UTC 2020", STAMP },
    { "2020/01/31 10:20:30", STAMP },
    { "2020-01-31T10:20:30Z", STAMP },
    { "01/31/20 10:20:30", STAMP },
    { "01/31/2020 10:20:30", STAMP },
    { "Friday, 31 January 2020 10:20:30", STAMP },
    { "Fri, 31 Jan 2020 10.20.30 +0000", STAMP },
    { "31 Jan 2020 10:20 +0000", STAMP - 30 },
    { "31 Jan 20 10:20:30 GMT", STAMP },
    { "31 Jan 99 10:20:30 GMT", 917778030 },
    { "Fri, 31, Jan, 2020, 10:20:30", STAMP },
    { "31 Jan 2020 12:20:30 PM", 1580473230 },
    { "31 Jan 2020 10:20:30 AM", STAMP },
    { "31 Jan 2020 11:20:30 +1", STAMP },
    { "1 Jan 2020 0:00:00 GMT", 1577836800 },
    { " 0 Jan 2020 00:00:00 GMT", 1577836800 },
    { "1-Jan-2020 00:00:00 +0000", 1577836800 },
    { "", KEPT },
    { "soon", KEPT },
    { "32 Jan 2020 10:20:30 GMT", KEPT },
    { "31 Feb 2020 10:20:30 GMT", KEPT },
  };
  static const FakeOption options[] = { { NULL, NULL } };
  g_autofree char *problem = NULL;
  g_autoptr (FakeFilter)
      filter = fake_filter_new (haul_filter_fix_date_get (), options, &problem);

  for (gsize i = 0; i < G_N_ELEMENTS (forms); i++)
    {
      g_autofree char *date = g_strconcat ("Date: ", forms[i].text, "\r\n", NULL);
      g_autofree char *received = g_strconcat ("Received: a;", forms[i].text, "\n", NULL);
      HaulMessage by_date = { NONE, .headers = date };
      HaulMessage by_received = { NONE, .headers = received };

      g_assert_cmpint (result_of (filter, &by_date), ==, forms[i].date);
      g_assert_cmpint (result_of (filter, &by_received), ==, forms[i].date);
    }
}

/* A header of nothing but one endless field, and one of nothing but fields. */
static void
test_hostile (void)
{
  static const FakeOption options[] = { { NULL, NULL } };
  static const char *const units[] = { "Received: ;", ";",  "Received:\n", "Date:\r\n ;",
                                       ";(",          "\n", "\\" };
  g_autofree char *problem = NULL;
  g_autoptr (FakeFilter)
      filter = fake_filter_new (haul_filter_fix_date_get (), options, &problem);

  for (gsize i = 0; i < G_N_ELEMENTS (units); i++)
    {
      g_autoptr (GString) text = g_string_new ("Received: ");
      while (text->len < 256 * 1024)
        g_string_append (text, units[i]);
      HaulMessage message = { NONE, .headers = text->str, .headers_length = text->len };

      g_assert_cmpint (result_of (filter, &message), ==, KEPT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/filters/fix-date/knows-when", test_when);
  g_test_add_func ("/filters/fix-date/asks-received-then-date", test_by);
  g_test_add_func ("/filters/fix-date/reads-fields", test_fields);
  g_test_add_func ("/filters/fix-date/takes-broken-forms", test_broken_forms);
  g_test_add_func ("/filters/fix-date/takes-hostile-headers", test_hostile);
  return g_test_run ();
}

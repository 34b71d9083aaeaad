/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter skip-message, alone. The clock of every message stands at NOW.
 */
#include "plugins/fakes.h"

#define NOW G_GINT64_CONSTANT (1706659200) /* 2024-01-31 00:00 UTC */
#define DAY 86400

HAUL_API const HaulFilter *haul_filter_skip_message_get (void);

typedef struct
{
  const FakeOption options[4];
  const HaulMessage message;
  const char *reason;
} Vector;

#define SIZE(bytes)                                                                      \
  {                                                                                      \
    .size_bytes = bytes                                                                  \
  }
#define DATE(date)                                                                       \
  {                                                                                      \
    .has_date = TRUE, .date_unix = date, .now_unix = NOW                                 \
  }
#define FLAGS(bits, ...)                                                                 \
  {                                                                                      \
    .flags = bits, .keywords = { __VA_ARGS__ }                                           \
  }

static void
check (const Vector *vectors, gsize count)
{
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_skip_message_get (),
                                                       vectors[i].options, &message);

      g_assert_cmpstr (message, ==, NULL);
      g_autofree char *reason = fake_filter_message (filter, &vectors[i].message);
      g_assert_cmpstr (reason, ==, vectors[i].reason);
    }
}

static void
test_size (void)
{
  static const Vector vectors[] = {
    { { { "larger-than", "50M" } }, SIZE (50000001), "larger than 50M" },
    { { { "larger-than", "50M" } }, SIZE (50000000), NULL },
    { { { "larger-than", "64KiB" } }, SIZE (65537), "larger than 64KiB" },
    { { { "larger-than", "12345" } }, SIZE (12346), "larger than 12345 bytes" },
    { { { "larger-than", "1" } }, SIZE (HAUL_SIZE_UNKNOWN), NULL },
    { { { "smaller-than", "1K" } }, SIZE (999), "smaller than 1K" },
    { { { "smaller-than", "1K" } }, SIZE (1000), NULL },
    { { { "smaller-than", "2GiB" } }, SIZE (HAUL_SIZE_UNKNOWN), NULL },
    { { { "smaller-than", "2GiB" } }, SIZE (0), "smaller than 2GiB" },
    { { { "smaller-than", "10" }, { "larger-than", "10" } }, SIZE (10), NULL },
    { { { "smaller-than", "10" }, { "larger-than", "10" } },
      SIZE (11),
      "larger than 10 bytes" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_date (void)
{
  static const Vector vectors[] = {
    { { { "older-than", "7d" } }, DATE (NOW - 7 * DAY - 1), "older than 7d" },
    { { { "older-than", "7d" } }, DATE (NOW - 7 * DAY), NULL },
    { { { "older-than", "10y" } }, DATE (0), "older than 10y" },
    { { { "older-than", "36h" } }, DATE (0), "older than 36h" },
    { { { "older-than", "90s" } }, DATE (-1), "older than 90s" },
    { { { "older-than", "7d" } }, DATE (NOW + 99 * DAY), NULL },
    { { { "older-than", "7d" } }, { .now_unix = NOW }, NULL },
    { { { "newer-than", "7d" } }, DATE (NOW - 7 * DAY + 1), "newer than 7d" },
    { { { "newer-than", "7d" } }, DATE (NOW - 7 * DAY), NULL },
    { { { "newer-than", "7d" } }, DATE (NOW + 99 * DAY), "newer than 7d" },
    { { { "newer-than", "7d" } }, { .now_unix = NOW }, NULL },
    { { { "before", "2024-01-31" } }, DATE (NOW - 1), "before 2024-01-31" },
    { { { "before", "2024-01-31" } }, DATE (NOW), NULL },
    { { { "before", "2024-01-31" } }, { .now_unix = NOW }, NULL },
    { { { "before", "1970-01-01" } }, DATE (-1), "before 1970-01-01" },
    { { { "before", "1970-01-01" } }, DATE (0), NULL },
    { { { "after", "2024-01-31" } }, DATE (NOW), "after 2024-01-31" },
    { { { "after", "2024-01-31" } }, DATE (NOW - 1), NULL },
    { { { "after", "2024-01-31T01:00+02:00" } },
      DATE (NOW),
      "after 2024-01-30T23:00:00Z" },
    { { { "after", "2024-01-31" } }, { .now_unix = NOW }, NULL },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_flags (void)
{
  static const Vector vectors[] = {
    { { { "flag", "\\Deleted" } }, FLAGS (HAUL_FLAG_DELETED, NULL), "flag \\Deleted" },
    { { { "flag", "\\deleted" } }, FLAGS (HAUL_FLAGS_ALL, NULL), "flag \\deleted" },
    { { { "flag", "\\Deleted" } }, FLAGS (HAUL_FLAG_SEEN, NULL), NULL },
    { { { "flag", "\\Deleted $Junk" } }, FLAGS (0, "x", "$junk"), "flag $Junk" },
    { { { "flag", "$Junk" } }, FLAGS (HAUL_FLAGS_ALL, "$Junk2", "Junk"), NULL },
    { { { "flag", "$Junk" } }, FLAGS (0, NULL), NULL },
    { { { "not-flag", "\\Seen" } }, FLAGS (0, NULL), "without \\Seen" },
    { { { "not-flag", "\\Seen" } }, FLAGS (HAUL_FLAG_SEEN, NULL), NULL },
    { { { "not-flag", "\\Seen $x" } }, FLAGS (0, "$X"), NULL },
    { { { "not-flag", "\\Seen $x" } },
      FLAGS (HAUL_FLAG_DRAFT, "y"),
      "without \\Seen $x" },
    { { { "flag", "\\Draft" }, { "not-flag", "" } }, FLAGS (0, NULL), NULL },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

/* imapsync's users expect OR, and so does the job of the documentation. */
static void
test_each_by_itself (void)
{
  static const FakeOption options[] = { { "larger-than", "50M" },
                                        { "older-than", "10y" },
                                        { "flag", "\\Deleted" },
                                        { NULL, NULL } };
  g_autofree char *message = NULL;
  g_autoptr (FakeFilter)
      filter = fake_filter_new (haul_filter_skip_message_get (), options, &message);
  HaulMessage mail = { .has_date = TRUE, .date_unix = NOW, .now_unix = NOW };

  g_autofree char *kept = fake_filter_message (filter, &mail);
  g_assert_cmpstr (kept, ==, NULL);
  mail.flags = HAUL_FLAG_DELETED;
  g_autofree char *deleted = fake_filter_message (filter, &mail);
  g_assert_cmpstr (deleted, ==, "flag \\Deleted");
  mail.date_unix = 0;
  g_autofree char *old = fake_filter_message (filter, &mail);
  g_assert_cmpstr (old, ==, "older than 10y");
  mail.size_bytes = 60000000;
  g_autofree char *large = fake_filter_message (filter, &mail);
  g_assert_cmpstr (large, ==, "larger than 50M");
}

static void
test_refused (void)
{
  static const struct
  {
    FakeOption options[3];
    const char *message;
  } vectors[] = {
    { { { NULL, NULL } }, "give at least one condition" },
    { { { "flag", " " } }, "give at least one condition" },
    { { { "flag", "Deleted" } },
      "\"flag\": 'Deleted' is a flag and must be written '\\Deleted'" },
    { { { "not-flag", "\\Recent" } },
      "\"not-flag\" must be of \\Seen, \\Answered, \\Flagged, \\Deleted, \\Draft and "
      "keywords, got '\\Recent'" },
    { { { "flag", "a(b" } }, NULL },
    { { { "larger-than", "0" } },
      "skip-message: \"larger-than\" must be at least 1, got \"0\"" },
    { { { "larger-than", "big" } }, NULL },
    { { { "older-than", "10" } }, NULL },
    { { { "before", "yesterday" } }, NULL },
    { { { "larger-than", "10" }, { "smaller-than", "11" } },
      "\"larger-than\" is below \"smaller-than\", and each skips by itself: no message "
      "would be left" },
    { { { "older-than", "1d" }, { "newer-than", "2d" } },
      "\"older-than\" is below \"newer-than\", and each skips by itself: no message "
      "would "
      "be left" },
    { { { "before", "2024-01-31" }, { "after", "2024-01-31" } },
      "\"before\" is not before \"after\", and each skips by itself: no message would be "
      "left" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_skip_message_get (),
                                                       vectors[i].options, &message);

      g_assert_null (filter);
      g_assert_nonnull (message);
      if (vectors[i].message != NULL)
        g_assert_cmpstr (message, ==, vectors[i].message);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/plugins/skip-message/by-size", test_size);
  g_test_add_func ("/plugins/skip-message/by-date", test_date);
  g_test_add_func ("/plugins/skip-message/by-flags", test_flags);
  g_test_add_func ("/plugins/skip-message/each-condition-skips-by-itself",
                   test_each_by_itself);
  g_test_add_func ("/plugins/skip-message/refuses-bad-options", test_refused);
  return g_test_run ();
}

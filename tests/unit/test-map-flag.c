/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter map-flag, alone.
 */
#include "plugins/fakes.h"

#define SEEN    HAUL_FLAG_SEEN
#define FLAGGED HAUL_FLAG_FLAGGED

HAUL_API const HaulFilter *haul_filter_map_flag_get (void);

typedef struct
{
  const FakeOption options[3];
  const HaulMessage message;
  const char *expected;
} Vector;

#define MARKS(bits, ...)                                                                 \
  {                                                                                      \
    .flags = bits, .keywords = { __VA_ARGS__ }                                           \
  }

static void
check (const Vector *vectors, gsize count)
{
  for (gsize i = 0; i < count; i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_map_flag_get (),
                                                       vectors[i].options, &message);
      HaulMessageEdit edit;

      g_assert_cmpstr (message, ==, NULL);
      fake_filter_edit (filter, &vectors[i].message, &edit);
      g_assert_cmpstr (edit.marks, ==, vectors[i].expected);
      g_assert_cmpstr (edit.reason, ==, NULL);
      g_free (edit.marks);
    }
}

static void
test_rename (void)
{
  static const Vector vectors[] = {
    { { { "from", "Work" }, { "to", "Job" } },
      MARKS (SEEN, "work", "b"),
      "\\Seen Job b" },
    { { { "from", "Work" }, { "to", "Job" } }, MARKS (0, "Job", "Work"), "Job" },
    { { { "from", "Work" }, { "to", "\\Flagged" } },
      MARKS (SEEN, "WORK"),
      "\\Seen \\Flagged" },
    { { { "from", "\\flagged" }, { "to", "$Important" } },
      MARKS (SEEN | FLAGGED, "x"),
      "\\Seen $Important x" },
    { { { "from", "\\Forwarded" }, { "to", "$Forwarded" } },
      MARKS (0, "\\FORWARDED"),
      "$Forwarded" },
    { { { "from", "Work" }, { "to", "Job" } }, MARKS (0), "" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_drop_keep_add (void)
{
  static const Vector vectors[] = {
    { { { "drop", "\\Flagged old" } },
      MARKS (SEEN | FLAGGED, "OLD", "new"),
      "\\Seen new" },
    { { { "keep", "\\Seen work" } }, MARKS (SEEN | FLAGGED, "Work", "x"), "\\Seen Work" },
    { { { "add", "\\Seen $Moved" } },
      MARKS (FLAGGED, "$moved"),
      "\\Seen \\Flagged $moved" },
    { { { "add", "$Moved" } }, MARKS (0), "$Moved" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_match (void)
{
  static const Vector vectors[] = {
    { { { "match", "^name:FLAG\\d+$" } },
      MARKS (SEEN, "name:FLAG51135", "x"),
      "\\Seen x" },
    { { { "match", "^tag-(.*)$" }, { "to", "$\\1" } },
      MARKS (0, "tag-Red", "tagged"),
      "$Red tagged" },
    { { { "match", "^(\\\\)(.*)ed$" }, { "to", "\\\\\\2" } }, MARKS (FLAGGED), "" },
    { { { "match", "^X$" }, { "to", "a b" } }, MARKS (SEEN, "X"), "\\Seen" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_known (void)
{
  static const Vector vectors[] = {
    { { { "known", "registered" } },
      MARKS (SEEN, "Forwarded", "NonJunk", "x"),
      "\\Seen $Forwarded $NotJunk x" },
    { { { "known", "registered" } }, MARKS (0, "JUNK", "$junk"), "$Junk" },
    { { { "known", "registered" } }, MARKS (0, "\\X-Forwarded"), "$Forwarded" },
    { { { "known", "registered" } }, MARKS (0, "$MdnSent"), "$MDNSent" },
    { { { "known", "plain" } },
      MARKS (0, "$Forwarded", "$NotJunk", "$Junk"),
      "Forwarded NonJunk Junk" },
    { { { "known", "plain" } }, MARKS (0, "$Forwarder"), "$Forwarder" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

/* What the filter made stays when it is asked again: no flag flips from run to run. */
static void
test_settled (void)
{
  static const Vector vectors[] = {
    { { { "known", "registered" } },
      MARKS (SEEN, "$Forwarded", "$NotJunk", "$Junk"),
      "\\Seen $Forwarded $NotJunk $Junk" },
    { { { "known", "plain" } },
      MARKS (SEEN, "Forwarded", "NonJunk", "Junk"),
      "\\Seen Forwarded NonJunk Junk" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_mistakes (void)
{
  const struct
  {
    const FakeOption options[3];
    const char *message;
  } vectors[] = {
    { { { NULL, NULL } },
      "give exactly one of \"from\", \"match\", \"drop\", \"keep\", \"add\" and "
      "\"known\"" },
    { { { "drop", "a" }, { "add", "b" } },
      "give exactly one of \"from\", \"match\", \"drop\", \"keep\", \"add\" and "
      "\"known\"" },
    { { { "from", "a" } }, "\"from\" needs \"to\"" },
    { { { "drop", "a" }, { "to", "b" } }, "\"to\" needs \"from\" or \"match\"" },
    { { { "drop", "Seen" } }, "\"drop\": 'Seen' is a flag and must be written '\\Seen'" },
    { { { "from", "a" }, { "to", "b c" } },
      "\"to\" must be of \\Seen, \\Answered, \\Flagged, \\Deleted, \\Draft and keywords, "
      "got 'b c'" },
    { { { "match", "a" }, { "to", "\\1" } },
      "\"to\" may have \\\\ and \\0 to \\0 beside this \"match\", got '\\1'" },
    { { { "match", "a" }, { "to", "x\\" } },
      "\"to\" may have \\\\ and \\0 to \\0 beside this \"match\", got 'x\\'" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_map_flag_get (),
                                                       vectors[i].options, &message);

      g_assert_null (filter);
      g_assert_cmpstr (message, ==, vectors[i].message);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/filters/map-flag/renames-one", test_rename);
  g_test_add_func ("/filters/map-flag/drops-keeps-and-adds", test_drop_keep_add);
  g_test_add_func ("/filters/map-flag/takes-a-pattern", test_match);
  g_test_add_func ("/filters/map-flag/knows-pairs", test_known);
  g_test_add_func ("/filters/map-flag/leaves-its-own-outcome", test_settled);
  g_test_add_func ("/filters/map-flag/says-what-is-wrong", test_mistakes);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of flags and special uses, and the rule for keywords.
 */
#include <mailhaul/message.h>

static void
test_flags (void)
{
  for (guint32 bit = HAUL_FLAG_SEEN; bit <= HAUL_FLAG_DRAFT; bit <<= 1)
    {
      const char *name = haul_flag_name ((HaulFlags) bit);
      g_autofree char *upper = g_ascii_strup (name, -1);

      g_assert_cmpuint (haul_flag_from_name (name), ==, bit);
      g_assert_cmpuint (haul_flag_from_name (upper), ==, bit);
    }
  g_assert_cmpstr (haul_flag_name (HAUL_FLAG_SEEN), ==, "\\Seen");
}

static void
test_not_flags (void)
{
  static const char *const names[] = { "", "Seen", "\\", "\\Recent", "\\Seen ", "$Junk" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_cmpuint (haul_flag_from_name (names[i]), ==, 0);
}

static void
test_special_uses (void)
{
  for (guint32 bit = HAUL_USE_ALL; bit <= HAUL_USE_IMPORTANT; bit <<= 1)
    {
      const char *name = haul_special_use_name ((HaulSpecialUse) bit);
      g_autofree char *wire = g_strdup_printf ("\\%s", name);

      g_assert_cmpuint (haul_special_use_from_name (name), ==, bit);
      g_assert_cmpuint (haul_special_use_from_name (wire), ==, bit);
    }
  g_assert_cmpuint (haul_special_use_from_name ("\\JUNK"), ==, HAUL_USE_JUNK);
  g_assert_cmpuint (haul_special_use_from_name ("spam"), ==, 0);
  g_assert_cmpuint (haul_special_use_from_name ("\\\\junk"), ==, 0);
  g_assert_cmpuint (haul_special_use_from_name (""), ==, 0);
  g_assert_null (haul_special_use_name ((HaulSpecialUse) 0));
}

static void
test_keywords (void)
{
  static const struct
  {
    const char *word;
    gboolean valid;
  } vectors[] = {
    { "$Forwarded", TRUE },
    { "NonJunk", TRUE },
    { "a", TRUE },
    { "x-y.z:1/+&~'", TRUE },
    { "", FALSE },
    { "a b", FALSE },
    { "\\Seen", FALSE },
    { "a\\b", FALSE },
    { "a(b", FALSE },
    { "a)b", FALSE },
    { "a{1}", FALSE },
    { "a%", FALSE },
    { "a*", FALSE },
    { "a\"", FALSE },
    { "a]", FALSE },
    { "\x7f", FALSE },
    { "a\n", FALSE },
    { "ü", FALSE },
    { "[a", TRUE },
    { "12345678901234567890123456789012345678901234567890", TRUE },
    { "123456789012345678901234567890123456789012345678901", FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    g_assert_cmpint (haul_keyword_is_valid (vectors[i].word), ==, vectors[i].valid);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/names/flags-have-names-in-any-case", test_flags);
  g_test_add_func ("/base/names/other-words-are-no-flags", test_not_flags);
  g_test_add_func ("/base/names/special-uses-have-names", test_special_uses);
  g_test_add_func ("/base/names/keywords-are-atoms", test_keywords);
  return g_test_run ();
}

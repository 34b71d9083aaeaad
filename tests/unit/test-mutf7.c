/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Modified UTF-7: the vectors of RFC 3501 §5.1.3 and names that servers really have.
 */
#include <mailhaul/folder.h>

#include <string.h>

static void
test_round_trip (void)
{
  static const struct
  {
    const char *utf8, *wire;
  } vectors[] = {
    { "", "" },
    { "INBOX", "INBOX" },
    { "~peter/mail/台北/日本語", "~peter/mail/&U,BTFw-/&ZeVnLIqe-" },
    { "&", "&-" },
    { "A&B", "A&-B" },
    { "☺", "&Jjo-" },
    { "☺!", "&Jjo-!" },
    { "Entwürfe", "Entw&APw-rfe" },
    { "Gelöschte Objekte", "Gel&APY-schte Objekte" },
    { "Отправленные", "&BB4EQgQ,BEAEMAQyBDsENQQ9BD0ESwQ1-" },
    { "😀", "&2D3eAA-" },
    { "😀&😀", "&2D3eAA-&-&2D3eAA-" },
    { "a\tb", "a&AAk-b" },
    { "\x7f", "&AH8-" },
    { "ü&", "&APw-&-" },
    { "-", "-" },
    { "a-b", "a-b" },
    { "ü-", "&APw--" },
    { "+/,", "+/," },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *wire = haul_mutf7_encode (vectors[i].utf8);
      g_autofree char *utf8 = haul_mutf7_decode (vectors[i].wire);

      g_assert_cmpstr (wire, ==, vectors[i].wire);
      g_assert_cmpstr (utf8, ==, vectors[i].utf8);
    }
}

static void
test_not_canonical (void)
{
  static const char *const names[] = {
    "&",                  /* nothing after the shift */
    "&Jjo",               /* not shifted back (RFC 3501: "&Jjo!" is wrong) */
    "&Jjo!",              /* the RFC's own bad example */
    "&U,BTFw-&ZeVnLIqe-", /* the RFC's superfluous shift */
    "&AGE-",              /* an "a" need not be encoded */
    "&ACY-",              /* "&" has its own form */
    "&APx-",              /* padding bits are not zero */
    "&APwA-",             /* a digit too many */
    "&AP-",               /* half a character */
    "&A-",                /* a digit alone */
    "&2D0-",              /* half a surrogate pair */
    "&3gA-",              /* the other half */
    "&3gDYPQ-",           /* halves in the wrong order */
    "&AAA-",              /* NUL */
    "&AP/-",              /* "/" is not in the alphabet */
    "&AP w-",             /* a blank inside */
    "Entw\xc3\xbcrfe",    /* raw UTF-8 */
    "a\xff",
    "a\tb",
    "a\x7f",
    "A&B",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *utf8 = haul_mutf7_decode (names[i]);
      g_assert_cmpstr (utf8, ==, NULL);
    }
}

static void
test_invalid_utf8 (void)
{
  static const char *const names[] = { "\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_null (haul_mutf7_encode (names[i]));
}

/* Every character alone and between letters comes back as it was. */
static void
test_all_characters (void)
{
  for (gunichar c = 1; c <= 0x10ffff; c += c < 0x3000 ? 1 : 37)
    {
      char utf8[16] = "x";
      if (c >= 0xd800 && c <= 0xdfff)
        continue;
      gint length = g_unichar_to_utf8 (c, utf8 + 1);
      memcpy (utf8 + 1 + length, "y", 2);

      g_autofree char *wire = haul_mutf7_encode (utf8);
      g_autofree char *again = haul_mutf7_decode (wire);
      g_assert_cmpstr (again, ==, utf8);
    }
}

/* Whatever decodes is what encoding makes. */
static void
test_random_names (void)
{
  static const char letters[] = "&-AJjow,+a2D3e\xc3 ";

  for (guint i = 0; i < 20000; i++)
    {
      char name[12] = "";
      gint length = g_test_rand_int_range (0, 12);

      for (gint j = 0; j < length; j++)
        name[j] = letters[g_test_rand_int_range (0, sizeof letters - 1)];
      name[MIN (length, 11)] = '\0';
      g_autofree char *utf8 = haul_mutf7_decode (name);
      g_autofree char *again = utf8 != NULL ? haul_mutf7_encode (utf8) : NULL;
      if (utf8 != NULL)
        g_assert_cmpstr (again, ==, name);
    }
}

static void
test_long_name (void)
{
  GString *name = g_string_new (NULL);

  for (guint i = 0; i < 100000; i++)
    g_string_append (name, "&-ü☺😀x");
  g_autofree char *wire = haul_mutf7_encode (name->str);
  g_autofree char *again = haul_mutf7_decode (wire);
  g_assert_cmpstr (again, ==, name->str);
  g_string_free (name, TRUE);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/mutf7/name-and-wire-form-are-one-to-one", test_round_trip);
  g_test_add_func ("/base/mutf7/refuses-other-ways-to-write-it", test_not_canonical);
  g_test_add_func ("/base/mutf7/refuses-invalid-utf8", test_invalid_utf8);
  g_test_add_func ("/base/mutf7/every-character-comes-back", test_all_characters);
  g_test_add_func ("/base/mutf7/what-decodes-is-canonical", test_random_names);
  g_test_add_func ("/base/mutf7/long-names-take-linear-time", test_long_name);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The error domain: what travels inside a GError, the codes of system errors, and the
 * names used in reports.
 */
#include <mailhaul/error.h>

#include <errno.h>
#include <string.h>

static GError *
make_error (void)
{
  GError *error = NULL;
  gboolean result = haul_error_set (&error, HAUL_ERROR_BUSY, HAUL_SCOPE_ACCOUNT,
                                    "append to '%s': server refused", "Sent");

  g_assert_false (result);
  haul_error_set_delay_us (error, 1500);
  return error;
}

static void
assert_all (const GError *error)
{
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_BUSY);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_ACCOUNT);
  g_assert_cmpint (haul_error_delay_us (error), ==, 1500);
}

static void
test_set (void)
{
  g_autoptr (GError) error = make_error ();

  assert_all (error);
  g_assert_cmpstr (error->message, ==, "append to 'Sent': server refused");
}

static void
test_copy (void)
{
  g_autoptr (GError) error = make_error ();
  g_autoptr (GError) copy = g_error_copy (error);

  assert_all (copy);
}

static void
test_propagate (void)
{
  g_autoptr (GError) error = NULL;

  g_propagate_prefixed_error (&error, make_error (), "account '%s': ", "ann");
  assert_all (error);
  g_assert_cmpstr (error->message, ==, "account 'ann': append to 'Sent': server refused");
}

static void
test_null (void)
{
  g_assert_false (haul_error_set (NULL, HAUL_ERROR_IO, HAUL_SCOPE_JOB, "x"));
  g_assert_false (haul_error_set_errno (NULL, ENOENT, HAUL_SCOPE_JOB, "x"));
}

static void
test_set_scope (void)
{
  g_autoptr (GError) error = make_error ();

  haul_error_set_scope (error, HAUL_SCOPE_MESSAGE);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_MESSAGE);
  g_assert_cmpint (haul_error_delay_us (error), ==, 1500);
}

static void
test_foreign (void)
{
  g_autoptr (GError) error = g_error_new (G_FILE_ERROR, G_FILE_ERROR_IO, "x");

  haul_error_set_scope (error, HAUL_SCOPE_JOB);
  haul_error_set_delay_us (error, 7);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_SESSION);
  g_assert_cmpint (haul_error_delay_us (error), ==, 0);
}

static void
test_plain (void)
{
  g_autoptr (GError) error = g_error_new (HAUL_ERROR, HAUL_ERROR_IO, "x");

  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_SESSION);
  g_assert_cmpint (haul_error_delay_us (error), ==, 0);
}

static void
test_negative_delay (void)
{
  g_autoptr (GError) error = make_error ();

  haul_error_set_delay_us (error, -1);
  g_assert_cmpint (haul_error_delay_us (error), ==, 0);
}

static void
test_errno (void)
{
  static const struct
  {
    int errno_value;
    HaulErrorCode code;
  } vectors[] = {
    { ENOSPC, HAUL_ERROR_QUOTA },     { EDQUOT, HAUL_ERROR_QUOTA },
    { ENOENT, HAUL_ERROR_NOT_FOUND }, { EACCES, HAUL_ERROR_PERMISSION },
    { EPERM, HAUL_ERROR_PERMISSION }, { EROFS, HAUL_ERROR_PERMISSION },
    { EEXIST, HAUL_ERROR_EXISTS },    { EIO, HAUL_ERROR_IO },
    { ENAMETOOLONG, HAUL_ERROR_IO },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (GError) error = NULL;
      g_autofree char *expected = g_strdup_printf ("open '/x': %s",
                                                   g_strerror (vectors[i].errno_value));

      haul_error_set_errno (&error, vectors[i].errno_value, HAUL_SCOPE_FOLDER,
                            "open '%s'", "/x");
      g_assert_error (error, HAUL_ERROR, (int) vectors[i].code);
      g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_FOLDER);
      g_assert_cmpstr (error->message, ==, expected);
    }
}

static void
test_hostile_words (void)
{
  g_autoptr (GError) error = NULL;

  haul_error_set (&error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE, "refused: %s",
                  "a\r\n* OK b\x1b[2J\xff \xc2\x9b\xe2\x80\xae");
  g_assert_cmpstr (error->message, ==, "refused: a * OK b?[2J\xef\xbf\xbd ??");
}

static void
test_endless_words (void)
{
  g_autofree char *words = g_strnfill (1 << 20, 'x');
  g_autoptr (GError) error = NULL;

  haul_error_set (&error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE, "%s", words);
  g_assert_cmpuint (strlen (error->message), <, 2100);
  g_assert_true (g_str_has_suffix (error->message, "x…"));
}

static void
test_names (void)
{
  g_autoptr (GHashTable) seen = g_hash_table_new (g_str_hash, g_str_equal);

  for (int code = HAUL_ERROR_CONFIG; code <= HAUL_ERROR_UNSUPPORTED; code++)
    g_assert_true (
        g_hash_table_add (seen, (gpointer) haul_error_code_name ((HaulErrorCode) code)));
  for (int scope = HAUL_SCOPE_MESSAGE; scope <= HAUL_SCOPE_JOB; scope++)
    g_assert_true (g_hash_table_add (
        seen, (gpointer) haul_error_scope_name ((HaulErrorScope) scope)));
  g_assert_false (g_hash_table_contains (seen, "unknown"));
  g_assert_cmpstr (haul_error_code_name (HAUL_ERROR_TOO_BIG), ==, "too-big");
  g_assert_cmpstr (haul_error_code_name ((HaulErrorCode) 999), ==, "unknown");
  g_assert_cmpstr (haul_error_scope_name ((HaulErrorScope) 999), ==, "unknown");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/error/carries-code-scope-and-delay", test_set);
  g_test_add_func ("/base/error/survives-a-copy", test_copy);
  g_test_add_func ("/base/error/survives-a-prefix", test_propagate);
  g_test_add_func ("/base/error/accepts-no-error-pointer", test_null);
  g_test_add_func ("/base/error/changes-the-scope-in-place", test_set_scope);
  g_test_add_func ("/base/error/foreign-errors-break-the-session", test_foreign);
  g_test_add_func ("/base/error/bare-errors-break-the-session", test_plain);
  g_test_add_func ("/base/error/a-delay-is-never-negative", test_negative_delay);
  g_test_add_func ("/base/error/maps-system-errors", test_errno);
  g_test_add_func ("/base/error/disarms-a-peers-words", test_hostile_words);
  g_test_add_func ("/base/error/cuts-endless-words", test_endless_words);
  g_test_add_func ("/base/error/names-are-stable-and-unique", test_names);
  return g_test_run ();
}

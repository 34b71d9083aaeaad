/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages at which sessions break: their company shrinks until they are alone. */
#include "engine/breakers.h"

#include <string.h>

#include <mailhaul/error.h>

static HaulBytes
key (const char *text)
{
  return (HaulBytes){ (const guint8 *) text, strlen (text) };
}

static GError *
lost (void)
{
  GError *error = NULL;
  (void) haul_error_set (&error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION, "it hung up");
  return error;
}

static void
test_company_shrinks (void)
{
  static const struct
  {
    guint count, company;
  } table[] = { { 100, 50 }, { 50, 25 }, { 80, 12 }, { 12, 6 },
                { 6, 3 },    { 3, 1 },   { 1, 1 },   { 0, 1 } };
  g_autoptr (Breakers) breakers = breakers_new ();
  g_autoptr (GError) reason = lost ();
  g_assert_cmpuint (breakers_company (breakers, key ("a")), ==, 0);
  for (guint i = 0; i < G_N_ELEMENTS (table); i++)
    {
      breakers_blame (breakers, key ("a"), table[i].count, FALSE, reason);
      g_assert_cmpuint (breakers_company (breakers, key ("a")), ==, table[i].company);
    }
  g_assert_null (breakers_failed (breakers, key ("a")));
  g_assert_cmpuint (breakers_company (breakers, key ("b")), ==, 0);
}

static void
test_alone_twice_has_failed (void)
{
  g_autoptr (Breakers) breakers = breakers_new ();
  g_autoptr (GError) reason = lost ();
  for (guint i = 0; i < BREAKERS_ALONE; i++)
    {
      g_assert_null (breakers_failed (breakers, key ("a")));
      breakers_blame (breakers, key ("a"), 1, TRUE, reason);
    }
  const GError *failed = breakers_failed (breakers, key ("a"));
  g_assert_nonnull (failed);
  g_assert_cmpint (haul_error_scope (failed), ==, HAUL_SCOPE_MESSAGE);
  g_assert_cmpstr (failed->message, ==, "it hung up");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/breakers/company/shrinks", test_company_shrinks);
  g_test_add_func ("/breakers/failed/alone-twice", test_alone_twice_has_failed);
  return g_test_run ();
}

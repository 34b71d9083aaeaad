/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The formats of subscription files.
 */
#include "subscriptions.h"

#include <string.h>

typedef struct
{
  MaildirSubscriptionKind kind;
  char delimiter;
  const char *text;
  const char *names; /* joined by | */
  const char *again; /* formatted anew; NULL: as @text */
} Vector;

#define V1      MAILDIR_SUBSCRIPTIONS_V1
#define V2      MAILDIR_SUBSCRIPTIONS_V2
#define COURIER MAILDIR_SUBSCRIPTIONS_COURIER

static const Vector vectors[] = {
  { V1, '.', "", "", NULL },
  { V1, '.', "INBOX\nSent\nA.B\n", "INBOX|Sent|A.B", NULL },
  { V1, '/', "A/B\r\n\r\nC", "A/B|C", "A/B\nC\n" },
  { V2, '.', "V\t2\n\nINBOX\nA\tB\n", "INBOX|A.B", NULL },
  { V2, '/', "V\t2\n\nA\tB\n", "A/B", NULL },
  { V2, '/', "V\t2\n\na\001tb\001\n", "a\tb\001", "V\t2\n\na\001tb\0011\n" },
  { COURIER, '.', "INBOX\nINBOX.A.B\n", "INBOX|A.B", NULL },
  { COURIER, '.', "INBOX.\nINBOX.INBOX.x\n", "INBOX.x", "INBOX.INBOX.x\n" },
};

static void
test_both_ways (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      const Vector *vector = &vectors[i];
      g_autoptr (GPtrArray) names = maildir_subscriptions_parse (
          vector->kind, vector->text, vector->delimiter);
      g_autofree char *again = maildir_subscriptions_format (vector->kind, names,
                                                             vector->delimiter);
      g_autofree char *joined = NULL;

      g_assert_cmpstr (again, ==, vector->again ? vector->again : vector->text);
      g_ptr_array_add (names, NULL);
      joined = g_strjoinv ("|", (char **) names->pdata);
      g_assert_cmpstr (joined, ==, vector->names);
    }
}

static void
test_kind (void)
{
  g_assert_cmpint (maildir_subscriptions_kind (""), ==, V1);
  g_assert_cmpint (maildir_subscriptions_kind ("V\n"), ==, V1);
  g_assert_cmpint (maildir_subscriptions_kind ("V\t2\n"), ==, V2);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/subscriptions/both-ways", test_both_ways);
  g_test_add_func ("/maildir/subscriptions/kind-by-first-line", test_kind);
  return g_test_run ();
}

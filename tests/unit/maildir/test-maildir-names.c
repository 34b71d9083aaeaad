/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * File names: what they tell, how they are made, in which order they arrived.
 */
#include "names.h"

#include <string.h>

#include "bounds.h"

typedef struct
{
  const char *name;
  gsize base_length;
  guint32 flags;
  gboolean forwarded;
  guint32 letters;
} ParseVector;

static const ParseVector parse_vectors[] = {
  { "1700000000.M1P2.host", 20, 0, FALSE, 0 },
  { "1700000000.M1P2.host:2,", 20, 0, FALSE, 0 },
  { "1700000000.M1P2.host:2,S", 20, HAUL_FLAG_SEEN, FALSE, 0 },
  { "a:2,DFPRST", 1, HAUL_FLAGS_ALL, TRUE, 0 },
  { "a:2,TSRPFD", 1, HAUL_FLAGS_ALL, TRUE, 0 },
  { "a:2,Sabz", 1, HAUL_FLAG_SEEN, FALSE, 1u << 0 | 1u << 1 | 1u << 25 },
  { "a:2,SX1", 1, HAUL_FLAG_SEEN, FALSE, 0 },
  { "a:2,S,other=F", 1, HAUL_FLAG_SEEN, FALSE, 0 },
  { "a:1,FRS", 1, 0, FALSE, 0 },
  { "a:", 1, 0, FALSE, 0 },
  { "a:2", 1, 0, FALSE, 0 },
  { "a:2,S:2,F", 1, HAUL_FLAG_SEEN, FALSE, 0 },
  { ":2,S", 4, 0, FALSE, 0 },
  { "a,S=12,W=13:2,S", 11, HAUL_FLAG_SEEN, FALSE, 0 },
  { "", 0, 0, FALSE, 0 },
};

static void
test_parse (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (parse_vectors); i++)
    {
      const ParseVector *vector = &parse_vectors[i];
      MaildirName name;

      g_test_message ("%s", vector->name);
      maildir_name_parse (vector->name, ':', &name);
      g_assert_cmpuint (name.base_length, ==, vector->base_length);
      g_assert_cmphex (name.flags, ==, vector->flags);
      g_assert_cmpint (name.forwarded, ==, vector->forwarded);
      g_assert_cmphex (name.letters, ==, vector->letters);
    }
}

static void
test_other_separator (void)
{
  MaildirName name;

  maildir_name_parse ("a:b!2,S", '!', &name);
  g_assert_cmpuint (name.base_length, ==, 3);
  g_assert_cmphex (name.flags, ==, HAUL_FLAG_SEEN);
}

typedef struct
{
  const char *base;
  gint64 stored; /* -1: none */
  gint64 wire;
} SizeVector;

static const SizeVector size_vectors[] = {
  { "1.M2.host,S=123,W=130", 123, 130 },
  { "1.M2.host,W=130,S=123", 123, 130 },
  { "1.M2.host,S=0", 0, -1 },
  { "1.M2.host", -1, -1 },
  { "1.M2.host,S=", -1, -1 },
  { "1.M2.host,S=12x", -1, -1 },
  { "1.M2.host,S=99999999999999999999999", -1, -1 },
  { "1.M2.host,XS=12", -1, -1 },
  { "1.M2.host,S=-4", -1, -1 },
  { "1.M2.host,S=7,R=abc", 7, -1 },
  { ",S=", -1, -1 },
  { "", -1, -1 },
};

static void
test_sizes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (size_vectors); i++)
    {
      const SizeVector *vector = &size_vectors[i];
      guint64 size = 0;
      gsize length = strlen (vector->base);

      g_test_message ("%s", vector->base);
      g_assert_cmpint (
          maildir_name_size (vector->base, length, 'S', &size) ? (gint64) size : -1, ==,
          vector->stored);
      g_assert_cmpint (
          maildir_name_size (vector->base, length, 'W', &size) ? (gint64) size : -1, ==,
          vector->wire);
    }
}

static void
test_unique_round_trip (void)
{
  guint8 id[HAUL_DELIVERY_ID_LENGTH];
  guint8 back[HAUL_DELIVERY_ID_LENGTH];
  g_autofree char *host = maildir_name_host ("a/b:c,d.example");
  MaildirUnique unique = { G_GINT64_CONSTANT (1700000000000007), id, host, 5000000000u,
                           5000000100u };
  char base[MAILDIR_NAME_ROOM];
  gsize length = 0;
  guint64 size = 0;

  for (guint i = 0; i < sizeof id; i++)
    id[i] = (guint8) (i * 17);
  length = maildir_name_unique (&unique, base);
  g_assert_cmpstr (base, ==,
                   "1700000000.M000007H00112233445566778899aabbccddeeff."
                   "a\\057b\\072c\\054d.example,S=5000000000,W=5000000100");
  g_assert_cmpuint (length, ==, strlen (base));
  g_assert_true (maildir_name_delivery_id (base, length, back));
  g_assert_cmpmem (back, sizeof back, id, sizeof id);
  g_assert_true (maildir_name_size (base, length, 'W', &size));
  g_assert_cmpuint (size, ==, 5000000100u);
}

static void
test_unique_fits (void)
{
  guint8 id[HAUL_DELIVERY_ID_LENGTH] = { 0 };
  g_autofree char *longest = g_strnfill (300, '/');
  g_autofree char *host = maildir_name_host (longest);
  MaildirUnique unique = { G_GINT64_CONSTANT (99999999999999999), id, host, G_MAXUINT64,
                           G_MAXUINT64 };
  MaildirName all = { .flags = HAUL_FLAGS_ALL, .forwarded = TRUE, .letters = 0x3ffffff };
  char base[MAILDIR_NAME_ROOM];
  g_autofree char *name = NULL;

  maildir_name_unique (&unique, base);
  name = maildir_name_set (base, ':', &all);
  g_assert_cmpuint (strlen (name), <=, MAILDIR_MAX_NAME);
}

static void
test_foreign_names_have_no_id (void)
{
  static const char *const names[] = {
    "1700000000.M1P2.host",
    "1700000000.M1H00112233445566778899aabbccddeef.host", /* one digit short */
    "1700000000.M1H00112233445566778899aabbccddeeffa.host",
    "1700000000.M1H00112233445566778899AABBCCDDEEFF.host",
    "x.M1H00112233445566778899aabbccddeeff.host",
    "1700000000.M1H00112233445566778899aabbccddeeff",
    "1700000000",
    "1700000000.",
    "",
  };
  guint8 id[HAUL_DELIVERY_ID_LENGTH];

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    g_assert_false (maildir_name_delivery_id (names[i], strlen (names[i]), id));
}

typedef struct
{
  const char *name;
  MaildirName wanted;
  const char *result;
} SetVector;

static const SetVector set_vectors[] = {
  { "a", { .flags = 0 }, "a:2," },
  { "a", { .flags = HAUL_FLAGS_ALL, .forwarded = TRUE }, "a:2,DFPRST" },
  { "a:2,S", { .flags = HAUL_FLAG_FLAGGED }, "a:2,F" },
  { "a:2,SX", { .flags = HAUL_FLAG_FLAGGED }, "a:2,FX" },
  { "a:2,Sb,other=S", { .letters = 1u << 0 | 1u << 2 }, "a:2,ac,other=S" },
  { "a:1,S", { .flags = HAUL_FLAG_SEEN }, "a:2,S" },
  { "a:2", { .flags = HAUL_FLAG_SEEN }, "a:2,S" },
};

static void
test_set (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (set_vectors); i++)
    {
      g_autofree char *result = maildir_name_set (set_vectors[i].name, ':',
                                                  &set_vectors[i].wanted);

      g_assert_cmpstr (result, ==, set_vectors[i].result);
    }
}

static void
test_tmp_names (void)
{
  guint8 id[HAUL_DELIVERY_ID_LENGTH] = { 0xab };
  char name[MAILDIR_NAME_ROOM];

  maildir_name_tmp (id, 0x12ab, name);
  g_assert_cmpstr (name, ==, "Hab000000000000000000000000000000.000012ab.mailhaul");
  g_assert_true (maildir_name_is_tmp (name));
  g_assert_true (maildir_name_is_tmp ("Hab000000000000000000000000000000.mailhaul"));
  g_assert_false (
      maildir_name_is_tmp ("Hab000000000000000000000000000000.12ab.mailhaul"));
  g_assert_false (
      maildir_name_is_tmp ("Hab000000000000000000000000000000.0000x2ab.mailhaul"));
  g_assert_false (
      maildir_name_is_tmp ("Hab000000000000000000000000000000.000012ab.mailhaul2"));
  name[3] = 'x';
  g_assert_false (maildir_name_is_tmp (name));
  g_assert_false (maildir_name_is_tmp ("H.mailhaul"));
  g_assert_false (maildir_name_is_tmp ("1700000000.M1P2.host"));
  g_assert_false (maildir_name_is_tmp (""));
}

/* In order of arrival. */
static const char *const arrivals[] = {
  "1000000000.1_2.host",
  "1000000000.1_10.host",
  "1000000000.2_1.host",
  "1000000000.M5P1.host",
  "1000000000.M20P1.host",
  "1000000000.M20P1Q2.host",
  "1000000000.M20P1Q10.host",
  "1000000000.M20P3.host",
  "1000000000.M000021Hffffffffffffffffffffffffffffffff.host",
  "1000000000.M000022H00000000000000000000000000000000.host",
  "1000000001.M1P1.host",
  "10000000000.M1P1.host",
  "no-number",
  "no-number-2",
};

static void
test_order (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (arrivals); i++)
    for (gsize j = 0; j < G_N_ELEMENTS (arrivals); j++)
      {
        int order = maildir_name_compare (arrivals[i], strlen (arrivals[i]), arrivals[j],
                                          strlen (arrivals[j]));

        g_test_message ("%s, %s", arrivals[i], arrivals[j]);
        g_assert_cmpint (order < 0 ? -1 : order > 0, ==, i < j ? -1 : i > j);
      }
}

static void
test_host (void)
{
  g_autofree char *empty = maildir_name_host ("");
  g_autofree char *utf8 = maildir_name_host ("h\xc3\xb6st");

  g_assert_cmpstr (empty, ==, "localhost");
  g_assert_cmpstr (utf8, ==, "h\\303\\266st");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/names/parse", test_parse);
  g_test_add_func ("/maildir/names/other-separator", test_other_separator);
  g_test_add_func ("/maildir/names/sizes", test_sizes);
  g_test_add_func ("/maildir/names/unique-round-trip", test_unique_round_trip);
  g_test_add_func ("/maildir/names/unique-fits-into-a-directory-entry", test_unique_fits);
  g_test_add_func ("/maildir/names/foreign-names-have-no-id",
                   test_foreign_names_have_no_id);
  g_test_add_func ("/maildir/names/set-keeps-what-it-does-not-know", test_set);
  g_test_add_func ("/maildir/names/tmp-names", test_tmp_names);
  g_test_add_func ("/maildir/names/order-of-arrival", test_order);
  g_test_add_func ("/maildir/names/host", test_host);
  return g_test_run ();
}

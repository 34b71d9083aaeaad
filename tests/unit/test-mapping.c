/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folder pairs: names that a destination cannot hold or tell apart, containers, marks.
 */
#include "engine/mapping.h"

#include <string.h>

#include <mailhaul/error.h>

#include "engine/naming.h"

/* NAME_LIMIT, DEPTH_LIMIT: of the store that fake_spell() speaks for. */
#define NAME_LIMIT  100
#define DEPTH_LIMIT 5

static GPtrArray *
listing (const char *const *texts)
{
  GPtrArray *folders = g_ptr_array_new_with_free_func ((GDestroyNotify) folder_info_free);
  for (; *texts != NULL; texts++)
    {
      const char *text = *texts;
      HaulFolder folder = HAUL_FOLDER_INIT;
      /* '!' in front: a container */
      folder.attributes = *text == '!' ? HAUL_FOLDER_NOSELECT : 0;
      /* '=' in front: "inbox" as a name of a store that has case */
      const char *const raw[] = { text + 1, NULL };
      g_auto (GStrv) path = *text == '='
                                ? haul_path_copy (raw)
                                : haul_path_from_text (text + (*text == '!'), NULL);
      folder.path = (HaulPath) path;
      g_ptr_array_add (folders, folder_info_new (&folder));
    }
  return folders;
}

/* A store that writes '.' as '_' and has limits. */
static gboolean
fake_spell (gpointer data, HaulPath path, char ***out_path, GError **error)
{
  (void) data;
  char **spelled = haul_path_copy (path);
  for (guint i = 0; spelled[i] != NULL; i++)
    {
      if (strlen (spelled[i]) > NAME_LIMIT || i >= DEPTH_LIMIT)
        {
          g_strfreev (spelled);
          return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                                 "too long or too deep");
        }
      g_strdelimit (spelled[i], ".", '_');
    }
  *out_path = spelled;
  return TRUE;
}

static GPtrArray *
map (const char *const *from, const char *const *to, gboolean case_insensitive,
     GPtrArray **out_sources)
{
  g_autoptr (GPtrArray) destinations = listing (to);
  g_autoptr (GError) error = NULL;
  MappingRules rules = { .case_insensitive = case_insensitive, .spell = fake_spell };
  *out_sources = listing (from);
  GPtrArray *pairs = mapping_make (*out_sources, destinations, &rules, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (pairs->len, ==, (*out_sources)->len);
  /* The listing goes: what was found in it is only looked at as a pointer. */
  return pairs;
}

typedef struct
{
  const char *name;
  const char *sources[4], *destinations[4];
  gboolean case_insensitive;
  const char *mapped[4]; /* NULL: as the source; "~": with a mark */
  const char *found;     /* per source: 'y' the destination is there, 'n' it is not */
} Vector;

static void
test_vector (gconstpointer data)
{
  const Vector *self = data;
  g_autoptr (GPtrArray) sources = NULL;
  g_autoptr (GPtrArray)
      pairs = map (self->sources, self->destinations, self->case_insensitive, &sources);
  for (guint i = 0; i < pairs->len; i++)
    {
      const FolderPair *pair = pairs->pdata[i];
      const char *expected = self->mapped[i];
      g_assert_true (pair->source == sources->pdata[i]);
      g_assert_null (pair->dropped);
      if (g_strcmp0 (expected, "~") == 0)
        {
          g_auto (GStrv) twin = naming_twin ((HaulPath) pair->source->path);
          g_autofree char *text = haul_path_to_text ((HaulPath) twin);
          g_assert_cmpstr (pair->destination_text, ==, text);
          g_assert_nonnull (pair->remark);
        }
      else
        g_assert_cmpstr (pair->destination_text, ==,
                         expected != NULL ? expected : pair->source->text);
      g_assert_cmpint (pair->destination != NULL ? 'y' : 'n', ==, self->found[i]);
    }
}

/* No two names of a hostile tree meet, everywhere, and each is in the limits. */
static void
test_injective (void)
{
  g_autofree char *x = g_strnfill (300, 'x');
  g_autofree char *y = g_strconcat (x, "y", NULL);
  g_autofree char *deep = g_strdup ("1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20");
  g_autofree char *below = g_strconcat (x, "/below", NULL);
  g_autofree char *other = g_strconcat (deep, "/21", NULL);
  const char *const sources[] = { "INBOX", "=inbox", "a",   "A",   x,     y,
                                  below,   deep,     other, "a/1", "A/1", NULL };
  const char *const none[] = { NULL };
  g_autoptr (GPtrArray) listed = NULL;
  g_autoptr (GPtrArray) pairs = map (sources, none, TRUE, &listed);
  g_autoptr (GHashTable)
      keys = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < pairs->len; i++)
    {
      const FolderPair *pair = pairs->pdata[i];
      g_assert_null (pair->dropped);
      g_assert_true (
          g_hash_table_add (keys, naming_key ((HaulPath) pair->destination_path, TRUE)));
      g_assert_cmpuint (g_strv_length (pair->destination_path), <=, DEPTH_LIMIT);
      for (char **name = pair->destination_path; *name != NULL; name++)
        g_assert_cmpuint (strlen (*name), <=, NAME_LIMIT);
    }
  /* Children follow what they stand below. */
  const FolderPair *parent = pairs->pdata[4], *child = pairs->pdata[6];
  g_assert_cmpstr (child->destination_path[0], ==, parent->destination_path[0]);
  g_assert_cmpstr (child->destination_path[1], ==, "below");
}

/* A second run, with what the first one made, comes to the same names. */
static void
test_stable (void)
{
  g_autofree char *x = g_strnfill (300, 'x');
  const char *const sources[] = { "INBOX", "A", "a", x, "b.c", NULL };
  const char *const none[] = { NULL };
  g_autoptr (GPtrArray) one = NULL;
  g_autoptr (GPtrArray) two = NULL;
  g_autoptr (GPtrArray) first = map (sources, none, TRUE, &one);
  const char *made[G_N_ELEMENTS (sources)] = { NULL };
  for (guint i = 0; i < first->len; i++)
    made[first->len - 1 - i] = ((FolderPair *) first->pdata[i])->destination_text;
  g_autoptr (GPtrArray) second = map (sources, made, TRUE, &two);
  for (guint i = 0; i < first->len; i++)
    {
      g_assert_cmpstr (((FolderPair *) second->pdata[i])->destination_text, ==,
                       ((FolderPair *) first->pdata[i])->destination_text);
      g_assert_nonnull (((FolderPair *) second->pdata[i])->destination);
    }
  g_assert_cmpstr (((FolderPair *) first->pdata[4])->spelled, ==, "b_c");
}

/* Marks that one destination needed are gone at the next that does not. */
static void
test_way_back (void)
{
  const char *const sources[] = { "INBOX", "A", "a", "a/b", "A/b", NULL };
  const char *const none[] = { NULL };
  g_autoptr (GPtrArray) one = NULL;
  g_autoptr (GPtrArray) two = NULL;
  g_autoptr (GPtrArray) there = map (sources, none, TRUE, &one);
  const char *made[G_N_ELEMENTS (sources)] = { NULL };
  for (guint i = 0; i < there->len; i++)
    made[i] = ((FolderPair *) there->pdata[i])->destination_text;
  g_assert_cmpstr (made[2], !=, "a");
  g_autoptr (GPtrArray) back = map (made, none, FALSE, &two);
  for (guint i = 0; i < back->len; i++)
    g_assert_cmpstr (((FolderPair *) back->pdata[i])->destination_text, ==, sources[i]);
}

/* A name that only looks like a marked one keeps what it has; so does one whose plain
 * name is another's. */
static void
test_marks_of_others (void)
{
  const char *const name[] = { "a", NULL };
  g_auto (GStrv) twin = naming_twin (name);
  const char *const sources[] = { "a", twin[0], "b-0123456789", "-0123456789", NULL };
  const char *const none[] = { NULL };
  g_autoptr (GPtrArray) listed = NULL;
  g_autoptr (GPtrArray) pairs = map (sources, none, FALSE, &listed);
  for (guint i = 0; i < pairs->len; i++)
    g_assert_cmpstr (((FolderPair *) pairs->pdata[i])->destination_text, ==, sources[i]);
}

int
main (int argc, char **argv)
{
  static const Vector vectors[] = {
    { "plain", { "INBOX", "A" }, { "INBOX" }, FALSE, { NULL }, "yn" },
    { "case-matters", { "a", "A" }, { "A" }, FALSE, { NULL }, "ny" },
    { "case-twins", { "a", "A" }, { NULL }, TRUE, { NULL, "~" }, "nn" },
    { "twin-that-is-there-keeps-its-name",
      { "a", "A" },
      { "A" },
      TRUE,
      { "~", NULL },
      "ny" },
    { "case-finds", { "a" }, { "A" }, TRUE, { NULL }, "y" },
    { "container-takes-no-mail", { "a" }, { "!a" }, FALSE, { NULL }, "n" },
    { "container-is-enough", { "!a" }, { "!a" }, FALSE, { NULL }, "y" },
    { "umlaut-twins", { "\xc3\xa4", "\xc3\x84" }, { NULL }, TRUE, { NULL, "~" }, "nn" },
    { "composed-twins",
      { "\xc3\xa4", "a\xcc\x88" },
      { NULL },
      TRUE,
      { NULL, "~" },
      "nn" },
    { "composed-differ", { "\xc3\xa4", "a\xcc\x88" }, { NULL }, FALSE, { NULL }, "nn" },
    { "inbox-has-no-case",
      { "=inbox", "INBOX" },
      { "INBOX" },
      FALSE,
      { "~", NULL },
      "ny" },
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strdup_printf ("/mapping/pairs/%s", vectors[i].name);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  g_test_add_func ("/mapping/names/no-two-meet", test_injective);
  g_test_add_func ("/mapping/names/same-in-every-run", test_stable);
  g_test_add_func ("/mapping/names/marks-come-off-on-the-way-back", test_way_back);
  g_test_add_func ("/mapping/names/others-marks-stay", test_marks_of_others);
  return g_test_run ();
}

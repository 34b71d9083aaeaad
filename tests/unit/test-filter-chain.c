/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Unit tests of the filter chain and its transforms, with filters that are linked in.
 */
#include "engine/filter-chain.h"

#include <string.h>

#include <mailhaul/error.h>

/* ---- filters ---- */

typedef struct
{
  char *text;
} Settings;

static const HaulOptionSpec options[] = {
  HAUL_OPT_STRING (Settings, text, "text", NULL, HAUL_OPT_NONE, "What to do it with"),
  HAUL_OPT_END
};

/* "down": puts every folder below the folder `text`. */
static gboolean
down_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
             GError **error)
{
  const Settings *settings = instance;
  g_autoptr (GPtrArray) path = g_ptr_array_new ();
  g_ptr_array_add (path, settings->text);
  for (HaulPath name = folder->path; *name != NULL; name++)
    g_ptr_array_add (path, (char *) *name);
  g_ptr_array_add (path, NULL);
  haul_folder_edit_rename (edit, (HaulPath) path->pdata);
  return TRUE;
}

static const HaulFilter down = { HAUL_FILTER_HEADER,
                                 .name = "down",
                                 .summary = "Moves folders down",
                                 .options = options,
                                 .settings_size = sizeof (Settings),
                                 .folder = down_folder };

/* "refuse": drops the folder whose first name is `text`, skips messages of that size. */
static gboolean
refuse_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
               GError **error)
{
  if (strcmp (folder->path[0], ((const Settings *) instance)->text) == 0)
    haul_folder_edit_drop (edit, "refused");
  return TRUE;
}

static gboolean
refuse_message (gconstpointer instance, const HaulMessage *message, HaulMessageEdit *edit,
                GError **error)
{
  if (haul_message_size (message) == 13)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                           "not thirteen");
  if (haul_message_flags (message) & HAUL_FLAG_DELETED)
    haul_message_edit_skip (edit, "deleted");
  return TRUE;
}

static const HaulFilter refuse = { HAUL_FILTER_HEADER,
                                   .name = "refuse",
                                   .summary = "Refuses",
                                   .options = options,
                                   .settings_size = sizeof (Settings),
                                   .folder = refuse_folder,
                                   .message = refuse_message };

/* "mark": sets \Deleted and a date. */
static gboolean
mark_message (gconstpointer instance, const HaulMessage *message, HaulMessageEdit *edit,
              GError **error)
{
  const char *const words[] = { ((const Settings *) instance)->text, NULL };
  haul_message_edit_flags (edit, haul_message_flags (message) | HAUL_FLAG_DELETED, words);
  haul_message_edit_date (edit, 42);
  return TRUE;
}

static const HaulFilter mark = { HAUL_FILTER_HEADER,
                                 .name = "mark",
                                 .summary = "Marks",
                                 .options = options,
                                 .settings_size = sizeof (Settings),
                                 .message = mark_message };

/* "empty": renames to nothing, which the chain must refuse. */
static gboolean
empty_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
              GError **error)
{
  const char *const nothing[] = { "", NULL };
  haul_folder_edit_rename (edit, nothing);
  return TRUE;
}

static const HaulFilter empty = { HAUL_FILTER_HEADER,
                                  .name = "empty",
                                  .summary = "Empties",
                                  .options = options,
                                  .settings_size = sizeof (Settings),
                                  .folder = empty_folder };

/* "swap": writes `text` for each 'x'; with "!" it fails at the first 'x', with "?" at the
 * end, with "-" it leaves the message alone. */
static gpointer
swap_begin (gconstpointer instance, const HaulMessage *message, GError **error)
{
  const char *text = ((const Settings *) instance)->text;
  return strcmp (text, "-") == 0 ? NULL : g_strdup (text);
}

static gboolean
swap_push (gpointer transform, const guint8 *data, gsize length, HaulTransformOut *out,
           GError **error)
{
  const char *text = transform;
  for (gsize i = 0; i < length; i++)
    {
      if (data[i] == 'x' && strcmp (text, "!") == 0)
        return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE, "an x");
      if (data[i] == 'x' ? !haul_transform_write (out, text, strlen (text), error)
                         : !haul_transform_write (out, data + i, 1, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
swap_finish (gpointer transform, HaulTransformOut *out, GError **error)
{
  if (strcmp (transform, "?") == 0)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE, "the end");
  return haul_transform_write (out, "$", 1, error);
}

static const HaulFilter swap = { HAUL_FILTER_HEADER,
                                 .name = "swap",
                                 .summary = "Swaps",
                                 .options = options,
                                 .settings_size = sizeof (Settings),
                                 .effects = HAUL_FILTER_CHANGES_SIZE,
                                 .transform_begin = swap_begin,
                                 .transform_push = swap_push,
                                 .transform_finish = swap_finish,
                                 .transform_free = g_free };

/* ---- fixture ---- */

typedef struct
{
  Registry *registry;
  Job *job;
  Problems *problems;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  const HaulFilter *const filters[] = { &down, &refuse, &mark, &empty, &swap };
  fixture->registry = registry_new (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (filters); i++)
    g_assert_true (registry_add_filter (fixture->registry, filters[i], NULL));
  fixture->job = job_new_for_pair ("test", "/", "/nowhere");
  fixture->problems = problems_new ();
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  problems_free (fixture->problems);
  job_free (fixture->job);
  registry_free (fixture->registry);
}

static void
add (Fixture *fixture, const char *plugin, const char *text)
{
  JobElement *element = job_element_new (plugin, 7);
  if (text != NULL)
    job_element_add (element, "text", text);
  g_ptr_array_add (fixture->job->filters, element);
}

static FilterChain *
make (Fixture *fixture)
{
  return filter_chain_new (fixture->job, fixture->job->accounts->pdata[0],
                           fixture->registry, fixture->problems);
}

static HaulFolder
folder_of (const char *const *path)
{
  HaulFolder folder = HAUL_FOLDER_INIT;
  folder.path = path;
  return folder;
}

static const char *const sent[] = { "Sent", NULL };

/* ---- tests ---- */

static void
test_order (Fixture *fixture, gconstpointer data)
{
  add (fixture, "down", "A");
  add (fixture, "down", "B");
  g_autoptr (FilterChain) chain = make (fixture);
  FolderEdits edits = { 0 };
  HaulFolder folder = folder_of (sent);
  g_assert_true (filter_chain_folder (chain, &folder, &edits, NULL));
  g_auto (GStrv) path = edits.path;
  g_autofree char *text = haul_path_to_text ((HaulPath) path);
  g_assert_cmpstr (text, ==, "B/A/Sent");
}

static void
test_sees_renamed (Fixture *fixture, gconstpointer data)
{
  add (fixture, "down", "A");
  add (fixture, "refuse", "A");
  add (fixture, "down", "never");
  g_autoptr (FilterChain) chain = make (fixture);
  FolderEdits edits = { 0 };
  HaulFolder folder = folder_of (sent);
  g_assert_true (filter_chain_folder (chain, &folder, &edits, NULL));
  g_autofree char *reason = edits.drop_reason;
  g_assert_null (edits.path);
  g_assert_cmpstr (reason, ==, "refused");
}

static void
test_bad_path (Fixture *fixture, gconstpointer data)
{
  add (fixture, "empty", NULL);
  g_autoptr (FilterChain) chain = make (fixture);
  g_autoptr (GError) error = NULL;
  FolderEdits edits = { 0 };
  HaulFolder folder = folder_of (sent);
  g_assert_false (filter_chain_folder (chain, &folder, &edits, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
}

static gboolean
lift_begin (gpointer instance, const HaulFilterFolders *folders, GError **error)
{
  folders->notice ("seen", folders->user_data);
  return TRUE;
}

static gboolean
lift_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
             GError **error)
{
  const char *const lifted[] = { "Lifted", folder->path[0], NULL };
  haul_folder_edit_rename (edit, lifted);
  return TRUE;
}

static void
on_filter_notice (const char *text, gpointer user_data)
{
  g_string_append (user_data, text);
}

/* Between two IMAP servers the mapping by role is there unasked, behind the job's own. */
static void
test_default_mapper (Fixture *fixture, gconstpointer data)
{
  static const HaulOptionSpec no_options[] = { HAUL_OPT_END };
  static const HaulFilter mapper = {
    HAUL_FILTER_HEADER,    .name = "map-special-use",     .summary = "A fake",
    .options = no_options, .settings_size = sizeof (int), .begin = lift_begin,
    .folder = lift_folder
  };
  g_assert_true (registry_add_filter (fixture->registry, &mapper, NULL));
  add (fixture, "down", "A");
  g_clear_pointer (&fixture->job->source, job_element_free);
  g_clear_pointer (&fixture->job->destination, job_element_free);
  fixture->job->source = job_element_new ("imap", 1);
  fixture->job->destination = job_element_new ("imap", 2);
  g_autoptr (FilterChain) chain = make (fixture);
  g_autoptr (GString) said = g_string_new (NULL);
  HaulFilterFolders folders = { .struct_size = sizeof folders,
                                .notice = on_filter_notice,
                                .user_data = said };
  FolderEdits edits = { 0 };
  HaulFolder folder = folder_of (sent);
  g_assert_true (filter_chain_begin (chain, &folders, NULL));
  g_assert_cmpstr (said->str, ==, "seen");
  g_assert_true (filter_chain_folder (chain, &folder, &edits, NULL));
  g_auto (GStrv) path = edits.path;
  g_assert_cmpstr (path[0], ==, "Lifted");
  g_assert_cmpstr (path[1], ==, "A");
}

static void
test_message (Fixture *fixture, gconstpointer data)
{
  add (fixture, "mark", "Word");
  g_autoptr (FilterChain) chain = make (fixture);
  HaulMessage message = { .folder = sent, .size_bytes = 5, .flags = HAUL_FLAG_SEEN };
  MessageVerdict verdict = { 0 };
  g_assert_true (filter_chain_message (chain, &message, &verdict, NULL));
  g_assert_null (verdict.skip_reason);
  g_assert_true (verdict.flags_changed);
  g_assert_cmpuint (verdict.flags, ==, HAUL_FLAG_SEEN | HAUL_FLAG_DELETED);
  g_assert_cmpstr (verdict.keywords[0], ==, "Word");
  g_assert_true (verdict.date_changed);
  g_assert_cmpint (verdict.date_unix, ==, 42);
  message_verdict_clear (&verdict);
}

static void
test_message_sees_changes (Fixture *fixture, gconstpointer data)
{
  add (fixture, "mark", "Word");
  add (fixture, "refuse", "none");
  g_autoptr (FilterChain) chain = make (fixture);
  HaulMessage message = { .folder = sent, .size_bytes = 5 };
  MessageVerdict verdict = { 0 };
  g_assert_true (filter_chain_message (chain, &message, &verdict, NULL));
  g_assert_cmpstr (verdict.skip_reason, ==, "deleted");
  message_verdict_clear (&verdict);
}

static void
test_message_fails (Fixture *fixture, gconstpointer data)
{
  add (fixture, "refuse", "none");
  g_autoptr (FilterChain) chain = make (fixture);
  g_autoptr (GError) error = NULL;
  HaulMessage message = { .folder = sent, .size_bytes = 13 };
  MessageVerdict verdict = { 0 };
  g_assert_false (filter_chain_message (chain, &message, &verdict, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_REJECTED);
  g_assert_nonnull (strstr (error->message, "refuse"));
}

static void
test_mistakes (Fixture *fixture, gconstpointer data)
{
  add (fixture, "dwon", NULL);
  JobElement *element = job_element_new ("down", 9);
  job_element_add (element, "txet", "x");
  g_ptr_array_add (fixture->job->filters, element);
  g_autoptr (FilterChain) chain = make (fixture);
  g_assert_null (chain);
  g_assert_cmpuint (problems_count (fixture->problems), ==, 2);
  g_assert_cmpuint (problems_get (fixture->problems, 0)->line, ==, 7);
  g_assert_nonnull (strstr (problems_get (fixture->problems, 0)->text, "down"));
}

static void
test_hash (Fixture *fixture, gconstpointer data)
{
  add (fixture, "down", "A");
  g_autoptr (FilterChain) one = make (fixture);
  add (fixture, "down", "B");
  g_autoptr (FilterChain) two = make (fixture);
  g_autoptr (FilterChain) same = make (fixture);
  g_assert_cmpuint (filter_chain_hash (one), !=, filter_chain_hash (two));
  g_assert_cmpuint (filter_chain_hash (same), ==, filter_chain_hash (two));
}

/* The transformed message as text, cut at @cut. NULL: @error. */
static char *
transform (FilterChain *chain, const char *text, gsize cut, GError **error)
{
  HaulMessage message = { .folder = sent };
  g_autoptr (Spool) spool = spool_new ();
  GError *local = NULL;
  Transform *stream = filter_chain_transform (chain, &message, spool, &local);
  g_assert_no_error (local);
  if (stream == NULL)
    return g_strdup ("(untouched)");
  gboolean ok = transform_push (stream, (const guint8 *) text, cut, error)
                && transform_push (stream, (const guint8 *) text + cut,
                                   strlen (text) - cut, error)
                && transform_finish (stream, error);
  transform_free (stream);
  if (!ok)
    return NULL;
  char *out = g_malloc0 (spool_size (spool) + 1);
  gsize n = 0;
  g_assert_true (spool_read (spool, (guint8 *) out, spool_size (spool), &n, NULL));
  return out;
}

static void
test_transform (Fixture *fixture, gconstpointer data)
{
  add (fixture, "swap", "yx");
  add (fixture, "swap", "zz");
  g_autoptr (FilterChain) chain = make (fixture);
  g_assert_true (filter_chain_transforms (chain));
  for (gsize cut = 0; cut <= 5; cut++)
    {
      /* a → a; x → yx → yzz; the ends "$" of both, the first one through the second */
      g_autofree char *out = transform (chain, "axbxc", cut, NULL);
      g_assert_cmpstr (out, ==, "ayzzbyzzc$$");
    }
}

static void
test_transform_alone (Fixture *fixture, gconstpointer data)
{
  add (fixture, "swap", "-");
  g_autoptr (FilterChain) none = make (fixture);
  g_autofree char *untouched = transform (none, "axb", 1, NULL);
  g_assert_cmpstr (untouched, ==, "(untouched)");
}

static void
test_transform_fails (Fixture *fixture, gconstpointer data)
{
  static const char *const texts[] = { "!", "?" };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      g_ptr_array_set_size (fixture->job->filters, 0);
      add (fixture, "swap", texts[i]);
      g_autoptr (FilterChain) chain = make (fixture);
      g_autoptr (GError) error = NULL;
      g_assert_null (transform (chain, "axb", 1, &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_REJECTED);
      g_assert_nonnull (strstr (error->message, "swap"));
    }
}

#define TEST(path, func)                                                                 \
  g_test_add ("/engine/filter-chain/" path, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  TEST ("filters-work-in-document-order", test_order);
  TEST ("a-filter-sees-what-earlier-ones-renamed", test_sees_renamed);
  TEST ("an-empty-name-is-refused", test_bad_path);
  TEST ("roles-are-mapped-between-imap-servers", test_default_mapper);
  TEST ("a-message-gets-new-flags-and-date", test_message);
  TEST ("a-filter-sees-flags-of-earlier-ones", test_message_sees_changes);
  TEST ("a-failing-filter-fails-the-message", test_message_fails);
  TEST ("all-mistakes-are-reported-with-lines", test_mistakes);
  TEST ("another-option-is-another-hash", test_hash);
  TEST ("transforms-are-chained-at-any-cut", test_transform);
  TEST ("a-transform-may-leave-a-message-alone", test_transform_alone);
  TEST ("a-failing-transform-fails-the-message", test_transform_fails);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares what lies in the stores of a scenario with what the file expects, a run's
 * result, too, and the files with what they were. The main thread.
 */
#include <string.h>

#include "memory-store.h"
#include "model/identity.h"
#include "model/keywords.h"
#include "world.h"

/* ---- comparing ---- */

static char *
message_line (const char *folder, const char *name, guint32 flags, const char *keywords,
              gint64 date_unix)
{
  static const char letters[] = "SAFTD"; /* in the order of the bits of HaulFlags */
  char text[sizeof letters] = "";
  g_autofree char *lower = g_ascii_strdown (keywords, -1);
  guint i, at = 0;

  for (i = 0; i < 5; i++)
    if (flags & (1u << i))
      text[at++] = letters[i];
  text[at] = '\0';
  return g_strdup_printf (
      "%s: message %s flags '%s' keywords '%s' date %" G_GINT64_FORMAT, folder, name,
      text, lower, date_unix);
}

static char *
folder_line (const char *folder, guint32 attributes)
{
  return g_strdup_printf ("%s:%s", folder,
                          attributes & HAUL_FOLDER_SUBSCRIBED ? " subscribed" : "");
}

/* names_by_content: which mail has which content. */
static GHashTable *
names_by_content (const World *self)
{
  GHashTable *names = g_hash_table_new_full (
      g_bytes_hash, g_bytes_equal, (GDestroyNotify) (void (*) (void)) g_bytes_unref,
      NULL);
  GHashTableIter iter;
  gpointer mail;

  g_hash_table_iter_init (&iter, self->scenario->mails);
  while (g_hash_table_iter_next (&iter, NULL, &mail))
    {
      guint8 content[DIGEST_LENGTH];

      world_mail_content (mail, content);
      g_hash_table_insert (names, g_bytes_new (content, sizeof content),
                           ((MailSpec *) mail)->name);
    }
  return names;
}

static void
describe_message (GPtrArray *lines, GHashTable *names, const char *folder,
                  const MemoryMessage *message)
{
  g_autoptr (ContentDigest) digest = content_digest_new (FALSE);
  guint8 sum[DIGEST_LENGTH];
  g_autoptr (GBytes) key = NULL;
  gsize length = 0;
  gconstpointer data = g_bytes_get_data (message->body, &length);
  const char *name;

  content_digest_update (digest, data, length);
  content_digest_finish (digest, sum);
  key = g_bytes_new (sum, sizeof sum);
  name = g_hash_table_lookup (names, key);
  g_ptr_array_add (lines,
                   message_line (folder, name != NULL ? name : "UNKNOWN CONTENT",
                                 message->flags, message->keywords, message->date_unix));
}

/* Reader: what is told of an account, on its way to lines. */
typedef struct
{
  GPtrArray *lines;
  GHashTable *names;
  gboolean whole; /* with what must not change, though no scenario speaks of it */
} Reader;

static guint32
flags_from_text (const char *text)
{
  g_auto (GStrv) names = g_strsplit (text, ",", -1);
  guint32 flags = 0;
  guint i;

  for (i = 0; names[i] != NULL; i++)
    {
      g_autofree char *name = g_strconcat ("\\", names[i], NULL);

      flags |= haul_flag_from_name (name);
    }
  return flags;
}

static void
describe_row (const ImapRow *row, gpointer user_data)
{
  Reader *reader = user_data;
  g_auto (GStrv) words = NULL;
  g_autofree char *keywords = NULL;
  const char *name;
  char *line;

  if (row->content == NULL)
    {
      line = folder_line (row->folder, row->subscribed ? HAUL_FOLDER_SUBSCRIBED : 0);
      g_ptr_array_add (reader->lines, line);
      if (reader->whole)
        g_ptr_array_add (reader->lines,
                         g_strdup_printf ("%s: %s", row->folder, row->status));
      return;
    }
  words = g_strsplit (row->keywords, ",", -1);
  keywords = keywords_join ((const char *const *) words);
  name = g_hash_table_lookup (reader->names, row->content);
  line = message_line (row->folder, name != NULL ? name : "UNKNOWN CONTENT",
                       flags_from_text (row->flags), keywords, row->date_unix);
  g_ptr_array_add (reader->lines, line);
  if (reader->whole)
    g_ptr_array_add (reader->lines, g_strdup_printf ("%s: uid %s %s", row->folder,
                                                     row->uid, row->content));
}

/* describe_account: @whole: see Reader. */
static GPtrArray *
describe_account (const World *self, gboolean source, gboolean whole)
{
  g_autoptr (GHashTable)
      names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  Reader reader = { g_ptr_array_new_with_free_func (g_free), names, whole };
  GHashTableIter iter;
  gpointer mail;

  g_hash_table_iter_init (&iter, self->scenario->mails);
  while (g_hash_table_iter_next (&iter, NULL, &mail))
    g_hash_table_insert (names, imap_side_content (mail), ((MailSpec *) mail)->name);
  imap_side_read (self->side, world_user (self, source), describe_row, &reader);
  g_ptr_array_sort (reader.lines, compare_text);
  return reader.lines;
}

static GPtrArray *
describe_store (const World *self, gboolean source)
{
  if (world_user (self, source) != NULL)
    return describe_account (self, source, FALSE);
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *file = world_store_file (self, source);
  g_autoptr (MemoryStore) store = memory_store_open (file, FALSE, NULL);
  g_autoptr (GHashTable) names = names_by_content (self);
  g_autoptr (GPtrArray) folders = NULL;
  guint i, k;

  if (store == NULL)
    return lines;
  folders = memory_store_list (store);
  for (i = 0; i < folders->len; i++)
    {
      const MemoryFolder *folder = g_ptr_array_index (folders, i);
      g_autofree char *text = haul_path_to_text ((HaulPath) folder->path);
      g_autoptr (GPtrArray)
          messages = memory_store_messages (store, (HaulPath) folder->path, 0, NULL);

      if (folder->attributes & HAUL_FOLDER_NOSELECT)
        continue;
      g_ptr_array_add (lines, folder_line (text, folder->attributes));
      for (k = 0; k < messages->len; k++)
        describe_message (lines, names, text, g_ptr_array_index (messages, k));
    }
  g_ptr_array_sort (lines, compare_text);
  return lines;
}

static GPtrArray *
describe_step (const Step *step)
{
  GPtrArray *lines = g_ptr_array_new_with_free_func (g_free);
  guint i, k;

  for (i = 0; i < step->commands->len; i++)
    {
      const Command *command = g_ptr_array_index (step->commands, i);
      g_autofree char *folder = haul_path_to_text ((HaulPath) command->path);
      const MessageSpec *message = command->message;

      if (command->kind == COMMAND_FOLDER)
        g_ptr_array_add (lines, folder_line (folder, command->attributes));
      for (k = 0; message != NULL && k < message->count; k++)
        g_ptr_array_add (lines, message_line (folder, message->name, message->flags,
                                              message->keywords, message->date_unix));
    }
  g_ptr_array_sort (lines, compare_text);
  return lines;
}

void
world_expect (World *self, const Step *step)
{
  if (step->expect == EXPECT_SAME)
    return;
  g_ptr_array_unref (self->expected);
  self->expected = step->expect == EXPECT_LISTED ? describe_step (step)
                                                 : describe_store (self, TRUE);
}

void
compare_lines (GPtrArray *found, GPtrArray *expected, const char *when)
{
  guint i = 0;
  guint k = 0;
  gboolean same = TRUE;

  while (i < found->len || k < expected->len)
    {
      const char *a = i < found->len ? g_ptr_array_index (found, i) : NULL;
      const char *b = k < expected->len ? g_ptr_array_index (expected, k) : NULL;
      int order = a == NULL ? 1 : b == NULL ? -1 : strcmp (a, b);

      if (order < 0)
        g_test_message ("%s: surplus: %s", when, a);
      else if (order > 0)
        g_test_message ("%s: missing: %s", when, b);
      same = same && order == 0;
      i += order <= 0 ? 1 : 0;
      k += order >= 0 ? 1 : 0;
    }
  if (!same)
    {
      g_test_message ("%s: this is not what was expected", when);
      g_test_fail ();
    }
}

/* has_line: for arrays of char *. */
static gboolean
has_line (GPtrArray *lines, const char *prefix)
{
  guint i;

  for (i = 0; i < lines->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (lines, i), prefix))
      return TRUE;
  return FALSE;
}

/* remove_line: takes the line out of an array of char *. */
static gboolean
remove_line (GPtrArray *lines, const char *line)
{
  guint index;

  return g_ptr_array_find_with_equal_func (lines, line, g_str_equal, &index)
         && g_ptr_array_remove_index (lines, index) != NULL;
}

/* forgive_folder: @folder lies at the destination because the server wants it so, and is
 * no surplus as long as it is empty; a subscription that it came with stays. */
static void
forgive_folder (const World *self, GPtrArray *found, const char *folder,
                gboolean subscribed)
{
  g_autofree char *plain = folder_line (folder, 0);
  g_autofree char *with = folder_line (folder, HAUL_FOLDER_SUBSCRIBED);
  g_autofree char *message = g_strdup_printf ("%s: message", folder);
  gboolean expected = g_ptr_array_find_with_equal_func (self->expected, plain,
                                                        g_str_equal, NULL);

  if (expected && subscribed && remove_line (found, with))
    g_ptr_array_add (found, g_strdup (plain));
  else if (!expected && !has_line (self->expected, with) && !has_line (found, message))
    {
      remove_line (found, plain);
      remove_line (found, with);
    }
  g_ptr_array_sort (found, compare_text);
}

/* forgive_server: what accounts come with (each has an inbox), and parents. */
static void
forgive_server (const World *self, GPtrArray *found)
{
  GHashTableIter iter;
  gpointer folder, subscribed;
  guint i;

  g_hash_table_iter_init (&iter, self->born);
  while (g_hash_table_iter_next (&iter, &folder, &subscribed))
    forgive_folder (self, found, folder, *(const char *) subscribed != '\0');
  for (i = 0; imap_side_makes_parents () && i < self->expected->len; i++)
    {
      const char *line = g_ptr_array_index (self->expected, i);
      const char *slash = line;

      while ((slash = strchr (slash + 1, '/')) != NULL)
        {
          g_autofree char *parent = g_strndup (line, (gsize) (slash - line));

          forgive_folder (self, found, parent, FALSE);
        }
    }
}

void
world_compare (World *self, const Step *step, const char *when)
{
  g_autofree char *place = g_strdup_printf ("%s:%u: %s", self->scenario->file, step->line,
                                            when);
  g_autoptr (GPtrArray) found = describe_store (self, FALSE);

  if (world_user (self, FALSE) != NULL || world_user (self, TRUE) != NULL)
    forgive_server (self, found);
  compare_lines (found, self->expected, place);
}

/* ---- results of a run ---- */

void
result_describe (const EngineResult *result, const char *when)
{
  guint i, k;

  for (i = 0; i < result->accounts->len; i++)
    {
      const AccountResult *account = g_ptr_array_index (result->accounts, i);

      if (account->error != NULL)
        g_test_message ("%s: ended early: %s", when, account->error->message);
      for (k = 0; k < account->failures->len; k++)
        {
          const Failure *failure = g_ptr_array_index (account->failures, k);

          g_test_message ("%s: failed: %s %s: %s", when, failure->folder,
                          failure->key != NULL ? failure->key : "", failure->reason);
        }
      for (k = 0; k < account->differences->len; k++)
        {
          const Difference *difference = g_ptr_array_index (account->differences, k);

          g_test_message ("%s: differs: %s %s: %s%s", when, difference->folder,
                          difference->key != NULL ? difference->key : "",
                          difference->reason, difference->surplus ? " (surplus)" : "");
        }
      for (k = 0; k < account->notices->len; k++)
        g_test_message ("%s: notice: %s", when,
                        (char *) g_ptr_array_index (account->notices, k));
    }
}

void
world_check_exit (const World *world, const Step *step, const EngineResult *result,
                  const char *when)
{
  if ((int) result->exit_code == step->exit_code)
    return;
  result_describe (result, when);
  g_test_message ("%s:%u: %s: exit code %d, expected %d", world->scenario->file,
                  step->line, when, (int) result->exit_code, step->exit_code);
  g_test_fail ();
}

void
world_check_counts (const World *world, const Step *step, const EngineResult *result)
{
  const char *const *names = scenario_count_names ();
  Ledger total = { .seen = 0 };
  guint i;

  for (i = 0; i < result->accounts->len; i++)
    {
      Ledger one = { .seen = 0 };

      account_result_total (g_ptr_array_index (result->accounts, i), &one);
      ledger_add (&total, &one);
    }
  guint64 found[SCENARIO_COUNTS] = { total.copied,        total.matched, total.present,
                                     total.skipped,       total.gone,    total.failed,
                                     total.flags_updated, total.removed };
  for (i = 0; i < SCENARIO_COUNTS; i++)
    {
      gboolean checked = !world->variant->loose || i == 0 || i == 5;

      if (!checked || step->counts[i] == SCENARIO_ANY || step->counts[i] == found[i])
        continue;
      g_test_message ("%s:%u: %s is %" G_GUINT64_FORMAT ", expected %" G_GUINT64_FORMAT,
                      world->scenario->file, step->line, names[i], found[i],
                      step->counts[i]);
      g_test_fail ();
    }
}

/* ---- what must not be touched ---- */

static void
snapshot_tree (GHashTable *snapshot, const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      g_autofree char *text = NULL;
      gsize length = 0;
      char *sum = g_strdup ("folder");

      if (g_file_get_contents (child, &text, &length, NULL))
        {
          g_free (sum);
          sum = g_compute_checksum_for_data (G_CHECKSUM_SHA256, (const guint8 *) text,
                                             length);
        }
      g_hash_table_insert (snapshot, g_strdup (child), sum);
      snapshot_tree (snapshot, child);
    }
}

GHashTable *
world_snapshot (const World *self)
{
  GHashTable *snapshot = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, g_free);
  guint i;

  snapshot_tree (snapshot, self->directory);
  for (i = 0; i < G_N_ELEMENTS (self->users); i++)
    if (self->users[i] != NULL)
      {
        g_autoptr (GPtrArray) lines = describe_account (self, i == 0, TRUE);

        g_ptr_array_add (lines, NULL);
        g_hash_table_insert (snapshot, g_strdup_printf ("account %s", self->users[i]),
                             g_strjoinv ("\n", (char **) lines->pdata));
      }
  return snapshot;
}

void
world_untouched (const World *self, GHashTable *snapshot, const char *when)
{
  g_autoptr (GHashTable) now = world_snapshot (self);
  GHashTableIter iter;
  gpointer file, sum;

  g_hash_table_iter_init (&iter, snapshot);
  while (g_hash_table_iter_next (&iter, &file, &sum))
    if (g_strcmp0 (g_hash_table_lookup (now, file), sum) != 0)
      {
        const char *text = g_hash_table_lookup (now, file);

        g_test_message ("%s: %s was changed", when, (char *) file);
        if (g_str_has_prefix (file, "account "))
          g_test_message ("before:\n%s\nafter:\n%s", (char *) sum, text);
        g_test_fail ();
      }
  g_hash_table_iter_init (&iter, now);
  while (g_hash_table_iter_next (&iter, &file, &sum))
    if (!g_hash_table_contains (snapshot, file))
      {
        g_test_message ("%s: %s was made", when, (char *) file);
        g_test_fail ();
      }
}

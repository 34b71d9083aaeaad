/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stores, sessions and folders for the behaviours of the contract suite. Mails and
 * listings are in mails.c. A session belongs to the thread that opened it.
 */
#include "harness.h"

#include <stdarg.h>
#include <string.h>

#include <gio/gio.h>
#include <glib/gstdio.h>

#include "base/option-table.h"

/* ---- the store of a behaviour ---- */

static char *
fill_in (const World *world, const char *text)
{
  g_autoptr (GString) value = g_string_new (text);

  g_string_replace (value, "{dir}", world->directory, 0);
  g_string_replace (value, "{name}", world->name, 0);
  return g_string_free (g_steal_pointer (&value), FALSE);
}

static gpointer
settings_for (const World *world, HaulRole role)
{
  const HaulBackend *backend = world->setup->backend;
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (OptionValue));
  g_autoptr (GError) error = NULL;
  OptionPlace place = { .owner = backend->name };
  gpointer settings;
  guint i;

  place.refused_flags = role == HAUL_ROLE_SOURCE ? HAUL_OPT_ONLY_DESTINATION
                                                 : HAUL_OPT_ONLY_SOURCE;
  for (i = 0; world->setup->options[i] != NULL; i++)
    {
      char *text = fill_in (world, world->setup->options[i]);
      char *equals = strchr (text, '=');
      OptionValue value = { text, equals != NULL ? equals + 1 : "" };

      if (equals != NULL)
        *equals = '\0';
      g_ptr_array_add (texts, text);
      g_array_append_val (values, value);
    }
  settings = option_table_parse (backend->options, backend->settings_size,
                                 (const OptionValue *) values->data, values->len, &place,
                                 problems);
  if (settings == NULL)
    g_error ("options of '%s': %s", backend->name, problems_get (problems, 0)->text);
  if (backend->check != NULL && !backend->check (settings, role, &error))
    g_error ("options of '%s': %s", backend->name, error->message);
  return settings;
}

void
world_up (World *world, gconstpointer setup)
{
  static gint serial = 0;
  g_autoptr (GError) error = NULL;

  world->setup = setup;
  world->directory = g_dir_make_tmp ("mailhaul-contract-XXXXXX", &error);
  g_assert_no_error (error);
  world->name = g_strdup_printf ("behaviour-%d-%x", g_atomic_int_add (&serial, 1),
                                 g_random_int ());
  pthread_mutex_init (&world->lock, NULL);
  world->opens = g_ptr_array_new_with_free_func (g_free);
  world->sources = settings_for (world, HAUL_ROLE_SOURCE);
  if (!world->setup->only_source)
    world->destinations = settings_for (world, HAUL_ROLE_DESTINATION);
}

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = NULL;
  const char *name;

  if (!g_file_test (path, G_FILE_TEST_IS_SYMLINK))
    dir = g_dir_open (path, 0, NULL);
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);

      remove_tree (child);
    }
  g_remove (path);
}

void
world_down (World *world, gconstpointer setup)
{
  const HaulBackend *backend = world->setup->backend;

  option_table_free (backend->options, world->sources);
  option_table_free (backend->options, world->destinations);
  g_ptr_array_unref (world->opens);
  pthread_mutex_destroy (&world->lock);
  remove_tree (world->directory);
  g_free (world->directory);
  g_free (world->name);
}

/* ---- sessions ---- */

Session *
open_session_full (World *world, HaulRole role, gboolean dry_run,
                   GCancellable *cancellable)
{
  g_autoptr (GError) error = NULL;
  HaulOpen *open = g_new0 (HaulOpen, 1);
  Session *session;

  open->struct_size = sizeof *open;
  open->settings = role == HAUL_ROLE_SOURCE ? world->sources : world->destinations;
  open->role = role;
  open->dry_run = dry_run;
  open->cancellable = cancellable;
  pthread_mutex_lock (&world->lock);
  g_ptr_array_add (world->opens, open);
  pthread_mutex_unlock (&world->lock);
  session = session_open (world->setup->backend, open, &error);
  g_assert_no_error (error);
  g_assert_nonnull (session);
  return session;
}

Session *
open_session (World *world, HaulRole role)
{
  return open_session_full (world, role, FALSE, NULL);
}

guint32
world_caps (World *world, HaulRole role)
{
  g_autoptr (Session) session = open_session (world, role);

  return session_caps (session);
}

gboolean
world_lacks (World *world, guint32 cap, const char *name)
{
  g_autofree char *reason = NULL;

  if (world_caps (world, HAUL_ROLE_DESTINATION) & cap)
    return FALSE;
  reason = g_strdup_printf ("the backend does not have the capability %s", name);
  g_test_skip (reason);
  return TRUE;
}

/* ---- folders ---- */

char **
path_of (World *world, const char *first, ...)
{
  g_autoptr (GStrvBuilder) builder = g_strv_builder_new ();
  const char *name;
  va_list names;

  if (world->setup->only_inbox)
    {
      g_strv_builder_add (builder, "INBOX");
      return g_strv_builder_end (builder);
    }
  if (!world->setup->fresh)
    g_strv_builder_add (builder, world->name);
  va_start (names, first);
  for (name = first; name != NULL; name = va_arg (names, const char *))
    g_strv_builder_add (builder, name);
  va_end (names);
  return g_strv_builder_end (builder);
}

char *
path_text (char **path)
{
  return haul_path_to_text ((HaulPath) path);
}

HaulBytes
bytes_view (GBytes *bytes)
{
  HaulBytes view = HAUL_NO_BYTES;

  if (bytes != NULL)
    view.data = g_bytes_get_data (bytes, &view.length);
  return view;
}

void
assert_key (HaulBytes a, GBytes *b)
{
  HaulBytes view = bytes_view (b);

  g_assert_cmpmem (a.data, a.length, view.data, view.length);
}

typedef struct
{
  guint results;
  GError *error;
} Created;

static void
note_created (HaulPath path, const GError *error, gpointer user_data)
{
  Created *created = user_data;

  created->results++;
  if (error != NULL && created->error == NULL)
    created->error = g_error_copy (error);
}

void
create_folder (Session *session, char **path, guint32 attributes)
{
  g_autoptr (GError) error = NULL;
  HaulFolder folder = HAUL_FOLDER_INIT;
  Created created = { 0, NULL };

  folder.path = (HaulPath) path;
  folder.attributes = attributes;
  session_create (session, &folder, 1, note_created, &created, &error);
  g_assert_no_error (error);
  g_assert_no_error (created.error);
  g_assert_cmpuint (created.results, ==, 1);
}

typedef struct
{
  GPtrArray *paths;
  GHashTable *seen;
  char *wanted; /* text; NULL: none */
  guint found;
  guint32 attributes;
} Listed;

static gboolean
note_listed (const HaulFolder *folder, gpointer user_data, GError **error)
{
  Listed *listed = user_data;
  char *text = haul_path_to_text (folder->path);
  guint depth = g_strv_length ((char **) folder->path);
  g_auto (GStrv) parent = g_strdupv ((char **) folder->path);
  guint i;

  g_assert_cmpuint (depth, >, 0);
  for (i = 0; i < depth; i++)
    {
      g_assert_cmpuint (strlen (folder->path[i]), >, 0);
      g_assert_true (g_utf8_validate (folder->path[i], -1, NULL));
    }
  if (g_hash_table_contains (listed->seen, text))
    g_error ("the folder '%s' is listed twice", text);
  g_hash_table_add (listed->seen, text);
  g_ptr_array_add (listed->paths, g_strdup (text));
  g_clear_pointer (&parent[depth - 1], g_free);
  if (depth > 1)
    {
      g_autofree char *above = path_text (parent);

      if (!g_hash_table_contains (listed->seen, above))
        g_error ("the folder '%s' is listed before its parent", text);
    }
  if (g_strcmp0 (text, listed->wanted) == 0)
    {
      listed->found++;
      listed->attributes = folder->attributes;
    }
  return TRUE;
}

static void
list_all (Session *session, Listed *listed)
{
  g_autoptr (GError) error = NULL;

  listed->paths = g_ptr_array_new_with_free_func (g_free);
  listed->seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  session_list (session, note_listed, listed, &error);
  g_assert_no_error (error);
  g_hash_table_unref (listed->seen);
}

GPtrArray *
list_paths (Session *session)
{
  Listed listed = { .wanted = NULL };

  list_all (session, &listed);
  return listed.paths;
}

guint
list_find (Session *session, char **path, guint32 *out_attributes)
{
  g_autofree char *wanted = path_text (path);
  Listed listed = { .wanted = wanted };

  list_all (session, &listed);
  g_ptr_array_unref (listed.paths);
  if (out_attributes != NULL)
    *out_attributes = listed.attributes;
  return listed.found;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The registry against the plugins of tests/plugins (MAILHAUL_TEST_PLUGINS is where they
 * were built): each way of being broken gets a clear refusal that names the file.
 */
#include "plugin/registry.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <mailhaul/error.h>

#include "plugin/session.h"

static const char *
plugin_folder (void)
{
  const char *folder = g_getenv ("MAILHAUL_TEST_PLUGINS");

  if (folder == NULL)
    g_error ("MAILHAUL_TEST_PLUGINS must name the folder of the built tests/plugins");
  return folder;
}

static Registry *
open_registry (void)
{
  return registry_new ((const char *const[]){ plugin_folder (), NULL });
}

typedef struct
{
  const char *name, *words;
} Refusal;

static const Refusal backend_refusals[] = {
  { "no-symbol", "there is no symbol 'haul_backend_no_symbol_get' in it" },
  { "null-plugin", "the symbol 'haul_backend_null_plugin_get' gave no plugin" },
  { "wrong-version",
    "the plugin was made for version 7 of the plugin interface, supported is 1" },
  { "version-zero",
    "the plugin was made for version 0 of the plugin interface, supported is 1" },
  { "size-of-eight", "the plugin's struct is 8 bytes long, at least" },
  { "null-name", "the plugin has no name" },
  { "other-name", "the plugin calls itself 'something-else', its file 'other-name'" },
  { "no-summary", "the plugin has no summary" },
  { "duplicate-option", "option \"host\": the name \"host\" is used twice" },
  { "bad-default",
    "option \"window\": the default must be 1 to 1024 commands, got \"4096\"" },
  { "no-option-summary", "option \"host\": there is no summary" },
  { "no-fetch", "the plugin lacks the callback 'fetch', which every backend needs" },
  { "no-close", "the plugin lacks the callback 'close'" },
  { "half-destination",
    "the plugin lacks the callback 'create', which a destination needs" },
  { "undefined", "haul_function_of_the_far_future" },
};

static const Refusal filter_refusals[] = {
  { "no-hook", "none of the callbacks 'folder', 'message' and 'transform_begin'" },
  { "no-destroy", "the plugin lacks the callback 'destroy' beside 'create'" },
  { "undeclared", "declares neither" },
  { "half-transform",
    "the plugin lacks the callback 'transform_finish', which a transform needs" },
};

static void
assert_refusal (const GError *error, const char *kind, const Refusal *refusal)
{
  g_autofree char *start = g_strdup_printf (
      "load plugin '%s/mailhaul-%s-%s.so': ", plugin_folder (), kind, refusal->name);

  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_JOB);
  if (!g_str_has_prefix (error->message, start))
    g_assert_cmpstr (error->message, ==, start);
  if (strstr (error->message, refusal->words) == NULL)
    g_assert_cmpstr (error->message, ==, refusal->words);
}

static void
test_backend_refused (gconstpointer data)
{
  const Refusal *refusal = data;
  g_autoptr (Registry) registry = open_registry ();

  for (guint i = 0; i < 2; i++) /* the second time is no different */
    {
      g_autoptr (GError) error = NULL;
      g_assert_null (registry_backend (registry, refusal->name, &error));
      assert_refusal (error, "backend", refusal);
    }
}

static void
test_filter_refused (gconstpointer data)
{
  const Refusal *refusal = data;
  g_autoptr (Registry) registry = open_registry ();
  g_autoptr (GError) error = NULL;

  g_assert_null (registry_filter (registry, refusal->name, &error));
  assert_refusal (error, "filter", refusal);
}

static void
test_good (void)
{
  g_autoptr (Registry) registry = open_registry ();
  g_autoptr (GError) error = NULL;
  const HaulBackend *backend = registry_backend (registry, "good-one", &error);

  g_assert_no_error (error);
  g_assert_cmpstr (backend->name, ==, "good-one");
  g_assert_true (session_backend_has_role (backend, HAUL_ROLE_SOURCE));
  g_assert_false (session_backend_has_role (backend, HAUL_ROLE_DESTINATION));
  g_assert_true (registry_backend (registry, "good-one", NULL) == backend);

  const HaulFilter *filter = registry_filter (registry, "good-filter", &error);
  g_assert_no_error (error);
  g_assert_nonnull (filter->folder);
}

/* Calls a loaded plugin: its file stays loaded even after the registry is gone. */
static void
test_resident (void)
{
  g_autoptr (Registry) registry = open_registry ();
  const HaulBackend *backend = registry_backend (registry, "good-one", NULL);
  gpointer (*open) (const HaulOpen *, GError **) = backend->open;
  void (*close) (gpointer) = backend->close;

  g_clear_pointer (&registry, registry_free);
  gpointer session = open (NULL, NULL);
  g_assert_nonnull (session);
  close (session);
}

static void
test_older (void)
{
  g_autoptr (Registry) registry = open_registry ();
  g_autoptr (GError) error = NULL;
  const HaulBackend *backend = registry_backend (registry, "older", &error);

  g_assert_no_error (error);
  g_assert_cmpuint (backend->struct_size, <, sizeof (HaulBackend));
  g_assert_true (session_backend_has_role (backend, HAUL_ROLE_DESTINATION));
  g_assert_null (backend->update);
  g_assert_null (backend->expunge);
  g_assert_null (backend->recover);
}

static void
test_newer (void)
{
  g_autoptr (Registry) registry = open_registry ();
  g_autoptr (GError) error = NULL;
  const HaulBackend *backend = registry_backend (registry, "newer", &error);

  g_assert_no_error (error);
  g_assert_nonnull (backend->fetch);
  g_assert_null (backend->recover);
}

static void
test_unknown (void)
{
  g_autoptr (Registry) registry = open_registry ();
  static const char *const strange[] = { "", "../x", "a/b", "X", "no such", "\xff" };

  g_autoptr (GError) error = NULL;
  g_assert_null (registry_backend (registry, "good-onne", &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  g_assert_cmpstr (error->message, ==,
                   "unknown backend \"good-onne\", did you mean \"good-one\"?");
  g_clear_error (&error);
  g_assert_null (registry_filter (registry, "entirely-else", &error));
  g_assert_nonnull (strstr (error->message, "unknown filter \"entirely-else\": no "
                                            "mailhaul-filter-entirely-else.so in /"));
  for (gsize i = 0; i < G_N_ELEMENTS (strange); i++)
    {
      g_clear_error (&error);
      g_assert_null (registry_backend (registry, strange[i], &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
    }
}

static void
test_names (void)
{
  g_autoptr (Registry) registry = open_registry ();
  g_auto (GStrv) backends = registry_names (registry, "backend");
  g_auto (GStrv) filters = registry_names (registry, "filter");

  g_assert_true (g_strv_contains ((const char *const *) backends, "good-one"));
  g_assert_true (g_strv_contains ((const char *const *) backends, "no-symbol"));
  g_assert_false (g_strv_contains ((const char *const *) backends, "good-filter"));
  g_assert_true (g_strv_contains ((const char *const *) filters, "good-filter"));
  for (gsize i = 1; backends[i] != NULL; i++)
    g_assert_cmpstr (backends[i - 1], <, backends[i]);

  const char *file = registry_file (registry, "filter", "good-filter");
  g_assert_true (g_str_has_suffix (file, "/mailhaul-filter-good-filter.so"));
  g_assert_null (registry_file (registry, "backend", "good-filter"));
}

/* The project's own filters, through libmailhaul: the errors that they set are the
 * core's, with their scope. MAILHAUL_TEST_FILTERS is where they were built. */
static void
test_own_filters (void)
{
  static const char *const names[] = { "rename-folder", "skip-folder", "skip-message" };
  const char *folder = g_getenv ("MAILHAUL_TEST_FILTERS");
  g_autoptr (Registry) registry = registry_new ((const char *const[]){ folder, NULL });

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autoptr (GError) error = NULL;
      const HaulFilter *filter = registry_filter (registry, names[i], &error);
      g_assert_no_error (error);

      g_autofree gpointer settings = g_malloc0 (filter->settings_size);
      g_assert_false (filter->check (settings, &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
      g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_JOB);
    }
}

/* ---- files in a folder of their own ---- */

typedef struct
{
  char *folder;
} Fixture;

static void
set_up (Fixture *self, gconstpointer user_data)
{
  self->folder = g_dir_make_tmp ("mailhaul-registry-XXXXXX", NULL);
}

static void
remove_tree (const char *folder)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  const char *name = NULL;

  while (directory != NULL && (name = g_dir_read_name (directory)) != NULL)
    {
      g_autofree char *path = g_build_filename (folder, name, NULL);
      if (g_file_test (path, G_FILE_TEST_IS_DIR)
          && !g_file_test (path, G_FILE_TEST_IS_SYMLINK))
        remove_tree (path);
      else
        g_unlink (path);
    }
  g_rmdir (folder);
}

static void
tear_down (Fixture *self, gconstpointer user_data)
{
  remove_tree (self->folder);
  g_free (self->folder);
}

static char *
read_good (gsize *out_length)
{
  g_autofree char *file = g_build_filename (plugin_folder (),
                                            "mailhaul-backend-good-one.so", NULL);
  char *bytes = NULL;

  g_assert_true (g_file_get_contents (file, &bytes, out_length, NULL));
  return bytes;
}

static void
write_plugin (Fixture *self, const char *subfolder, const char *bytes, gsize length)
{
  g_autofree char *folder = g_build_filename (self->folder, subfolder, NULL);
  g_autofree char *file = g_build_filename (folder, "mailhaul-backend-good-one.so", NULL);

  g_assert_cmpint (g_mkdir_with_parents (folder, 0700), ==, 0);
  g_assert_true (g_file_set_contents (file, bytes, (gssize) length, NULL));
}

static void
assert_file_refused (Fixture *self, const char *words)
{
  g_autoptr (Registry)
      registry = registry_new ((const char *const[]){ self->folder, NULL });
  g_autoptr (GError) error = NULL;
  g_autofree char *start = g_strdup_printf (
      "load plugin '%s/mailhaul-backend-good-one.so': ", self->folder);

  g_assert_null (registry_backend (registry, "good-one", &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  if (!g_str_has_prefix (error->message, start) || strstr (error->message, words) == NULL)
    g_assert_cmpstr (error->message, ==, words);
}

static void
test_truncated (Fixture *self, gconstpointer user_data)
{
  gsize length = 0;
  g_autofree char *bytes = read_good (&length);

  for (gsize cut = 4; cut < length; cut += cut < 128 ? 1 : length / 50)
    {
      write_plugin (self, ".", bytes, cut);
      assert_file_refused (self, "the file is truncated");
    }
  write_plugin (self, ".", bytes, length - 1);
  assert_file_refused (self, "the file is truncated");
}

static void
test_no_module (Fixture *self, gconstpointer user_data)
{
  g_autofree char *file = g_build_filename (self->folder, "mailhaul-backend-good-one.so",
                                            NULL);

  write_plugin (self, ".", "", 0);
  assert_file_refused (self, "the file is empty");
  write_plugin (self, ".", "GROUP ( /lib/libc.so.6 )\n", 25);
  assert_file_refused (self, "not a module (no ELF file)");
  g_unlink (file);
  g_assert_cmpint (g_mkdir (file, 0700), ==, 0);
  assert_file_refused (self, "not a regular file");
  g_rmdir (file);
  g_assert_cmpint (mkfifo (file, 0600), ==, 0);
  assert_file_refused (self, "not a regular file");
  g_unlink (file);
  g_assert_cmpint (symlink ("nowhere", file), ==, 0);
  assert_file_refused (self, "No such file or directory");
}

/* Headers that point anywhere must not be believed. */
static void
test_hostile_headers (Fixture *self, gconstpointer user_data)
{
  gsize length = 0;
  g_autofree char *bytes = read_good (&length);

  memset (bytes + 32, 0xff, 8); /* e_phoff */
  write_plugin (self, ".", bytes, length);
  assert_file_refused (self, "the file is truncated");
}

static void
test_subfolder (Fixture *self, gconstpointer user_data)
{
  gsize length = 0;
  g_autofree char *bytes = read_good (&length);

  write_plugin (self, "backends", bytes, length);
  g_autoptr (Registry)
      registry = registry_new ((const char *const[]){ self->folder, NULL });
  g_assert_nonnull (registry_backend (registry, "good-one", NULL));
}

/* The environment goes before the arguments; folders that are not there do no harm. */
static void
test_search_order (Fixture *self, gconstpointer user_data)
{
  g_autofree char *path = g_strdup_printf ("/does/not/exist::%s", self->folder);

  write_plugin (self, ".", "x", 1);
  g_setenv ("MAILHAUL_PLUGIN_PATH", path, TRUE);
  g_autoptr (Registry) registry = open_registry ();
  g_unsetenv ("MAILHAUL_PLUGIN_PATH");
  g_assert_true (
      g_str_has_prefix (registry_file (registry, "backend", "good-one"), self->folder));
  g_assert_null (registry_backend (registry, "good-one", NULL));
}

static void
test_file_names (Fixture *self, gconstpointer user_data)
{
  static const char *const names[] = {
    "mailhaul-backend-.so", "mailhaul-backend-X.so",    "mailhaul-backend-a.so.1",
    "mailhaul-backend-a",   "libmailhaul-backend-a.so", "mailhaul-backend-a b.so"
  };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *file = g_build_filename (self->folder, names[i], NULL);
      g_assert_true (g_file_set_contents (file, "x", 1, NULL));
    }
  g_autoptr (Registry)
      registry = registry_new ((const char *const[]){ self->folder, NULL });
  g_auto (GStrv) found = registry_names (registry, "backend");
  g_assert_cmpuint (g_strv_length (found), ==, 0);
}

/* ---- linked in ---- */

static gboolean
keep_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
             GError **error)
{
  return TRUE;
}

static void
test_linked_in (void)
{
  static const HaulFilter filter = { HAUL_FILTER_HEADER, .name = "good-filter",
                                     .summary = "Linked in", .folder = keep_folder };
  static const HaulFilter broken = { HAUL_FILTER_HEADER, .name = "broken",
                                     .summary = "Does nothing" };
  g_autoptr (Registry) registry = open_registry ();
  g_autoptr (GError) error = NULL;

  g_assert_true (registry_add_filter (registry, &filter, &error));
  g_assert_no_error (error);
  g_assert_true (registry_filter (registry, "good-filter", NULL)->folder == keep_folder);
  g_assert_null (registry_file (registry, "filter", "good-filter"));

  g_assert_false (registry_add_filter (registry, &filter, &error));
  g_assert_cmpstr (error->message, ==, "there is a filter 'good-filter' already");
  g_clear_error (&error);
  g_assert_false (registry_add_filter (registry, &broken, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  g_clear_error (&error);
  g_assert_false (registry_add_backend (registry, NULL, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
}

static void
add_refusals (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (backend_refusals); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plugin/registry/refuses-backend-%s",
                                               backend_refusals[i].name);
      g_test_add_data_func (path, &backend_refusals[i], test_backend_refused);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (filter_refusals); i++)
    {
      g_autofree char *path = g_strdup_printf ("/plugin/registry/refuses-filter-%s",
                                               filter_refusals[i].name);
      g_test_add_data_func (path, &filter_refusals[i], test_filter_refused);
    }
}

#define ADD(name, func)                                                                  \
  g_test_add ("/plugin/registry/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_unsetenv ("MAILHAUL_PLUGIN_PATH");
  g_test_add_func ("/plugin/registry/loads-whole-plugins", test_good);
  g_test_add_func ("/plugin/registry/never-unloads", test_resident);
  g_test_add_func ("/plugin/registry/takes-a-plugin-of-older-headers", test_older);
  g_test_add_func ("/plugin/registry/takes-a-plugin-of-newer-headers", test_newer);
  g_test_add_func ("/plugin/registry/names-the-nearest-plugin", test_unknown);
  g_test_add_func ("/plugin/registry/lists-plugins-unopened", test_names);
  g_test_add_func ("/plugin/registry/takes-linked-in-plugins", test_linked_in);
  if (g_getenv ("MAILHAUL_TEST_FILTERS") != NULL)
    g_test_add_func ("/plugin/registry/loads-the-own-filters", test_own_filters);
  add_refusals ();
  ADD ("refuses-a-truncated-file", test_truncated);
  ADD ("refuses-what-is-no-module", test_no_module);
  ADD ("refuses-hostile-headers", test_hostile_headers);
  ADD ("looks-into-subfolders", test_subfolder);
  ADD ("searches-the-environment-first", test_search_order);
  ADD ("ignores-other-files", test_file_names);
  return g_test_run ();
}

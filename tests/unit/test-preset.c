/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tests of core/model/preset.c and preset-read.c: files right and wrong, names, what a
 * job gets from a preset, and every preset that is shipped against preset.rng.
 */
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "model/job-xml.h"
#include "model/preset.h"

/* Settings: of a plugin with presets. */
typedef struct
{
  char *host;
  guint window;
  gint64 timeout_us;
  char **auth;
  HaulSecret *password;
  char *preset;
  gboolean fast;
} Settings;

static const HaulOptionSpec specs[] = {
  HAUL_OPT_STRING (Settings, host, "host", NULL, HAUL_OPT_REQUIRED, "Host"),
  HAUL_OPT_UINT (Settings, window, "window", "64", "1", "100", "commands", HAUL_OPT_NONE,
                 "Window"),
  HAUL_OPT_DURATION (Settings, timeout_us, "timeout", "60s", "1s", "1h", HAUL_OPT_NONE,
                     "Timeout"),
  HAUL_OPT_LIST (Settings, auth, "auth", NULL, HAUL_OPT_NONE, "Mechanisms"),
  HAUL_OPT_SECRET (Settings, password, "password", HAUL_OPT_NONE, "Password"),
  HAUL_OPT_STRING (Settings, preset, "preset", NULL, HAUL_OPT_PRESET, "Preset"),
  HAUL_OPT_BOOL (Settings, fast, "fast", NULL, HAUL_OPT_ONLY_DESTINATION, "Fast"),
  HAUL_OPT_END,
};

/* Fixture: a folder of schemas of its own. */
typedef struct
{
  char *dir;
  char *presets;
} Fixture;

static void
set_up (Fixture *fixture, gconstpointer data)
{
  fixture->dir = g_dir_make_tmp ("mailhaul-preset-XXXXXX", NULL);
  g_assert_nonnull (fixture->dir);
  fixture->presets = g_build_filename (fixture->dir, "presets", NULL);
  g_assert_cmpint (g_mkdir (fixture->presets, 0700), ==, 0);
  g_setenv ("MAILHAUL_SCHEMA_DIR", fixture->dir, TRUE);
}

static void
tear_down (Fixture *fixture, gconstpointer data)
{
  GDir *files = g_dir_open (fixture->presets, 0, NULL);
  const char *base;

  while ((base = g_dir_read_name (files)) != NULL)
    {
      g_autofree char *file = g_build_filename (fixture->presets, base, NULL);
      g_assert_cmpint (g_unlink (file), ==, 0);
    }
  g_dir_close (files);
  g_assert_cmpint (g_rmdir (fixture->presets), ==, 0);
  g_assert_cmpint (g_rmdir (fixture->dir), ==, 0);
  g_free (fixture->presets);
  g_free (fixture->dir);
}

/* Writes a preset: the root's start, @body, its end. (transfer full) */
static char *
write_preset (const Fixture *fixture, const char *plugin, const char *name,
              const char *body)
{
  g_autofree char *base = g_strdup_printf ("%s-%s.xml", plugin, name);
  char *file = g_build_filename (fixture->presets, base, NULL);
  g_autofree char *text = g_strdup_printf (
      "<preset xmlns='urn:mailhaul:preset:1' plugin='%s' name='%s' summary='S'>\n%s"
      "</preset>",
      plugin, name, body);

  g_assert_true (g_file_set_contents (file, text, -1, NULL));
  return file;
}

static const char full[] =
    "<option name='host' value='mail.example' reason='r'/>\n"
    "<option name='window' value='8' role='source' reason='r'/>\n"
    "<option name='window' value='9' role='destination' reason='r'/>\n"
    "<option name='auth' value='ONE TWO' reason='r'/>\n"
    "<option name='fast' value='yes' role='destination' reason='r'/>\n"
    "<note text='Mind\n      the gap.'/>\n";

/* ---- settings ---- */

/* The settings that @options ("name=value", NULL-terminated) come to. */
static Settings *
parse (const char *const *options, guint32 refused, Problems *problems)
{
  g_autoptr (Job) job = job_new_for_pair ("x", NULL, NULL);
  JobElement *element = job_element_new ("imap", 7);
  Settings *settings;

  job->file = g_strdup ("job.xml");
  for (; *options != NULL; options++)
    {
      g_auto (GStrv) parts = g_strsplit (*options, "=", 2);
      job_element_add (element, parts[0], parts[1]);
    }
  settings = job_settings (job, element, job->accounts->pdata[0], specs, sizeof *settings,
                           refused, problems);
  job_element_free (element);
  return settings;
}

static Settings *
parse_well (const char *const *options, guint32 refused)
{
  g_autoptr (Problems) problems = problems_new ();
  Settings *settings = parse (options, refused, problems);

  for (guint i = 0; i < problems_length (problems); i++)
    g_assert_cmpstr (problems_get (problems, i)->text, ==, NULL);
  g_assert_nonnull (settings);
  return settings;
}

/* One problem at @line of a file that ends in @file, with @part. */
static void
assert_refused (const char *const *options, const char *file, guint line,
                const char *part)
{
  g_autoptr (Problems) problems = problems_new ();
  const Problem *problem;

  g_assert_null (parse (options, HAUL_OPT_ONLY_DESTINATION, problems));
  g_assert_cmpuint (problems_length (problems), ==, 1);
  problem = problems_get (problems, 0);
  g_test_message ("%s", problem->text);
  g_assert_true (g_str_has_suffix (problem->file, file));
  g_assert_cmpuint (problem->line, ==, line);
  g_assert_nonnull (strstr (problem->text, part));
}

static void
test_fills_in (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = write_preset (fixture, "imap", "demo", full);
  const char *const options[] = { "preset=demo", NULL };
  Settings *source = parse_well (options, HAUL_OPT_ONLY_DESTINATION);
  Settings *destination = parse_well (options, HAUL_OPT_ONLY_SOURCE);

  g_assert_cmpstr (source->host, ==, "mail.example");
  g_assert_cmpstr (source->preset, ==, "demo");
  g_assert_cmpuint (source->window, ==, 8);
  g_assert_cmpuint (destination->window, ==, 9);
  g_assert_cmpstr (source->auth[1], ==, "TWO");
  g_assert_cmpint (source->timeout_us, ==, 60 * G_USEC_PER_SEC);
  g_assert_false (source->fast);
  g_assert_true (destination->fast);
  option_table_free (specs, source);
  option_table_free (specs, destination);
}

static void
test_job_wins (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = write_preset (fixture, "imap", "demo", full);
  const char *const options[] = { "window=3", "preset=demo", "host=other.example",
                                  "password-env=X", NULL };
  Settings *settings = parse_well (options, HAUL_OPT_ONLY_DESTINATION);

  g_assert_cmpstr (settings->host, ==, "other.example");
  g_assert_cmpuint (settings->window, ==, 3);
  g_assert_cmpstr (settings->auth[0], ==, "ONE");
  option_table_free (specs, settings);
}

static void
test_unknown (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = write_preset (fixture, "imap", "demo", full);
  static const char *const names[] = { "preset=dmeo",   "preset=../presets/imap-demo",
                                       "preset=",       "preset=demo.xml",
                                       "preset=DEMO\n", "preset=-" };

  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *const options[] = { "host=h", names[i], NULL };
      assert_refused (options, "job.xml", 7, "imap: unknown preset \"");
    }
  const char *const near[] = { "preset=dmeo", NULL };
  assert_refused (near, "job.xml", 7, "did you mean \"demo\"?");
  assert_refused (near, "job.xml", 7, "demo");
}

static void
test_no_presets (Fixture *fixture, gconstpointer data)
{
  const char *const options[] = { "preset=demo", NULL };

  g_setenv ("MAILHAUL_SCHEMA_DIR", "/nonexistent", TRUE);
  assert_refused (options, "job.xml", 7, "unknown preset \"demo\"");
}

/* What only the plugin's table knows is told with the line in the preset. */
static void
test_wrong_values (Fixture *fixture, gconstpointer data)
{
  static const struct
  {
    const char *body;
    guint line;
    const char *part;
  } vectors[] = {
    { "\n<option name='window' value='4096' reason='r'/>", 3,
      "imap: \"window\" must be 1 to 100 commands" },
    { "<option name='windwo' value='1' reason='r'/>", 2, "did you mean \"window\"?" },
    { "<option name='password' value='hunter2' reason='r'/>", 2,
      "a preset cannot hold the secret \"password\"" },
    { "<option name='password-command' value='x' reason='r'/>", 2,
      "a preset cannot hold the secret" },
    { "<option name='fast' value='yes' reason='r'/>", 2, "only for a destination" },
    { "<option name='timeout' value='fast' reason='r'/>", 2, "\"timeout\" must be" },
  };
  const char *const options[] = { "preset=bad", "host=h", NULL };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *file = write_preset (fixture, "imap", "bad", vectors[i].body);
      assert_refused (options, "imap-bad.xml", vectors[i].line, vectors[i].part);
    }
}

static void
test_columns (Fixture *fixture, gconstpointer data)
{
  const char *const options[] = { "host=h", "preset=${kind}", NULL };

  assert_refused (options, "job.xml", 7, "${");
  g_autofree char *file = write_preset (
      fixture, "imap", "plain", "<option name='host' value='a${b}$$c' reason='r'/>");
  const char *const plain[] = { "preset=plain", NULL };
  Settings *settings = parse_well (plain, HAUL_OPT_ONLY_DESTINATION);
  g_assert_cmpstr (settings->host, ==, "a${b}$$c");
  option_table_free (specs, settings);
}

/* ---- files ---- */

static void
test_reads (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = write_preset (fixture, "imap", "demo", full);
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Preset) preset = preset_read (file, problems);

  g_assert_nonnull (preset);
  g_assert_cmpstr (preset->plugin, ==, "imap");
  g_assert_cmpstr (preset->name, ==, "demo");
  g_assert_cmpuint (preset->options->len, ==, 5);
  g_assert_cmpuint (preset->notes->len, ==, 1);
  g_assert_cmpstr (((PresetNote *) preset->notes->pdata[0])->text, ==, "Mind the gap.");
  g_assert_cmpstr (preset_option (preset, &specs[1], PRESET_SOURCE)->value, ==, "8");
  g_assert_null (preset_option (preset, &specs[2], PRESET_SOURCE));
}

static const char schema_head[] = "<preset xmlns='urn:mailhaul:preset:1' ";

/* @body alone in a file: refused by the reader, and by the schema, if @schema. */
static const struct
{
  const char *body;
  const char *part;
  gboolean schema;
} wrong[] = {
  { "", "empty", TRUE },
  { "<preset", "not well-formed", TRUE },
  { "<preset plugin='imap' name='bad' summary='s'/>", "the root must be", TRUE },
  { "<job xmlns='urn:mailhaul:preset:1' plugin='imap' name='bad' summary='s'/>",
    "the root must be", TRUE },
  { "<!DOCTYPE preset [<!ENTITY a 'b'>]><preset/>", "a preset has no DOCTYPE", TRUE },
  { "@plugin='imap' name='bad'/>", "\"summary\" is missing", TRUE },
  { "@plugin='imap' name='bad' summary=' \n '/>", "\"summary\" is empty", TRUE },
  { "@plugin='imap' name='worse' summary='s'/>", "must be in a file named", FALSE },
  { "@plugin='imap' name='Bad' summary='s'/>", "must be lower-case", TRUE },
  { "@plugin='../imap' name='bad' summary='s'/>", "must be lower-case", TRUE },
  { "@plugin='imap' name='bad' summary='s' x='y'/>", "unknown attribute \"x\"", TRUE },
  { "@plugin='imap' name='bad' summary='s'>words</preset>", "text inside", TRUE },
  { "@plugin='imap' name='bad' summary='s'><host value='x'/></preset>",
    "unknown element <host>", TRUE },
  { "@plugin='imap' name='bad' summary='s'><o:option xmlns:o='urn:x' name='a' value='b'"
    " reason='r'/></preset>",
    "unknown element <option>", TRUE },
  { "@plugin='imap' name='bad' summary='s'><option name='a' value='b'/></preset>",
    "\"reason\" is missing", TRUE },
  { "@plugin='imap' name='bad' summary='s'><option name='a' value='' reason='r'/>"
    "</preset>",
    "\"value\" is empty", TRUE },
  { "@plugin='imap' name='bad' summary='s'><option value='b' reason='r'/></preset>",
    "\"name\" is missing", TRUE },
  { "@plugin='imap' name='bad' summary='s'><option name='a' value='b' reason='r' "
    "role='both'/></preset>",
    "\"role\" must be", TRUE },
  { "@plugin='imap' name='bad' summary='s'><option name='a' value='b' reason='r'/>"
    "<option name='a' value='c' role='source' reason='r'/></preset>",
    "given twice", FALSE },
  { "@plugin='imap' name='bad' summary='s'><note text='a'>b</note></preset>",
    "text inside <note>", TRUE },
  { "@plugin='imap' name='bad' summary='s'><note text='a'><note text='b'/></note>"
    "</preset>",
    "an element inside <note>", TRUE },
};

static gboolean
schema_takes (const char *text, gsize length)
{
  g_autofree char *file = g_test_build_filename (G_TEST_DIST, "../../schemas/preset.rng",
                                                 NULL);
  g_autoptr (Problems) problems = problems_new ();
  g_autofree char *schema = NULL;
  gsize schema_length;
  JobText preset = { .file = "p.xml", .data = text, .length = length, .what = "preset" };

  g_assert_true (g_file_get_contents (file, &schema, &schema_length, NULL));
  gboolean taken = job_xml_validate (&preset, schema, schema_length, problems);
  for (guint i = 0; i < problems_length (problems); i++)
    {
      g_test_message ("%s", problems_get (problems, i)->text);
      g_assert_null (strstr (problems_get (problems, i)->text, "cannot read the schema"));
    }
  return taken;
}

static void
test_wrong_files (Fixture *fixture, gconstpointer data)
{
  g_autofree char *file = g_build_filename (fixture->presets, "imap-bad.xml", NULL);

  for (gsize i = 0; i < G_N_ELEMENTS (wrong); i++)
    {
      const char *body = wrong[i].body;
      g_autofree char *text = *body == '@' ? g_strconcat (schema_head, body + 1, NULL)
                                           : g_strdup (body);
      g_autoptr (Problems) problems = problems_new ();

      g_assert_true (g_file_set_contents (file, text, -1, NULL));
      g_assert_null (preset_read (file, problems));
      g_assert_cmpuint (problems_count (problems), >=, 1);
      g_test_message ("%s", problems_get (problems, 0)->text);
      g_assert_cmpstr (problems_get (problems, 0)->file, ==, file);
      g_assert_nonnull (strstr (problems_get (problems, 0)->text, wrong[i].part));
      g_assert_cmpint (schema_takes (text, strlen (text)), ==, !wrong[i].schema);
    }
}

static void
test_large_file (Fixture *fixture, gconstpointer data)
{
  g_autofree char *spaces = g_strnfill (PRESET_LIMIT_BYTES, ' ');
  g_autofree char *file = write_preset (fixture, "imap", "big", spaces);
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (preset_read (file, problems));
  g_assert_nonnull (strstr (problems_get (problems, 0)->text, "larger than 64 KiB"));
  g_assert_null (preset_read ("/nonexistent/imap-x.xml", problems));
  g_assert_nonnull (strstr (problems_get (problems, 1)->text, "No such file"));
}

static void
test_names (Fixture *fixture, gconstpointer data)
{
  g_autofree char *first = write_preset (fixture, "own", "zeta", "");
  g_autofree char *second = write_preset (fixture, "own", "alpha", "");
  g_autofree char *other = write_preset (fixture, "own-next", "beta", "");
  g_autofree char *junk = g_build_filename (fixture->presets, "own-.xml", NULL);
  g_autofree char *text = g_build_filename (fixture->presets, "own-notes.txt", NULL);

  g_assert_true (g_file_set_contents (junk, "x", -1, NULL));
  g_assert_true (g_file_set_contents (text, "x", -1, NULL));
  g_auto (GStrv) names = preset_names ("own");
  g_auto (GStrv) next = preset_names ("own-next");
  g_auto (GStrv) none = preset_names ("maildir");
  g_autofree char *all = g_strjoinv (" ", names);
  g_assert_cmpstr (all, ==, "alpha zeta");
  g_assert_cmpuint (g_strv_length (next), ==, 1);
  g_assert_cmpstr (next[0], ==, "beta");
  g_assert_cmpuint (g_strv_length (none), ==, 0);
}

/* ---- what is shipped ---- */

static void
test_shipped (void)
{
  static const char *const due[] = { "courier",  "cyrus",           "domino",   "dovecot",
                                     "exchange", "exchange-online", "fastmail", "gmail",
                                     "gmx",      "icloud",          "yahoo",    "zimbra",
                                     "zoho" };
  g_autofree char *schemas = g_test_build_filename (G_TEST_DIST, "../../schemas", NULL);

  g_setenv ("MAILHAUL_SCHEMA_DIR", schemas, TRUE);
  for (gsize i = 0; i < G_N_ELEMENTS (due); i++)
    {
      g_autoptr (Problems) problems = problems_new ();
      g_autofree char *file = preset_find ("imap", due[i]);
      g_autofree char *text = NULL;
      gsize length;

      g_assert_nonnull (file);
      g_autoptr (Preset) preset = preset_read (file, problems);
      for (guint j = 0; j < problems_length (problems); j++)
        g_assert_cmpstr (problems_get (problems, j)->text, ==, NULL);
      g_assert_nonnull (preset);
      g_assert_cmpuint (preset->options->len, >, 0);
      g_assert_cmpuint (preset->notes->len, >, 0);
      g_assert_true (g_file_get_contents (file, &text, &length, NULL));
      g_assert_true (schema_takes (text, length));
    }
}

#define ADD(name, func)                                                                  \
  g_test_add ("/model/preset/" name, Fixture, NULL, set_up, func, tear_down)

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  ADD ("fills-in-what-the-job-leaves-open", test_fills_in);
  ADD ("the-job-wins", test_job_wins);
  ADD ("an-unknown-one-is-told-with-the-nearest", test_unknown);
  ADD ("a-missing-folder-is-told", test_no_presets);
  ADD ("wrong-values-are-told-with-their-line", test_wrong_values);
  ADD ("values-have-no-columns", test_columns);
  ADD ("reads-what-is-right", test_reads);
  ADD ("refuses-what-is-wrong-as-the-schema-does", test_wrong_files);
  ADD ("refuses-large-and-missing-files", test_large_file);
  ADD ("names-are-sorted-and-the-plugins-own", test_names);
  g_test_add_func ("/model/preset/shipped-ones-are-right", test_shipped);
  return g_test_run ();
}

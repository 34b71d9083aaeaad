/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of core/model/schema.c: the printed schema, held against jobs by libxml2. */
#include <glib.h>
#include <string.h>

#include "model/job-xml.h"
#include "model/schema.h"

/* Settings: one member for each type of option. */
typedef struct
{
  gboolean yes;
  guint window;
  guint64 size;
  gint64 wait;
  char *user;
  char *path;
  int mode;
  char **words;
  GRegex *match;
  HaulSecret *password;
  HaulSecret *token;
  gint64 since;
} Settings;

static const char *const modes[] = { "fast", "safe & <sound>", NULL };

static const HaulOptionSpec demo_options[] = {
  HAUL_OPT_BOOL (Settings, yes, "yes", "true", HAUL_OPT_NONE, "Whether"),
  HAUL_OPT_UINT (Settings, window, "window", "64", "1", "1024", "commands", HAUL_OPT_NONE,
                 "Commands in flight"),
  HAUL_OPT_SIZE (Settings, size, "size", "1M", "1K", "1G", HAUL_OPT_NONE, "How much"),
  HAUL_OPT_DURATION (Settings, wait, "wait", "60s", NULL, "1h", HAUL_OPT_NONE,
                     "How long"),
  HAUL_OPT_STRING (Settings, user, "user", NULL, HAUL_OPT_ONLY_SOURCE, "Who"),
  HAUL_OPT_PATH (Settings, path, "path", NULL, HAUL_OPT_REQUIRED, "Where"),
  HAUL_OPT_ENUM (Settings, mode, "mode", "fast", modes, HAUL_OPT_ONLY_DESTINATION, "How"),
  HAUL_OPT_LIST (Settings, words, "words", NULL, HAUL_OPT_NONE, "Some <words> & more"),
  HAUL_OPT_PATTERN (Settings, match, "match", NULL, HAUL_OPT_NONE, "Which"),
  HAUL_OPT_SECRET (Settings, password, "password", HAUL_OPT_REQUIRED, "Password"),
  HAUL_OPT_SECRET (Settings, token, "token", HAUL_OPT_NONE, "Token"),
  HAUL_OPT_DATE (Settings, since, "since", NULL, HAUL_OPT_DEPRECATED, "Since when"),
  HAUL_OPT_END,
};

static const SchemaPlugin plugins[] = {
  { SCHEMA_SOURCE | SCHEMA_DESTINATION, "demo", "A <demo> & more", demo_options },
  { SCHEMA_SOURCE, "reader", NULL, NULL },
  { SCHEMA_FILTER, "skip", "Skips", NULL },
};

static gboolean
takes (const char *schema, const char *job)
{
  g_autoptr (Problems) problems = problems_new ();
  JobText text = { .file = "job.xml", .data = job, .length = strlen (job) };
  gboolean valid = job_xml_validate (&text, schema, strlen (schema), problems);

  for (guint i = 0; i < problems_length (problems); i++)
    g_assert_null (strstr (problems_get (problems, i)->text, "cannot read the schema"));
  return valid;
}

/* A job whose source is the element @source and whose destination @destination. */
static char *
job_with (const char *source, const char *destination)
{
  return g_strdup_printf ("<job xmlns='urn:mailhaul:job:1'><source>%s</source>"
                          "<destination>%s</destination><filters><skip/></filters></job>",
                          source, destination);
}

static void
test_frame_is_the_installed_file (void)
{
  g_autofree char *path = g_test_build_filename (G_TEST_DIST, "..", "..", "schemas",
                                                 "job.rng", NULL);
  g_autofree char *printed = schema_print (NULL, 0);
  g_autofree char *installed = NULL;

  g_assert_true (g_file_get_contents (path, &installed, NULL, NULL));
  g_assert_cmpstr (printed, ==, installed);
}

static void
test_frame_takes_any_plugin (void)
{
  g_autofree char *schema = schema_print (NULL, 0);
  g_autofree char *job = job_with ("<a b='c' d-e='f'/>", "<g/>");

  g_assert_true (takes (schema, job));
}

static void
test_schema_is_utf8_and_escaped (void)
{
  g_autofree char *schema = schema_print (plugins, G_N_ELEMENTS (plugins));

  g_assert_true (g_utf8_validate (schema, -1, NULL));
  g_assert_nonnull (strstr (schema, "A &lt;demo&gt; &amp; more"));
  g_assert_nonnull (strstr (schema, "safe &amp; &lt;sound&gt;"));
  g_assert_nonnull (strstr (schema, "1K to 1G"));
  g_assert_nonnull (strstr (schema, "1 to 1024 commands; default 64"));
}

static void
test_known_plugins_only (void)
{
  g_autofree char *schema = schema_print (plugins, G_N_ELEMENTS (plugins));
  g_autofree char *good = job_with ("<reader/>", "<demo path='x' password='y'/>");
  g_autofree char *unknown = job_with ("<other/>", "<demo path='x' password='y'/>");
  g_autofree char *wrong_side = job_with ("<reader/>", "<reader/>");
  g_autofree char *filter = job_with ("<skip/>", "<demo path='x' password='y'/>");

  g_assert_true (takes (schema, good));
  g_assert_false (takes (schema, unknown));
  g_assert_false (takes (schema, wrong_side));
  g_assert_false (takes (schema, filter));
}

static void
test_nothing_for_a_role_without_plugins (void)
{
  g_autofree char *schema = schema_print (plugins, 2);
  g_autofree char *job = job_with ("<reader/>", "<demo path='x' password='y'/>");

  g_assert_false (takes (schema, job)); /* the filter */
}

/* Whether the source <demo>, with what it must have and @attributes, is taken. */
static gboolean
takes_attributes (const char *schema, const char *attributes, gboolean destination)
{
  g_autofree char *element = g_strdup_printf ("<demo path='x' password-file='y' %s/>",
                                              attributes);
  g_autofree char *job = destination
                             ? job_with ("<reader/>", element)
                             : job_with (element, "<demo path='x' password='y'/>");

  g_test_message ("%s", attributes);
  return takes (schema, job);
}

static void
test_values_of_each_type (void)
{
  static const char *const good[] = {
    "",
    "yes='off'",
    "window='1'",
    "window='1024'",
    "size='17'",
    "size='50M'",
    "size='64KiB'",
    "wait='90s'",
    "wait='0'",
    "wait='500ms'",
    "user=''",
    "words='a b c'",
    "match='^a.*$'",
    "since='2024-01-31'",
    "since='2024-01-31T10:20:30Z'",
    "token-env='X'",
    "token-command='a b'",
    "token='x'",
    "yes='${c}' window='${c}' size='${a b}' wait='x${c}y' since='${c}' user='${c}'"
  };
  static const char *const bad[] = {
    "yes='maybe'",  "window='0'",     "window='1025'",
    "window='x'",   "window=' 1'",    "window='${'",
    "window='${}'", "size='M'",       "size='5X'",
    "size='-1'",    "wait='90'",      "wait='s'",
    "wait='90 s'",  "since='today'",  "since='2024-1-1'",
    "mode='fast'",  "unknown='x'",    "token='x' token-file='y'",
    "password='x'", "token-files='x'"
  };
  g_autofree char *schema = schema_print (plugins, G_N_ELEMENTS (plugins));

  for (gsize i = 0; i < G_N_ELEMENTS (good); i++)
    g_assert_true (takes_attributes (schema, good[i], FALSE));
  for (gsize i = 0; i < G_N_ELEMENTS (bad); i++)
    g_assert_false (takes_attributes (schema, bad[i], FALSE));
}

static void
test_options_of_one_side (void)
{
  g_autofree char *schema = schema_print (plugins, G_N_ELEMENTS (plugins));

  g_assert_true (takes_attributes (schema, "mode='fast'", TRUE));
  g_assert_true (takes_attributes (schema, "mode='safe &amp; &lt;sound>'", TRUE));
  g_assert_false (takes_attributes (schema, "mode='slow'", TRUE));
  g_assert_false (takes_attributes (schema, "user='x'", TRUE));
}

static void
test_required_options (void)
{
  g_autofree char *schema = schema_print (plugins, G_N_ELEMENTS (plugins));
  g_autofree char *no_path = job_with ("<reader/>", "<demo password='y'/>");
  g_autofree char *no_secret = job_with ("<reader/>", "<demo path='x'/>");

  g_assert_false (takes (schema, no_path));
  g_assert_false (takes (schema, no_secret));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/schema/frame/is-the-installed-file",
                   test_frame_is_the_installed_file);
  g_test_add_func ("/schema/frame/takes-any-plugin", test_frame_takes_any_plugin);
  g_test_add_func ("/schema/text/is-utf8-and-escaped", test_schema_is_utf8_and_escaped);
  g_test_add_func ("/schema/plugins/known-ones-only", test_known_plugins_only);
  g_test_add_func ("/schema/plugins/nothing-for-a-role-without-them",
                   test_nothing_for_a_role_without_plugins);
  g_test_add_func ("/schema/options/values-of-each-type", test_values_of_each_type);
  g_test_add_func ("/schema/options/of-one-side", test_options_of_one_side);
  g_test_add_func ("/schema/options/required-ones", test_required_options);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Option tables: settings out of strings, every mistake with its words, and the sanity of
 * a plugin's table.
 */
#include "base/option-table.h"

#include <string.h>

typedef struct
{
  gboolean compress;
  guint window;
  guint64 literal;
  gint64 patience_us;
  char *host;
  char *path;
  int tls;
  char **words;
  GRegex *match;
  HaulSecret *password;
  gint64 before;
  guint old;
} Sample;

static const char *const tls_choices[] = { "implicit", "starttls", "none", NULL };

static const HaulOptionSpec sample[] = {
  HAUL_OPT_STRING (Sample, host, "host", NULL, HAUL_OPT_REQUIRED, "Server"),
  HAUL_OPT_BOOL (Sample, compress, "compress", "yes", HAUL_OPT_NONE, "Compress"),
  HAUL_OPT_UINT (Sample, window, "window", "64", "1", "1024", "commands", HAUL_OPT_NONE,
                 "Commands in flight"),
  HAUL_OPT_SIZE (Sample, literal, "literal", "64KiB", "1K", "10M", HAUL_OPT_NONE, "Size"),
  HAUL_OPT_DURATION (Sample, patience_us, "patience", "60s", "1s", "1h", HAUL_OPT_NONE,
                     "Longest silence"),
  HAUL_OPT_PATH (Sample, path, "path", NULL, HAUL_OPT_ONLY_SOURCE, "Where"),
  HAUL_OPT_ENUM (Sample, tls, "tls", "implicit", tls_choices, HAUL_OPT_NONE, "TLS"),
  HAUL_OPT_LIST (Sample, words, "words", "a b", HAUL_OPT_NONE, "Words"),
  HAUL_OPT_PATTERN (Sample, match, "match", NULL, HAUL_OPT_NONE, "Pattern"),
  HAUL_OPT_SECRET (Sample, password, "password", HAUL_OPT_NONE, "Password"),
  HAUL_OPT_DATE (Sample, before, "before", NULL, HAUL_OPT_NONE, "Before"),
  HAUL_OPT_UINT (Sample, old, "old", NULL, NULL, NULL, "commands", HAUL_OPT_DEPRECATED,
                 "say window"),
  HAUL_OPT_END,
};

#define PLACE                                                                            \
  ((OptionPlace){ .file = "job.xml",                                                     \
                  .line = 14,                                                            \
                  .owner = "imap",                                                       \
                  .directory = "/jobs",                                                  \
                  .refused_flags = HAUL_OPT_ONLY_DESTINATION })

static Sample *
parse (const OptionValue *values, gsize count, Problems *problems)
{
  OptionPlace place = PLACE;

  return option_table_parse (sample, sizeof (Sample), values, count, &place, problems);
}

static void
test_table_is_sane (void)
{
  g_autoptr (GError) error = NULL;

  option_table_check (sample, sizeof (Sample), &error);
  g_assert_no_error (error);
}

static void
test_defaults (void)
{
  static const OptionValue values[] = { { "host", "h" } };
  static const char *const words[] = { "a", "b", NULL };
  g_autoptr (Problems) problems = problems_new ();
  Sample *settings = parse (values, 1, problems);

  g_assert_cmpuint (problems_length (problems), ==, 0);
  g_assert_nonnull (settings);
  g_assert_cmpstr (settings->host, ==, "h");
  g_assert_true (settings->compress);
  g_assert_cmpuint (settings->window, ==, 64);
  g_assert_cmpuint (settings->literal, ==, 65536);
  g_assert_cmpint (settings->patience_us, ==, 60 * G_USEC_PER_SEC);
  g_assert_cmpint (settings->tls, ==, 0);
  g_assert_cmpstrv (settings->words, words);
  g_assert_null (settings->path);
  g_assert_null (settings->match);
  g_assert_null (settings->password);
  g_assert_cmpint (settings->before, ==, 0);
  option_table_free (sample, settings);
}

static void
test_values (void)
{
  static const OptionValue values[] = {
    { "host", "hä" },           { "compress", "OFF" },   { "window", "1024" },
    { "literal", "10M" },       { "patience", "1h" },    { "path", "a/../b" },
    { "tls", "none" },          { "words", "  x\ty\n" }, { "match", "^a(b)$" },
    { "before", "2024-01-31" },
  };
  static const char *const words[] = { "x", "y", NULL };
  g_autoptr (Problems) problems = problems_new ();
  Sample *settings = parse (values, G_N_ELEMENTS (values), problems);

  g_assert_cmpuint (problems_length (problems), ==, 0);
  g_assert_nonnull (settings);
  g_assert_false (settings->compress);
  g_assert_cmpuint (settings->window, ==, 1024);
  g_assert_cmpuint (settings->literal, ==, 10000000);
  g_assert_cmpint (settings->patience_us, ==, G_GINT64_CONSTANT (3600000000));
  g_assert_cmpstr (settings->path, ==, "/jobs/a/../b");
  g_assert_cmpint (settings->tls, ==, 2);
  g_assert_cmpstrv (settings->words, words);
  g_assert_true (g_regex_match (settings->match, "ab", 0, NULL));
  g_assert_cmpint (settings->before, ==, 1706659200);
  option_table_free (sample, settings);
}

static void
test_paths (void)
{
  g_autofree char *home = g_strconcat (g_get_home_dir (), "/Maildir", NULL);
  const struct
  {
    const char *text, *directory, *path;
  } vectors[] = {
    { "/a", "/jobs", "/a" },
    { "a", "/jobs", "/jobs/a" },
    { "a", NULL, "a" },
    { "~/Maildir", "/jobs", home },
    { "~a", "/jobs", "/jobs/~a" },
    { "\xff", "/jobs", "/jobs/\xff" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      OptionPlace place = PLACE;
      OptionValue values[] = { { "host", "h" }, { "path", vectors[i].text } };
      g_autoptr (Problems) problems = problems_new ();

      place.directory = vectors[i].directory;
      Sample *settings = option_table_parse (sample, sizeof (Sample), values, 2, &place,
                                             problems);
      g_assert_nonnull (settings);
      g_assert_cmpstr (settings->path, ==, vectors[i].path);
      option_table_free (sample, settings);
    }
}

typedef struct
{
  const char *name, *value, *text;
} Mistake;

static const Mistake mistakes[] = {
  { "windw", "64", "imap: unknown option \"windw\", did you mean \"window\"?" },
  { "password-flie", "x",
    "imap: unknown option \"password-flie\", did you mean \"password-file\"?" },
  { "nonsense-all", "x", "imap: unknown option \"nonsense-all\"" },
  { "host-file", "x", "imap: unknown option \"host-file\"" },
  { "window", "4096", "imap: \"window\" must be 1 to 1024 commands, got \"4096\"" },
  { "window", "0", "imap: \"window\" must be 1 to 1024 commands, got \"0\"" },
  { "window", "-1", "imap: \"window\" must be 1 to 1024 commands, got \"-1\"" },
  { "window", "many", "imap: \"window\" must be 1 to 1024 commands, got \"many\"" },
  { "window", "", "imap: \"window\" must be 1 to 1024 commands, got \"\"" },
  { "window", "99999999999999999999",
    "imap: \"window\" must be 1 to 1024 commands, got \"99999999999999999999\"" },
  { "literal", "11M", "imap: \"literal\" must be 1K to 10M, got \"11M\"" },
  { "literal", "big",
    "imap: \"literal\" must be a size like 50M or 64KiB (1K to 10M), got \"big\"" },
  { "patience", "2h", "imap: \"patience\" must be 1s to 1h, got \"2h\"" },
  { "patience", "90",
    "imap: \"patience\" must be a duration like 90s, 12h, 7d or 10y (1s to 1h), got "
    "\"90\"" },
  { "compress", "maybe", "imap: \"compress\" must be true or false, got \"maybe\"" },
  { "tls", "ssl", "imap: \"tls\" must be one of implicit, starttls, none, got \"ssl\"" },
  { "tls", "startls",
    "imap: \"tls\" must be one of implicit, starttls, none, got \"startls\", did you "
    "mean "
    "\"starttls\"?" },
  { "before", "31.1.2024",
    "imap: \"before\" must be a date like 2024-01-31 or 2024-01-31T12:00:00Z, got "
    "\"31.1.2024\"" },
  { "match", "", "imap: \"match\" must not be empty: it would match everything" },
  { "path", "", "imap: \"path\" must not be empty" },
  { "password", "", "imap: \"password\" must not be empty" },
  { "password-command", "echo 'hunter2",
    "imap: \"password-command\" must be a command line with balanced quotes" },
  { "words", "a\xff", "imap: \"words\" must be valid UTF-8, got \"a\xef\xbf\xbd\"" },
};

static void
test_mistakes (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (mistakes); i++)
    {
      OptionValue values[] = { { "host", "h" }, { mistakes[i].name, mistakes[i].value } };
      g_autoptr (Problems) problems = problems_new ();

      g_assert_null (parse (values, 2, problems));
      g_assert_cmpuint (problems_length (problems), ==, 1);
      g_assert_cmpstr (problems_get (problems, 0)->text, ==, mistakes[i].text);
      g_assert_cmpstr (problems_get (problems, 0)->file, ==, "job.xml");
      g_assert_cmpuint (problems_get (problems, 0)->line, ==, 14);
    }
}

static void
test_bad_pattern (void)
{
  static const OptionValue values[] = { { "host", "h" }, { "match", "(" } };
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (parse (values, 2, problems));
  g_assert_true (g_str_has_prefix (problems_get (problems, 0)->text,
                                   "imap: \"match\" must be a regular expression: "));
}

static void
test_all_at_once (void)
{
  static const OptionValue values[] = { { "windw", "1" },
                                        { "literal", "x" },
                                        { "tls", "x" },
                                        { "words", "a" },
                                        { "words", "b" } };
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (parse (values, G_N_ELEMENTS (values), problems));
  g_assert_cmpuint (problems_count (problems), ==, 5);
  g_assert_cmpstr (problems_get (problems, 3)->text, ==,
                   "imap: \"words\" is given twice");
  g_assert_cmpstr (problems_get (problems, 4)->text, ==, "imap: \"host\" is missing");
}

static void
test_long_value (void)
{
  g_autofree char *number = g_strnfill (100000, '9');
  OptionValue values[] = { { "host", "h" }, { "window", number } };
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (parse (values, 2, problems));
  g_assert_cmpuint (strlen (problems_get (problems, 0)->text), <, 150);
}

static void
test_secret_is_not_shown (void)
{
  static const OptionValue values[] = { { "password", "hunter2" },
                                        { "password-command", "'hunter2" },
                                        { "pasword", "hunter2" } };
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (parse (values, G_N_ELEMENTS (values), problems));
  g_assert_cmpuint (problems_count (problems), >=, 3);
  for (guint i = 0; i < problems_length (problems); i++)
    g_assert_null (strstr (problems_get (problems, i)->text, "hunter2"));
}

static void
test_bare_secret_warns (void)
{
  static const OptionValue values[] = { { "host", "h" }, { "password", "hunter2" } };
  g_autoptr (Problems) problems = problems_new ();
  Sample *settings = parse (values, 2, problems);

  g_assert_nonnull (settings);
  g_assert_cmpuint (problems_count (problems), ==, 0);
  g_assert_cmpuint (problems_length (problems), ==, 1);
  g_assert_true (problems_get (problems, 0)->warning);
  char *text = haul_secret_read (settings->password, NULL);
  g_assert_cmpstr (text, ==, "hunter2");
  haul_secret_free_text (text);
  option_table_free (sample, settings);
}

static void
test_two_secrets (void)
{
  static const OptionValue values[] = { { "host", "h" },
                                        { "password-env", "A" },
                                        { "password-file", "b" } };
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (parse (values, 3, problems));
  g_assert_cmpstr (problems_get (problems, 0)->text, ==,
                   "imap: \"password-env\" and \"password-file\" are given, but only one "
                   "can be used");
}

static void
test_wrong_side (void)
{
  static const OptionValue values[] = { { "host", "h" }, { "path", "x" } };
  OptionPlace place = PLACE;
  g_autoptr (Problems) problems = problems_new ();

  place.refused_flags = HAUL_OPT_ONLY_SOURCE;
  g_assert_null (
      option_table_parse (sample, sizeof (Sample), values, 2, &place, problems));
  g_assert_cmpstr (problems_get (problems, 0)->text, ==,
                   "imap: \"path\" is only for a source");
}

static void
test_deprecated (void)
{
  static const OptionValue values[] = { { "host", "h" }, { "old", "3" } };
  g_autoptr (Problems) problems = problems_new ();
  Sample *settings = parse (values, 2, problems);

  g_assert_nonnull (settings);
  g_assert_cmpuint (settings->old, ==, 3);
  g_assert_cmpstr (problems_get (problems, 0)->text, ==,
                   "imap: \"old\" is deprecated: say window");
  option_table_free (sample, settings);
}

static void
test_required (void)
{
  static const HaulOptionSpec specs[] = {
    HAUL_OPT_STRING (Sample, host, "host", NULL, HAUL_OPT_REQUIRED, "Server"),
    HAUL_OPT_SECRET (Sample, password, "password", HAUL_OPT_REQUIRED, "Password"),
    HAUL_OPT_END
  };
  static const OptionValue values[] = { { "host", "" } };
  OptionPlace place = PLACE;
  g_autoptr (Problems) problems = problems_new ();

  g_assert_null (
      option_table_parse (specs, sizeof (Sample), values, 1, &place, problems));
  g_assert_cmpstr (problems_get (problems, 0)->text, ==,
                   "imap: \"host\" must not be empty");
  g_assert_cmpstr (problems_get (problems, 1)->text, ==,
                   "imap: \"password\" is missing: give \"password-file\", "
                   "\"password-env\" or \"password-command\"");
}

static void
test_no_table (void)
{
  OptionPlace place = PLACE;
  g_autoptr (Problems) problems = problems_new ();
  gpointer settings = option_table_parse (NULL, 0, NULL, 0, &place, problems);

  g_assert_nonnull (settings);
  option_table_free (NULL, settings);
  option_table_free (sample, NULL);
  g_assert_true (option_table_check (NULL, 0, NULL));
}

/* Insane: a row, or two, that a plugin must not have. */
typedef struct
{
  const char *word; /* stands in the refusal */
  HaulOptionSpec rows[3];
} Insane;

static const Insane insane[] = {
  { "\"a\": the name \"a\" is used twice",
    { HAUL_OPT_BOOL (Sample, compress, "a", NULL, 0, "s"),
      HAUL_OPT_BOOL (Sample, compress, "a", NULL, 0, "s"), HAUL_OPT_END } },
  { "\"p-env\" is used twice",
    { HAUL_OPT_STRING (Sample, host, "p-env", NULL, 0, "s"),
      HAUL_OPT_SECRET (Sample, password, "p", 0, "s"), HAUL_OPT_END } },
  { "\"a\": the default must be 1 to 9 things, got \"10\"",
    { HAUL_OPT_UINT (Sample, window, "a", "10", "1", "9", "things", 0, "s"),
      HAUL_OPT_END } },
  { "the default must be true or false",
    { HAUL_OPT_BOOL (Sample, compress, "a", "x", 0, "s"), HAUL_OPT_END } },
  { "the default must be a regular expression",
    { HAUL_OPT_PATTERN (Sample, match, "a", "(", 0, "s"), HAUL_OPT_END } },
  { "the default must be one of",
    { HAUL_OPT_ENUM (Sample, tls, "a", "x", tls_choices, 0, "s"), HAUL_OPT_END } },
  { "no summary",
    { HAUL_OPT_BOOL (Sample, compress, "a", NULL, 0, NULL), HAUL_OPT_END } },
  { "no summary", { HAUL_OPT_BOOL (Sample, compress, "a", NULL, 0, ""), HAUL_OPT_END } },
  { "no unit",
    { HAUL_OPT_UINT (Sample, window, "a", NULL, NULL, NULL, NULL, 0, "s"),
      HAUL_OPT_END } },
  { "no choices",
    { HAUL_OPT_ENUM (Sample, tls, "a", NULL, NULL, 0, "s"), HAUL_OPT_END } },
  { "minimum is no number",
    { HAUL_OPT_SIZE (Sample, literal, "a", NULL, "x", NULL, 0, "s"), HAUL_OPT_END } },
  { "maximum is no number",
    { HAUL_OPT_DURATION (Sample, patience_us, "a", NULL, NULL, "1", 0, "s"),
      HAUL_OPT_END } },
  { "minimum is above the maximum",
    { HAUL_OPT_UINT (Sample, window, "a", NULL, "2", "1", "x", 0, "s"), HAUL_OPT_END } },
  { "required and has a default",
    { HAUL_OPT_STRING (Sample, host, "a", "x", HAUL_OPT_REQUIRED, "s"), HAUL_OPT_END } },
  { "must be lower-case",
    { HAUL_OPT_BOOL (Sample, compress, "A b", NULL, 0, "s"), HAUL_OPT_END } },
  { "must be lower-case",
    { HAUL_OPT_BOOL (Sample, compress, "", NULL, 0, "s"), HAUL_OPT_END } },
  { "type is unknown",
    { { .name = "a", .type = (HaulOptionType) 99, .summary = "s" }, HAUL_OPT_END } },
  { "outside the settings",
    { { .name = "a",
        .type = HAUL_OPTION_BOOL,
        .offset = sizeof (Sample),
        .summary = "s" },
      HAUL_OPT_END } },
  { "outside the settings",
    { { .name = "a", .type = HAUL_OPTION_STRING, .offset = 1, .summary = "s" },
      HAUL_OPT_END } },
  { "names a preset, but is no string",
    { HAUL_OPT_BOOL (Sample, compress, "a", NULL, HAUL_OPT_PRESET, "s"), HAUL_OPT_END } },
  { "names a preset, but is no string or has a default",
    { HAUL_OPT_STRING (Sample, host, "a", "x", HAUL_OPT_PRESET, "s"), HAUL_OPT_END } },
  { "the second one that names a preset",
    { HAUL_OPT_STRING (Sample, host, "a", NULL, HAUL_OPT_PRESET, "s"),
      HAUL_OPT_STRING (Sample, host, "b", NULL, HAUL_OPT_PRESET, "s"), HAUL_OPT_END } },
  { "a secret has no default",
    { { .name = "a",
        .type = HAUL_OPTION_SECRET,
        .offset = G_STRUCT_OFFSET (Sample, password),
        .default_text = "x",
        .summary = "s" },
      HAUL_OPT_END } },
};

static void
test_insane_tables (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (insane); i++)
    {
      g_autoptr (GError) error = NULL;

      g_assert_false (option_table_check (insane[i].rows, sizeof (Sample), &error));
      g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
      g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_JOB);
      g_assert_true (g_str_has_prefix (error->message, "option \""));
      if (strstr (error->message, insane[i].word) == NULL)
        g_assert_cmpstr (error->message, ==, insane[i].word);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/option-table/the-sample-is-sane", test_table_is_sane);
  g_test_add_func ("/base/option-table/fills-in-defaults", test_defaults);
  g_test_add_func ("/base/option-table/converts-every-type", test_values);
  g_test_add_func ("/base/option-table/relative-paths-start-at-the-job", test_paths);
  g_test_add_func ("/base/option-table/says-what-is-wrong", test_mistakes);
  g_test_add_func ("/base/option-table/says-why-a-pattern-is-none", test_bad_pattern);
  g_test_add_func ("/base/option-table/reports-all-mistakes-at-once", test_all_at_once);
  g_test_add_func ("/base/option-table/shows-the-start-of-a-long-value", test_long_value);
  g_test_add_func ("/base/option-table/never-shows-a-secret", test_secret_is_not_shown);
  g_test_add_func ("/base/option-table/a-bare-secret-warns", test_bare_secret_warns);
  g_test_add_func ("/base/option-table/one-form-of-a-secret-only", test_two_secrets);
  g_test_add_func ("/base/option-table/refuses-the-other-sides-options", test_wrong_side);
  g_test_add_func ("/base/option-table/deprecated-options-warn", test_deprecated);
  g_test_add_func ("/base/option-table/required-options-are-needed", test_required);
  g_test_add_func ("/base/option-table/a-plugin-may-have-no-options", test_no_table);
  g_test_add_func ("/base/option-table/refuses-insane-tables", test_insane_tables);
  return g_test_run ();
}

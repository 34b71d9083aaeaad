/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The life of a Job, its ${column} values, and the way to a plugin's settings. Reading a
 * job from a file is job-load.c's. On the caller's thread; a built job is immutable.
 */
#include "job.h"

#include <string.h>

#include "base/digest.h"
#include "base/option-values.h"
#include "model/job-account.h"
#include "model/preset.h"

/* SAFE_NAME_LIMIT_BYTES: a file's name has 255; the state adds suffixes to it. */
#define SAFE_NAME_LIMIT_BYTES 160
/* DEFAULT_ACCOUNTS, DEFAULT_CONNECTIONS: gentle to servers, enough to hide round trips.
 */
#define DEFAULT_ACCOUNTS    4
#define DEFAULT_CONNECTIONS 4

/* ---- life ---- */

static void
option_free (gpointer data)
{
  JobOption *option = data;

  /* The value may be a password. */
  explicit_bzero (option->value, strlen (option->value));
  g_free (option->name);
  g_free (option->value);
  g_free (option);
}

JobElement *
job_element_new (const char *plugin, guint line)
{
  JobElement *self = g_new0 (JobElement, 1);

  self->plugin = g_strdup (plugin);
  self->line = line;
  self->options = g_ptr_array_new_with_free_func (option_free);
  return self;
}

void
job_element_add (JobElement *self, const char *name, const char *value)
{
  JobOption *option = g_new0 (JobOption, 1);

  option->name = g_strdup (name);
  option->value = g_strdup (value);
  g_ptr_array_add (self->options, option);
}

void
job_element_free (JobElement *self)
{
  if (self == NULL)
    return;
  g_free (self->plugin);
  g_ptr_array_unref (self->options);
  g_free (self);
}

static void
element_free (gpointer data)
{
  job_element_free (data);
}

void
job_free (Job *self)
{
  if (self == NULL)
    return;
  g_free (self->file);
  g_free (self->directory);
  g_free (self->name);
  job_element_free (self->source);
  job_element_free (self->destination);
  g_ptr_array_unref (self->filters);
  g_ptr_array_unref (self->accounts);
  g_free (self->accounts_file);
  g_free (self->max_deletions);
  g_free (self->source_after_copy);
  g_free (self->state_directory);
  g_free (self->report_file);
  g_free (self);
}

Job *
job_new_for_pair (const char *name, const char *directory, const char *state_directory)
{
  Job *self = g_new0 (Job, 1);

  self->directory = g_canonicalize_filename (directory != NULL ? directory : ".", NULL);
  self->name = g_strdup (name);
  self->filters = g_ptr_array_new_with_free_func (element_free);
  self->accounts = g_ptr_array_new_with_free_func (job_account_free);
  self->verify = JOB_VERIFY_SIZE;
  self->account_limit = DEFAULT_ACCOUNTS;
  self->connection_limit = DEFAULT_CONNECTIONS;
  if (state_directory != NULL)
    {
      g_autofree char *path = option_value_resolve (state_directory, self->directory);

      self->state_directory = job_escape (path);
    }
  g_ptr_array_add (self->accounts, job_account_new (name, 0));
  return self;
}

/* ---- names ---- */

gboolean
job_name_is_secret (const char *name)
{
  static const char *const parts[] = { "password", "passwd", "secret", "token", NULL };
  g_autofree char *lower = g_ascii_strdown (name, -1);

  for (gsize i = 0; parts[i] != NULL; i++)
    if (strstr (lower, parts[i]) != NULL)
      return TRUE;
  return FALSE;
}

/* At most SAFE_NAME_LIMIT_BYTES, cut between characters, and the start of a digest. */
static void
shorten (GString *safe, const char *name)
{
  g_autoptr (Digest) digest = digest_new ();
  guint8 hash[DIGEST_LENGTH];
  gsize length = SAFE_NAME_LIMIT_BYTES - 17;

  digest_update (digest, name, strlen (name));
  digest_finish (digest, hash);
  while (length > 0 && ((guint8) safe->str[length] & 0xc0) == 0x80)
    length--;
  g_string_truncate (safe, length);
  g_string_append_c (safe, '-');
  for (gsize i = 0; i < 8; i++)
    g_string_append_printf (safe, "%02x", hash[i]);
}

char *
job_safe_name (const char *name)
{
  g_autoptr (GString) safe = g_string_new (NULL);

  for (const char *p = name; *p != '\0'; p++)
    {
      guint8 c = (guint8) *p;

      if (c < 0x20 || c == 0x7f || strchr ("/%\\", *p) != NULL || (c == '.' && p == name))
        g_string_append_printf (safe, "%%%02X", c);
      else
        g_string_append_c (safe, *p);
    }
  if (safe->len > SAFE_NAME_LIMIT_BYTES)
    shorten (safe, name);
  return g_string_free (g_steal_pointer (&safe), FALSE);
}

/* ---- ${column} ---- */

static gboolean
unknown_column (const JobAccount *account, const char *column, GError **error)
{
  const char *const *names = account != NULL ? (const char *const *) account->columns
                                             : NULL;
  const char *near = names != NULL ? problems_nearest (column, names) : NULL;
  g_autofree char *known = NULL;

  if (names == NULL || names[0] == NULL)
    return haul_error_set (
        error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
        "unknown column \"%s\": the job has no <accounts>; a \"${\" that is "
        "meant as text is written \"$${\"",
        column);
  if (near != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "unknown column \"%s\", did you mean \"%s\"?", column, near);
  known = g_strjoinv (", ", account->columns);
  return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                         "unknown column \"%s\"; there are %s", column, known);
}

/* Appends the value of the column whose "${" is at *@p and moves behind its "}". */
static gboolean
expand_column (const JobAccount *account, const char **p, GString *out, GError **error)
{
  const char *start = *p + 2;
  const char *end = strchr (start, '}');
  g_autofree char *column = NULL;

  if (end == NULL)
    return haul_error_set (
        error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
        "a \"${\" without its \"}\"; one that is meant as text is written "
        "\"$${\"");
  column = g_strndup (start, end - start);
  for (gsize i = 0;
       account != NULL && account->columns != NULL && account->columns[i] != NULL; i++)
    if (strcmp (account->columns[i], column) == 0)
      {
        g_string_append (out, account->values[i]);
        *p = end + 1;
        return TRUE;
      }
  return unknown_column (account, column, error);
}

char *
job_expand (const JobAccount *account, const char *text, GError **error)
{
  g_autoptr (GString) out = g_string_new (NULL);
  const char *p = text;

  while (*p != '\0')
    {
      gsize plain = strcspn (p, "$");

      g_string_append_len (out, p, (gssize) plain);
      p += plain;
      if (p[0] == '$' && p[1] == '{')
        {
          if (!expand_column (account, &p, out, error))
            return NULL;
        }
      else if (*p == '$')
        {
          g_string_append_c (out, '$');
          p += p[1] == '$' ? 2 : 1;
        }
    }
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
job_escape (const char *text)
{
  g_autoptr (GString) out = g_string_new (text);

  if (strstr (text, "${") != NULL || strstr (text, "$$") != NULL)
    g_string_replace (out, "$", "$$", 0);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

char *
job_path (const Job *self, const JobAccount *account, const char *text, GError **error)
{
  g_autofree char *expanded = job_expand (account, text, error);

  return expanded != NULL ? option_value_resolve (expanded, self->directory) : NULL;
}

/* ---- settings ---- */

static void
complain_about_expansion (const Job *self, const JobElement *element,
                          const JobOption *option, const GError *error,
                          Problems *problems)
{
  guint line = option->line > 0 ? option->line : element->line;

  if (job_name_is_secret (option->name))
    problems_add (
        problems, self->file, line,
        "%s: \"%s\" has a \"${\" without a column of that name; one that is meant as "
        "text is written \"$${\"",
        element->plugin, option->name);
  else
    problems_add (problems, self->file, line, "%s: \"%s\": %s", element->plugin,
                  option->name, error->message);
}

gboolean
job_element_check_columns (const Job *self, const JobElement *element, Problems *problems)
{
  const JobAccount *account = self->accounts->len > 0 ? self->accounts->pdata[0] : NULL;
  gboolean right = TRUE;

  for (guint i = 0; i < element->options->len; i++)
    {
      const JobOption *option = g_ptr_array_index (element->options, i);
      g_autoptr (GError) error = NULL;
      g_autofree char *value = job_expand (account, option->value, &error);

      if (value != NULL)
        continue;
      complain_about_expansion (self, element, option, error, problems);
      right = FALSE;
    }
  return right;
}

static void
wipe_and_free (gpointer data)
{
  char *text = data;

  if (text != NULL)
    explicit_bzero (text, strlen (text));
  g_free (text);
}

/* The element's options for @account, as OptionValue; their texts go to @texts. FALSE:
 * said why. */
static gboolean
expand_values (const Job *self, const JobElement *element, const JobAccount *account,
               GPtrArray *texts, GArray *values, Problems *problems)
{
  gboolean right = TRUE;

  for (guint i = 0; i < element->options->len; i++)
    {
      const JobOption *option = g_ptr_array_index (element->options, i);
      g_autoptr (GError) error = NULL;
      char *text = job_expand (account, option->value, &error);
      OptionValue value = { .name = option->name, .value = text, .line = option->line };

      if (text == NULL)
        complain_about_expansion (self, element, option, error, problems);
      right = right && text != NULL;
      g_ptr_array_add (texts, text);
      g_array_append_val (values, value);
    }
  return right;
}

gpointer
job_settings (const Job *self, const JobElement *element, const JobAccount *account,
              const HaulOptionSpec *specs, gsize settings_size, guint32 refused_flags,
              Problems *problems)
{
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (OptionValue));
  g_autoptr (GPtrArray) texts = g_ptr_array_new_with_free_func (wipe_and_free);
  g_autoptr (Preset) preset = NULL;
  OptionPlace place = { .file = self->file,
                        .line = element->line,
                        .owner = element->plugin,
                        .directory = self->directory,
                        .refused_flags = refused_flags };

  if (!expand_values (self, element, account, texts, values, problems)
      || !preset_of_element (self, element, account, specs, &preset, problems)
      || !preset_add_values (preset, specs, refused_flags, values, problems))
    return NULL;
  return option_table_parse (specs, settings_size,
                             (const OptionValue *) (gpointer) values->data, values->len,
                             &place, problems);
}

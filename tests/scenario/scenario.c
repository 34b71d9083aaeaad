/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads a scenario file: one line after the other, each split into words as a shell would
 * split them. What it reads into is scenario-data.c. Any thread.
 */
#include "scenario.h"

#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/message.h>

#include "base/option-table.h"
#include "model/keywords.h"

#define COUNT_MAX  100000
#define FIRST_DATE G_GINT64_CONSTANT (1262304000) /* 2010-01-01 */

typedef struct
{
  Scenario *scenario;
  Step *step;    /* the open section; NULL: none */
  char **folder; /* that lines are about */
  guint line;
  GError **error;
} Reader;

const char *const *
scenario_count_names (void)
{
  static const char *const names[SCENARIO_COUNTS + 1] = { "copied",  "matched", "present",
                                                          "skipped", "gone",    "failed",
                                                          "flags",   "removed", NULL };

  return names;
}

/* ---- words ---- */

static gboolean
refuse (Reader *self, const char *what, const char *word)
{
  return haul_error_set (self->error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                         "%s:%u: %s: '%s'", self->scenario->file, self->line, what, word);
}

/* value_of: what stands behind NAME= in @word; NULL: it is something else. */
static const char *
value_of (const char *word, const char *name)
{
  gsize length = strlen (name);

  return strncmp (word, name, length) == 0 && word[length] == '=' ? word + length + 1
                                                                  : NULL;
}

static gboolean
read_options (Reader *self, char **words, GPtrArray *options)
{
  guint i;

  for (i = 0; words[i] != NULL; i++)
    {
      char *equals = strchr (words[i], '=');
      Option *option;

      if (equals == NULL)
        return refuse (self, "NAME=VALUE expected", words[i]);
      option = g_new0 (Option, 1);
      option->name = g_strndup (words[i], (gsize) (equals - words[i]));
      option->value = g_strdup (equals + 1);
      g_ptr_array_add (options, option);
    }
  return TRUE;
}

static gboolean
read_flags (Reader *self, const char *text, guint32 *out_flags)
{
  g_auto (GStrv) names = g_strsplit (text, ",", -1);
  guint i;

  *out_flags = 0;
  for (i = 0; names[i] != NULL; i++)
    {
      g_autofree char *name = g_strconcat ("\\", names[i], NULL);
      guint32 flag = haul_flag_from_name (name);

      if (flag == 0)
        return refuse (self, "no such flag", names[i]);
      *out_flags |= flag;
    }
  return TRUE;
}

static gboolean
read_number (Reader *self, const char *text, guint64 *out_number)
{
  return g_ascii_string_to_unsigned (text, 10, 0, COUNT_MAX, out_number, NULL)
         || refuse (self, "not a number", text);
}

/* ---- mails ---- */

static void
replace (char **text, const char *value)
{
  g_free (*text);
  *text = g_strdup (value);
}

static gboolean
read_mail_word (Reader *self, MailSpec *mail, const char *word)
{
  const char *value;
  guint64 size;

  if ((value = value_of (word, "headers")) != NULL)
    {
      replace (&mail->headers, value);
      replace (&mail->id, value);
    }
  else if ((value = value_of (word, "id")) != NULL)
    replace (&mail->id, value);
  else if ((value = value_of (word, "body")) != NULL)
    replace (&mail->body, value);
  else if ((value = value_of (word, "size")) != NULL)
    {
      if (!option_parse_size (value, &size))
        return refuse (self, "not a size", value);
      mail->size = (gsize) size;
    }
  else if ((value = value_of (word, "field")) != NULL)
    replace (&mail->field, value);
  else if (strcmp (word, "hide-id") == 0)
    mail->hide = TRUE;
  else if (strcmp (word, "no-id") == 0)
    g_clear_pointer (&mail->id, g_free);
  else if (strcmp (word, "no-date") == 0)
    mail->dated = FALSE;
  else if (strcmp (word, "lf") == 0)
    mail->lf = TRUE;
  else
    return refuse (self, "a mail has no such property", word);
  return TRUE;
}

static gboolean
read_mail (Reader *self, char **words)
{
  MailSpec *mail;
  guint i;

  if (words[0] == NULL)
    return refuse (self, "a name is missing", "mail");
  if (g_hash_table_contains (self->scenario->mails, words[0]))
    return refuse (self, "described twice, or too late", words[0]);
  mail = scenario_mail_new (words[0]);
  g_hash_table_insert (self->scenario->mails, mail->name, mail);
  for (i = 1; words[i] != NULL; i++)
    if (!read_mail_word (self, mail, words[i]))
      return FALSE;
  return TRUE;
}

/* ---- commands ---- */

static Command *
command_add (Reader *self, CommandKind kind, char **path)
{
  Command *command = g_new0 (Command, 1);

  command->kind = kind;
  command->line = self->line;
  command->path = g_strdupv (path);
  g_ptr_array_add (self->step->commands, command);
  return command;
}

static char **
read_path (Reader *self, const char *text)
{
  g_autoptr (GError) local = NULL;
  char **path = text != NULL ? haul_path_from_text (text, &local) : NULL;

  if (path == NULL)
    refuse (self, "not a folder", text != NULL ? text : "nothing");
  return path;
}

static gboolean
read_folder (Reader *self, char **words)
{
  g_auto (GStrv) path = read_path (self, words[0]);
  Command *command;
  guint i;

  if (path == NULL)
    return FALSE;
  g_strfreev (self->folder);
  self->folder = g_strdupv (path);
  command = command_add (self, COMMAND_FOLDER, path);
  for (i = 1; words[i] != NULL; i++)
    {
      const char *use = value_of (words[i], "use");

      if (use != NULL && haul_special_use_from_name (use) != 0)
        command->special_use |= haul_special_use_from_name (use);
      else if (strcmp (words[i], "subscribed") == 0)
        command->attributes |= HAUL_FOLDER_SUBSCRIBED;
      else
        return refuse (self, "a folder has no such property", words[i]);
    }
  return TRUE;
}

static gboolean
read_message_word (Reader *self, MessageSpec *message, const char *word)
{
  const char *value;
  guint64 number;

  if ((value = value_of (word, "flags")) != NULL)
    return read_flags (self, value, &message->flags);
  if ((value = value_of (word, "keywords")) != NULL)
    {
      g_auto (GStrv) names = g_strsplit (value, ",", -1);

      g_free (message->keywords);
      message->keywords = keywords_join ((const char *const *) names);
      return TRUE;
    }
  if ((value = value_of (word, "date")) != NULL)
    return option_parse_date (value, &message->date_unix)
           || refuse (self, "not a date", value);
  if (word[0] == 'x' && read_number (self, word + 1, &number))
    {
      message->count = (guint) number;
      return TRUE;
    }
  return *self->error == NULL && refuse (self, "a message has no such property", word);
}

static gboolean
read_message (Reader *self, CommandKind kind, char **words)
{
  MessageSpec *message;
  guint i;

  if (words[0] == NULL || self->folder == NULL)
    return refuse (self, "a folder line and a name must come first", "message");
  message = g_new0 (MessageSpec, 1);
  command_add (self, kind, self->folder)->message = message;
  message->name = g_strdup (words[0]);
  message->count = 1;
  message->keywords = g_strdup ("");
  message->date_unix = scenario_date (words[0]);
  scenario_mail (self->scenario, words[0]);
  for (i = 1; words[i] != NULL; i++)
    if (!read_message_word (self, message, words[i]))
      return FALSE;
  return TRUE;
}

static gboolean
read_folder_change (Reader *self, CommandKind kind, char **words)
{
  g_auto (GStrv) path = read_path (self, words[0]);
  Command *command;

  if (path == NULL)
    return FALSE;
  command = command_add (self, kind, path);
  if (kind != COMMAND_RENAME_FOLDER)
    return TRUE;
  command->to = read_path (self, words[1]);
  return command->to != NULL;
}

/* ---- sections ---- */

static void
step_add (Reader *self, StepKind kind)
{
  Step *step = g_new0 (Step, 1);
  guint i;

  step->kind = kind;
  step->line = self->line;
  step->commands = g_ptr_array_new_with_free_func (scenario_command_free);
  step->expect = EXPECT_SOURCE;
  for (i = 0; i < SCENARIO_COUNTS; i++)
    step->counts[i] = SCENARIO_ANY;
  g_ptr_array_add (self->scenario->steps, step);
  g_clear_pointer (&self->folder, g_strfreev);
  self->step = step;
}

static gboolean
read_expect (Reader *self, char **words)
{
  g_clear_pointer (&self->folder, g_strfreev);
  if (self->step == NULL || self->step->kind != STEP_RUN)
    return refuse (self, "there is no run before", "expect");
  if (words[0] == NULL)
    self->step->expect = EXPECT_LISTED;
  else if (strcmp (words[0], "source") == 0)
    self->step->expect = EXPECT_SOURCE;
  else if (strcmp (words[0], "same") == 0)
    self->step->expect = EXPECT_SAME;
  else
    return refuse (self, "nothing, source or same expected", words[0]);
  return TRUE;
}

static gboolean
read_counts (Reader *self, char **words)
{
  const char *const *names = scenario_count_names ();
  guint i, k;

  if (self->step == NULL || self->step->kind != STEP_RUN)
    return refuse (self, "there is no run before", "counts");
  /* What is not named is zero: a run that does more than it should is wrong. */
  for (k = 0; k < SCENARIO_COUNTS; k++)
    self->step->counts[k] = 0;
  for (i = 0; words[i] != NULL; i++)
    {
      const char *value = NULL;

      for (k = 0; k < SCENARIO_COUNTS && value == NULL; k++)
        value = value_of (words[i], names[k]);
      if (value == NULL)
        return refuse (self, "no such count", words[i]);
      if (!read_number (self, value, &self->step->counts[k - 1]))
        return FALSE;
    }
  return TRUE;
}

static gboolean
read_exit (Reader *self, char **words)
{
  guint64 code;

  if (self->step == NULL || self->step->kind != STEP_RUN || words[0] == NULL)
    return refuse (self, "a run and a number expected", "exit");
  if (!read_number (self, words[0], &code))
    return FALSE;
  self->step->exit_code = (int) code;
  return TRUE;
}

static gboolean
read_filter (Reader *self, char **words)
{
  FilterSpec *filter;

  if (words[0] == NULL)
    return refuse (self, "a name is missing", "filter");
  filter = g_new0 (FilterSpec, 1);
  filter->plugin = g_strdup (words[0]);
  filter->options = g_ptr_array_new_with_free_func (scenario_option_free);
  g_ptr_array_add (self->scenario->filters, filter);
  return read_options (self, words + 1, filter->options);
}

static gboolean
read_backend (Reader *self, char **words)
{
  if (g_strcmp0 (words[0], "source") == 0)
    return read_options (self, words + 1, self->scenario->source_options);
  if (g_strcmp0 (words[0], "destination") == 0)
    return read_options (self, words + 1, self->scenario->destination_options);
  return refuse (self, "source or destination expected", "backend");
}

/* read_section: lines that stand outside of sections, or begin one. @out_known FALSE: it
 * is another line. */
static gboolean
read_section (Reader *self, char **words, gboolean *out_known)
{
  *out_known = TRUE;
  if (strcmp (words[0], "mail") == 0)
    return read_mail (self, words + 1);
  if (strcmp (words[0], "sync") == 0)
    return read_options (self, words + 1, self->scenario->sync);
  if (strcmp (words[0], "filter") == 0)
    return read_filter (self, words + 1);
  if (strcmp (words[0], "backend") == 0)
    return read_backend (self, words + 1);
  if (strcmp (words[0], "expect") == 0)
    return read_expect (self, words + 1);
  if (strcmp (words[0], "counts") == 0)
    return read_counts (self, words + 1);
  if (strcmp (words[0], "exit") == 0)
    return read_exit (self, words + 1);
  if (strcmp (words[0], "variants") == 0)
    self->scenario->variants = g_strdupv (words + 1);
  else if (strcmp (words[0], "source") == 0)
    step_add (self, STEP_SOURCE);
  else if (strcmp (words[0], "destination") == 0)
    step_add (self, STEP_DESTINATION);
  else if (strcmp (words[0], "forget-state") == 0)
    step_add (self, STEP_FORGET);
  else if (strcmp (words[0], "run") == 0)
    step_add (self, STEP_RUN);
  else
    *out_known = FALSE;
  return TRUE;
}

static gboolean
read_words (Reader *self, char **words)
{
  gboolean known = FALSE;

  if (!read_section (self, words, &known))
    return FALSE;
  if (known)
    return TRUE;
  if (self->step == NULL)
    return refuse (self, "no section is open", words[0]);
  if (strcmp (words[0], "folder") == 0)
    return read_folder (self, words + 1);
  if (strcmp (words[0], "message") == 0)
    return read_message (self, COMMAND_MESSAGE, words + 1);
  if (strcmp (words[0], "remove") == 0)
    return read_message (self, COMMAND_REMOVE, words + 1);
  if (strcmp (words[0], "set") == 0)
    return read_message (self, COMMAND_SET, words + 1);
  if (strcmp (words[0], "renumber") == 0 && self->folder != NULL)
    return command_add (self, COMMAND_RENUMBER, self->folder) != NULL;
  if (strcmp (words[0], "delete-folder") == 0)
    return read_folder_change (self, COMMAND_DELETE_FOLDER, words + 1);
  if (strcmp (words[0], "rename-folder") == 0)
    return read_folder_change (self, COMMAND_RENAME_FOLDER, words + 1);
  return refuse (self, "no such line", words[0]);
}

Scenario *
scenario_read (const char *file, GError **error)
{
  g_autoptr (Scenario) scenario = scenario_new (file);
  g_autoptr (GError) local = NULL;
  Reader reader = { .scenario = scenario, .error = &local };
  g_autofree char *text = NULL;
  g_auto (GStrv) lines = NULL;
  gboolean good = TRUE;
  guint i;

  if (!g_file_get_contents (file, &text, NULL, error))
    return NULL;
  lines = g_strsplit (text, "\n", -1);
  for (i = 0; good && lines[i] != NULL; i++)
    {
      g_auto (GStrv) words = NULL;

      reader.line = i + 1;
      g_strstrip (lines[i]);
      if (lines[i][0] == '\0' || lines[i][0] == '#')
        continue;
      if (!g_shell_parse_argv (lines[i], NULL, &words, NULL))
        good = refuse (&reader, "cannot be split into words", lines[i]);
      else
        good = read_words (&reader, words);
    }
  g_strfreev (reader.folder);
  if (!good)
    {
      g_propagate_error (error, g_steal_pointer (&local));
      return NULL;
    }
  return g_steal_pointer (&scenario);
}

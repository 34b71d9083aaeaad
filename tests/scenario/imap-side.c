/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Asks imap_side.py for accounts, changes and contents, one line at a time. What the
 * lines of a scenario mean is world.c's. The main thread.
 */
#include "imap-side.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <mailhaul/folder.h>
#include <mailhaul/message.h>

#include "model/keywords.h"

/* The socket, and the options of the backend, as imap-on-server.py names them. */
#define SOCKET_VARIABLE  "MAILHAUL_SCENARIO_SIDE"
#define OPTIONS_VARIABLE "MAILHAUL_SCENARIO_IMAP"
#define PARENTS_VARIABLE "MAILHAUL_SCENARIO_PARENTS"
/* Hex digits of a digest that imap_raw.py gives. */
#define CONTENT_LENGTH 24

struct _ImapSide
{
  FILE *input;
  FILE *output;
};

gboolean
imap_side_wanted (void)
{
  return g_getenv (OPTIONS_VARIABLE) != NULL;
}

gboolean
imap_side_makes_parents (void)
{
  return g_strcmp0 (g_getenv (PARENTS_VARIABLE), "yes") == 0;
}

ImapSide *
imap_side_new (void)
{
  ImapSide *self = g_new0 (ImapSide, 1);
  const char *text = g_getenv (SOCKET_VARIABLE);
  guint64 number = 0;
  int copy;

  g_assert_nonnull (text);
  g_assert_true (g_ascii_string_to_unsigned (text, 10, 3, G_MAXINT16, &number, NULL));
  copy = dup ((int) number);
  fcntl (copy, F_SETFD, FD_CLOEXEC);
  fcntl ((int) number, F_SETFD, FD_CLOEXEC);
  self->input = fdopen ((int) number, "r");
  self->output = fdopen (copy, "w");
  g_assert_nonnull (self->input);
  g_assert_nonnull (self->output);
  return self;
}

void
imap_side_free (ImapSide *self)
{
  if (self == NULL)
    return;
  fclose (self->input);
  fclose (self->output);
  g_free (self);
}

/* ask: one request; its rows into @rows (may be NULL). NULL, or why it was refused. */
static char *
ask (ImapSide *self, const char *request, GPtrArray *rows)
{
  char *line = NULL;
  size_t size = 0;
  char *why = NULL;
  gboolean done = FALSE;

  fprintf (self->output, "%s\n", request);
  fflush (self->output);
  while (!done)
    {
      if (getline (&line, &size, self->input) < 0)
        g_error ("imap_side.py went away");
      g_strchomp (line);
      done = strcmp (line, "ok") == 0 || g_str_has_prefix (line, "error\t");
      if (done && line[0] == 'e')
        why = g_strdup (line + strlen ("error\t"));
      else if (!done && rows != NULL)
        g_ptr_array_add (rows, g_strdup (line));
    }
  free (line);
  return why;
}

char *
imap_side_account (ImapSide *self)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *why = ask (self, "account", rows);

  if (why != NULL || rows->len != 1)
    g_error ("a new account: %s", why);
  return g_strdup (g_ptr_array_index (rows, 0));
}

/* ---- changes ---- */

/* flags_text: "seen,flagged" of a set of flags. */
static char *
flags_text (guint32 flags)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  guint32 bit;

  for (bit = 1; bit != 0 && bit <= flags; bit <<= 1)
    if (flags & bit)
      g_ptr_array_add (names, (gpointer) (haul_flag_name (bit) + 1));
  g_ptr_array_add (names, NULL);
  return g_strjoinv (",", (char **) names->pdata);
}

static char *
message_request (const char *user, const char *path, Scenario *scenario,
                 const Command *command)
{
  const MessageSpec *message = command->message;
  MailSpec wire = *scenario_mail (scenario, message->name);
  g_autofree char *content = imap_side_content (&wire);
  g_autofree char *flags = flags_text (message->flags);
  g_auto (GStrv) words = keywords_split (message->keywords);
  g_autofree char *keywords = g_strjoinv (",", words);
  g_autoptr (GBytes) body = NULL;
  g_autofree char *text = NULL;

  if (command->kind == COMMAND_REMOVE)
    return g_strdup_printf ("remove\t%s\t%s\t%s\t%u", user, path, content,
                            message->count);
  if (command->kind == COMMAND_SET)
    return g_strdup_printf ("set\t%s\t%s\t%s\t%s\t%s", user, path, content, flags,
                            keywords);
  wire.lf = FALSE;
  body = scenario_body (&wire);
  text = g_base64_encode (g_bytes_get_data (body, NULL), g_bytes_get_size (body));
  return g_strdup_printf ("message\t%s\t%s\t%u\t%" G_GINT64_FORMAT "\t%s\t%s\t%s", user,
                          path, message->count, message->date_unix, flags, keywords,
                          text);
}

static char *
change_request (const char *user, Scenario *scenario, const Command *command)
{
  g_autofree char *path = haul_path_to_text ((HaulPath) command->path);
  g_autofree char *to = NULL;
  const char *use;

  switch (command->kind)
    {
    case COMMAND_FOLDER:
      use = command->special_use != 0 ? haul_special_use_name (command->special_use)
                                      : "-";
      return g_strdup_printf (
          "folder\t%s\t%s\t%s\t%s", user, path,
          command->attributes & HAUL_FOLDER_SUBSCRIBED ? "subscribed" : "-", use);
    case COMMAND_RENUMBER:
      return g_strdup_printf ("renumber\t%s\t%s", user, path);
    case COMMAND_DELETE_FOLDER:
      return g_strdup_printf ("delete-folder\t%s\t%s", user, path);
    case COMMAND_RENAME_FOLDER:
      to = haul_path_to_text ((HaulPath) command->to);
      return g_strdup_printf ("rename-folder\t%s\t%s\t%s", user, path, to);
    case COMMAND_MESSAGE:
    case COMMAND_REMOVE:
    case COMMAND_SET:
      break;
    }
  return message_request (user, path, scenario, command);
}

void
imap_side_change (ImapSide *self, const char *user, Scenario *scenario,
                  const Command *command)
{
  g_autofree char *request = change_request (user, scenario, command);
  g_autofree char *why = ask (self, request, NULL);

  if (why != NULL)
    g_error ("%s:%u: %s", scenario->file, command->line, why);
}

/* ---- reading ---- */

void
imap_side_read (ImapSide *self, const char *user, ImapRowFunc func, gpointer user_data)
{
  g_autoptr (GPtrArray) rows = g_ptr_array_new_with_free_func (g_free);
  g_autofree char *request = g_strdup_printf ("read\t%s", user);
  g_autofree char *why = ask (self, request, rows);
  guint i;

  if (why != NULL)
    g_error ("%s: %s", user, why);
  for (i = 0; i < rows->len; i++)
    {
      g_auto (GStrv) words = g_strsplit (g_ptr_array_index (rows, i), "\t", -1);
      guint count = g_strv_length (words);
      ImapRow row = { .folder = count > 1 ? words[1] : NULL };

      if (count == 4 && strcmp (words[0], "folder") == 0)
        {
          row.subscribed = strcmp (words[2], "subscribed") == 0;
          row.status = words[3];
        }
      else if (count == 7)
        {
          row.uid = words[2];
          row.content = words[3];
          row.flags = words[4];
          row.keywords = words[5];
          row.date_unix = g_ascii_strtoll (words[6], NULL, 10);
        }
      else
        g_error ("%s: not a row: %s", user, (char *) g_ptr_array_index (rows, i));
      func (&row, user_data);
    }
}

char *
imap_side_content (const MailSpec *mail)
{
  MailSpec wire = *mail;
  g_autoptr (GBytes) body = NULL;
  char *content;

  wire.lf = FALSE;
  body = scenario_body (&wire);
  content = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256, body);
  content[CONTENT_LENGTH] = '\0';
  return content;
}

char *
imap_side_options (const char *user)
{
  return g_strdup_printf ("%s user=%s", g_getenv (OPTIONS_VARIABLE), user);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scenario as data: its life, and the bytes and dates that a mail's name stands for.
 * Any thread.
 */
#include "scenario.h"

#include <string.h>

#define DEFAULT_SIZE_BYTES 900
#define FIRST_DATE         G_GINT64_CONSTANT (1262304000) /* 2010-01-01 */
#define DATE_RANGE         300000000

/* ---- life ---- */

void
scenario_option_free (gpointer data)
{
  Option *option = data;

  g_free (option->name);
  g_free (option->value);
  g_free (option);
}

static void
filter_free (gpointer data)
{
  FilterSpec *filter = data;

  g_free (filter->plugin);
  g_ptr_array_unref (filter->options);
  g_free (filter);
}

static void
mail_spec_free (gpointer data)
{
  MailSpec *mail = data;

  g_free (mail->name);
  g_free (mail->headers);
  g_free (mail->id);
  g_free (mail->body);
  g_free (mail->field);
  g_free (mail);
}

void
scenario_command_free (gpointer data)
{
  Command *command = data;

  g_strfreev (command->path);
  g_strfreev (command->to);
  if (command->message != NULL)
    {
      g_free (command->message->name);
      g_free (command->message->keywords);
      g_free (command->message);
    }
  g_free (command);
}

static void
step_free (gpointer data)
{
  Step *step = data;

  g_ptr_array_unref (step->commands);
  g_free (step);
}

Scenario *
scenario_new (const char *file)
{
  Scenario *self = g_new0 (Scenario, 1);

  self->file = g_strdup (file);
  self->mails = g_hash_table_new_full (g_str_hash, g_str_equal, NULL, mail_spec_free);
  self->sync = g_ptr_array_new_with_free_func (scenario_option_free);
  self->filters = g_ptr_array_new_with_free_func (filter_free);
  self->source_options = g_ptr_array_new_with_free_func (scenario_option_free);
  self->destination_options = g_ptr_array_new_with_free_func (scenario_option_free);
  self->steps = g_ptr_array_new_with_free_func (step_free);
  return self;
}

void
scenario_free (Scenario *self)
{
  if (self == NULL)
    return;
  g_free (self->file);
  g_hash_table_unref (self->mails);
  g_ptr_array_unref (self->sync);
  g_ptr_array_unref (self->filters);
  g_ptr_array_unref (self->source_options);
  g_ptr_array_unref (self->destination_options);
  g_strfreev (self->variants);
  g_ptr_array_unref (self->steps);
  g_free (self);
}

MailSpec *
scenario_mail_new (const char *name)
{
  MailSpec *mail = g_new0 (MailSpec, 1);

  mail->name = g_strdup (name);
  mail->headers = g_strdup (name);
  mail->id = g_strdup (name);
  mail->body = g_strdup (name);
  mail->size = DEFAULT_SIZE_BYTES;
  mail->dated = TRUE;
  return mail;
}

const MailSpec *
scenario_mail (Scenario *self, const char *name)
{
  MailSpec *mail = g_hash_table_lookup (self->mails, name);

  if (mail == NULL)
    {
      mail = scenario_mail_new (name);
      g_hash_table_insert (self->mails, mail->name, mail);
    }
  return mail;
}

gint64
scenario_date (const char *name)
{
  return FIRST_DATE + g_str_hash (name) % DATE_RANGE;
}

static void
append_date (GString *text, const char *name)
{
  g_autoptr (GDateTime) date = g_date_time_new_from_unix_utc (scenario_date (name));
  static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                        "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

  g_string_append_printf (text, "Date: %d %s %d %02d:%02d:%02d +0000\r\n",
                          g_date_time_get_day_of_month (date),
                          months[g_date_time_get_month (date) - 1],
                          g_date_time_get_year (date), g_date_time_get_hour (date),
                          g_date_time_get_minute (date), g_date_time_get_second (date));
}

/* What a filter does to the header, once the message has its size. */
static void
edit_header (GString *text, const MailSpec *mail, gsize header_end)
{
  if (mail->field != NULL)
    {
      g_autofree char *line = g_strdup_printf ("%s\r\n", mail->field);

      g_string_insert (text, (gssize) header_end, line);
    }
  if (mail->hide)
    {
      const char *id = strstr (text->str, "\r\nMessage-ID: ");

      g_assert_nonnull (id);
      g_string_insert (text, id + 2 - text->str, "X-");
    }
}

/* CRLF to LF in one go: replacing each would move the rest every time. */
static void
drop_returns (GString *text)
{
  gsize kept = 0, i;

  for (i = 0; i < text->len; i++)
    if (text->str[i] != '\r')
      text->str[kept++] = text->str[i];
  g_string_truncate (text, kept);
}

GBytes *
scenario_body (const MailSpec *mail)
{
  GString *text = g_string_sized_new (mail->size + 100);
  guint line;

  g_string_append_printf (text, "From: Writer <%s@example.org>\r\n", mail->headers);
  g_string_append (text, "To: reader@example.net\r\n");
  g_string_append_printf (text, "Subject: About %s\r\n", mail->headers);
  if (mail->dated)
    append_date (text, mail->headers);
  if (mail->id != NULL)
    g_string_append_printf (text, "Message-ID: <%s.scenario@example.org>\r\n", mail->id);
  gsize header_end = text->len;
  g_string_append (text, "\r\n");
  for (line = 1; text->len < mail->size; line++)
    g_string_append_printf (text, "%08x line %u of %s\r\n",
                            g_str_hash (mail->body) * line, line, mail->body);
  edit_header (text, mail, header_end);
  if (mail->lf)
    drop_returns (text);
  return g_string_free_to_bytes (text);
}

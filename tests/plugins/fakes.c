/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The SDK functions that filters call and the engine writes, and a chain of one filter.
 * One thread.
 */
#include "fakes.h"

#include <string.h>

#include <mailhaul/error.h>

#include "base/option-table.h"

void
haul_folder_edit_drop (HaulFolderEdit *edit, const char *reason)
{
  g_free (edit->reason);
  edit->reason = g_strdup (reason);
}

void
haul_folder_edit_rename (HaulFolderEdit *edit, HaulPath path)
{
  g_free (edit->path);
  edit->path = haul_path_to_text (path);
}

void
haul_folder_edit_collision (HaulFolderEdit *edit, HaulCollision collision)
{
  edit->collision = collision;
}

void
haul_message_edit_skip (HaulMessageEdit *edit, const char *reason)
{
  g_free (edit->reason);
  edit->reason = g_strdup (reason);
}

void
haul_message_edit_flags (HaulMessageEdit *edit, guint32 flags,
                         const char *const *keywords)
{
  g_free (edit->marks);
  edit->marks = fake_marks (flags, keywords);
}

void
haul_message_edit_date (HaulMessageEdit *edit, gint64 date_unix)
{
  edit->has_date = TRUE;
  edit->date_unix = date_unix;
}

HaulBytes
haul_message_headers (const HaulMessage *message)
{
  const char *text = message->headers != NULL ? message->headers : "";
  gsize length = message->headers_length != 0 ? message->headers_length : strlen (text);

  return (HaulBytes){ (const guint8 *) text, length };
}

guint64
haul_message_size (const HaulMessage *message)
{
  return message->size_bytes;
}

guint32
haul_message_flags (const HaulMessage *message)
{
  return message->flags;
}

const char *const *
haul_message_keywords (const HaulMessage *message)
{
  return message->keywords;
}

gboolean
haul_message_date (const HaulMessage *message, gint64 *out_unix)
{
  if (message->has_date)
    *out_unix = message->date_unix;
  return message->has_date;
}

gint64
haul_message_now (const HaulMessage *message)
{
  return message->now_unix;
}

static gpointer
parse (const HaulFilter *filter, const FakeOption *options, char **out_message)
{
  OptionPlace place = { .owner = filter->name, .directory = "/" };
  OptionValue values[FAKE_OPTIONS];
  g_autoptr (Problems) problems = problems_new ();
  gsize count = 0;

  for (; options[count].name != NULL; count++)
    {
      g_assert_cmpuint (count, <, FAKE_OPTIONS);
      values[count] = (OptionValue){ options[count].name, options[count].value };
    }
  gpointer settings = option_table_parse (filter->options, filter->settings_size, values,
                                          count, &place, problems);
  if (settings == NULL)
    *out_message = g_strdup (problems_get (problems, 0)->text);
  return settings;
}

FakeFilter *
fake_filter_new (const HaulFilter *filter, const FakeOption *options, char **out_message)
{
  g_autoptr (FakeFilter) self = g_new0 (FakeFilter, 1);
  g_autoptr (GError) error = NULL;

  option_table_check (filter->options, filter->settings_size, &error);
  g_assert_no_error (error);
  self->filter = filter;
  self->settings = parse (filter, options, out_message);
  if (self->settings == NULL)
    return NULL;

  gboolean good = filter->check == NULL || filter->check (self->settings, &error);
  g_assert_cmpint (good, ==, error == NULL);
  g_autoptr (GError) create_error = NULL;
  /* Without `create` the settings are the instance, and `check` has the last word. */
  if (filter->create != NULL)
    {
      self->instance = filter->create (self->settings, &create_error);
      g_assert_cmpint (self->instance != NULL, ==, create_error == NULL);
      g_assert_cmpint (good, ==, self->instance != NULL); /* they see the same mistakes */
    }
  else
    self->instance = self->settings;
  if (good)
    return g_steal_pointer (&self);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_CONFIG);
  *out_message = g_strdup (error->message);
  return NULL;
}

void
fake_filter_free (FakeFilter *self)
{
  if (self == NULL)
    return;
  if (self->instance != NULL && self->filter->create != NULL)
    self->filter->destroy (self->instance);
  option_table_free (self->filter->options, self->settings);
  g_free (self);
}

char *
fake_filter_folder (const FakeFilter *self, const char *path, guint32 special_use)
{
  HaulFolder folder = HAUL_FOLDER_INIT;

  folder.special_use = special_use;
  return fake_filter_listed (self, path, &folder);
}

char *
fake_filter_listed (const FakeFilter *self, const char *path, const HaulFolder *like)
{
  g_auto (GStrv) names = haul_path_from_text (path, NULL);
  HaulFolder folder = *like;
  HaulFolderEdit edit = { NULL, NULL };
  g_autoptr (GError) error = NULL;

  folder.path = (HaulPath) names;
  gboolean result = self->filter->folder (self->instance, &folder, &edit, &error);
  g_assert_cmpint (result, ==, error == NULL);
  g_autofree char *reason = edit.reason;
  g_autofree char *renamed = edit.path;
  if (error != NULL)
    return g_strconcat ("error: ", error->message, NULL);
  if (reason != NULL)
    return g_strconcat ("dropped: ", reason, NULL);
  return g_strdup (renamed != NULL ? renamed : path);
}

char *
fake_marks (guint32 flags, const char *const *keywords)
{
  g_autoptr (GString) text = g_string_new (NULL);

  for (guint32 bit = 1; bit <= HAUL_FLAG_DRAFT; bit <<= 1)
    if (flags & bit)
      g_string_append_printf (text, " %s", haul_flag_name ((HaulFlags) bit));
  for (; keywords != NULL && *keywords != NULL; keywords++)
    g_string_append_printf (text, " %s", *keywords);
  return g_strdup (text->len > 0 ? text->str + 1 : "");
}

void
fake_filter_edit (const FakeFilter *self, const HaulMessage *message,
                  HaulMessageEdit *out)
{
  g_autoptr (GError) error = NULL;

  *out = (HaulMessageEdit){ NULL };
  g_assert_true (self->filter->message (self->instance, message, out, &error));
  g_assert_no_error (error);
}

char *
fake_filter_message (const FakeFilter *self, const HaulMessage *message)
{
  HaulMessageEdit edit = { NULL };

  fake_filter_edit (self, message, &edit);
  g_free (edit.marks);
  return edit.reason;
}

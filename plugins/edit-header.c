/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <edit-header add="X-Moved" value="2026"/>, remove="X-Spam-Status" match="^No",
 * replace="Subject" match="^\[EXT\] " value="", rename="X-Old" to="X-New": one change of
 * header fields. Fields that are not meant, and all of the body, stay byte by byte. An
 * instance never changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

#include "shared/header-fields.h"
#include "shared/header-text.h"

/* VALUE_BYTES: a line of a header must not be longer (RFC 5322 §2.1.1). */
#define VALUE_BYTES 998

typedef struct
{
  char *add;
  char *remove;
  char *replace;
  char *rename;
  char *to;
  char *value;
  GRegex *match;
  gboolean if_missing;
} EditSettings;

/* EditAction: what an element does. */
typedef enum
{
  EDIT_ADD,
  EDIT_REMOVE,
  EDIT_REPLACE,
  EDIT_RENAME,
} EditAction;

/* Edit: one element of the job. */
typedef struct
{
  const EditSettings *settings;
  EditAction action;
  const char *name;
  char *value; /* as it will stand in a header; with `match` a template */
} Edit;

/* EditStream: one message. */
typedef struct
{
  const Edit *edit;
  HaulTransformOut *out; /* during a call */
  HeaderReader *reader;
  gboolean drop_rest;
  gboolean over;    /* the field was added, or is not to be */
  gboolean seen;    /* a field of the name */
  gboolean unended; /* what was written last has no line end */
} EditStream;

static const HaulOptionSpec edit_options[] = {
  HAUL_OPT_STRING (EditSettings, add, "add", NULL, HAUL_OPT_NONE,
                   "Name of a field to put at the end of the header"),
  HAUL_OPT_STRING (EditSettings, remove, "remove", NULL, HAUL_OPT_NONE,
                   "Name of the fields to leave out"),
  HAUL_OPT_STRING (EditSettings, replace, "replace", NULL, HAUL_OPT_NONE,
                   "Name of the fields that get another value"),
  HAUL_OPT_STRING (EditSettings, rename, "rename", NULL, HAUL_OPT_NONE,
                   "Name of the fields that get another name"),
  HAUL_OPT_STRING (EditSettings, to, "to", NULL, HAUL_OPT_NONE,
                   "The other name, beside rename"),
  HAUL_OPT_STRING (
      EditSettings, value, "value", NULL, HAUL_OPT_NONE,
      "The value, beside add and replace; beside match, \\0 to \\9 stand for "
      "the groups and \\\\ for a backslash"),
  HAUL_OPT_PATTERN (EditSettings, match, "match", NULL, HAUL_OPT_NONE,
                    "Regular expression on the unfolded value: other fields stay; beside "
                    "replace, each match is replaced"),
  HAUL_OPT_BOOL (EditSettings, if_missing, "if-missing", "no", HAUL_OPT_NONE,
                 "Add the field only to a header that has none of its name"),
  HAUL_OPT_END
};

/* ---- what a job may say ---- */

static void
edit_free (gpointer instance)
{
  Edit *self = instance;
  g_free (self->value);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (Edit, edit_free)

static gboolean
check_name (const char *option, const char *name, GError **error)
{
  if (header_name_is_valid (name))
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                         "\"%s\" must be a header field's name (printable ASCII without "
                         "colon and blank, 76 bytes at most), got '%s'",
                         option, name);
}

/* Exactly one action, and its field. */
static gboolean
choose_action (Edit *self, GError **error)
{
  const EditSettings *settings = self->settings;
  const char *const names[] = { settings->add, settings->remove, settings->replace,
                                settings->rename };
  static const char *const options[] = { "add", "remove", "replace", "rename" };
  guint count = 0;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    if (names[i] != NULL)
      {
        count++;
        self->action = (EditAction) i;
        self->name = names[i];
      }
  if (count != 1)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "give exactly one of \"add\", \"remove\", \"replace\" and "
                           "\"rename\"");
  return check_name (options[self->action], self->name, error);
}

/* Options that the action would ignore are a mistake. */
static gboolean
check_company (const Edit *self, GError **error)
{
  const EditSettings *settings = self->settings;
  gboolean valued = self->action == EDIT_ADD || self->action == EDIT_REPLACE;
  const char *wrong = NULL;
  if (valued && settings->value == NULL)
    wrong = "give \"value\" beside \"add\" and \"replace\"";
  else if (!valued && settings->value != NULL)
    wrong = "\"value\" goes with \"add\" and \"replace\" only";
  else if (self->action == EDIT_RENAME && settings->to == NULL)
    wrong = "give \"to\" beside \"rename\"";
  else if (self->action != EDIT_RENAME && settings->to != NULL)
    wrong = "\"to\" goes with \"rename\" only";
  else if (self->action == EDIT_ADD && settings->match != NULL)
    wrong = "\"match\" does not go with \"add\"";
  else if (self->action != EDIT_ADD && settings->if_missing)
    wrong = "\"if-missing\" goes with \"add\" only";
  if (wrong != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "%s", wrong);
  return settings->to == NULL || check_name ("to", settings->to, error);
}

/* Every \N of the value is a group of the pattern. */
static gboolean
check_template (const EditSettings *settings, GError **error)
{
  int groups = g_regex_get_capture_count (settings->match);
  for (const char *p = strchr (settings->value, '\\'); p != NULL;
       p = strchr (p + 2, '\\'))
    {
      if (p[1] == '\\' || (g_ascii_isdigit (p[1]) && p[1] - '0' <= groups))
        continue;
      return haul_error_set (
          error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
          "\"value\" may have \\\\ and \\0 to \\9 for the %d groups of "
          "\"match\", got '%s'",
          groups, settings->value);
    }
  return TRUE;
}

static gboolean
check_value (Edit *self, GError **error)
{
  const EditSettings *settings = self->settings;
  if (settings->value == NULL)
    return TRUE;
  for (const char *p = settings->value; *p != '\0'; p++)
    if (g_ascii_iscntrl (*p) && *p != '\t')
      return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                             "\"value\" must not have line ends or control characters");
  if (strlen (settings->value) > VALUE_BYTES)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"value\" must have at most %d bytes", VALUE_BYTES);
  if (settings->match != NULL && !check_template (settings, error))
    return FALSE;
  if (g_str_is_ascii (settings->value))
    self->value = g_strdup (settings->value);
  else if (settings->match != NULL || header_is_structured (self->name))
    return haul_error_set (
        error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "\"value\" must be ASCII %s, got '%s'",
        settings->match != NULL ? "beside \"match\""
                                : "in a field with a syntax of its own",
        settings->value);
  else
    self->value = header_encode (settings->value);
  return TRUE;
}

static gpointer
edit_create (gconstpointer data, GError **error)
{
  g_autoptr (Edit) self = g_new0 (Edit, 1);
  self->settings = data;
  if (!choose_action (self, error) || !check_company (self, error)
      || !check_value (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

static gboolean
edit_check (gconstpointer settings, GError **error)
{
  g_autoptr (Edit) self = edit_create (settings, error);
  return self != NULL;
}

static guint32
edit_effects (gconstpointer instance)
{
  const Edit *self = instance;
  gboolean named = header_names_message (self->name)
                   || (self->action == EDIT_RENAME
                       && header_names_message (self->settings->to));
  return HAUL_FILTER_CHANGES_SIZE | (named ? HAUL_FILTER_CHANGES_IDENTITY : 0);
}

/* ---- a message ---- */

static gboolean
write_bytes (EditStream *self, const guint8 *data, gsize length, GError **error)
{
  if (length > 0)
    self->unended = data[length - 1] != '\n';
  return haul_transform_write (self->out, data, length, error);
}

static gboolean
write_text (EditStream *self, const char *text, GError **error)
{
  return write_bytes (self, (const guint8 *) text, strlen (text), error);
}

static gboolean
add_field (EditStream *self, GError **error)
{
  const Edit *edit = self->edit;
  if (self->over)
    return TRUE;
  self->over = TRUE;
  if (edit->action != EDIT_ADD || (edit->settings->if_missing && self->seen))
    return TRUE;
  g_autofree char *text = header_fold (edit->name, edit->value);
  return (!self->unended || write_text (self, "\r\n", error))
         && write_text (self, text, error);
}

/* Whether the field is meant. *@out_value: (transfer full), its value as UTF-8. */
static gboolean
is_meant (const Edit *edit, const HeaderField *field, HeaderText *text,
          gboolean *out_meant, GError **error)
{
  g_autoptr (GError) failure = NULL;
  *out_meant = header_field_is (field, edit->name);
  if (!*out_meant || edit->settings->match == NULL)
    return TRUE;
  header_text_init (text, field);
  *out_meant = g_regex_match_full (edit->settings->match, text->utf8, -1, 0, 0, NULL,
                                   &failure);
  if (failure != NULL)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                           "compare field %s with \"match\": %s", edit->name,
                           failure->message);
  return TRUE;
}

static gboolean
write_replaced (EditStream *self, const HeaderField *field, const HeaderText *text,
                GError **error)
{
  const Edit *edit = self->edit;
  if (edit->settings->match != NULL && field->cut)
    return write_bytes (self, field->data, field->length, error);
  g_autofree char *value = edit->settings->match != NULL ? header_text_replace (
                               text, edit->settings->match, edit->value, error)
                                                         : g_strdup (edit->value);
  if (value == NULL)
    {
      g_prefix_error (error, "replace in field %s: ", edit->name);
      return FALSE;
    }
  g_autofree char *name = g_strndup ((const char *) field->data, field->name_length);
  g_autofree char *folded = header_fold (name, value);
  self->drop_rest = TRUE;
  return write_text (self, folded, error);
}

static gboolean
edit_field (EditStream *self, const HeaderField *field, const HeaderText *text,
            GError **error)
{
  switch (self->edit->action)
    {
    case EDIT_ADD:
      return write_bytes (self, field->data, field->length, error);
    case EDIT_REMOVE:
      self->drop_rest = TRUE;
      return TRUE;
    case EDIT_REPLACE:
      return write_replaced (self, field, text, error);
    case EDIT_RENAME:
      return write_text (self, self->edit->settings->to, error)
             && write_bytes (self, field->data + field->name_length,
                             field->length - field->name_length, error);
    }
  return TRUE;
}

static gboolean
on_field (const HeaderField *field, gpointer user_data, GError **error)
{
  EditStream *self = user_data;
  gboolean meant = FALSE;
  g_auto (HeaderText) text = { 0 };
  self->drop_rest = FALSE;
  /* For those who read it the header ends before a line that is no field. */
  if (header_ends_before (field) && !add_field (self, error))
    return FALSE;
  if (!is_meant (self->edit, field, &text, &meant, error))
    return FALSE;
  self->seen |= meant;
  if (!meant)
    return write_bytes (self, field->data, field->length, error);
  return edit_field (self, field, &text, error);
}

static gboolean
on_rest (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  EditStream *self = user_data;
  return self->drop_rest || write_bytes (self, data, length, error);
}

static gboolean
on_end (gboolean has_empty_line, gpointer user_data, GError **error)
{
  return add_field (user_data, error);
}

static gboolean
on_body (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  return haul_transform_write (((EditStream *) user_data)->out, data, length, error);
}

static gpointer
edit_begin (gconstpointer instance, const HaulMessage *message, GError **error)
{
  static const HeaderHandler handler = {
    .field = on_field, .rest = on_rest, .end = on_end, .body = on_body
  };
  EditStream *self = g_new0 (EditStream, 1);
  self->edit = instance;
  self->reader = header_reader_new (&handler, self);
  return self;
}

static gboolean
edit_push (gpointer transform, const guint8 *data, gsize length, HaulTransformOut *out,
           GError **error)
{
  EditStream *self = transform;
  self->out = out;
  return header_reader_push (self->reader, data, length, error);
}

static gboolean
edit_finish (gpointer transform, HaulTransformOut *out, GError **error)
{
  EditStream *self = transform;
  self->out = out;
  return header_reader_finish (self->reader, error);
}

static void
edit_stream_free (gpointer transform)
{
  EditStream *self = transform;
  header_reader_free (self->reader);
  g_free (self);
}

static const HaulFilter edit_filter = {
  HAUL_FILTER_HEADER,
  .name = "edit-header",
  .summary = "Adds, removes, replaces or renames header fields",
  .options = edit_options,
  .settings_size = sizeof (EditSettings),
  .effects = HAUL_FILTER_CHANGES_SIZE | HAUL_FILTER_CHANGES_IDENTITY,
  .check = edit_check,
  .create = edit_create,
  .destroy = edit_free,
  .transform_begin = edit_begin,
  .transform_push = edit_push,
  .transform_finish = edit_finish,
  .transform_free = edit_stream_free,
  .instance_effects = edit_effects,
};

HAUL_DEFINE_FILTER (edit_header, edit_filter)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the bytes of a preset to a Preset, with a message for each mistake. XML itself is
 * job-xml.c's, with the limits of a job. On the caller's thread.
 */
#include <errno.h>
#include <string.h>

#include "model/job-xml.h"
#include "model/preset.h"
#include "model/read-file.h"

/* Form: what the value of an attribute is. */
typedef enum
{
  FORM_NAME,  /* lower-case letters, digits and '-' */
  FORM_ROLE,  /* may be missing */
  FORM_VALUE, /* an option's, as a job would write it */
  FORM_TEXT,  /* for people, wrapped as it suits the file */
} Form;

/* Attribute: one that an element may have, and where its value goes. */
typedef struct
{
  const char *name;
  Form form;
  char **out; /* (transfer full) */
} Attribute;

static void
option_free (gpointer data)
{
  PresetOption *option = data;

  g_free (option->name);
  g_free (option->value);
  g_free (option->reason);
  g_free (option);
}

static void
note_free (gpointer data)
{
  g_free (((PresetNote *) data)->text);
  g_free (data);
}

void
preset_free (Preset *self)
{
  if (self == NULL)
    return;
  g_free (self->file);
  g_free (self->plugin);
  g_free (self->name);
  g_free (self->summary);
  g_ptr_array_unref (self->options);
  g_ptr_array_unref (self->notes);
  g_free (self);
}

/* A text as people wrap it in a file: each run of blanks is one. */
static char *
unwrap (const char *text)
{
  g_auto (GStrv) words = g_strsplit_set (text, " \t\r\n", -1);
  g_autoptr (GString) out = g_string_new (NULL);

  for (gsize i = 0; words[i] != NULL; i++)
    if (*words[i] != '\0')
      g_string_append_printf (out, "%s%s", out->len > 0 ? " " : "", words[i]);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

static const Attribute *
known_attribute (const Attribute *known, const JobAttribute *found)
{
  for (; known->name != NULL; known++)
    if (!found->foreign && strcmp (known->name, found->name) == 0)
      return known;
  return NULL;
}

/* What is wrong with the value that was read, to follow the name; NULL: nothing. */
static const char *
fault_of (const Attribute *attribute)
{
  const char *value = *attribute->out;

  if (value == NULL)
    return attribute->form != FORM_ROLE ? "is missing" : NULL;
  if (attribute->form != FORM_ROLE && value[strspn (value, " ")] == '\0')
    return "is empty";
  if (attribute->form == FORM_NAME && !preset_name_is_sane (value))
    return "must be lower-case letters, digits and '-'";
  return NULL;
}

/* The attributes of @node by the table @known, which ends with a NULL name. */
static void
take_attributes (const char *file, const JobNode *node, const Attribute *known,
                 Problems *problems)
{
  for (guint i = 0; i < node->attributes->len; i++)
    {
      const JobAttribute *found = node->attributes->pdata[i];
      const Attribute *attribute = known_attribute (known, found);

      if (attribute == NULL)
        problems_add (problems, file, found->line, "%s: unknown attribute \"%s\"",
                      node->name, found->name);
      else
        *attribute->out = attribute->form == FORM_TEXT ? unwrap (found->value)
                                                       : g_strdup (found->value);
    }
  for (; known->name != NULL; known++)
    {
      const char *fault = fault_of (known);

      if (fault != NULL)
        problems_add (problems, file, node->line, "%s: \"%s\" %s", node->name,
                      known->name, fault);
    }
}

static guint32
roles_of (const char *file, const JobNode *node, const char *text, Problems *problems)
{
  if (text == NULL)
    return PRESET_SOURCE | PRESET_DESTINATION;
  if (strcmp (text, "source") == 0)
    return PRESET_SOURCE;
  if (strcmp (text, "destination") == 0)
    return PRESET_DESTINATION;
  problems_add (problems, file, node->line,
                "%s: \"role\" must be source or destination, got \"%s\"", node->name,
                text);
  return 0;
}

static void
take_option (Preset *self, const JobNode *node, Problems *problems)
{
  g_autofree char *role = NULL;
  PresetOption *option = g_new0 (PresetOption, 1);
  const Attribute known[] = {
    { "name", FORM_NAME, &option->name },
    { "value", FORM_VALUE, &option->value },
    { "reason", FORM_TEXT, &option->reason },
    { "role", FORM_ROLE, &role },
    { NULL, FORM_NAME, NULL },
  };

  g_ptr_array_add (self->options, option);
  option->line = node->line;
  take_attributes (self->file, node, known, problems);
  option->roles = roles_of (self->file, node, role, problems);
  for (guint i = 0; i + 1 < self->options->len; i++)
    {
      const PresetOption *earlier = self->options->pdata[i];

      if ((earlier->roles & option->roles) != 0
          && g_strcmp0 (earlier->name, option->name) == 0)
        problems_add (problems, self->file, node->line,
                      "option: \"%s\" is given twice for the same side",
                      option->name != NULL ? option->name : "");
    }
}

static void
take_note (Preset *self, const JobNode *node, Problems *problems)
{
  g_autofree char *role = NULL;
  PresetNote *note = g_new0 (PresetNote, 1);
  const Attribute known[] = {
    { "text", FORM_TEXT, &note->text },
    { "role", FORM_ROLE, &role },
    { NULL, FORM_NAME, NULL },
  };

  g_ptr_array_add (self->notes, note);
  take_attributes (self->file, node, known, problems);
  note->roles = roles_of (self->file, node, role, problems);
}

static void
take_child (Preset *self, const JobNode *node, Problems *problems)
{
  gboolean ours = g_strcmp0 (node->namespace, PRESET_NAMESPACE) == 0;

  if (ours && strcmp (node->name, "option") == 0)
    take_option (self, node, problems);
  else if (ours && strcmp (node->name, "note") == 0)
    take_note (self, node, problems);
  else
    problems_add (problems, self->file, node->line,
                  "unknown element <%s>: a preset has <option> and <note>", node->name);
  if (node->text_line > 0)
    problems_add (problems, self->file, node->text_line, "text inside <%s>", node->name);
  if (node->children->len > 0)
    problems_add (problems, self->file, node->line, "an element inside <%s>", node->name);
}

static void
take_root (Preset *self, const JobNode *root, Problems *problems)
{
  const Attribute known[] = {
    { "plugin", FORM_NAME, &self->plugin },
    { "name", FORM_NAME, &self->name },
    { "summary", FORM_TEXT, &self->summary },
    { NULL, FORM_NAME, NULL },
  };

  if (strcmp (root->name, "preset") != 0
      || g_strcmp0 (root->namespace, PRESET_NAMESPACE) != 0)
    {
      problems_add (problems, self->file, root->line,
                    "the root must be <preset xmlns=\"" PRESET_NAMESPACE "\">, got <%s>",
                    root->name);
      return;
    }
  take_attributes (self->file, root, known, problems);
  if (root->text_line > 0)
    problems_add (problems, self->file, root->text_line, "text inside <preset>");
  for (guint i = 0; i < root->children->len; i++)
    take_child (self, root->children->pdata[i], problems);
}

/* The file is found by what it says of itself. */
static void
check_file_name (const Preset *self, Problems *problems)
{
  g_autofree char *base = g_path_get_basename (self->file);
  g_autofree char *due = g_strdup_printf ("%s-%s.xml", self->plugin, self->name);

  if (strcmp (base, due) != 0)
    problems_add (problems, self->file, 0,
                  "the preset \"%s\" of %s must be in a file named %s", self->name,
                  self->plugin, due);
}

Preset *
preset_read (const char *file, Problems *problems)
{
  guint before = problems_count (problems);
  g_autoptr (GByteArray) data = read_file_bytes (file, PRESET_LIMIT_BYTES);
  g_autoptr (JobNode) root = NULL;
  g_autoptr (Preset) self = NULL;

  if (data == NULL)
    {
      problems_add (problems, file, 0, "cannot read the preset: %s",
                    errno == EFBIG ? "it is larger than 64 KiB" : g_strerror (errno));
      return NULL;
    }
  JobText text = {
    .file = file, .what = "preset", .data = (const char *) data->data, .length = data->len
  };
  root = job_xml_parse (&text, problems);
  if (root == NULL)
    return NULL;
  self = g_new0 (Preset, 1);
  self->file = g_strdup (file);
  self->options = g_ptr_array_new_with_free_func (option_free);
  self->notes = g_ptr_array_new_with_free_func (note_free);
  take_root (self, root, problems);
  if (problems_count (problems) == before)
    check_file_name (self, problems);
  return problems_count (problems) == before ? g_steal_pointer (&self) : NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree of a job's elements: making and freeing. How deep it can be is the reader's
 * limit. One thread at a time.
 */
#include "job-node.h"

#include <string.h>

static void
attribute_free (gpointer data)
{
  JobAttribute *attribute = data;

  g_free (attribute->name);
  g_free (attribute->value);
  g_free (attribute);
}

static void
child_free (gpointer data)
{
  job_node_free (data);
}

JobNode *
job_node_new (const char *name, const char *namespace, guint line)
{
  JobNode *self = g_new0 (JobNode, 1);

  self->name = g_strdup (name);
  self->namespace = g_strdup (namespace);
  self->line = line;
  self->attributes = g_ptr_array_new_with_free_func (attribute_free);
  self->children = g_ptr_array_new_with_free_func (child_free);
  return self;
}

void
job_node_add_attribute (JobNode *self, char *name, char *value, guint line)
{
  JobAttribute *attribute = g_new0 (JobAttribute, 1);

  attribute->name = name;
  attribute->value = value;
  attribute->line = line;
  attribute->foreign = strchr (name, ':') != NULL;
  g_ptr_array_add (self->attributes, attribute);
}

void
job_node_free (JobNode *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->attributes);
  g_ptr_array_unref (self->children);
  g_free (self->name);
  g_free (self->namespace);
  g_free (self);
}

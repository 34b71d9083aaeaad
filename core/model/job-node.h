/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A job's elements as they stand in the file, with their lines: what the XML reader gives
 * to the walker, free of libxml2.
 */
#pragma once

#include <glib.h>

/* JobAttribute: one attribute. @foreign: it is in a namespace, @name with its prefix. */
typedef struct
{
  char *name;
  char *value;
  guint line;
  gboolean foreign;
} JobAttribute;

/* JobNode: one element. */
typedef struct
{
  char *name;            /* without prefix */
  char *namespace;       /* NULL: none */
  guint line;            /* of its '<' */
  guint text_line;       /* of text inside it that is not blank; 0: none */
  GPtrArray *attributes; /* of JobAttribute (owned) */
  GPtrArray *children;   /* of JobNode (owned) */
} JobNode;

/* job_node_new: (transfer full), free with job_node_free(). Strings are copied. */
JobNode *job_node_new (const char *name, const char *namespace, guint line);
/* job_node_add_attribute: takes ownership of @name and @value. */
void job_node_add_attribute (JobNode *self, char *name, char *value, guint line);
/* job_node_free: with everything below it; accepts NULL. */
void job_node_free (JobNode *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (JobNode, job_node_free)

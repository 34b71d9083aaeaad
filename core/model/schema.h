/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Prints the RELAX NG schema of a job: the frame, and in it each plugin's options by its
 * table. schemas/job.rng is what schema_print() gives without any plugin.
 */
#pragma once

#include <mailhaul/options.h>

/* SchemaRole: where a plugin's element may stand. */
typedef enum
{
  SCHEMA_SOURCE = 1 << 0,
  SCHEMA_DESTINATION = 1 << 1,
  SCHEMA_FILTER = 1 << 2,
} SchemaRole;

/* SchemaPlugin: one plugin; borrowed strings. */
typedef struct
{
  guint32 roles; /* SchemaRole; a backend may have two */
  const char *name;
  const char *summary;           /* may be NULL */
  const HaulOptionSpec *options; /* NULL: none */
} SchemaPlugin;

/*
 * schema_print: a complete schema in XML syntax with @count @plugins; with none of them,
 * one that takes any plugin's element with any attributes. Where an option is, its value
 * may also hold a ${column}. Returns: (transfer full), UTF-8.
 */
char *schema_print (const SchemaPlugin *plugins, gsize count);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From the bytes of a job to its elements. XML alone: no DTD, no entities but the five of
 * XML itself, no XInclude, no network, and limits on everything.
 */
#pragma once

#include "base/problems.h"
#include "model/job-node.h"

/* JOB_LIMIT_BYTES: a job for one account has 2 KiB; many accounts stand in a CSV. */
#define JOB_LIMIT_BYTES (1024 * 1024)
/* JOB_LIMIT_DEPTH: a job has three levels; the rest lets the walker name what is wrong.
 */
#define JOB_LIMIT_DEPTH 16
/* JOB_LIMIT_ELEMENTS: far above any chain of filters, far below what takes time. */
#define JOB_LIMIT_ELEMENTS 10000
/* JOB_LIMIT_ATTRIBUTES: of one element; libxml2 compares each with each. */
#define JOB_LIMIT_ATTRIBUTES 4096
/* JOB_LIMIT_VALUE_BYTES: the longest pattern or path is far below. */
#define JOB_LIMIT_VALUE_BYTES (64 * 1024)

/* JobText: a job's bytes, borrowed. @file: its name for messages. @what: what it is in
 * them, NULL for "job"; a preset has the same limits. */
typedef struct
{
  const char *file;
  const char *data;
  gsize length;
  const char *what;
} JobText;

/*
 * job_xml_parse: the elements of @text. Everything that breaks well-formedness or a limit
 * goes to @problems with its line; values are never shown. Returns: (transfer full); NULL
 * when there were any.
 */
JobNode *job_xml_parse (const JobText *text, Problems *problems);

/*
 * job_xml_validate: checks @text, which job_xml_parse() took, against the RELAX NG schema
 * @schema (bytes of @schema_length, XML syntax). FALSE when there were problems; a schema
 * that cannot be read is one, too. Values are never shown.
 */
gboolean job_xml_validate (const JobText *text, const char *schema, gsize schema_length,
                           Problems *problems);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A job in memory, as the XML or the command line gave it: endpoints and filters are
 * still names with string options (each with its line); what belongs to mailhaul itself
 * is parsed. Immutable once built.
 */
#pragma once

#include <mailhaul/folder.h>

#include "base/option-table.h"
#include "base/problems.h"

/* JobOption: one attribute of an endpoint or filter, ${column} not yet expanded. */
typedef struct
{
  char *name;
  char *value;
  guint line; /* 0: that of the element */
} JobOption;

/* JobElement: a plugin's element: <maildir path="…"/>, <skip-folder …/>. */
typedef struct
{
  char *plugin;
  guint line;
  GPtrArray *options; /* of JobOption */
} JobElement;

/* JobFlags: sync/@flags. */
typedef enum
{
  JOB_FLAGS_MERGE = 0,
  JOB_FLAGS_SOURCE = 1,
  JOB_FLAGS_NEW_ONLY = 2,
} JobFlags;

/* JobDeletions: sync/@deletions. */
typedef enum
{
  JOB_DELETIONS_NONE = 0,
  JOB_DELETIONS_DELIVERED = 1,
  JOB_DELETIONS_MIRROR = 2,
} JobDeletions;

/* JobDuplicates: sync/@duplicates. */
typedef enum
{
  JOB_DUPLICATES_KEEP = 0,
  JOB_DUPLICATES_ONE = 1,
} JobDuplicates;

/* JobVerify: sync/@verify, in order of cost. */
typedef enum
{
  JOB_VERIFY_NONE = 0,
  JOB_VERIFY_SIZE = 1,
  JOB_VERIFY_HEADERS = 2,
  JOB_VERIFY_CONTENT = 3,
} JobVerify;

/* JobAccount: one account: the row of the CSV, or the only one. */
typedef struct
{
  char *name;     /* unique in the job; usable as a file name */
  guint line;     /* in the CSV; 0: no CSV */
  char **columns; /* NULL-terminated names */
  char **values;  /* as many */
} JobAccount;

/* Job: everything. */
typedef struct
{
  char *file;      /* NULL: built from a command line */
  char *directory; /* relative paths start here; absolute */
  char *name;
  JobElement *source;
  JobElement *destination;
  GPtrArray *filters;  /* of JobElement, in document order */
  GPtrArray *accounts; /* of JobAccount, at least one */
  char *accounts_file; /* NULL: none */
  JobFlags flags;
  JobDeletions deletions;
  gboolean deletion_trash; /* deletion-mode="trash" */
  char *max_deletions;     /* as written, "10" or "5%"; NULL: no limit given */
  gboolean allow_foreign_deletions;
  gboolean allow_empty_source;
  JobDuplicates duplicates;
  JobVerify verify;
  char *source_after_copy; /* NULL: keep; "delete"; "move-to:FOLDER" */
  guint account_limit;     /* accounts at once, ≥ 1 */
  guint connection_limit;  /* lanes per account, ≥ 1 */
  guint64 rate_bytes;      /* per second; 0: no limit */
  char *state_directory;   /* absolute text for job_path(), which expands ${column} */
  char *report_file;       /* likewise; NULL: none */
  guint accounts_line;     /* in the file, for messages; 0: not there */
  guint state_line;
  guint report_line;
  guint after_copy_line;
} Job;

/* job_free: accepts NULL. */
void job_free (Job *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Job, job_free)

/* job_element_new: (transfer full). */
JobElement *job_element_new (const char *plugin, guint line);
/* job_element_add: one more option, both copied. */
void job_element_add (JobElement *self, const char *name, const char *value);
/* job_element_free: accepts NULL. */
void job_element_free (JobElement *self);

/*
 * job_expand: @text with each ${column} replaced by @account's value; "$$" is "$".
 * Returns: (transfer full); NULL with HAUL_ERROR_CONFIG for an unknown column or an
 * unclosed "${" (naming the nearest column).
 */
char *job_expand (const JobAccount *account, const char *text, GError **error);

/* job_escape: @text as job_expand() takes it to give it back: for values that are not
 * from a job, like a path of the command line. (transfer full) */
char *job_escape (const char *text);

/* job_element_check_columns: every ${column} in @element's options is known (for the
 * first account; all have the same columns). FALSE when there were @problems. */
gboolean job_element_check_columns (const Job *self, const JobElement *element,
                                    Problems *problems);

/*
 * job_path: a path of the job for one account: expanded by job_expand(), then absolute
 * (relative ones start at the job's directory). For state_directory and report_file,
 * which hold a ${column} only if a job says so. Returns: (transfer full); NULL with
 * HAUL_ERROR_CONFIG.
 */
char *job_path (const Job *self, const JobAccount *account, const char *text,
                GError **error);

/* job_name_is_secret: an attribute of this name may hold a secret, so that its value is
 * never shown (its name has "password", "passwd", "secret" or "token" inside). */
gboolean job_name_is_secret (const char *name);

/* job_safe_name: @name as it can be a file's: '/', '%', '\\', controls and a leading dot
 * as %XX, a long one cut and made unique by a digest. Different names stay different.
 * (transfer full) */
char *job_safe_name (const char *name);

/*
 * job_settings: the settings struct for @element and @account by a plugin's table.
 * Mistakes go to @problems. Returns: (transfer full), option_table_free(); NULL on
 * errors.
 */
gpointer job_settings (const Job *self, const JobElement *element,
                       const JobAccount *account, const HaulOptionSpec *specs,
                       gsize settings_size, guint32 refused_flags, Problems *problems);

/*
 * job_load: reads and checks an XML job (well-formed, within limits, schema) and its CSV
 * of accounts. All mistakes go to @problems. No network, no entities, no XInclude.
 * Plugins' options are not checked here (see core/engine). Returns: (transfer full); NULL
 * when problems_count() > 0.
 */
Job *job_load (const char *file, Problems *problems);
/* job_load_partly: the same, but gives what could be understood in spite of mistakes, so
 * that the rest can be checked, too: source, destination and accounts may be missing.
 * Never run it. NULL: there is nothing to go on with. */
Job *job_load_partly (const char *file, Problems *problems);

/* job_new_for_pair: a job with one account and defaults, for `mailhaul copy`; the caller
 * fills in the endpoints. @directory: for relative paths. */
Job *job_new_for_pair (const char *name, const char *directory,
                       const char *state_directory);

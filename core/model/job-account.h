/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The accounts of a job: rows of a CSV file (RFC 4180) whose first row names the columns.
 */
#pragma once

#include "model/job.h"

/* ACCOUNTS_LIMIT_BYTES: a hundred thousand rows of 160 bytes. */
#define ACCOUNTS_LIMIT_BYTES (16 * 1024 * 1024)
/* ACCOUNTS_LIMIT_ROWS: more accounts than any server has in one job. */
#define ACCOUNTS_LIMIT_ROWS 200000
/* ACCOUNTS_LIMIT_COLUMNS: each column is looked for by name in each value. */
#define ACCOUNTS_LIMIT_COLUMNS 256
/* ACCOUNTS_LIMIT_FIELD_BYTES: as much as an attribute of the job may hold. */
#define ACCOUNTS_LIMIT_FIELD_BYTES (64 * 1024)
/* ACCOUNTS_LIMIT_PROBLEMS: after that many wrong rows the file is another than meant. */
#define ACCOUNTS_LIMIT_PROBLEMS 50

/* job_account_new: without columns; @name is made safe as a file's. (transfer full) */
JobAccount *job_account_new (const char *name, guint line);
/* job_account_free: for a GPtrArray; accepts NULL. */
void job_account_free (gpointer account);

/*
 * job_accounts_parse: the accounts in @data, the content of @file. An account's name is
 * its column "name", or else the first column, and must be unique. All mistakes go to
 * @problems with their line. Fields are never shown, but for names. Returns: (transfer
 * full), of JobAccount; NULL when there were any.
 */
GPtrArray *job_accounts_parse (const char *file, const char *data, gsize length,
                               Problems *problems);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A job with everything filled in that it leaves open.
 */
#pragma once

#include "cli/cli.h"

/* effective_print: the job as it will run, on standard output: each option of its plugins
 * with where the value is from (the job, a preset, the default), then its own. ${column}
 * stays as it is written; a preset that a column names is that of the first account.
 * Values that may be secret are not shown. */
void effective_print (const Job *job, Registry *registry);

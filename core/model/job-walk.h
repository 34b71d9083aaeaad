/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From a job's elements to a Job: the rules of job-spec.h, with a message for each
 * mistake that names its line and the nearest known name.
 */
#pragma once

#include "model/job-node.h"
#include "model/job.h"

/*
 * job_walk: fills @job from @root as far as it is right; every mistake goes to @problems
 * with @job's file. Paths and ${column} stay as written. TRUE when there was none.
 */
gboolean job_walk (const JobNode *root, Job *job, Problems *problems);

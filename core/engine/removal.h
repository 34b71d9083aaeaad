/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Deletions: at the destination by the job's policy, and at the source after the copy.
 * Both come at the end of an account, when every folder's pass has ended whole; if
 * anything failed, nothing is deleted. docs/internals/deletions.md.
 */
#pragma once

#include "engine/folders.h"

/* removal_run: looks, decides, and deletes (a dry run only tells). Account's thread, with
 * no pass under way. FALSE: the account ends with @error; HAUL_ERROR_UNSUPPORTED when the
 * deletions were refused for safety: then none was made. */
gboolean removal_run (Lane *lane, FolderSet *set, GPtrArray *results,
                      gboolean *out_source, GError **error);

/* removal_wants_source: the job takes messages from the source after their copy, so its
 * session must be opened for that. */
gboolean removal_wants_source (const Job *job);

/* removal_leave_out_target: the source's folder that source-after-copy moves messages to
 * is never copied from: its pair is dropped. */
gboolean removal_leave_out_target (const Account *account, GPtrArray *pairs,
                                   GError **error);

/* removal_plan_take: dry run: the message of the source's @key, @bytes long, which would
 * be copied, would leave the source then, if the job says so. Lane's thread. */
void removal_plan_take (Pass *pass, HaulBytes key, guint64 bytes);

/* removal_mark_gone: after a whole listing of the source: rows of delivered messages that
 * it no longer had are marked in the state. Lane's thread. */
gboolean removal_mark_gone (Pass *pass, GError **error);

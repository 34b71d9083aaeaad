/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages that somebody moved to another folder of the source follow at the destination,
 * without travelling once more. docs/two-sided.md says what is done when.
 */
#pragma once

#include "engine/folders.h"

/* moves_run: looks for them, where the listing leaves that open, and moves them, or with
 * deletions="none" copies them, at the destination. What is not found to be a move is
 * left to the passes, as new mail. @results: of FolderResult, as many as pairs. FALSE:
 * the account cannot go on. */
gboolean moves_run (Lane *lane, FolderSet *folders, GPtrArray *results,
                    gboolean *out_source, GError **error);

/* moves_would_take: dry run: whether a move that was found would take the message of the
 * destination's @key out of the folder whose row is @folder_id. */
gboolean moves_would_take (const Account *account, gint64 folder_id, HaulBytes key);

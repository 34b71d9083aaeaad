/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares what the source has with what the destination has.
 */
#pragma once

#include "engine/lane.h"

/*
 * verify_run: all pairs that are not left out; differences go to the account's result,
 * the ledgers of @results (of FolderResult, as many as @pairs) are filled in when the
 * request is a verification. Writes nothing. FALSE: it could not be carried out.
 */
gboolean verify_run (Lane *lane, GPtrArray *pairs, GPtrArray *results, JobVerify level,
                     GError **error);

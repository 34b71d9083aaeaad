/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The lanes of an account: the first one, and as many more beside it as the work is worth
 * and both sides allow. Each has sessions of its own; folders are handed out one by one.
 */
#pragma once

#include "engine/verify.h"

/*
 * lanes_run: takes all @pairs through their passes, the results into @results, and
 * compares what was stored as @verify says (NULL: not at all). @first stands open and is
 * used on the calling thread. FALSE: the account cannot go on; @error says why,
 * *@out_source whose side it was.
 */
gboolean lanes_run (Lane *first, GPtrArray *pairs, GPtrArray *results,
                    const VerifyRequest *verify, gboolean *out_source, GError **error);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a verification found, kept for the next run.
 */
#pragma once

#include "engine/lane.h"

/*
 * doubts_keep: a verification of the folder @row came to its end: what differs, from the
 * @first difference of the account's result on, is compared again by the next run; what
 * differed before (@unverified: StateUnverified of then) and no longer does is not.
 */
gboolean doubts_keep (Lane *lane, StateFolder *row, guint unverified, guint first,
                      GError **error);

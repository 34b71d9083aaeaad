/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Counters of one running account, sampled by whoever draws progress.
 */
#pragma once

#include <glib.h>

/* Progress: written with __atomic adds by the account's threads; read it likewise. */
typedef struct
{
  guint64 planned_messages, planned_bytes; /* grows as folders are planned */
  guint64 done_messages, done_bytes;       /* with a receipt, or gone */
} Progress;

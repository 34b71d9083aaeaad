/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flags, keywords and dates of a message and its copy, compared.
 */
#pragma once

#include <mailhaul/backend.h>

#include "engine/records.h"

/* MetadataPair: a message and its copy, and what the destination can keep. */
typedef struct
{
  Records *our_records;
  const Record *ours;
  Records *their_records;
  const Record *theirs;
  guint32 caps; /* HaulCaps of the destination */
} MetadataPair;

/* metadata_difference: "flags differ: …", or NULL when nothing does that the destination
 * can keep. (transfer full) */
char *metadata_difference (const MetadataPair *pair);
/* metadata_date_difference: dates alone, which no user can change. (transfer full) */
char *metadata_date_difference (const MetadataPair *pair);

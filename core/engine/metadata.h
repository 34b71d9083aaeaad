/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flags, keywords and dates of a message and its copy, compared.
 */
#pragma once

#include <mailhaul/backend.h>

#include "engine/records.h"
#include "model/identity.h"

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
 * can keep. One of which @note (may be NULL) does not tell comes first. (transfer full)
 */
char *metadata_difference (const MetadataPair *pair, const char *note);
/* metadata_date_difference: dates alone, which no user can change. (transfer full) */
char *metadata_date_difference (const MetadataPair *pair);
/* note_covers: @note (lines of receipts, see HaulReceipt; may be NULL) tells of what
 * @difference begins with: "flags", "keywords", "dates", "form" or "content". */
gboolean note_covers (const char *note, const char *difference);
/* content_difference: what differs between two messages that were read whole, or NULL:
 * nothing. *@out_harmless: the contents themselves show that the copy is the message as a
 * store keeps it. (transfer full) */
char *content_difference (const Identity *own, const Identity *copy,
                          gboolean *out_harmless);

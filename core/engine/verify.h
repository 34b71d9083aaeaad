/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Compares what the source has with what the destination has.
 */
#pragma once

#include "engine/lane.h"

/* VerifyRequest: what is to be compared, and how thoroughly. */
typedef struct
{
  GPtrArray *pairs;   /* of FolderPair */
  GPtrArray *results; /* of FolderResult, as many */
  JobVerify level;
} VerifyRequest;

/*
 * verify_run: all pairs that are not left out; differences go to the account's result,
 * the ledgers of the results are filled in when the run is a verification, which writes
 * nothing. After a run only what it stored is compared, with @request->level, and what
 * runs before it left unverified, at least by size; what differs is kept in the state, so
 * that the next run compares it again. FALSE: it could not be carried out; *@out_source:
 * because of the source.
 */
gboolean verify_run (Lane *lane, const VerifyRequest *request, gboolean *out_source,
                     GError **error);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the files of a verification share: the check of one folder.
 */
#pragma once

#include "engine/verify.h"

/* NO_PARTNER: a source message without a partner at the destination. */
#define NO_PARTNER G_MAXUINT

/* Check: one folder pair that is compared. */
typedef struct
{
  Lane *lane;
  Pass *pass; /* a pass that only reads: folder, row, records of the source */
  JobVerify level;
  Records *theirs;
  StateCursor *cursor;
  gboolean whole;     /* a verification by itself, not one after a run */
  const KeySet *only; /* after a run: source keys that it stored; NULL: none */
  guint unverified;   /* StateUnverified: what runs before it left */
  KeySet *doubtful;   /* source keys that differed then */
  KeySet *settled;    /* source keys whose copy is there as it was delivered */
  GArray *partner;    /* of guint: index in theirs for each of ours, or NO_PARTNER */
} Check;

/* verify_report: a difference of the message @key; @surplus: only at the destination. */
void verify_report (Check *self, HaulBytes key, gboolean surplus, const char *reason);
/* verify_noted: what the row of our message says that the destination noted, or NULL;
 * until the cursor's next use. */
const char *verify_noted (Check *self, HaulBytes key);
/* verify_report_change: a message that is there, but other than at the source: nothing is
 * wrong with one of which the destination said so when it stored it. */
void verify_report_change (Check *self, HaulBytes key, const char *reason);
/* verify_find_row: the row says what was delivered; *@out_found FALSE: there is none. */
gboolean verify_find_row (Check *self, HaulBytes source_key, StateMessage *out_row,
                          gboolean *out_found, GError **error);
/* verify-content.c: verify_headers: header identities of both sides; indices of pairs
 * whose headers differ are added to @doubtful. */
gboolean verify_headers (Check *self, GArray *doubtful, GError **error);
/*
 * verify-content.c: verify_content: compares the content of the pairs in @doubtful (of
 * guint: our records) and reports what differs. Of a message whose digest was taken while
 * it was copied only the copy is read; if that differs, or none was taken, both are.
 */
gboolean verify_content (Check *self, GArray *doubtful, GError **error);

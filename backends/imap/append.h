/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decisions about what an APPEND says: which flags, which date, which messages share a
 * command, and which UID of the answer belongs to which message. Pure; any thread.
 */
#pragma once

#include <mailhaul/message.h>

#include "text.h"

/* What a mailbox takes. Members are borrowed. */
typedef struct
{
  gboolean known;              /* the members up to `refused` were learnt by a SELECT */
  guint32 permanent;           /* HaulFlags that stick */
  gboolean any_keyword;        /* PERMANENTFLAGS has \* */
  const char *const *keywords; /* permanent ones; NULL: none */
  GHashTable *refused; /* keywords that the server refused, in lower case; NULL: none */
  gboolean keywords_none;    /* quirk: no keywords at all */
  gboolean flagged_by_store; /* quirk: \Flagged counts only by STORE */
  gboolean deleted_expunges; /* quirk: \Deleted makes a message vanish */
} ImapFlagRules;

/* What becomes of the flags of one message; strings are owned. */
typedef struct
{
  GPtrArray *now;     /* for the APPEND; not NULL-terminated */
  GPtrArray *later;   /* for a STORE behind it */
  GPtrArray *dropped; /* cannot be kept */
} ImapFlagPlan;

/* Whether the decision needs what only a SELECT tells: there are valid keywords. */
gboolean imap_flags_need_select (const ImapFlagRules *rules, const char *const *keywords);

/* Sorts @flags (HaulFlags) and @keywords (NULL-terminated) into @out_plan, without
 * doubles in any case; \Forwarded becomes $Forwarded (imap.md §3 row 22). */
void imap_flags_plan (const ImapFlagRules *rules, guint32 flags,
                      const char *const *keywords, ImapFlagPlan *out_plan);

/* Whether `now` holds keywords. */
gboolean imap_flags_has_keywords (const ImapFlagPlan *self);

/* The keywords in `now` move to `later`: the server refused them with the message. TRUE
 * if there were any. */
gboolean imap_flags_postpone_keywords (ImapFlagPlan *self);

/* Frees what is inside. */
void imap_flags_clear (ImapFlagPlan *self);

/* Whether @word is in @words (may be NULL), without regard to case. */
gboolean imap_words_have (const char *const *words, const char *word);

/* "\\Seen" for one HaulFlags bit; static. */
const char *imap_flag_name (guint32 bit);

/* The HaulFlags bit for "\\Seen", in any case; 0: none. */
guint32 imap_flag_bit (const char *name);

/* What became of a date. */
typedef enum
{
  IMAP_DATE_KEPT,
  IMAP_DATE_EARLY, /* before what the server keeps */
  IMAP_DATE_LATE,  /* behind it, or in the future */
} ImapDateChange;

/* The span of dates that a server keeps. */
typedef struct
{
  gint64 min_s, max_s; /* seconds since 1970; both 0: not known */
  gint64 now_s;
  gint64 ahead_s; /* of the future that is kept; 0: a day */
} ImapDateSpan;

/* Brings *@date and *@zone_minutes into what the server keeps: not before 1970, not after
 * now but for some hours of wrong clocks (imap.md rule 14). */
ImapDateChange imap_date_clamp (const ImapDateSpan *span, gint64 *date,
                                gint *zone_minutes);

/* How much one APPEND may hold. */
typedef struct
{
  guint messages; /* 1: no MULTIAPPEND */
  guint64 bytes;
} ImapBatchLimits;

/* Whether a message of @size bytes fits to @count messages of @bytes together. */
gboolean imap_batch_has_room (const ImapBatchLimits *limits, guint count, guint64 bytes,
                              guint64 size);

/* Whether a batch is worth sending although others are still unanswered and nothing more
 * has come: the answers make room for larger ones. */
gboolean imap_batch_is_ripe (const ImapBatchLimits *limits, guint count, guint64 bytes);

/* Pairs the UIDs of APPENDUID with the @count messages of the command by position, as far
 * as RFC 4315 allows it (a server that deduplicates may repeat one, row 35). FALSE: their
 * number is another, or the set is none: none of them can be trusted. */
gboolean imap_append_pair (const char *uids, guint count, guint32 *out_uids);

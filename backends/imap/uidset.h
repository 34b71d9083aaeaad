/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sets of UIDs or sequence numbers: parse, build, print, iterate. */
#pragma once

#include "parse-error.h"
#include "text.h"

/* Stands for "*"; no server may assign it, as UIDNEXT could not follow. */
#define IMAP_UID_STAR G_MAXUINT32

/* One range; first <= last. */
typedef struct
{
  guint32 first;
  guint32 last;
} ImapUidRange;

/* Ranges in the order in which they were read or added: APPENDUID and COPYUID pair their
 * sets by position (RFC 4315). Owned by one thread at a time. */
typedef struct
{
  GArray *ranges; /* of ImapUidRange */
} ImapUidSet;

/* Walks over the single UIDs. */
typedef struct
{
  const ImapUidSet *set;
  guint index;
  guint64 at;
  guint64 steps_left;
} ImapUidIter;

/* An empty set. Free with imap_uidset_free(). */
ImapUidSet *imap_uidset_new (void);

/* Accepts NULL. */
void imap_uidset_free (ImapUidSet *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapUidSet, imap_uidset_free)

/* Parses "1,5:9,9:5,12:*". Ranges are turned round where reversed; "*" is IMAP_UID_STAR.
 * 0, empty members and anything else give IMAP_PARSE_ERROR_SYNTAX, too many ranges
 * IMAP_PARSE_ERROR_LIMIT. An empty text is an error too: a set is never empty on the
 * wire. */
ImapUidSet *imap_uidset_parse (ImapString text, GError **error);

/* Adds one UID (1 or more); it lengthens the last range if it follows it. */
void imap_uidset_add (ImapUidSet *self, guint32 uid);

/* Adds @uid and lengthens the last range up to it, whatever lies between: for holes of
 * which the caller knows that they are empty. @uid must be above all members. */
void imap_uidset_extend (ImapUidSet *self, guint32 uid);

/* Sorts and merges the ranges. Positions are lost. */
void imap_uidset_normalise (ImapUidSet *self);

/* Number of UIDs counted with multiplicity, "*" ranges up to 2^32-1. */
guint64 imap_uidset_count (const ImapUidSet *self);

/* Whether "*" is a member: the set is then not bounded by what we know. */
gboolean imap_uidset_has_star (const ImapUidSet *self);

/* Whether @uid lies in some range. Linear; for many questions normalise and use
 * imap_uidset_contains_sorted(). */
gboolean imap_uidset_contains (const ImapUidSet *self, guint32 uid);

/* The same by bisection, for a normalised set. */
gboolean imap_uidset_contains_sorted (const ImapUidSet *self, guint32 uid);

/* Prints ranges from *@cursor (start with 0) as long as they fit in @max_bytes (at least
 * one is printed) and advances it; NULL when nothing is left. (transfer full) */
gchar *imap_uidset_format (const ImapUidSet *self, guint *cursor, gsize max_bytes);

/* Starts a walk of at most @max_steps UIDs: a server's VANISHED may name four billion. */
void imap_uid_iter_init (ImapUidIter *iter, const ImapUidSet *set, guint64 max_steps);

/* The next UID in the order of the set; FALSE at the end or after max_steps, which a
 * caller tells apart by imap_uidset_count(). */
gboolean imap_uid_iter_next (ImapUidIter *iter, guint32 *out_uid);

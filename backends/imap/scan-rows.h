/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The rows of a listing: what FETCH lines say of each message, merged by UID, handed on
 * in ascending order of UID as soon as nothing lower can be missing. Only what is
 * incomplete or out of order is kept. Sans-I/O.
 */
#pragma once

#include <mailhaul/message.h>

#include "event.h"
#include "uidset.h"

typedef struct _ImapRows ImapRows;

/* What is known of one message, or one line's part of it. Items are ImapFetchItem bits;
 * IMAP_FETCH_BODY stands for the headers. Everything is borrowed during the call. */
typedef struct
{
  guint32 uid;
  guint32 number;              /* sequence number; 0: unknown, as under UIDONLY */
  guint named;                 /* items that came, whether or not they made sense */
  guint known;                 /* items that made sense */
  guint32 flags;               /* HaulFlags */
  const char *const *keywords; /* NULL-terminated, or NULL */
  guint64 size;
  gint64 date;
  gint zone_minutes;
  HaulBytes headers;
} ImapRow;

/* How soon rows are handed on. */
typedef enum
{
  IMAP_ROWS_BY_NUMBER, /* when all lower sequence numbers have been */
  IMAP_ROWS_BY_UID,    /* at once if above the last one: there are no numbers */
  IMAP_ROWS_HELD,      /* not before imap_rows_flush() */
} ImapRowsMode;

/* Takes one message. FALSE with @error set ends the listing. */
typedef gboolean (*ImapRowFunc) (const ImapRow *row, gpointer user_data, GError **error);

/* An empty listing. @wanted: the items without which a row is not whole. Free with
 * imap_rows_free(). */
ImapRows *imap_rows_new (guint wanted, ImapRowFunc func, gpointer user_data);

/* Accepts NULL. */
void imap_rows_free (ImapRows *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapRows, imap_rows_free)

/* From now on; what is held stays. The start is IMAP_ROWS_BY_NUMBER. */
void imap_rows_set_mode (ImapRows *self, ImapRowsMode mode);

/* Takes a line's part. Doubled messages, and UID 0, are ignored. FALSE: what the function
 * of the listing said. */
gboolean imap_rows_add (ImapRows *self, const ImapRow *part, GError **error);

/* An untagged EXPUNGE of sequence number @number. */
void imap_rows_expunge (ImapRows *self, guint32 number);

/* An untagged VANISHED (not EARLIER); NULL: it could not be read. */
void imap_rows_vanish (ImapRows *self, const ImapUidSet *uids);

/* Hands on all whole rows that are held. */
gboolean imap_rows_flush (ImapRows *self, GError **error);

/* Forgets all rows that are held. */
void imap_rows_drop_held (ImapRows *self);

/* Declares that no more can be learnt of @uid: it counts as whole with what is known,
 * which may be nothing. */
void imap_rows_settle (ImapRows *self, guint32 uid);

/* Whether @uid was handed on, or is held and whole. */
gboolean imap_rows_has (const ImapRows *self, guint32 uid);

/* Distinct messages that are still there: handed on, or held and whole. Only true while
 * imap_rows_is_doubtful() says FALSE. */
guint64 imap_rows_count (const ImapRows *self);

/* Whether removals made the count unreliable. */
gboolean imap_rows_is_doubtful (const ImapRows *self);

/* Rows held, whole or not. */
guint imap_rows_held (const ImapRows *self);

/* The lowest UID held; 0: none. */
guint32 imap_rows_lowest_held (const ImapRows *self);

/* UIDs that are held and not whole. (transfer full) */
ImapUidSet *imap_rows_incomplete (const ImapRows *self);

/* The items that the row of @uid still lacks; 0 if it is whole or handed on; all wanted
 * ones if nothing is known. */
guint imap_rows_lacks (const ImapRows *self, guint32 uid);

/* Those of @existing (normalised) that imap_rows_has() denies. (transfer full) */
ImapUidSet *imap_rows_missing (ImapRows *self, const ImapUidSet *existing);

/* Whole rows that are held and whose UID is at least @first and below @before. */
guint64 imap_rows_held_between (const ImapRows *self, guint32 first, guint32 before);

/* Collects flags as names into HaulFlags and keywords. @out_keywords: of const char *,
 * emptied and NULL-terminated; its strings are borrowed from @names. */
void imap_flags_take (ImapStrings names, guint32 *out_flags, GPtrArray *out_keywords);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the scan share: one scan under way, and its questions to the server.
 */
#pragma once

#include "scan-rows.h"
#include "session.h"

typedef struct
{
  ImapSession *session;
  const HaulScan *scan;
  char *what;  /* "list folder 'X'", for errors */
  char *items; /* what FETCH asks for */
  guint wanted;
  ImapToken start; /* the folder when the scan began */
  guint32 from;    /* lowest UID that is wanted; 0: all */
  ImapRows *rows;
  GPtrArray *keywords; /* scratch */

  guint32 left;       /* of the messages of the start, not removed since */
  gboolean removals;  /* some were */
  gboolean none_from; /* the last message's UID is below `from` */
  guint32 highest;    /* UID of any row */
  gboolean bare;      /* some record lacks what it should have */

  /* The headers of the line that is coming in. */
  GByteArray *headers;
  gboolean collecting, have_headers;

  ImapUidSet *found;    /* what SEARCH, or FETCH (UID), names; NULL: not asked */
  gboolean found_bad;   /* it cannot be understood */
  gboolean uids_only;   /* FETCH asks for nothing but UIDs */
  ImapUidSet *vanished; /* what VANISHED names */
  gboolean vanished_bad;

  gboolean ahead;     /* the folder is opened in the flight of the first question, */
  gboolean opened;    /* and was: until then nothing that comes is about it, */
  GError *not_opened; /* or was not, for this reason */

  /* The command in flight, or the last one. */
  gboolean over;
  gboolean limited; /* MESSAGELIMIT: it did not cover all */
  guint32 lowest;   /* UID of its rows; 0: none */
  guint32 last;     /* highest UID of its rows */
  guint64 count;    /* lines of its rows */
  GError *refusal;  /* a NO or BAD; NULL: OK */
  guint refusals;   /* in a row */
  GError *failure;  /* of the engine's function: the rest is let pass */
} ImapScanRun;

/* What "up to the end" is in a set: "*", or a number under UIDONLY, which has no "*". */
guint32 imap_scan_top (const ImapScanRun *self);

/*
 * Asks for the rows of the UIDs @set ("7:9") and waits for the answer, of which
 * self->refusal, limited, lowest and last tell. @modifier: "(CHANGEDSINCE 5)", or NULL.
 * FALSE: the session is lost or the engine wants no more.
 */
gboolean imap_scan_fetch (ImapScanRun *self, const char *set, const char *modifier,
                          GError **error);

/* The same from @first to @last. */
gboolean imap_scan_fetch_range (ImapScanRun *self, guint32 first, guint32 last,
                                const char *modifier, GError **error);

/* Asks which of @set exist, into self->found (normalised), by SEARCH or by FETCH (UID).
 * As imap_scan_fetch(); a refusal or nonsense is said by self->refusal or found_bad. */
gboolean imap_scan_find (ImapScanRun *self, const char *set, gboolean by_fetch,
                         GError **error);

/* The folder as the server described it when it was opened. */
void imap_scan_take_start (ImapScanRun *self);

/* Opens the entered folder in the same flight as the question that comes next. */
gboolean imap_scan_open_ahead (ImapScanRun *self, GError **error);

/* Says NOOP, for the server to tell what it has not told yet. */
gboolean imap_scan_noop (ImapScanRun *self, GError **error);

/* Hands the whole rows that are held to the engine. */
gboolean imap_scan_flush (ImapScanRun *self, GError **error);

/* The error of a listing that cannot be completed. Returns FALSE. */
gboolean imap_scan_incomplete (const ImapScanRun *self, GError **error);

/* scan-repair.c: asks for what is missing in a listing of all UIDs from @first on, until
 * all that exists is described. @counted: EXISTS must agree. */
gboolean imap_scan_repair (ImapScanRun *self, guint32 first, gboolean counted,
                           GError **error);

/* scan-repair.c: asks for the rows of @uids in sets, a refused set by halves. */
gboolean imap_scan_ask_for (ImapScanRun *self, const ImapUidSet *uids, GError **error);

/* scan-windows.c: lists all UIDs from @first on in parts of at most @limit messages. */
gboolean imap_scan_windows (ImapScanRun *self, guint32 first, guint32 limit,
                            GError **error);

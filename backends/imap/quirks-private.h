/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the table of servers and its reader share. */
#pragma once

#include "quirks.h"

/* How strongly a mark speaks, the strongest last: of the rows with the strongest mark the
 * first one counts. A greeting may be a proxy's, an ID after login is the server's own;
 * who runs a well-known host is certain. */
typedef enum
{
  QUIRK_MARK_NONE,       /* end of the list */
  QUIRK_MARK_CAPABILITY, /* it is announced */
  QUIRK_MARK_GREETING,   /* the greeting contains it */
  QUIRK_MARK_ID_VENDOR,  /* the ID's vendor contains it */
  QUIRK_MARK_ID_NAME,    /* the ID's name contains it */
  QUIRK_MARK_ID_VERSION, /* the ID's version contains it */
  QUIRK_MARK_HOST,       /* the host is it or a name below it */
} QuirkMarkKind;

/* One sign by which a server is known. Case does not matter. */
typedef struct
{
  QuirkMarkKind kind;
  const gchar *text;
} QuirkMark;

/* Marks of one row. */
#define QUIRK_MARKS 12

/* QUIRK_VERSION: a version in one number; a row has "from" and "before". */
#define QUIRK_VERSION(major, minor) ((guint) (major) *1000u + (guint) (minor))

/* One row: any mark is enough; version and capability, where given, must hold as well. */
typedef struct
{
  QuirkMark marks[QUIRK_MARKS];
  guint version_from;   /* 0: any, or unknown */
  guint version_before; /* 0: any, or unknown */
  const gchar *needs;   /* capability that must be announced; NULL: any */
  ImapQuirks quirks;
} QuirkRow;

/* The table and the number of its rows. Row 0 has no marks: the unknown server. */
extern const QuirkRow imap_quirk_rows[];
extern const guint imap_quirk_row_count;

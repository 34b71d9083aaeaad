/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Flag changes of many messages as few STOREs: equal changes share a UID set. Pure; any
 * thread.
 */
#pragma once

#include "uidset.h"

/* What one message is to gain and to lose; flags as on the wire, NULL-terminated. */
typedef struct
{
  guint32 uid;
  char **add;    /* owned; never NULL */
  char **remove; /* owned; never NULL */
} ImapChange;

/* Frees what is inside. */
void imap_change_clear (ImapChange *self);

/* One STORE's worth: the same flags for a set of messages. */
typedef struct
{
  gboolean add;
  char **flags;     /* owned, NULL-terminated, in canonical order */
  ImapUidSet *uids; /* normalised */
} ImapChangeGroup;

/* Frees it; accepts NULL. */
void imap_change_group_free (gpointer group);

/* The groups for @count changes, in the order of first need; removals before additions of
 * the same message do not matter, as no flag is in both. GPtrArray of ImapChangeGroup,
 * (transfer full). */
GPtrArray *imap_change_group (const ImapChange *changes, guint count);

/* One group for each flag of @self: when the server refused them together. GPtrArray of
 * ImapChangeGroup, (transfer full). */
GPtrArray *imap_change_group_split (const ImapChangeGroup *self);

/* "+FLAGS.SILENT" or "-FLAGS.SILENT": never bare FLAGS, which would take away what only
 * the destination has (imap.md §2.2). */
const char *imap_change_group_words (const ImapChangeGroup *self);

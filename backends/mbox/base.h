/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keyword list of a folder (X-IMAPbase in its first message): making room for more.
 * Dovecot and c-client ignore keywords that are not in it.
 */
#pragma once

#include "file.h"

/* MBOX_BASE_SEARCH_BYTES: of the file in which the list must be found. */
#define MBOX_BASE_SEARCH_BYTES (64 * 1024)

/*
 * mbox_base_plan: where @keyword can be added in place to the list in @head, the start of
 * an mbox. TRUE with *@out_offset, where " keyword" may overwrite blanks; FALSE when
 * there is no list, no room, or it is there already. Pure.
 */
gboolean mbox_base_plan (const guint8 *head, gsize length, const char *keyword,
                         gsize *out_offset);

/* MboxBaseRoom: what is known of one file's list. Zeroed to start. */
typedef struct
{
  GHashTable *tried; /* char *, lower case: nothing more is to be done for these */
} MboxBaseRoom;

/* mbox_base_room_clear: forgets. */
void mbox_base_room_clear (MboxBaseRoom *self);
/* mbox_base_room_add: adds @keyword to the list of @file, which is locked, if it has one
 * with room; no error when not. */
gboolean mbox_base_room_add (MboxBaseRoom *self, MboxFile *file, const char *keyword,
                             GError **error);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A folder's file names in memory, compact (some 20 bytes beside each name), found by
 * base name or walked in order of arrival. No I/O.
 */
#pragma once

#include <glib.h>

/* MaildirTable: opaque. */
typedef struct _MaildirTable MaildirTable;

/* MaildirFile: one message's file. @name: NUL-terminated, stands until the table is
 * freed.
 * @base_length: see MaildirName. @is_new: it lies in new/, else in cur/. */
typedef struct
{
  const char *name;
  gsize base_length;
  gboolean is_new;
} MaildirFile;

/* maildir_table_new: an empty table. @separator: see maildir_name_parse(). */
MaildirTable *maildir_table_new (char separator);
/* maildir_table_free: accepts NULL. */
void maildir_table_free (MaildirTable *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (MaildirTable, maildir_table_free)

/*
 * maildir_table_add: enters the file @name as seen in pass number @pass (1 to 30) over
 * the directories. The same base name again means that it was renamed meanwhile: the
 * later sight replaces the earlier.
 */
void maildir_table_add (MaildirTable *self, const char *name, gboolean is_new,
                        guint pass);

/*
 * MaildirDoubleFunc: @kept and @other have one base name and were both seen in the last
 * pass. Returns: they are two messages, not one that was on its way.
 */
typedef gboolean (*MaildirDoubleFunc) (const MaildirFile *kept, const MaildirFile *other,
                                       gpointer user_data);

/*
 * maildir_table_settle_doubles: makes messages of their own of those files that shared
 * their base name with another in @pass. The file in new/, else the first in the order of
 * bytes, keeps the base name as its key; the other's key is its whole name, so that every
 * reading gives the same keys. Two names without information cannot be told apart.
 */
void maildir_table_settle_doubles (MaildirTable *self, guint pass, MaildirDoubleFunc func,
                                   gpointer user_data);

/* maildir_file_is_double: @file has its whole name as key for that reason. */
gboolean maildir_file_is_double (const MaildirFile *file, char separator);

/* maildir_table_keep_pass: forgets the files that were not seen in @pass. */
void maildir_table_keep_pass (MaildirTable *self, guint pass);

/* maildir_table_sort: puts the files into order of arrival. */
void maildir_table_sort (MaildirTable *self);

/* maildir_table_count: the number of messages. */
gsize maildir_table_count (const MaildirTable *self);

/* maildir_table_get: number @at. */
MaildirFile maildir_table_get (const MaildirTable *self, gsize at);

/* maildir_table_find: the file with the base name @base; FALSE when there is none. */
gboolean maildir_table_find (const MaildirTable *self, const char *base, gsize length,
                             MaildirFile *out_file);

/* maildir_table_renamed: notes that the message's file is now @name in cur/. */
void maildir_table_renamed (MaildirTable *self, const char *name);

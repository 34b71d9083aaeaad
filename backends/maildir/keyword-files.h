/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The keyword files of one folder, read and written.
 */
#pragma once

#include "names.h"
#include "session.h"

/* MaildirKeywords: what the files say. @letters: Dovecot's. @courier: base name →
 * keywords one a line; NULL when the folder has no Courier keywords. */
typedef struct
{
  MaildirLetters letters;
  GHashTable *courier;
} MaildirKeywords;

/* maildir_keywords_clear: frees what is inside. */
void maildir_keywords_clear (MaildirKeywords *self);

/* maildir_keywords_load: reads both kinds from the folder @fd. */
gboolean maildir_keywords_load (MaildirKeywords *self, int fd, GError **error);

/* maildir_keywords_of: the keywords of the message with the name @parsed and base name
 * @base into @words (emptied before; (transfer none), NULL-terminated). They stand until
 * the next call for these @words, which must free its elements with g_free(). */
void maildir_keywords_of (const MaildirKeywords *self, const MaildirName *parsed,
                          const char *base, GPtrArray *words);

/*
 * maildir_keywords_reserve: makes sure that the folder @fd has a letter for each of
 * @words, as far as there are letters, replacing `dovecot-keywords` under the lock of the
 * uidlist if there is a new one. @letters becomes what the file holds.
 */
gboolean maildir_keywords_reserve (MaildirSession *session, int fd,
                                   const GPtrArray *words, MaildirLetters *letters,
                                   GError **error);

/* maildir_keywords_are_courier: the form that new keywords take in the folder @fd, by
 * option or by what the store has. */
gboolean maildir_keywords_are_courier (MaildirSession *session, int fd);

/* maildir_keywords_write_courier: replaces the keywords of one message; @words one a
 * line. */
gboolean maildir_keywords_write_courier (MaildirSession *session, int fd,
                                         const char *base, const char *words,
                                         GError **error);

/* maildir_keywords_forget_courier: removes a message's own keyword file, if any. */
void maildir_keywords_forget_courier (int fd, const char *base);

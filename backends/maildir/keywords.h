/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The two forms in which mail servers keep keywords beside a Maildir: Dovecot's letters
 * with the file `dovecot-keywords`, Courier's directory `courierimapkeywords`. Pure.
 */
#pragma once

#include <glib.h>

#include "bounds.h"

/* MAILDIR_FORWARDED: the keyword that the flag letter P stands for. */
#define MAILDIR_FORWARDED "$Forwarded"

/* MaildirLetters: keywords by letter, 'a' first; NULL where a letter is free. */
typedef struct
{
  char *names[MAILDIR_KEYWORD_LETTERS];
} MaildirLetters;

/* maildir_letters_clear: frees the names. */
void maildir_letters_clear (MaildirLetters *letters);

/* maildir_letters_parse: fills @letters (cleared before) from the content of a
 * `dovecot-keywords`: lines "<n> <keyword>". A line that is not so is left out. */
void maildir_letters_parse (MaildirLetters *letters, const char *text, gsize length);

/* maildir_letters_format: the content of the file. (transfer full) */
char *maildir_letters_format (const MaildirLetters *letters);

/* maildir_letters_find: the letter's number for @keyword (without case); -1: none. */
int maildir_letters_find (const MaildirLetters *letters, const char *keyword);

/* maildir_letters_add: the same, taking a free letter if need be; sets *@changed then
 * (never clears it). -1 when all letters are taken or @keyword is no keyword. */
int maildir_letters_add (MaildirLetters *letters, const char *keyword, gboolean *changed);

/*
 * MaildirCourierFunc: one message of a Courier keyword file: its base name (not
 * terminated) and its keywords, one a line (transfer full).
 */
typedef void (*MaildirCourierFunc) (const char *base, gsize length, char *keywords,
                                    gpointer user_data);

/* maildir_courier_parse_list: reads a `:list`: keywords one a line, an empty line, then
 * lines "<base>:<index> <index> …". Lines that are not so are left out. */
void maildir_courier_parse_list (const char *text, gsize length, MaildirCourierFunc func,
                                 gpointer user_data);

/* maildir_courier_parse_message: the keywords of a message's own file, one a line, in
 * the form of a MaildirCourierFunc; "" for none. (transfer full) */
char *maildir_courier_parse_message (const char *text, gsize length);

/*
 * maildir_courier_rank: which of a message's files in courierimapkeywords/ is newest:
 * "<base>" beats ".N.<base>" beats a lower N, all beat `:list` (0). *@out_base: where the
 * base name begins in @name. 0 when @name is no message's file.
 */
guint64 maildir_courier_rank (const char *name, const char **out_base);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folder paths and the directories that hold them. Pure: strings in, strings out.
 *
 * Maildir++ keeps all folders beside each other (`.A.B`), the layout "fs" nests them
 * (`A/B`). A directory's name is *canonical* when it is exactly what
 * maildir_layout_directory() makes of its path; every path has one canonical directory,
 * and no two paths share one. A store may hold others, see maildir_layout_odd_path().
 */
#pragma once

#include <mailhaul/error.h>
#include <mailhaul/folder.h>

/* MaildirLayout: the option `layout`; the values are the indices of its choices. */
typedef enum
{
  MAILDIR_LAYOUT_AUTO = 0,
  MAILDIR_LAYOUT_PLUSPLUS = 1,
  MAILDIR_LAYOUT_FS = 2,
} MaildirLayout;

/* MaildirEncoding: the option `encoding`, of folder names on disk. */
typedef enum
{
  MAILDIR_ENCODING_AUTO = 0,
  MAILDIR_ENCODING_MUTF7 = 1,
  MAILDIR_ENCODING_UTF8 = 2,
} MaildirEncoding;

/* MaildirEscape: the option `escape`: how a character is written that a directory's name
 * cannot hold. Percent: %2E; backslash: \2e as Dovecot's listescape plugin does. */
typedef enum
{
  MAILDIR_ESCAPE_PERCENT = 0,
  MAILDIR_ESCAPE_BACKSLASH = 1,
} MaildirEscape;

/*
 * MaildirCodec: how one store writes its folders. No member is AUTO. @inbox: the
 * directory of the inbox, "" for the top of the store; another name only with the layout
 * "fs".
 * @inbox is owned by whoever made the codec.
 */
typedef struct
{
  MaildirLayout layout;
  MaildirEncoding encoding;
  MaildirEscape escape;
  char *inbox;
} MaildirCodec;

/*
 * maildir_layout_encode: one folder name as a directory's name, or NULL when @name is not
 * UTF-8. With @first it is a name at the top of the store, where the control files of
 * mail servers lie. (transfer full)
 */
char *maildir_layout_encode (const MaildirCodec *codec, const char *name, gboolean first);

/*
 * maildir_layout_directory: the canonical directory of @path, relative to the store, ""
 * for its top. (transfer full); NULL with HAUL_ERROR_REJECTED (folder scope) when a name
 * is not UTF-8 or too long for a directory entry.
 */
char *maildir_layout_directory (const MaildirCodec *codec, HaulPath path, GError **error);

/* maildir_layout_path: the path whose canonical directory is @directory; NULL when there
 * is none. (transfer full), g_strfreev() */
char **maildir_layout_path (const MaildirCodec *codec, const char *directory);

/*
 * maildir_layout_odd_path: a readable path for a directory that is not canonical (raw
 * 8-bit bytes, broken modified UTF-7, a needless escape). Two directories may get the
 * same path unless @raw, which writes every unusual byte as %XX; the caller resolves that
 * and keeps a table back to the directory. (transfer full), never NULL, at least one
 * name.
 */
char **maildir_layout_odd_path (const MaildirCodec *codec, const char *directory,
                                gboolean raw);

/* maildir_layout_plain_path: the names of @directory as another program reads them: its
 * encoding undone, its escapes not. (transfer full), at least one name */
char **maildir_layout_plain_path (const MaildirCodec *codec, const char *directory);

/*
 * maildir_layout_subscription: @directory as a subscription file names it: Maildir++
 * without the leading '.', "INBOX" for the top. (transfer full)
 */
char *maildir_layout_subscription (const MaildirCodec *codec, const char *directory);

/* MaildirEvidence: what the names of a store say of its encoding. */
typedef struct
{
  guint mutf7;
  guint utf8; /* an '&' that modified UTF-7 forbids */
  guint wide; /* valid 8-bit text */
} MaildirEvidence;

/* maildir_layout_weigh: adds what @directory says to @evidence: well-formed `&…-` is
 * modified UTF-7; valid 8-bit text, or an '&' that modified UTF-7 forbids, is UTF-8. */
void maildir_layout_weigh (const char *directory, MaildirEvidence *evidence);

/* maildir_layout_verdict: the encoding of a store; modified UTF-7, Dovecot's default,
 * without evidence. */
MaildirEncoding maildir_layout_verdict (const MaildirEvidence *evidence);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The names of message files: `<seconds>.<unique>.<host>,S=…,W=…:2,FLAGS`. Pure: strings
 * in, strings out.
 */
#pragma once

#include <mailhaul/message.h>

/* MAILDIR_SIZE_ROOM: room for a name that maildir_name_unique() makes. */
#define MAILDIR_NAME_ROOM 256

/*
 * MaildirName: a file name taken apart. @base_length: bytes before the information, the
 * part that never changes and so is the message's key. @flags: HaulFlags. @forwarded: the
 * letter P, which means the keyword $Forwarded. @letters: bit n for the keyword letter
 * 'a' + n (Dovecot).
 */
typedef struct
{
  gsize base_length;
  guint32 flags;
  gboolean forwarded;
  guint32 letters;
} MaildirName;

/*
 * maildir_name_parse: takes @name apart. @separator stands before the information, ':'
 * unless the file system forbids it. A name without information has no flags; a name that
 * begins with the separator is all base.
 */
void maildir_name_parse (const char *name, char separator, MaildirName *out_name);

/*
 * maildir_name_size: the number after ",S=" (@kind 'S', bytes on disk) or ",W=" (@kind
 * 'W', bytes with CRLF) in the base name. FALSE when there is none that is well-formed.
 */
gboolean maildir_name_size (const char *base, gsize length, char kind, guint64 *out_size);

/* maildir_name_delivery_id: the delivery id in a base name that
 * maildir_name_unique() made, into 16 bytes @out_id. FALSE for any other name. */
gboolean maildir_name_delivery_id (const char *base, gsize length, guint8 *out_id);

/*
 * maildir_name_set: the name @name with the system flags, P and keyword letters of
 * @wanted in place of its own. Other letters, and what follows a further comma, stay as
 * they are (another program's). Returns: (transfer full).
 */
char *maildir_name_set (const char *name, char separator, const MaildirName *wanted);

/*
 * MaildirUnique: what a new name is made of. @stamp_us: moment of delivery in Unix µs,
 * different for every message of a session. @host: from maildir_name_host(). @stored:
 * bytes on disk; @wire: bytes with CRLF.
 */
typedef struct
{
  gint64 stamp_us;
  const guint8 *delivery_id;
  const char *host;
  guint64 stored;
  guint64 wire;
} MaildirUnique;

/*
 * maildir_name_unique: writes the base name `<sec>.M<µs>H<32 hex>.<host>,S=…,W=…` into
 * @out, which has MAILDIR_NAME_ROOM bytes. Dovecot and Courier sort by seconds and M.
 * Returns: its length.
 */
gsize maildir_name_unique (const MaildirUnique *unique, char *out);

/* maildir_name_tmp: the name under tmp/ while the session @owner writes a message with
 * this id; another session that writes the same message has another. @out as above. */
void maildir_name_tmp (const guint8 *delivery_id, guint32 owner, char *out);

/* maildir_name_is_tmp: @name is one that maildir_name_tmp() makes, or made before names
 * had an owner. */
gboolean maildir_name_is_tmp (const char *name);

/* maildir_name_host: @host as it may stand in a file name: '/', the separators and other
 * bytes that end a field as \ooo (maildir(5)), cut to a length that fits. (transfer full)
 */
char *maildir_name_host (const char *host);

/* maildir_name_seconds: the delivery time at the front of @base, clamped to 32 bits;
 * G_MAXUINT32 when it does not begin with a number. */
guint32 maildir_name_seconds (const char *base, gsize length);

/*
 * maildir_name_compare: the order of arrival of two base names, NUL or not after them:
 * seconds, then the parts M (microseconds), P (process) and Q (counter), or the
 * `pid_counter` of old; then bytes. A total order; as strcmp().
 */
int maildir_name_compare (const char *a, gsize a_length, const char *b, gsize b_length);

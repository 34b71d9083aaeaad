/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mailboxes of the scripted server, in memory; the caller holds the server's lock. */
#pragma once

#include <glib.h>

/* Mail: one message. */
typedef struct
{
  guint32 uid;
  GPtrArray *flags; /* without doubles in any case */
  gint64 date;      /* seconds since 1970; G_MININT64: none was given */
  int zone_minutes;
  GBytes *body;
  guint64 modseq;
} Mail;

/* Gone: what VANISHED tells. */
typedef struct
{
  guint32 uid;
  guint64 modseq;
} Gone;

/* Box: one mailbox, or a name that is only listed. */
typedef struct
{
  char *name; /* as on the wire */
  guint32 uidvalidity;
  guint32 uidnext;
  guint64 modseq; /* highest */
  GPtrArray *mails;
  GArray *gone;          /* of Gone */
  char *attributes;      /* "\Sent \HasNoChildren", or "" */
  char *permanent_flags; /* NULL: all and new keywords */
  gboolean no_select;
  gboolean subscribed;
} Box;

/* Store: all of one account. */
typedef struct
{
  GPtrArray *boxes;
  guint32 next_uidvalidity;
  gboolean fold_case; /* names that differ in case only are the same */
} Store;

/* store_init, store_clear: an empty one; frees the members. */
void store_init (Store *self);
void store_clear (Store *self);
/* store_find: INBOX in any case; NULL: none. */
Box *store_find (const Store *self, const char *name);
/* store_add: a new one; the name must not be there yet. */
Box *store_add (Store *self, const char *name);
/* store_remove: with its mails. */
void store_remove (Store *self, Box *box);

/* box_add: a message with the next UID, or @uid if above 0 (UIDNEXT then follows). Takes
 * a reference of @body; @flags may be NULL. */
Mail *box_add (Box *self, guint32 uid, GBytes *body, GPtrArray *flags);
/* box_find: by UID; NULL: none. */
Mail *box_find (const Box *self, guint32 uid);
/* box_expunge: takes that message away; remembered for VANISHED. */
void box_expunge (Box *self, guint32 uid);
/* box_touch: the message has changed. */
void box_touch (Box *self, Mail *mail);
/* box_allows: whether PERMANENTFLAGS has the flag. */
gboolean box_allows (const Box *self, const char *flag);
/* box_size: bytes of all messages. */
guint64 box_size (const Box *self);

/* mail_has, mail_set: a flag in any case. TRUE from mail_set: it changed. */
gboolean mail_has (const Mail *self, const char *flag);
gboolean mail_set (Mail *self, const char *flag, gboolean on);
/* mail_flags: "\Seen $Forwarded", as stored. (transfer full) */
char *mail_flags (const Mail *self);
/* mail_date: INTERNALDATE without quotes. (transfer full) */
char *mail_date (const Mail *self);

/* date_parse: a date-time as a client must write it, without quotes. */
gboolean date_parse (const char *text, gint64 *out_unix, int *out_zone_minutes);

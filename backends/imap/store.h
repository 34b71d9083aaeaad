/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One call of the backend's `store`, shared by the files store*.c. Messages come off the
 * feed (store-take.c), are gathered into groups of one APPEND each, go out as the
 * connection allows (store-send.c), and are judged by the server's answer (store-reply.c,
 * store-refused.c). Belongs to the session's thread.
 */
#pragma once

#include "alter.h"
#include "append.h"
#include "change.h"
#include "session.h"
#include "store-slab.h"

/* Bodies held in memory until their answer, so that a refused batch can be halved, and a
 * refused message mended, without reading anything anew. It is the window of bytes, too:
 * at 100 ms of round trip it carries 40 MB/s. */
#define IMAP_STORE_HOLD_BYTES ((guint64) 4 * 1024 * 1024)

/* A message above this is not held but streamed. */
#define IMAP_STORE_HOLD_ONE_BYTES ((guint64) 512 * 1024)

typedef struct _ImapStore ImapStore;

/* One message that the feed gave. */
typedef struct
{
  ImapStore *store;
  HaulItem *item; /* NULL once it has its result */
  ImapMailbox *mailbox;
  guint8 *body;        /* held; NULL: streamed, or in `mapped` */
  ImapSlab *slab;      /* in which `body` lies; NULL: it is owned */
  GMappedFile *mapped; /* a big one that is tried again */
  guint64 size;
  guint64 at;            /* bytes handed to the connection */
  HaulBytes rest;        /* streamed: of the span that was read last */
  GError *broken;        /* streamed: the source broke off */
  ImapAlterScan changes; /* streamed: what the server will change of it */
  ImapFlagPlan flags;
  gboolean has_date;
  gint64 date;
  gint zone_minutes;
  gboolean utf8;      /* goes as UTF8 (~{n}) */
  gboolean literal8;  /* goes as ~{n} */
  guint repairs;      /* done: ImapRepair */
  gboolean no_repair; /* nothing is left to try */
  GPtrArray *notes;   /* of char *; NULL: none */
  guint32 uid, uidvalidity;
} ImapStoreMessage;

/* The messages of one APPEND. */
typedef struct
{
  ImapStore *store;
  ImapMailbox *mailbox;
  GPtrArray *messages; /* of ImapStoreMessage, owned */
  guint64 bytes;
  gboolean probe; /* self->probing is because of it */
  gboolean wait;  /* for "+" before the first body */
  guint pauses;   /* asked for because of this group */
  gint64 sent_us; /* flight: when the latest byte of a body was handed over */
  gboolean over;  /* flight: the answer has come, or never will */
  gboolean lost;  /* it never will */
  ImapTagged how;
  ImapState state;
  ImapCode code;
  guint32 uidvalidity;
  char *uids;
  GError *error; /* of a refusal, with message scope or more */
} ImapStoreGroup;

struct _ImapStore
{
  ImapSession *session;
  HaulFeed *feed;
  ImapStoreGroup *open; /* being gathered; NULL: none */
  GQueue ready;         /* of ImapStoreGroup, to be sent in this order */
  GQueue flights;       /* of ImapStoreGroup */
  GPtrArray *later;     /* of ImapStoreMessage: stored, flags to be set by STORE */
  GHashTable *closed;   /* ImapMailbox → GError: takes no more */
  GHashTable *created;  /* set of ImapMailbox: CREATE was tried */
  guint64 held_bytes;
  ImapSlabs slabs;
  gboolean probing;     /* a group is under way whose answer decides how the others go */
  gboolean ended;       /* the feed gives no more */
  gboolean quiet;       /* nothing more right now */
  gint64 not_before_us; /* a pause that the server asked for, or our pace; 0: none */
  guint refused_in_row;
  gint64 slowest_us; /* answer so far, as noted */
  gint64 date_now_s;
  GError *error; /* nothing more is sent; the store ends with this */
};

/* store-take.c */

/* Takes what the feed has, as far as memory allows. FALSE: the session is lost. */
gboolean imap_store_take (ImapStore *self, gboolean wait, GError **error);

/* Closes the group that is being gathered. */
void imap_store_close_group (ImapStore *self);

/* Frees @message, whatever is left of it. */
void imap_store_message_free (gpointer message);

/* The bytes of @message are no longer needed. */
void imap_store_release_body (ImapStore *self, ImapStoreMessage *message);

/* The bytes of a held or mapped message. */
const guint8 *imap_store_body (const ImapStoreMessage *message);

/* A note for the report. */
void imap_store_add_note (ImapStoreMessage *message, const char *format, ...)
    G_GNUC_PRINTF (2, 3);

/* Notes for what the server changes silently: ImapAlter bits. */
void imap_store_note_changes (ImapStoreMessage *message, guint found);

/* An empty group for @mailbox. (transfer full) */
ImapStoreGroup *imap_store_group_new (ImapStore *self, ImapMailbox *mailbox);
/* Adds @message, which is taken over. */
void imap_store_group_add (ImapStoreGroup *group, ImapStoreMessage *message);
/* Frees @group with its messages; accepts NULL. */
void imap_store_group_free (gpointer group);

/* store-send.c */

/* Sends what may go. FALSE: the session is lost. */
gboolean imap_store_send (ImapStore *self, GError **error);

/* The body of a streamed message that has been handed over is let go. */
void imap_store_finish_streams (ImapStore *self);

/* store-reply.c */

/* Judges all answers that have come. */
gboolean imap_store_judge (ImapStore *self, GError **error);

/* The result for the engine; frees @message. */
void imap_store_done (ImapStore *self, ImapStoreMessage *message);
void imap_store_fail (ImapStore *self, ImapStoreMessage *message, const GError *reason);

/* Sets flags that did not go with the message, and gives the receipts. */
gboolean imap_store_set_later (ImapStore *self, GError **error);

/* store-refused.c */

/* What follows from a refusal; takes over @group. */
gboolean imap_store_refused (ImapStore *self, ImapStoreGroup *group, GError **error);

/* Keeps for the next session what this one has learnt about @mailbox. */
void imap_store_remember (ImapStore *self, ImapMailbox *mailbox, guint careful);

/* recover.c: what imap_store_remember() wrote. */
typedef struct
{
  gint64 slowest_us;
  guint careful;
} ImapStoreNote;

/* As text of a few bytes. (transfer full) */
char *imap_store_note_format (const ImapStoreNote *note);
/* All zero for anything else than such a text. */
ImapStoreNote imap_store_note_parse (HaulBytes bytes);

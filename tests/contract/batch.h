/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A strict engine of the contract suite's own: plan, sink and feed that check each call
 * against the contract and fail the test at the first that breaks it.
 */
#pragma once

#include <gio/gio.h>

#include <mailhaul/batch.h>

/* MailOutcome: what a store said of a message. */
typedef enum
{
  MAIL_OPEN = 0, /* nothing: unknown */
  MAIL_DONE = 1,
  MAIL_FAILED = 2,
  MAIL_AGAIN = 3,
} MailOutcome;

/* Mail: a message to be stored, and what became of it. */
typedef struct
{
  char **folder;
  GBytes *body;
  HaulLines lines;
  guint32 flags;
  char **keywords; /* NULL: none */
  gboolean has_date;
  gint64 date_unix;
  guint8 delivery_id[HAUL_DELIVERY_ID_LENGTH];
  gsize break_at; /* the source breaks off after so many bytes; G_MAXSIZE: never */
  MailOutcome outcome;
  GBytes *key;    /* of the receipt; NULL: none */
  gboolean noted; /* the receipt says what became of it otherwise than asked */
  char *note;     /* what it says; NULL: nothing */
  GError *error;
} Mail;

/* FeedRules: how a feed behaves. Zeroed: all at once, as large as can be. */
typedef struct
{
  gsize piece_bytes;         /* a body is read in pieces of so much; 0: all */
  guint pending_every;       /* PENDING before each so many-th message; 0: never */
  gboolean slow_reads;       /* PENDING before each piece */
  gboolean hide_size;        /* sizes are unknown */
  GCancellable *cancellable; /* cancelled in the middle of message `cancel_at` */
  guint cancel_at;
} FeedRules;

/* Fetched: what a fetch gave for one key. */
typedef struct
{
  GBytes *key;
  gboolean ended;
  HaulLines lines;
  GByteArray *body;
  GError *error;
} Fetched;

/* mail_free: accepts NULL. */
void mail_free (Mail *mail);
/* fetched_free: accepts NULL. */
void fetched_free (Fetched *fetched);

/* feed_for: offers the mails of @mails whose outcome is MAIL_OPEN (with @only: this one,
 * at @attempt). (transfer full) */
HaulFeed *feed_for (GPtrArray *mails, const FeedRules *rules, const Mail *only,
                    guint attempt);
/* feed_end: after the store: frees the feed. With @complete each offered mail must have
 * its result. */
void feed_end (HaulFeed *feed, gboolean complete);
/* plan_for: a plan of @keys (GBytes). (transfer full) */
HaulPlan *plan_for (GPtrArray *keys, HaulLines lines);
/* sink_for: the sink of that plan. (transfer full) */
HaulSink *sink_for (HaulPlan *plan);
/* sink_end: frees plan and sink; the Fetched in the order of the plan (transfer full).
 * With @complete each must have its end. */
GPtrArray *sink_end (HaulPlan *plan, HaulSink *sink, gboolean complete);

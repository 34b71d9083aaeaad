/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the fetch share: one fetch under way and the body that is coming in.
 */
#pragma once

#include "fetch-jobs.h"
#include "session.h"

/* Where the bytes of the body that is coming in go. */
typedef enum
{
  IMAP_BODY_NONE,   /* no body in this FETCH yet */
  IMAP_BODY_HELD,   /* into memory, until the end of the FETCH says that it is good */
  IMAP_BODY_PASSED, /* to the sink, as they come */
  IMAP_BODY_LOST,   /* nowhere: not wanted, or not known whose it is */
} ImapBodyPlace;

typedef struct
{
  ImapBodyPlace place;
  gboolean open;    /* between its begin and its end */
  guint32 uid;      /* 0: not known yet */
  guint64 size;     /* announced */
  GByteArray *held; /* kept from message to message */
} ImapIncoming;

typedef struct
{
  ImapSession *session;
  HaulPlan *plan;
  HaulSink *sink;
  ImapJobs *jobs;
  ImapCut cut;
  GQueue in_flight;    /* of ImapFetchFlight, oldest first */
  guint64 bytes_ahead; /* expected of what is in flight */
  ImapIncoming body;
  gboolean late_uids;   /* a UID came behind a body too large to hold */
  gboolean slow_sink;   /* it has let us wait for long */
  gint64 head_since_us; /* when the oldest in flight became so */
  guint refused_in_row; /* messages, without one delivered between */
  GError *failure;      /* the sink's, or one that ends the fetch: the rest passes by */
  GError *refusal;      /* of the reply that is being looked at; NULL: OK */
} ImapFetch;

/* A command in flight. */
typedef struct
{
  ImapFetch *fetch;
  ImapJob *job;
} ImapFetchFlight;

/* Takes what comes: bodies to the sink. The handler of the connection. */
gboolean imap_fetch_event (const ImapEvent *event, gpointer user_data, GError **error);

/* Tells the sink that @wanted fails with @reason (taken over). The caller settles it. */
void imap_fetch_fail (ImapFetch *self, const ImapWanted *wanted, GError *reason);

/* The session was lost for @reason: tells the sink of the message that was under way, or
 * would have been the next to come; of the whole set if nothing of it came. */
void imap_fetch_blame (ImapFetch *self, const GError *reason);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The commands in flight on one connection: which may go next, and whose answer just
 * came. */
#pragma once

#include "event.h"

typedef struct _ImapPipeline ImapPipeline;

/* Why the next command may not go yet; the first that applies, in this order. */
typedef enum
{
  IMAP_WHY_NOTHING,   /* it may go */
  IMAP_WHY_POISONED,  /* the server may be reading a message as commands: close hard */
  IMAP_WHY_CLOSING,   /* LOGOUT, BYE, or a refusal that ends this session */
  IMAP_WHY_THROTTLED, /* the server asked for a pause */
  IMAP_WHY_SENDING,   /* another command is not yet completely sent, or awaits its "+" */
  IMAP_WHY_BARRIER_AHEAD, /* a barrier is in flight */
  IMAP_WHY_BARRIER_SELF,  /* it is a barrier, or uses sequence numbers, and others are in
                             flight */
  IMAP_WHY_ROLE, /* bodies are coming in and it would send some, or the reverse */
  IMAP_WHY_WINDOW_COMMANDS, /* the window is full */
  IMAP_WHY_WINDOW_BYTES,    /* too many bytes are in flight */
  IMAP_WHY_OUTPUT_QUEUE,    /* too much is written but not yet taken by the network */
} ImapWhy;

/* Properties of a command; a set of bits. */
typedef enum
{
  IMAP_FLIGHT_BARRIER =
      1 << 0, /* alone in flight: STARTTLS, AUTHENTICATE, COMPRESS, SELECT */
  IMAP_FLIGHT_CONTINUES =
      1 << 1,                   /* "+" is for it whenever it comes: AUTHENTICATE, IDLE */
  IMAP_FLIGHT_NONSYNC = 1 << 2, /* holds {n+}: BAD poisons */
  IMAP_FLIGHT_SEQUENCE =
      1 << 3, /* uses sequence numbers: not behind others (RFC 3501 5.5) */
  IMAP_FLIGHT_BODIES_IN = 1 << 4,  /* FETCH of bodies */
  IMAP_FLIGHT_BODIES_OUT = 1 << 5, /* APPEND */
  IMAP_FLIGHT_SWITCH = 1 << 6, /* the stream changes behind its OK: STARTTLS, COMPRESS */
} ImapFlightFlags;

/* What is to be sent. */
typedef struct
{
  guint flags;        /* ImapFlightFlags */
  guint64 bytes;      /* of bodies that it brings or sends, as far as known */
  gint64 patience_us; /* longest silence of the server while it is in flight */
} ImapFlight;

/* Limits chosen by the user or the engine; all above 0. */
typedef struct
{
  guint commands;       /* largest window; it starts there and never exceeds it */
  guint64 bytes;        /* in flight; one command alone may exceed it */
  guint64 output_bytes; /* in the output queue */
} ImapPipelineOptions;

/* What a tagged reply means for the connection. */
typedef enum
{
  IMAP_TAGGED_UNKNOWN, /* no such tag in flight: log and ignore (hazard 38) */
  IMAP_TAGGED_DONE,    /* the command is over */
  IMAP_TAGGED_REFUSED, /* over while it awaited "+": its literal must not be sent, all is
                          clean */
  IMAP_TAGGED_EARLY,   /* over before all of it was sent: finish the announced literal and
                          the line   on servers that swallow it (imap.md 2.8), else close */
  IMAP_TAGGED_POISON,  /* over, and the connection is poisoned */
} ImapTagged;

/* An empty pipeline. Free with imap_pipeline_free(). */
ImapPipeline *imap_pipeline_new (const ImapPipelineOptions *options);

/* Accepts NULL. Does not touch the user data of commands still in flight. */
void imap_pipeline_free (ImapPipeline *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapPipeline, imap_pipeline_free)

/* Whether @flight may go now, and why not. @queued_bytes: in the output queue. @now_us:
 * monotonic. */
ImapWhy imap_pipeline_may_send (const ImapPipeline *self, const ImapFlight *flight,
                                guint64 queued_bytes, gint64 now_us);

/* The words for a log line; constant. */
const gchar *imap_why_text (ImapWhy why);

/* Records that sending of @tag begins. @user_data comes back with the reply. FALSE
 * (nothing is done) if the tag is in flight already. */
gboolean imap_pipeline_begin (ImapPipeline *self, const gchar *tag,
                              const ImapFlight *flight, gpointer user_data,
                              gint64 now_us);

/* The command being sent has come to a synchronising literal: nothing goes until "+". */
void imap_pipeline_await (ImapPipeline *self);

/* The command being sent is completely in the output queue (also after
 * IMAP_TAGGED_EARLY). */
void imap_pipeline_sent (ImapPipeline *self);

/* A "+" came: TRUE with the user data of the command that it is for. FALSE: a stray one,
 * ignore (hazard 37). After a literal's "+" the command is being sent again. */
gboolean imap_pipeline_continue (ImapPipeline *self, gpointer *out_user_data);

/* A tagged reply came. @busy: it says that the server is throttling. @out_user_data is
 * written unless IMAP_TAGGED_UNKNOWN. */
ImapTagged imap_pipeline_tagged (ImapPipeline *self, ImapString tag, ImapState state,
                                 gboolean busy, gpointer *out_user_data);

/* Nothing more is to be sent: BYE came, LOGOUT goes, or the session gives up. */
void imap_pipeline_close (ImapPipeline *self);

/* No new command before @until_us (monotonic); an earlier end than the present one is
 * ignored. */
void imap_pipeline_throttle (ImapPipeline *self, gint64 until_us);

/* Bytes came in: all patience starts anew. */
void imap_pipeline_progress (ImapPipeline *self, gint64 now_us);

/* When patience ends for the first command in flight, monotonic µs; -1 if none is. */
gint64 imap_pipeline_deadline (const ImapPipeline *self);

/* Takes the oldest command out of a lost connection, closing from then on; its outcome is
 * unknown. FALSE when none is left. */
gboolean imap_pipeline_pop (ImapPipeline *self, gpointer *out_user_data);

/* Commands in flight. */
guint imap_pipeline_count (const ImapPipeline *self);

/* Body bytes in flight. */
guint64 imap_pipeline_bytes (const ImapPipeline *self);

/* The present window: +1 per window of clean completions, halved on busy, at least 1. */
guint imap_pipeline_window (const ImapPipeline *self);

/* Whether a BAD on {n+} came: close with a reset, reconcile every mailbox in flight. */
gboolean imap_pipeline_is_poisoned (const ImapPipeline *self);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Which messages are asked for together, and what follows from an answer: sets cut by
 * count, bytes and line, refused sets taken apart until the message is found that is to
 * blame, missing messages looked for before they count as gone. Pure.
 */
#pragma once

#include <mailhaul/batch.h>

#include "uidset.h"

typedef struct _ImapJobs ImapJobs;

/* A message that is planned and has had no outcome yet. */
typedef struct
{
  guint32 uid;
  HaulBytes key;
  guint64 size;    /* hint; HAUL_SIZE_UNKNOWN */
  guint broken;    /* bodies that came and could not be used */
  guint checks;    /* times that its existence was asked for */
  gboolean exists; /* the latest check saw it */
  gboolean alone;  /* was asked for by itself */
} ImapWanted;

typedef enum
{
  IMAP_JOB_BODIES, /* UID FETCH set (UID BODY.PEEK[]) */
  IMAP_JOB_CHECK,  /* which of these still exist? */
} ImapJobKind;

/* One question. */
typedef struct
{
  ImapJobKind kind;
  GArray *uids;  /* of guint32 */
  guint64 bytes; /* expected */
  guint step;    /* for the caller */
} ImapJob;

/* Bounds of one question for bodies. */
typedef struct
{
  guint messages;
  guint64 bytes; /* a single message may exceed it */
  gsize text;    /* of the set as text */
} ImapCut;

/* How a question was answered. */
typedef enum
{
  IMAP_ANSWER_OK,
  IMAP_ANSWER_REFUSED, /* NO or BAD */
  IMAP_ANSWER_EXPUNGED /* NO [EXPUNGEISSUED]: something is gone */
} ImapAnswer;

/* What became of a message that gets no body. */
typedef enum
{
  IMAP_LOSS_GONE,      /* it no longer exists */
  IMAP_LOSS_REFUSED,   /* the server refuses it: its words are in the reply */
  IMAP_LOSS_UNANSWERED /* it exists, and no body comes */
} ImapLoss;

/* The outcome of a message without body; it is wanted no more after that. */
typedef void (*ImapLossFunc) (const ImapWanted *wanted, ImapLoss loss,
                              gpointer user_data);

/* Takes the next planned message: its uid, key and size; FALSE: there is none. */
typedef gboolean (*ImapPullFunc) (ImapWanted *out_wanted, gpointer user_data);

/* A schedule of what @pull gives; nothing is taken yet. Free with imap_jobs_free(). */
ImapJobs *imap_jobs_new (ImapPullFunc pull, gpointer user_data);

/* Accepts NULL. */
void imap_jobs_free (ImapJobs *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapJobs, imap_jobs_free)

/* The next question: what earlier answers left over first, then what is planned. NULL:
 * there is none at present. (transfer full): ends in imap_jobs_answer() or
 * imap_job_free(). */
ImapJob *imap_jobs_next (ImapJobs *self, const ImapCut *cut);

/* Puts a question back in front. Takes ownership. */
void imap_jobs_put_back (ImapJobs *self, ImapJob *job);

/* Accepts NULL. */
void imap_job_free (ImapJob *job);

/* The message @uid, if it is wanted; NULL: nobody asked, or it has had its outcome. */
ImapWanted *imap_jobs_wanted (const ImapJobs *self, guint32 uid);

/* The body of @uid was delivered, or its failure was: it is wanted no more. */
void imap_jobs_settle (ImapJobs *self, guint32 uid);

/* The first message of @job that is still wanted; NULL: none. */
const ImapWanted *imap_jobs_first (const ImapJobs *self, const ImapJob *job);

/* What of @job is still wanted, as a set. (transfer full); NULL: nothing. */
ImapUidSet *imap_jobs_set (const ImapJobs *self, const ImapJob *job);

/* @job (taken over) was answered: @func gets the messages that are lost, the others are
 * asked for again. */
void imap_jobs_answer (ImapJobs *self, ImapJob *job, ImapAnswer answer, ImapLossFunc func,
                       gpointer user_data);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The schedule of a fetch as data: what to ask next and what an answer leaves to ask. No
 * commands, no bodies, no sink: those are fetch.c and fetch-body.c. Pure; the session's
 * thread. */
#include "fetch-jobs.h"

/* RANGE_TEXT_BYTES: of one range in a set: ",4294967295:4294967295". */
#define RANGE_TEXT_BYTES 22u
/* SIZE_GUESS_BYTES: of a message whose size nobody knows. */
#define SIZE_GUESS_BYTES (64u * 1024u)
/* CHECKS_MAX: a message is looked for when it did not come, and once more when it did not
 * come alone: it may have been removed between. */
#define CHECKS_MAX 2u

struct _ImapJobs
{
  ImapPullFunc pull;
  gpointer user_data;
  GHashTable *wanted; /* UID → ImapWanted */
  GQueue left;        /* of ImapJob: what earlier answers left over */
  ImapWanted ahead;   /* taken off the plan, but did not fit */
  gboolean has_ahead;
};

ImapJobs *
imap_jobs_new (ImapPullFunc pull, gpointer user_data)
{
  ImapJobs *self = g_new0 (ImapJobs, 1);
  self->pull = pull;
  self->user_data = user_data;
  self->wanted = g_hash_table_new_full (NULL, NULL, NULL, g_free);
  g_queue_init (&self->left);
  return self;
}

void
imap_job_free (ImapJob *job)
{
  if (job == NULL)
    return;
  g_array_unref (job->uids);
  g_free (job);
}

void
imap_jobs_free (ImapJobs *self)
{
  if (self == NULL)
    return;
  g_queue_clear_full (&self->left, (GDestroyNotify) imap_job_free);
  g_hash_table_unref (self->wanted);
  g_free (self);
}

static ImapJob *
job_new (ImapJobKind kind)
{
  ImapJob *job = g_new0 (ImapJob, 1);
  job->kind = kind;
  job->uids = g_array_new (FALSE, FALSE, sizeof (guint32));
  return job;
}

static guint64
size_of (const ImapWanted *wanted)
{
  return wanted->size == HAUL_SIZE_UNKNOWN ? SIZE_GUESS_BYTES : wanted->size;
}

static void
add (ImapJob *job, const ImapWanted *wanted)
{
  guint64 size = size_of (wanted);
  g_array_append_val (job->uids, wanted->uid);
  job->bytes = size > G_MAXUINT64 - job->bytes ? G_MAXUINT64 : job->bytes + size;
}

ImapWanted *
imap_jobs_wanted (const ImapJobs *self, guint32 uid)
{
  return g_hash_table_lookup (self->wanted, GUINT_TO_POINTER (uid));
}

void
imap_jobs_settle (ImapJobs *self, guint32 uid)
{
  g_hash_table_remove (self->wanted, GUINT_TO_POINTER (uid));
}

static guint32
uid_at (const ImapJob *job, guint index)
{
  return g_array_index (job->uids, guint32, index);
}

const ImapWanted *
imap_jobs_first (const ImapJobs *self, const ImapJob *job)
{
  for (guint i = 0; i < job->uids->len; i++)
    {
      const ImapWanted *wanted = imap_jobs_wanted (self, uid_at (job, i));
      if (wanted != NULL)
        return wanted;
    }
  return NULL;
}

ImapUidSet *
imap_jobs_set (const ImapJobs *self, const ImapJob *job)
{
  g_autoptr (ImapUidSet) set = imap_uidset_new ();
  for (guint i = 0; i < job->uids->len; i++)
    if (imap_jobs_wanted (self, uid_at (job, i)) != NULL)
      imap_uidset_add (set, uid_at (job, i));
  return set->ranges->len == 0 ? NULL : g_steal_pointer (&set);
}

/* The next planned message into self->ahead. */
static gboolean
look_ahead (ImapJobs *self)
{
  while (!self->has_ahead)
    {
      ImapWanted wanted = { 0 };
      if (!self->pull (&wanted, self->user_data))
        return FALSE;
      /* A key that comes twice is one message. */
      if (imap_jobs_wanted (self, wanted.uid) != NULL)
        continue;
      self->ahead = wanted;
      self->has_ahead = TRUE;
    }
  return TRUE;
}

static ImapJob *
cut_plan (ImapJobs *self, const ImapCut *cut)
{
  ImapJob *job = NULL;
  gsize text = 0;
  while ((job == NULL || job->uids->len < cut->messages) && look_ahead (self))
    {
      const ImapWanted *next = &self->ahead;
      gboolean follows = job != NULL && uid_at (job, job->uids->len - 1) + 1 == next->uid;
      gsize more = follows ? 0 : RANGE_TEXT_BYTES;
      /* Servers answer in the order of UIDs: what is planned later must not come first.
       */
      if (job != NULL
          && (next->uid < uid_at (job, job->uids->len - 1) || size_of (next) > cut->bytes
              || job->bytes > cut->bytes - size_of (next) || text + more > cut->text))
        break;
      if (job == NULL)
        job = job_new (IMAP_JOB_BODIES);
      add (job, next);
      text += more;
      g_hash_table_insert (self->wanted, GUINT_TO_POINTER (next->uid),
                           g_memdup2 (next, sizeof *next));
      self->has_ahead = FALSE;
    }
  return job;
}

ImapJob *
imap_jobs_next (ImapJobs *self, const ImapCut *cut)
{
  for (;;)
    {
      ImapJob *job = g_queue_pop_head (&self->left);
      if (job == NULL)
        return cut_plan (self, cut);
      /* All of it may have come meanwhile. */
      if (imap_jobs_first (self, job) != NULL)
        return job;
      imap_job_free (job);
    }
}

void
imap_jobs_put_back (ImapJobs *self, ImapJob *job)
{
  g_queue_push_head (&self->left, job);
}

/* A question for the part of @owed from @first on. */
static ImapJob *
job_of (ImapJobs *self, ImapJobKind kind, const GPtrArray *owed, guint first, guint count)
{
  ImapJob *job = job_new (kind);
  (void) self;
  for (guint i = 0; i < count; i++)
    add (job, g_ptr_array_index (owed, first + i));
  return job;
}

static void
lose (ImapJobs *self, const ImapWanted *wanted, ImapLoss loss, ImapLossFunc func,
      gpointer user_data)
{
  func (wanted, loss, user_data);
  imap_jobs_settle (self, wanted->uid);
}

/* In front of all others, in the order of @owed. */
static void
ask_singly (ImapJobs *self, const GPtrArray *owed)
{
  for (guint i = owed->len; i-- > 0;)
    {
      ImapWanted *wanted = g_ptr_array_index (owed, i);
      wanted->alone = TRUE;
      g_queue_push_head (&self->left, job_of (self, IMAP_JOB_BODIES, owed, i, 1));
    }
}

static void
check (ImapJobs *self, const GPtrArray *owed)
{
  for (guint i = 0; i < owed->len; i++)
    ((ImapWanted *) g_ptr_array_index (owed, i))->exists = FALSE;
  g_queue_push_head (&self->left, job_of (self, IMAP_JOB_CHECK, owed, 0, owed->len));
}

/* Messages that were asked for and not refused, yet did not come. */
static void
after_silence (ImapJobs *self, GPtrArray *owed, ImapLossFunc func, gpointer user_data)
{
  for (guint i = owed->len; i-- > 0;)
    {
      const ImapWanted *wanted = g_ptr_array_index (owed, i);
      if (wanted->checks < CHECKS_MAX)
        continue;
      g_ptr_array_remove_index (owed, i);
      lose (self, wanted, IMAP_LOSS_UNANSWERED, func, user_data);
    }
  if (owed->len > 0)
    check (self, owed);
}

static void
after_check (ImapJobs *self, GPtrArray *owed, gboolean answered, ImapLossFunc func,
             gpointer user_data)
{
  for (guint i = owed->len; i-- > 0;)
    {
      ImapWanted *wanted = g_ptr_array_index (owed, i);
      wanted->checks++;
      gboolean hopeless = wanted->checks >= CHECKS_MAX && wanted->alone;
      if (answered && !wanted->exists)
        lose (self, wanted, IMAP_LOSS_GONE, func, user_data);
      else if (hopeless)
        lose (self, wanted, IMAP_LOSS_UNANSWERED, func, user_data);
      else
        continue;
      g_ptr_array_remove_index (owed, i);
    }
  ask_singly (self, owed);
}

/* A refused set: servers deliver in order up to the message that they cannot read, so if
 * some came, the next is the suspect; if none did, halves. */
static void
after_refusal (ImapJobs *self, const ImapJob *job, GPtrArray *owed, ImapLossFunc func,
               gpointer user_data)
{
  if (job->uids->len == 1)
    {
      lose (self, g_ptr_array_index (owed, 0), IMAP_LOSS_REFUSED, func, user_data);
      return;
    }
  if (owed->len == 1)
    {
      ask_singly (self, owed);
      return;
    }
  guint head = owed->len < job->uids->len ? 1 : owed->len / 2;
  ImapWanted *first = g_ptr_array_index (owed, 0);
  first->alone = first->alone || head == 1;
  g_queue_push_head (&self->left,
                     job_of (self, IMAP_JOB_BODIES, owed, head, owed->len - head));
  g_queue_push_head (&self->left, job_of (self, IMAP_JOB_BODIES, owed, 0, head));
}

void
imap_jobs_answer (ImapJobs *self, ImapJob *job, ImapAnswer answer, ImapLossFunc func,
                  gpointer user_data)
{
  g_autoptr (GPtrArray) owed = g_ptr_array_new ();
  for (guint i = 0; i < job->uids->len; i++)
    {
      ImapWanted *wanted = imap_jobs_wanted (self, uid_at (job, i));
      if (wanted != NULL)
        g_ptr_array_add (owed, wanted);
    }
  if (owed->len > 0 && job->kind == IMAP_JOB_CHECK)
    after_check (self, owed, answer == IMAP_ANSWER_OK, func, user_data);
  else if (owed->len > 0)
    switch (answer)
      {
      case IMAP_ANSWER_OK:
        after_silence (self, owed, func, user_data);
        break;
      case IMAP_ANSWER_EXPUNGED:
        if (((ImapWanted *) g_ptr_array_index (owed, 0))->checks < CHECKS_MAX)
          {
            check (self, owed);
            break;
          }
        after_refusal (self, job, owed, func, user_data);
        break;
      case IMAP_ANSWER_REFUSED:
        after_refusal (self, job, owed, func, user_data);
        break;
      }
  imap_job_free (job);
}

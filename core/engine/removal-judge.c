/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Decides message by message what the destination may lose, and over the whole account
 * whether that is too much to be meant. Pure: what the listings said comes in, a verdict
 * goes out; who is asked and what is done is removal.c's.
 */
#include "engine/removal-judge.h"

#include <string.h>

#include "model/keywords.h"

/* Flags that a person sets or takes away. That a message is marked for deletion is no
 * reason to keep it. */
#define TELLING_FLAGS (HAUL_FLAGS_ALL & ~(guint32) HAUL_FLAG_DELETED)

/* A keyword that is missing says nothing: not every destination keeps them all. */
static gboolean
is_changed (const RemovalCase *message)
{
  if ((message->flags_now & TELLING_FLAGS) != (message->flags_last & TELLING_FLAGS))
    return TRUE;
  g_autofree char *more = keywords_minus (message->keywords_now, message->keywords_last);
  return *more != '\0';
}

RemovalVerdict
removal_judge (JobDeletions policy, const RemovalCase *message)
{
  switch (policy)
    {
    case JOB_DELETIONS_NONE:
      return REMOVAL_KEEP;
    case JOB_DELETIONS_DELIVERED:
      if (!message->known || !message->ours || message->at_source || message->taken)
        return REMOVAL_KEEP;
      return is_changed (message) ? REMOVAL_CHANGED : REMOVAL_DELETE;
    case JOB_DELETIONS_MIRROR:
      if (!message->known)
        return REMOVAL_FOREIGN;
      if (message->at_source || message->taken)
        return REMOVAL_KEEP;
      return message->ours ? REMOVAL_DELETE : REMOVAL_FOREIGN;
    }
  return REMOVAL_KEEP;
}

static RemovalSum
add_up (const RemovalSum *sums, gsize count)
{
  RemovalSum total = { 0 };
  for (gsize i = 0; i < count; i++)
    {
      total.source_messages += sums[i].source_messages;
      total.there += sums[i].there;
      total.doomed += sums[i].doomed;
      total.foreign += sums[i].foreign;
    }
  return total;
}

/* What is not ours. */
static char *
refuse_foreign (const RemovalSum *sums, gsize count, guint64 total)
{
  for (gsize i = 0; i < count; i++)
    if (sums[i].foreign > 0)
      return g_strdup_printf (
          "the destination holds %" G_GUINT64_FORMAT
          " messages that mailhaul did not deliver and the source does not have, "
          "%" G_GUINT64_FORMAT " of them in '%s'; mirror deletes nothing unless "
          "allow-foreign-deletions=\"true\"",
          total, sums[i].foreign, sums[i].folder);
  return NULL;
}

/* A source without mail is more often broken than meant. */
static char *
refuse_empty (const Job *job, const RemovalSum *sums, gsize count,
              const RemovalSum *total)
{
  if (job->allow_empty_source)
    return NULL;
  if (total->source_messages == 0)
    return g_strdup_printf ("the source holds no message at all, and %" G_GUINT64_FORMAT
                            " would be deleted; nothing is unless "
                            "allow-empty-source=\"true\"",
                            total->doomed);
  for (gsize i = 0; job->deletions == JOB_DELETIONS_MIRROR && i < count; i++)
    if (sums[i].doomed > 0 && sums[i].source_exists && sums[i].source_messages == 0)
      return g_strdup_printf ("the folder that goes to '%s' is empty at the source, and "
                              "%" G_GUINT64_FORMAT " messages would be deleted; nothing "
                              "is unless allow-empty-source=\"true\"",
                              sums[i].folder, sums[i].doomed);
  return NULL;
}

static char *
refuse_many (const Job *job, const RemovalSum *total)
{
  guint64 limit = 0;
  gboolean given = job->max_deletions != NULL;
  g_autofree char *digits = g_strdup (given ? job->max_deletions : "");
  gboolean share = given && g_str_has_suffix (digits, "%");
  if (share)
    digits[strlen (digits) - 1] = '\0';
  if (given && !g_ascii_string_to_unsigned (digits, 10, 0, G_MAXUINT32, &limit, NULL))
    return g_strdup_printf ("max-deletions=\"%s\" is no number", job->max_deletions);
  if (!given && (job->deletions != JOB_DELETIONS_MIRROR || total->doomed <= REMOVAL_MANY))
    return NULL;
  if (!given)
    limit = REMOVAL_SHARE;
  gboolean over = given && !share
                      ? total->doomed > limit
                      : total->doomed * 100 > limit * MAX (total->there, total->doomed);
  if (!over)
    return NULL;
  return g_strdup_printf (
      "%" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
      " messages would be deleted at the destination, more than %s%s; "
      "nothing is, see max-deletions",
      total->doomed, MAX (total->there, total->doomed),
      given ? "max-deletions=" : "half of them", given ? job->max_deletions : "");
}

char *
removal_refuse (const Job *job, const RemovalSum *sums, gsize count)
{
  RemovalSum total = add_up (sums, count);
  gboolean mirror = job->deletions == JOB_DELETIONS_MIRROR;
  if (mirror && total.foreign > 0 && !job->allow_foreign_deletions)
    return refuse_foreign (sums, count, total.foreign);
  if (total.doomed == 0)
    return NULL;
  char *refusal = refuse_empty (job, sums, count, &total);
  return refusal != NULL ? refusal : refuse_many (job, &total);
}

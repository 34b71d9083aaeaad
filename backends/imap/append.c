/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What an APPEND says about its messages, decided from data alone: flags within what a
 * mailbox permits, dates within what a server keeps, batches, and the pairing of UIDs.
 * Sending is store-send.c's. Pure; any thread. */
#include "append.h"

#include <string.h>

#include "command-check.h"
#include "uidset.h"

/* Clocks are wrong by hours, time zones by up to fourteen: what is at most a day ahead is
 * kept as it is. */
#define FUTURE_S ((gint64) 24 * 60 * 60)

/* Fewer messages and bytes than this wait for more while answers are outstanding: a
 * command costs a busy server more than a short message. */
#define RIPE_MESSAGES 16u
#define RIPE_BYTES    ((guint64) 128 * 1024)

static const struct
{
  guint32 bit;
  const char *name;
} system_flags[] = { { HAUL_FLAG_SEEN, "\\Seen" },
                     { HAUL_FLAG_ANSWERED, "\\Answered" },
                     { HAUL_FLAG_FLAGGED, "\\Flagged" },
                     { HAUL_FLAG_DELETED, "\\Deleted" },
                     { HAUL_FLAG_DRAFT, "\\Draft" } };

const char *
imap_flag_name (guint32 bit)
{
  for (guint i = 0; i < G_N_ELEMENTS (system_flags); i++)
    if (system_flags[i].bit == bit)
      return system_flags[i].name;
  return "";
}

guint32
imap_flag_bit (const char *name)
{
  for (guint i = 0; i < G_N_ELEMENTS (system_flags); i++)
    if (g_ascii_strcasecmp (system_flags[i].name, name) == 0)
      return system_flags[i].bit;
  return 0;
}

gboolean
imap_words_have (const char *const *words, const char *word)
{
  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    if (g_ascii_strcasecmp (words[i], word) == 0)
      return TRUE;
  return FALSE;
}

static gboolean
array_has (const GPtrArray *words, const char *word)
{
  for (guint i = 0; i < words->len; i++)
    if (g_ascii_strcasecmp (words->pdata[i], word) == 0)
      return TRUE;
  return FALSE;
}

static void
add_once (GPtrArray *words, const char *word)
{
  if (!array_has (words, word))
    g_ptr_array_add (words, g_strdup (word));
}

/* A keyword as it is sent. */
static const char *
sent_name (const char *keyword)
{
  return g_ascii_strcasecmp (keyword, "\\Forwarded") == 0 ? "$Forwarded" : keyword;
}

gboolean
imap_flags_need_select (const ImapFlagRules *rules, const char *const *keywords)
{
  if (rules->known || rules->keywords_none)
    return FALSE;
  for (guint i = 0; keywords != NULL && keywords[i] != NULL; i++)
    if (imap_keyword_is_valid (sent_name (keywords[i])))
      return TRUE;
  return FALSE;
}

static gboolean
takes_keyword (const ImapFlagRules *rules, const char *keyword)
{
  g_autofree char *lower = g_ascii_strdown (keyword, -1);
  if (rules->keywords_none || !imap_keyword_is_valid (keyword)
      || (rules->refused != NULL && g_hash_table_contains (rules->refused, lower)))
    return FALSE;
  return !rules->known || rules->any_keyword
         || imap_words_have (rules->keywords, keyword);
}

void
imap_flags_plan (const ImapFlagRules *rules, guint32 flags, const char *const *keywords,
                 ImapFlagPlan *out_plan)
{
  ImapFlagPlan plan = { g_ptr_array_new_with_free_func (g_free),
                        g_ptr_array_new_with_free_func (g_free),
                        g_ptr_array_new_with_free_func (g_free) };
  for (guint i = 0; i < G_N_ELEMENTS (system_flags); i++)
    {
      guint32 bit = system_flags[i].bit;
      GPtrArray *to = plan.now;
      if ((flags & bit) == 0)
        continue;
      if ((rules->known && (rules->permanent & bit) == 0)
          || (rules->deleted_expunges && bit == HAUL_FLAG_DELETED))
        to = plan.dropped;
      else if (rules->flagged_by_store && bit == HAUL_FLAG_FLAGGED)
        to = plan.later;
      add_once (to, system_flags[i].name);
    }
  for (guint i = 0; keywords != NULL && keywords[i] != NULL; i++)
    {
      const char *keyword = sent_name (keywords[i]);
      if (g_ascii_strcasecmp (keyword, "\\Recent") == 0)
        continue;
      add_once (takes_keyword (rules, keyword) ? plan.now : plan.dropped, keyword);
    }
  *out_plan = plan;
}

gboolean
imap_flags_has_keywords (const ImapFlagPlan *self)
{
  for (guint i = 0; i < self->now->len; i++)
    if (((const char *) self->now->pdata[i])[0] != '\\')
      return TRUE;
  return FALSE;
}

gboolean
imap_flags_postpone_keywords (ImapFlagPlan *self)
{
  gboolean any = FALSE;
  for (guint i = 0; i < self->now->len;)
    {
      const char *flag = self->now->pdata[i];
      if (flag[0] == '\\')
        {
          i++;
          continue;
        }
      add_once (self->later, flag);
      g_ptr_array_remove_index (self->now, i);
      any = TRUE;
    }
  return any;
}

void
imap_flags_clear (ImapFlagPlan *self)
{
  g_clear_pointer (&self->now, g_ptr_array_unref);
  g_clear_pointer (&self->later, g_ptr_array_unref);
  g_clear_pointer (&self->dropped, g_ptr_array_unref);
}

ImapDateChange
imap_date_clamp (const ImapDateSpan *span, gint64 *date, gint *zone_minutes)
{
  gint64 min = MAX (span->min_s, 0);
  gint64 max = span->now_s + (span->ahead_s > 0 ? span->ahead_s : FUTURE_S);
  ImapDateChange change = IMAP_DATE_KEPT;
  if (span->max_s > 0)
    max = MIN (max, span->max_s);
  if (*date < min)
    {
      *date = min;
      change = IMAP_DATE_EARLY;
    }
  else if (*date > max)
    {
      *date = MAX (MIN (max, span->now_s), min);
      change = IMAP_DATE_LATE;
    }
  /* A zone that makes the date one of 1969, or that is no zone, is not written. */
  gint64 zone = *zone_minutes;
  if (zone <= -24 * 60 || zone >= 24 * 60 || *date + zone * 60 < 0)
    *zone_minutes = 0;
  return change;
}

gboolean
imap_batch_has_room (const ImapBatchLimits *limits, guint count, guint64 bytes,
                     guint64 size)
{
  if (count == 0)
    return TRUE;
  return count < limits->messages && bytes <= limits->bytes
         && size <= limits->bytes - bytes;
}

gboolean
imap_batch_is_ripe (const ImapBatchLimits *limits, guint count, guint64 bytes)
{
  return count >= MIN (RIPE_MESSAGES, limits->messages)
         || bytes >= MIN (RIPE_BYTES, limits->bytes);
}

gboolean
imap_append_pair (const char *uids, guint count, guint32 *out_uids)
{
  if (uids == NULL)
    return FALSE;
  g_autoptr (ImapUidSet)
      set = imap_uidset_parse ((ImapString){ uids, strlen (uids) }, NULL);
  if (set == NULL || imap_uidset_has_star (set) || imap_uidset_count (set) != count)
    return FALSE;
  ImapUidIter iter;
  imap_uid_iter_init (&iter, set, count);
  for (guint i = 0; i < count; i++)
    if (!imap_uid_iter_next (&iter, &out_uids[i]))
      return FALSE;
  return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Completes a listing in which something is missing: finds out what exists, asks for just
 * that, in halves where a set is refused, and at last message by message. What cannot be
 * described, but exists, is handed on by its key alone. The session's thread. */
#include "scan-private.h"

/* SET_ROWS: messages of one question; a refused one is halved at most nine times. */
#define SET_ROWS 500u
/* REFUSALS_MAX: questions refused in a row before it is the folder that is refused. */
#define REFUSALS_MAX 64u
/* SINGLES_MAX: messages without a description for which the folder still counts as
 * listed; beyond, the server is not describing it. */
#define SINGLES_MAX 100u

/* The line for a set: the command's words take some, too. */
static gsize
set_bytes (const ImapScanRun *self)
{
  guint line = self->session->quirks->line_limit_bytes;
  gsize limit = line == 0 ? IMAP_LIMIT_COMMAND_LINE_BYTES
                          : MIN (line, IMAP_LIMIT_COMMAND_LINE_BYTES);
  gsize words = strlen (self->items) + 100;
  return limit > 2 * words ? limit - words : words;
}

/* One question for @count UIDs, then its halves. */
static gboolean
ask_part (ImapScanRun *self, const guint32 *uids, guint count, GError **error)
{
  g_autoptr (ImapUidSet) set = imap_uidset_new ();
  for (guint i = 0; i < count; i++)
    imap_uidset_add (set, uids[i]);
  guint cursor = 0;
  g_autofree char *text = imap_uidset_format (set, &cursor, set_bytes (self));
  gboolean fits = cursor == set->ranges->len;
  if (fits && !imap_scan_fetch (self, text, NULL, error))
    return FALSE;
  if (fits && (self->refusal == NULL || count == 1))
    {
      if (self->refusals <= REFUSALS_MAX)
        return TRUE;
      g_propagate_error (error, g_steal_pointer (&self->refusal));
      return FALSE;
    }
  guint half = count / 2;
  return ask_part (self, uids, half, error)
         && ask_part (self, uids + half, count - half, error);
}

gboolean
imap_scan_ask_for (ImapScanRun *self, const ImapUidSet *uids, GError **error)
{
  guint32 part[SET_ROWS];
  guint count = 0;
  guint32 uid = 0;
  ImapUidIter iter;
  imap_uid_iter_init (&iter, uids, imap_uidset_count (uids));
  while (imap_uid_iter_next (&iter, &uid))
    {
      part[count++] = uid;
      if (count < SET_ROWS)
        continue;
      if (!ask_part (self, part, count, error))
        return FALSE;
      count = 0;
    }
  return count == 0 || ask_part (self, part, count, error);
}

/* The last questions, one message each; then what is known is all that there is. */
static gboolean
ask_singly (ImapScanRun *self, const ImapUidSet *uids, GError **error)
{
  guint32 uid = 0;
  ImapUidIter iter;
  if (imap_uidset_count (uids) > SINGLES_MAX)
    return imap_scan_incomplete (self, error);
  imap_uid_iter_init (&iter, uids, SINGLES_MAX);
  while (imap_uid_iter_next (&iter, &uid))
    {
      guint lacks = 0;
      if (!ask_part (self, &uid, 1, error))
        return FALSE;
      lacks = imap_rows_lacks (self->rows, uid);
      /* A server that speaks of the message, but not of its flags, would have us copy
       * read mail as unread. */
      if (lacks != self->wanted && (lacks & IMAP_FETCH_FLAGS) && self->refusal == NULL)
        return haul_error_set (error, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_FOLDER,
                               "%s: the server does not tell the flags of message UID %u",
                               self->what, uid);
      if (lacks != 0)
        {
          imap_rows_settle (self->rows, uid);
          self->bare = TRUE;
        }
    }
  return TRUE;
}

/* What exists from @first on, into self->found. *@out_known FALSE: the server does not
 * say. */
static gboolean
find_all (ImapScanRun *self, guint32 first, gboolean by_fetch, gboolean *out_known,
          GError **error)
{
  guint32 top = imap_scan_top (self);
  g_autofree char *set = top == IMAP_UID_STAR ? g_strdup_printf ("%u:*", first)
                                              : g_strdup_printf ("%u:%u", first, top);
  if (!imap_scan_find (self, set, by_fetch, error))
    return FALSE;
  *out_known = self->refusal == NULL && !self->found_bad;
  /* "n:*" names the last message, however low its UID (rule 13). */
  while (self->found->ranges->len > 0
         && g_array_index (self->found->ranges, ImapUidRange, 0).first < first)
    {
      ImapUidRange *range = &g_array_index (self->found->ranges, ImapUidRange, 0);
      if (range->last >= first)
        range->first = first;
      else
        g_array_remove_index (self->found->ranges, 0);
    }
  return TRUE;
}

/* Asks for all of self->found that is not described yet. */
static gboolean
describe_found (ImapScanRun *self, GError **error)
{
  g_autoptr (ImapUidSet) found = g_steal_pointer (&self->found);
  g_autoptr (ImapUidSet) missing = imap_rows_missing (self->rows, found);
  if (!imap_scan_ask_for (self, missing, error))
    return FALSE;
  g_autoptr (ImapUidSet) still = imap_rows_missing (self->rows, found);
  gboolean ok = ask_singly (self, still, error);
  self->found = g_steal_pointer (&found);
  return ok;
}

gboolean
imap_scan_repair (ImapScanRun *self, guint32 first, gboolean counted, GError **error)
{
  gboolean by_fetch = self->session->quirks->search_unreliable;
  for (guint round = 0; round < 2; round++)
    {
      gboolean known = FALSE;
      if (!find_all (self, first, by_fetch || round > 0, &known, error))
        return FALSE;
      if (known && !describe_found (self, error))
        return FALSE;
      /* What came meanwhile, or went, is told at the latest now. */
      if (known && counted
          && imap_uidset_count (self->found) < self->session->selected.exists
          && !imap_scan_noop (self, error))
        return FALSE;
      if (known
          && (!counted
              || imap_uidset_count (self->found) >= self->session->selected.exists))
        return imap_scan_flush (self, error);
    }
  if (self->refusal != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->refusal));
      return FALSE;
    }
  return imap_scan_incomplete (self, error);
}

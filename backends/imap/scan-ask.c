/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The questions of a scan and what comes back: commands out, FETCH lines into rows,
 * SEARCH and VANISHED into sets. When to ask what is decided in scan.c, scan-repair.c and
 * scan-windows.c. Belongs to the session's thread. */
#include "scan-private.h"

#include <string.h>

/* HEADERS_LIMIT_BYTES: kept of one message's identity headers, as much as the engine
 * looks at; a mail to 10,000 people has twice as much. */
#define HEADERS_LIMIT_BYTES (256u * 1024u)
/* PATIENCE_FACTOR: a server that must first look at each of a million messages is silent
 * for longer than one that has nothing to say (imap.md §2.9: 10 min rather than 2). */
#define PATIENCE_FACTOR 5
/* SIZE_LIMIT: a larger RFC822.SIZE is a negative number that lost its sign. */
#define SIZE_LIMIT ((guint64) 1 << 62)
/* FOUND_SLACK: UIDs that a server may name beyond what EXISTS says, for arrivals. */
#define FOUND_SLACK 1048576u

guint32
imap_scan_top (const ImapScanRun *self)
{
  return self->session->uidonly ? IMAP_UID_STAR - 1 : IMAP_UID_STAR;
}

gboolean
imap_scan_incomplete (const ImapScanRun *self, GError **error)
{
  return haul_error_set (error, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_FOLDER,
                         "%s: the listing is incomplete: the server says %u messages "
                         "and described %" G_GUINT64_FORMAT,
                         self->what, self->session->selected.exists,
                         imap_rows_count (self->rows));
}

/* ---- events ---- */

/* The line's part of a row. */
static ImapRow
row_of (ImapScanRun *self, const ImapFetchData *fetch)
{
  ImapRow row = { .uid = fetch->uid, .number = fetch->uid_fetch ? 0 : fetch->number };
  row.known = fetch->known;
  row.named = fetch->damaged ? fetch->known : fetch->named;
  if (fetch->known & IMAP_FETCH_BODY_NIL)
    row.named |= IMAP_FETCH_BODY;
  if (!self->have_headers || fetch->suspect)
    row.known &= ~(guint) IMAP_FETCH_BODY;
  if (fetch->suspect)
    row.named &= ~(guint) IMAP_FETCH_BODY;
  if (row.known & IMAP_FETCH_FLAGS)
    imap_flags_take (fetch->flags, &row.flags, self->keywords);
  row.keywords = (const char *const *) self->keywords->pdata;
  if (fetch->size > SIZE_LIMIT)
    row.known &= ~(guint) IMAP_FETCH_SIZE;
  row.size = fetch->size;
  row.date = fetch->internaldate;
  row.zone_minutes = fetch->zone_minutes;
  row.headers = (HaulBytes){ self->headers->data, self->headers->len };
  return row;
}

static void
take_fetch (ImapScanRun *self, const ImapFetchData *fetch)
{
  ImapRow row = row_of (self, fetch);
  self->have_headers = FALSE;
  if (row.uid == 0)
    return;
  if (row.uid < self->from)
    {
      /* "n:*" always names the last message, however low its UID. */
      if (row.number == self->session->selected.exists)
        self->none_from = TRUE;
      return;
    }
  self->lowest = self->lowest == 0 ? row.uid : MIN (self->lowest, row.uid);
  self->last = MAX (self->last, row.uid);
  self->highest = MAX (self->highest, row.uid);
  self->count++;
  if (self->uids_only)
    imap_uidset_add (self->found, row.uid);
  else if (self->failure == NULL)
    (void) imap_rows_add (self->rows, &row, &self->failure);
}

static void
take_body (ImapScanRun *self, const ImapEvent *event)
{
  if (event->type == IMAP_EVENT_BODY_BEGIN)
    {
      self->collecting = (self->wanted & IMAP_FETCH_BODY) != 0 && !self->have_headers
                         && !event->body.partial
                         && imap_string_starts (event->body.section, "HEADER");
      if (self->collecting)
        g_byte_array_set_size (self->headers, 0);
    }
  else if (event->type == IMAP_EVENT_BODY_DATA && self->collecting)
    {
      gsize room = HEADERS_LIMIT_BYTES - self->headers->len;
      g_byte_array_append (self->headers, (const guint8 *) event->text.data,
                           (guint) MIN (event->text.length, room));
    }
  else if (event->type == IMAP_EVENT_BODY_END && self->collecting)
    {
      self->collecting = FALSE;
      self->have_headers = TRUE;
    }
}

static void
append_ranges (ImapUidSet *to, const ImapUidSet *from)
{
  if (to->ranges->len + from->ranges->len > 0)
    g_array_append_vals (to->ranges, from->ranges->data, from->ranges->len);
}

static void
take_vanished (ImapScanRun *self, const ImapVanishedData *vanished)
{
  g_autoptr (ImapUidSet) uids = imap_uidset_parse (vanished->uids, NULL);
  if (uids == NULL)
    self->vanished_bad = TRUE;
  else
    append_ranges (self->vanished, uids);
  if (self->vanished->ranges->len > IMAP_LIMIT_UIDSET_RANGES)
    {
      g_array_set_size (self->vanished->ranges, 0);
      self->vanished_bad = TRUE;
    }
  if (vanished->earlier)
    return;
  guint64 count = uids == NULL ? 0 : imap_uidset_count (uids);
  self->removals = TRUE;
  self->left -= (guint32) MIN (count, self->left);
  imap_rows_vanish (self->rows, uids);
}

static void
take_found (ImapScanRun *self, const ImapEvent *event)
{
  if (self->found == NULL)
    return;
  if (event->type == IMAP_EVENT_SEARCH)
    {
      for (guint i = 0; i < event->search.count; i++)
        if (event->search.numbers[i] != 0)
          imap_uidset_add (self->found, event->search.numbers[i]);
    }
  else if (event->esearch.all.data != NULL)
    {
      g_autoptr (ImapUidSet) uids = imap_uidset_parse (event->esearch.all, NULL);
      if (uids == NULL)
        self->found_bad = TRUE;
      else
        append_ranges (self->found, uids);
    }
  if (self->found->ranges->len > IMAP_LIMIT_UIDSET_RANGES * 4)
    {
      g_array_set_size (self->found->ranges, 0);
      self->found_bad = TRUE;
    }
}

static void
take_malformed (ImapScanRun *self, ImapString word)
{
  if (imap_string_is (word, "VANISHED"))
    {
      self->vanished_bad = self->removals = TRUE;
      imap_rows_vanish (self->rows, NULL);
    }
  else if (imap_string_is (word, "SEARCH") || imap_string_is (word, "ESEARCH"))
    self->found_bad = TRUE;
}

static gboolean
on_event (const ImapEvent *event, gpointer user_data, GError **error)
{
  ImapScanRun *self = user_data;
  (void) error;
  if (!self->opened)
    return TRUE;
  switch ((int) event->type)
    {
    case IMAP_EVENT_BODY_BEGIN:
    case IMAP_EVENT_BODY_DATA:
    case IMAP_EVENT_BODY_END:
      take_body (self, event);
      break;
    case IMAP_EVENT_FETCH:
      take_fetch (self, &event->fetch);
      break;
    case IMAP_EVENT_EXPUNGE:
      self->removals = TRUE;
      self->left -= event->number <= self->left && self->left > 0 ? 1 : 0;
      imap_rows_expunge (self->rows, event->number);
      break;
    case IMAP_EVENT_VANISHED:
      take_vanished (self, &event->vanished);
      break;
    case IMAP_EVENT_SEARCH:
    case IMAP_EVENT_ESEARCH:
      take_found (self, event);
      break;
    case IMAP_EVENT_MALFORMED:
      take_malformed (self, event->text);
      break;
    }
  return TRUE;
}

/* ---- commands ---- */

static void
on_done (const ImapReply *reply, gpointer user_data)
{
  ImapScanRun *self = user_data;
  self->over = TRUE;
  if (reply == NULL)
    return;
  self->limited = reply->code == IMAP_CODE_MESSAGELIMIT;
  if (reply->state != IMAP_STATE_OK)
    (void) imap_reply_error (reply, HAUL_SCOPE_FOLDER, self->what, &self->refusal);
}

void
imap_scan_take_start (ImapScanRun *self)
{
  const ImapSelected *selected = &self->session->selected;
  self->start = (ImapToken){ selected->uidvalidity, selected->uidnext, selected->exists,
                             selected->highestmodseq };
  self->left = selected->exists;
}

static void
on_opened (const ImapReply *reply, gpointer user_data)
{
  ImapScanRun *self = user_data;
  self->opened = imap_session_opened (self->session, reply, &self->not_opened);
  if (self->opened)
    imap_scan_take_start (self);
}

gboolean
imap_scan_open_ahead (ImapScanRun *self, GError **error)
{
  self->ahead = TRUE;
  return imap_session_open_ahead (self->session, on_opened, self, error);
}

/* Sends @command (taken over) and waits for its end. */
static gboolean
run (ImapScanRun *self, ImapCommand *command, GError **error)
{
  ImapConnection *connection = self->session->connection;
  ImapFlight flight = { .patience_us = self->session->settings->timeout_us
                                       * PATIENCE_FACTOR };
  g_autoptr (GError) local = NULL;
  self->over = self->limited = self->have_headers = self->collecting = FALSE;
  self->lowest = self->last = 0;
  self->count = 0;
  g_clear_error (&self->refusal);
  if (!imap_command_finish (command, &local))
    {
      imap_command_free (command);
      return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_FOLDER, "%s: %s",
                             self->what, local->message);
    }
  if (!imap_connection_await_turn (connection, &flight, error))
    {
      imap_command_free (command);
      return FALSE;
    }
  imap_connection_handle (connection, on_event, self);
  gboolean ok = imap_connection_send (connection, command, &flight, NULL, on_done, self,
                                      error);
  while (ok && !self->over)
    ok = imap_connection_turn (connection, TRUE, error);
  imap_connection_handle (connection, NULL, NULL);
  if (!ok)
    return FALSE;
  if (self->not_opened != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->not_opened));
      return FALSE;
    }
  GError **worse = self->failure != NULL ? &self->failure : &self->refusal;
  if (self->failure != NULL
      || (self->refusal != NULL
          && haul_error_scope (self->refusal) >= HAUL_SCOPE_SESSION))
    {
      g_propagate_error (error, g_steal_pointer (worse));
      return FALSE;
    }
  self->refusals = self->refusal == NULL ? 0 : self->refusals + 1;
  return TRUE;
}

gboolean
imap_scan_fetch (ImapScanRun *self, const char *set, const char *modifier, GError **error)
{
  ImapCommand *command = imap_session_command (self->session, "UID FETCH");
  imap_command_add_set (command, set);
  imap_command_add_words (command, self->uids_only ? "(UID)" : self->items);
  if (modifier != NULL)
    imap_command_add_words (command, modifier);
  return run (self, command, error);
}

static char *
range_text (guint32 first, guint32 last)
{
  if (last == IMAP_UID_STAR)
    return g_strdup_printf ("%u:*", first);
  return g_strdup_printf ("%u:%u", first, last);
}

gboolean
imap_scan_fetch_range (ImapScanRun *self, guint32 first, guint32 last,
                       const char *modifier, GError **error)
{
  g_autofree char *set = range_text (first, last);
  return imap_scan_fetch (self, set, modifier, error);
}

static gboolean
search (ImapScanRun *self, const char *set, GError **error)
{
  gboolean extended = imap_session_has (self->session, "ESEARCH") || self->session->rev2;
  ImapCommand *command = imap_session_command (
      self->session, extended ? "UID SEARCH RETURN (ALL) UID" : "UID SEARCH UID");
  imap_command_add_set (command, set);
  return run (self, command, error);
}

static gboolean
find_once (ImapScanRun *self, const char *set, gboolean by_fetch, GError **error)
{
  self->uids_only = by_fetch;
  gboolean ok = by_fetch ? imap_scan_fetch (self, set, NULL, error)
                         : search (self, set, error);
  self->uids_only = FALSE;
  imap_uidset_normalise (self->found);
  return ok;
}

gboolean
imap_scan_find (ImapScanRun *self, const char *set, gboolean by_fetch, GError **error)
{
  g_autoptr (ImapUidSet)
      asked = imap_uidset_parse ((ImapString){ set, strlen (set) }, error);
  g_clear_pointer (&self->found, imap_uidset_free);
  self->found = imap_uidset_new ();
  self->found_bad = FALSE;
  if (asked == NULL)
    return FALSE;
  if (!find_once (self, set, by_fetch, error))
    return FALSE;
  /* A server with MESSAGELIMIT has looked at the highest only. */
  guint32 first = g_array_index (asked->ranges, ImapUidRange, 0).first;
  while (self->limited && self->refusal == NULL && self->found->ranges->len > 0)
    {
      guint32 lowest = g_array_index (self->found->ranges, ImapUidRange, 0).first;
      if (lowest <= first)
        break;
      g_autofree char *rest = range_text (first, lowest - 1);
      if (!find_once (self, rest, by_fetch, error))
        return FALSE;
      if (g_array_index (self->found->ranges, ImapUidRange, 0).first >= lowest)
        break;
    }
  if (imap_uidset_count (self->found)
      > (guint64) self->session->selected.exists + FOUND_SLACK)
    self->found_bad = TRUE;
  return TRUE;
}

gboolean
imap_scan_noop (ImapScanRun *self, GError **error)
{
  return run (self, imap_session_command (self->session, "NOOP"), error);
}

gboolean
imap_scan_flush (ImapScanRun *self, GError **error)
{
  return imap_rows_flush (self->rows, error);
}

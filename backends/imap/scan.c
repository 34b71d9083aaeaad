/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The scan of the entered folder: decides between everything, what is new, and what has
 * changed; holds the listing against what the server says that there is. How it asks is
 * in scan-ask.c, what it does with a hole in scan-repair.c. The session's thread. */
#include "scan-private.h"

#include "scan-delta.h"

#define IDENTITY_HEADERS                                                                 \
  " BODY.PEEK[HEADER.FIELDS"                                                             \
  " (MESSAGE-ID DATE FROM TO CC SUBJECT IN-REPLY-TO REFERENCES)]"

#define ALL_HEADERS " BODY.PEEK[HEADER]"

/* HELD_MAX: messages whose rows may all wait for the end of the command where no sequence
 * number tells whether a lower one is missing: about 5 MB beside headers. */
#define HELD_MAX 20000u
/* PROBES_MAX: questions whether vanished messages exist, before listing all is cheaper.
 */
#define PROBES_MAX 16u

/* A whole row becomes a record. */
static gboolean
on_row (const ImapRow *row, gpointer user_data, GError **error)
{
  ImapScanRun *self = user_data;
  HaulRecord record = HAUL_RECORD_INIT;
  guint8 key[4];
  guint known = row->known & self->wanted;
  imap_key_from_uid (row->uid, key);
  record.key = (HaulBytes){ key, sizeof key };
  if (known & IMAP_FETCH_FLAGS)
    {
      record.known |= HAUL_RECORD_FLAGS;
      record.flags = row->flags;
      record.keywords = row->keywords;
    }
  if (known & IMAP_FETCH_SIZE)
    {
      record.known |= HAUL_RECORD_SIZE;
      record.size_bytes = row->size;
    }
  if (known & IMAP_FETCH_INTERNALDATE)
    {
      record.known |= HAUL_RECORD_DATE | HAUL_RECORD_ZONE;
      record.date_unix = row->date;
      record.date_zone_minutes = row->zone_minutes;
    }
  if (known & IMAP_FETCH_BODY)
    {
      record.known |= HAUL_RECORD_HEADERS;
      record.headers = row->headers;
    }
  return self->scan->record (&record, self->scan->user_data, error);
}

/* ---- everything ---- */

static gboolean
is_complete (const ImapScanRun *self)
{
  g_autoptr (ImapUidSet) incomplete = imap_rows_incomplete (self->rows);
  return !imap_rows_is_doubtful (self->rows) && incomplete->ranges->len == 0
         && imap_rows_count (self->rows) >= self->left;
}

/* Everything from @first on with one command; with MESSAGELIMIT, some more. */
static gboolean
list_at_once (ImapScanRun *self, guint32 first, GError **error)
{
  guint32 last = imap_scan_top (self);
  for (;;)
    {
      if (!imap_scan_fetch_range (self, first, last, NULL, error))
        return FALSE;
      gboolean more = self->limited && self->refusal == NULL && self->lowest > first
                      && self->lowest <= last;
      if (!more)
        return TRUE;
      last = self->lowest - 1;
    }
}

/* Messages that one command covers; 0: any number. */
static guint32
message_limit (const ImapScanRun *self)
{
  guint64 value = 0;
  guint32 quirk = self->session->quirks->message_limit;
  if (imap_capabilities_limit (self->session->capabilities, "MESSAGELIMIT", &value)
          == IMAP_CAP_LIMIT_KNOWN
      && value > 0)
    return (guint32) MIN (value, G_MAXUINT32);
  return quirk;
}

static gboolean
list_from (ImapScanRun *self, guint32 first, GError **error)
{
  guint32 limit = message_limit (self);
  if (limit > 0 && limit < self->start.messages)
    return imap_scan_windows (self, first, limit, error);
  gboolean numbered = self->from == 0 && !self->session->uidonly;
  imap_rows_set_mode (self->rows, numbered                           ? IMAP_ROWS_BY_NUMBER
                                  : self->start.messages <= HELD_MAX ? IMAP_ROWS_HELD
                                                                     : IMAP_ROWS_BY_UID);
  return list_at_once (self, first, error);
}

static gboolean
list_all (ImapScanRun *self, GError **error)
{
  if (!list_from (self, 1, error))
    return FALSE;
  /* Of an empty folder a server may refuse to list anything. */
  if (self->start.messages == 0 || (self->refusal == NULL && is_complete (self)))
    return imap_scan_flush (self, error);
  return imap_scan_repair (self, 1, TRUE, error);
}

/* ---- what is new ---- */

static gboolean
list_new (ImapScanRun *self, GError **error)
{
  if (!list_from (self, self->from, error))
    return FALSE;
  if (self->refusal == NULL && self->none_from && self->count == 0)
    return TRUE;
  /* As many as the folder holds: then nothing lies below, and nothing was missed. */
  if (self->refusal == NULL && self->start.messages > 0 && is_complete (self))
    return imap_scan_flush (self, error);
  /* Here a missed message would be copied twice: two answers must agree. */
  return imap_scan_repair (self, self->from, FALSE, error);
}

/* ---- what has changed ---- */

/* Whether none of @uids exists. */
static gboolean
all_gone (ImapScanRun *self, const ImapUidSet *uids, gboolean *out_gone, GError **error)
{
  guint line = self->session->quirks->line_limit_bytes;
  gsize room = (line == 0 ? IMAP_LIMIT_COMMAND_LINE_BYTES : line) * 3 / 4;
  guint cursor = 0;
  *out_gone = FALSE;
  for (guint i = 0; i < PROBES_MAX && cursor < uids->ranges->len; i++)
    {
      g_autofree char *set = imap_uidset_format (uids, &cursor, room);
      if (!imap_scan_find (self, set, self->session->quirks->search_unreliable, error))
        return FALSE;
      if (self->refusal != NULL || self->found_bad || self->found->ranges->len > 0)
        return TRUE;
    }
  *out_gone = cursor == uids->ranges->len;
  return TRUE;
}

static gboolean
hand_on_vanished (ImapScanRun *self, const ImapUidSet *uids, GError **error)
{
  ImapUidIter iter;
  guint32 uid = 0;
  imap_uid_iter_init (&iter, uids, imap_uidset_count (uids));
  while (imap_uid_iter_next (&iter, &uid))
    {
      guint8 key[4];
      imap_key_from_uid (uid, key);
      if (!self->scan->vanished ((HaulBytes){ key, sizeof key }, self->scan->user_data,
                                 error))
        return FALSE;
    }
  return TRUE;
}

/* Whether the difference to @before, asked for ahead, is what should have been asked for.
 * FALSE: all has to be listed, or, with *@out_vanished, nothing has changed. */
static gboolean
suits (ImapScanRun *self, const ImapToken *before, ImapUidSet **out_vanished)
{
  ImapDeltaAsk ask = imap_delta_ask (before, &self->start, self->session->qresync);
  if (ask == IMAP_DELTA_CHANGES)
    return TRUE;
  if (ask == IMAP_DELTA_NOTHING)
    {
      imap_rows_drop_held (self->rows);
      *out_vanished = imap_uidset_new ();
    }
  return FALSE;
}

/* Asks for the difference; its rows are held until it is believed. *@out_vanished: what
 * is gone; NULL: it is not to be believed. */
static gboolean
ask_changes (ImapScanRun *self, const ImapToken *before, ImapUidSet **out_vanished,
             GError **error)
{
  gboolean gone = FALSE;
  g_autofree char *modifier = g_strdup_printf ("(CHANGEDSINCE %" G_GUINT64_FORMAT "%s)",
                                               before->highestmodseq,
                                               self->session->qresync ? " VANISHED" : "");
  *out_vanished = NULL;
  imap_rows_set_mode (self->rows, IMAP_ROWS_HELD);
  if (!imap_scan_fetch_range (self, 1, imap_scan_top (self), modifier, error))
    return FALSE;
  /* It was asked before the folder was known: was it the right question? */
  if (self->ahead && !suits (self, before, out_vanished))
    return TRUE;
  if (self->refusal != NULL || self->limited || self->removals || self->vanished_bad)
    return TRUE;
  imap_uidset_normalise (self->vanished);
  g_autoptr (ImapUidSet)
      vanished = imap_delta_clip (self->vanished, before->uidnext, before->messages);
  g_autoptr (ImapUidSet) incomplete = imap_rows_incomplete (self->rows);
  if (vanished == NULL || !imap_scan_ask_for (self, incomplete, error))
    return vanished == NULL;
  g_autoptr (ImapUidSet) still = imap_rows_incomplete (self->rows);
  guint64 arrived = imap_rows_held_between (self->rows, before->uidnext,
                                            self->start.uidnext);
  if (still->ranges->len > 0 || self->removals)
    return TRUE;
  switch (imap_delta_judge (before, &self->start, arrived, imap_uidset_count (vanished)))
    {
    case IMAP_DELTA_WRONG:
      return TRUE;
    case IMAP_DELTA_UNCERTAIN:
      if (!all_gone (self, vanished, &gone, error))
        return FALSE;
      if (!gone)
        return TRUE;
      break;
    case IMAP_DELTA_RIGHT:
      break;
    }
  *out_vanished = g_steal_pointer (&vanished);
  return TRUE;
}

/* Delivers the difference to @before, or leaves *@out_delta FALSE and nothing delivered.
 */
static gboolean
list_changes (ImapScanRun *self, const ImapToken *before, gboolean *out_delta,
              GError **error)
{
  g_autoptr (ImapUidSet) vanished = NULL;
  ImapDeltaAsk known = imap_delta_ask (before, &self->start, self->session->qresync);
  switch (self->ahead ? IMAP_DELTA_CHANGES : known)
    {
    case IMAP_DELTA_FULL:
      return TRUE;
    case IMAP_DELTA_NOTHING:
      *out_delta = TRUE;
      return TRUE;
    case IMAP_DELTA_CHANGES:
      break;
    }
  if (!ask_changes (self, before, &vanished, error))
    return FALSE;
  if (vanished == NULL)
    {
      self->ahead = FALSE;
      imap_rows_free (self->rows);
      self->rows = imap_rows_new (self->wanted, on_row, self);
      return TRUE;
    }
  *out_delta = TRUE;
  return hand_on_vanished (self, vanished, error) && imap_scan_flush (self, error);
}

/* ---- the callback ---- */

static void
choose_items (ImapScanRun *self)
{
  static const struct
  {
    HaulNeeds need;
    ImapFetchItem item;
    const char *words;
  } all[] = { { HAUL_NEED_FLAGS, IMAP_FETCH_FLAGS, " FLAGS" },
              { HAUL_NEED_DATE, IMAP_FETCH_INTERNALDATE, " INTERNALDATE" },
              { HAUL_NEED_SIZE, IMAP_FETCH_SIZE, " RFC822.SIZE" },
              { HAUL_NEED_HEADERS, IMAP_FETCH_BODY, IDENTITY_HEADERS } };
  GString *words = g_string_new ("(UID");
  for (guint i = 0; i < G_N_ELEMENTS (all); i++)
    if (self->scan->needs & (guint32) all[i].need)
      {
        gboolean whole = all[i].need == HAUL_NEED_HEADERS
                         && (self->scan->needs & HAUL_NEED_ALL_HEADERS) != 0;
        self->wanted |= (guint) all[i].item;
        g_string_append (words, whole ? ALL_HEADERS : all[i].words);
      }
  g_string_append_c (words, ')');
  self->items = g_string_free (words, FALSE);
}

static void
begin (ImapScanRun *self)
{
  const ImapSelected *selected = &self->session->selected;
  g_autofree char *name = haul_path_to_text ((HaulPath) selected->mailbox->path);
  self->what = g_strdup_printf ("list folder '%s'", name);
  choose_items (self);
  self->opened = !self->session->unsent;
  imap_scan_take_start (self);
  self->rows = imap_rows_new (self->wanted, on_row, self);
  self->keywords = g_ptr_array_new ();
  g_ptr_array_add (self->keywords, NULL);
  self->headers = g_byte_array_new ();
  self->vanished = imap_uidset_new ();
}

static void
clear (ImapScanRun *self)
{
  g_free (self->what);
  g_free (self->items);
  imap_rows_free (self->rows);
  g_ptr_array_unref (self->keywords);
  g_byte_array_unref (self->headers);
  imap_uidset_free (self->found);
  imap_uidset_free (self->vanished);
  g_clear_error (&self->not_opened);
  g_clear_error (&self->refusal);
  g_clear_error (&self->failure);
}

/* The token covers what was there when the scan began: later changes have another
 * HIGHESTMODSEQ. None where the server contradicts itself (hazard 33), or where a record
 * lacks something, to be looked at again. */
static void
finish_status (ImapScanRun *self, HaulFolderStatus *out_status)
{
  ImapMailbox *mailbox = self->session->selected.mailbox;
  imap_session_status (self->session, out_status);
  gboolean backwards = self->start.uidnext > 0 && self->highest >= self->start.uidnext
                       && self->session->selected.exists <= self->start.messages
                       && !self->removals;
  if (backwards)
    out_status->known &= ~(guint32) (HAUL_STATUS_UIDNEXT | HAUL_STATUS_MARK);
  if (backwards || self->bare)
    out_status->known &= ~(guint32) HAUL_STATUS_TOKEN;
  if (out_status->known & HAUL_STATUS_TOKEN)
    imap_token_write (&self->start, mailbox->token);
}

/* Whether the question is known before the folder is open: all of it, or the difference
 * to a token that the listing says is of the same folder. */
static gboolean
may_ask_ahead (const ImapScanRun *self)
{
  const ImapSession *session = self->session;
  const HaulFolderStatus *listed = &session->selected.mailbox->status;
  ImapToken before;
  if (self->scan->from.length > 0 || self->scan->keys != NULL || session->uidonly
      || message_limit (self) > 0)
    return FALSE;
  if (self->scan->since.length == 0)
    return TRUE;
  return imap_token_read (self->scan->since, &before)
         && (listed->known & HAUL_STATUS_UIDVALIDITY)
         && listed->uid_validity == before.uidvalidity;
}

/* Only what was asked for by its key. */
static gboolean
list_keys (ImapScanRun *self, GError **error)
{
  g_autoptr (ImapUidSet) uids = imap_uidset_new ();
  guint32 uid = 0;
  for (gsize i = 0; i < self->scan->key_count; i++)
    if (imap_key_to_uid (self->scan->keys[i], &uid))
      imap_uidset_add (uids, uid);
  imap_uidset_normalise (uids);
  imap_rows_set_mode (self->rows, IMAP_ROWS_HELD);
  self->bare = TRUE; /* a part has no token */
  return imap_scan_ask_for (self, uids, error) && imap_scan_flush (self, error);
}

static gboolean
scan_folder (ImapScanRun *self, gboolean *out_delta, GError **error)
{
  ImapToken before;
  if (self->session->unsent && may_ask_ahead (self))
    {
      if (!imap_scan_open_ahead (self, error))
        return FALSE;
    }
  else if (!self->opened)
    {
      if (!imap_session_settle (self->session, error))
        return FALSE;
      self->opened = TRUE;
      imap_scan_take_start (self);
    }
  if (self->start.messages == 0 && !self->ahead)
    return TRUE;
  if (self->scan->keys != NULL)
    return list_keys (self, error);
  if (imap_key_to_uid (self->scan->from, &self->from))
    return list_new (self, error);
  if (self->session->condstore && self->scan->vanished != NULL
      && imap_token_read (self->scan->since, &before))
    {
      if (!list_changes (self, &before, out_delta, error))
        return FALSE;
      if (*out_delta)
        return TRUE;
    }
  return list_all (self, error);
}

gboolean
imap_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
           GError **error)
{
  ImapScanRun self = { .session = session, .scan = scan };
  HaulScanResult result = { .struct_size = sizeof result };
  if (self.session->selected.mailbox == NULL)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "scan: no folder is entered");
  begin (&self);
  gboolean ok = scan_folder (&self, &result.delta, error);
  if (ok)
    {
      finish_status (&self, &result.status);
      *out_result = result;
    }
  clear (&self);
  return ok;
}

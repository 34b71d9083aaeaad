/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Whether what was delivered is still at the destination. A listing that is as at the
 * last look answers that by itself; else the keys there are listed and compared with the
 * rows. What somebody removed is counted, never copied again: that is scan.c's. Lane's
 * thread; the listing runs on the destination's.
 */
#include "engine/lane.h"

#include <string.h>

/* MARK_BATCH: rows marked in one transaction. */
#define MARK_BATCH 256

/* WATCHED: what of a status tells that messages came or went. */
#define WATCHED                                                                          \
  (HAUL_STATUS_MESSAGES | HAUL_STATUS_UIDVALIDITY | HAUL_STATUS_UIDNEXT                  \
   | HAUL_STATUS_TOKEN)

/* Watch: a status as bytes in the state, the token behind it. Only this machine reads it;
 * one of another size or byte order is only a reason to look. */
typedef struct
{
  guint32 known;
  guint32 token_length;
  guint64 messages;
  guint64 uid_validity;
  guint64 uid_next;
} Watch;

GBytes *
watch_of (const HaulFolderStatus *status)
{
  Watch watch = { .known = status->known & WATCHED };
  GByteArray *bytes = g_byte_array_new ();
  HaulBytes token = watch.known & HAUL_STATUS_TOKEN ? status->token : HAUL_NO_BYTES;
  watch.token_length = (guint32) token.length;
  watch.messages = watch.known & HAUL_STATUS_MESSAGES ? status->messages : 0;
  watch.uid_validity = watch.known & HAUL_STATUS_UIDVALIDITY ? status->uid_validity : 0;
  watch.uid_next = watch.known & HAUL_STATUS_UIDNEXT ? status->uid_next : 0;
  g_byte_array_append (bytes, (const guint8 *) &watch, sizeof watch);
  if (token.length > 0)
    g_byte_array_append (bytes, token.data, (guint) token.length);
  return g_byte_array_free_to_bytes (bytes);
}

/* FALSE: not one of ours. */
static gboolean
watch_read (GBytes *bytes, Watch *out, HaulBytes *out_token)
{
  gsize length = 0;
  const guint8 *data = bytes != NULL ? g_bytes_get_data (bytes, &length) : NULL;
  if (length < sizeof *out)
    return FALSE;
  memcpy (out, data, sizeof *out);
  *out_token = (HaulBytes){ data + sizeof *out, length - sizeof *out };
  return out_token->length == out->token_length;
}

/* Nothing came or went between the two, as far as the listings tell. */
static gboolean
watch_is_same (GBytes *before, GBytes *now)
{
  Watch a = { 0 }, b = { 0 };
  HaulBytes token = HAUL_NO_BYTES, other = HAUL_NO_BYTES;
  if (!watch_read (before, &a, &token) || !watch_read (now, &b, &other))
    return FALSE;
  guint32 both = a.known & b.known;
  if ((a.known ^ b.known) & HAUL_STATUS_UIDVALIDITY || a.uid_validity != b.uid_validity)
    return FALSE;
  if ((both & HAUL_STATUS_TOKEN) && token.length == other.length
      && memcmp (token.data, other.data, token.length) == 0)
    return TRUE;
  /* Nothing is added without raising UIDNEXT; so with an equal number nothing was
   * removed. Where neither is known the number alone must do. */
  if (!(both & HAUL_STATUS_MESSAGES) || a.messages != b.messages)
    return FALSE;
  if (both & HAUL_STATUS_UIDNEXT)
    return a.uid_next == b.uid_next;
  return !(both & HAUL_STATUS_TOKEN);
}

GBytes *
watch_expect (GBytes *before, guint64 stored)
{
  Watch watch = { 0 };
  HaulBytes token = HAUL_NO_BYTES;
  if (!watch_read (before, &watch, &token))
    return NULL;
  watch.messages += stored;
  GByteArray *bytes = g_byte_array_new ();
  g_byte_array_append (bytes, (const guint8 *) &watch, sizeof watch);
  g_byte_array_append (bytes, token.data, (guint) token.length);
  return g_byte_array_free_to_bytes (bytes);
}

GBytes *
watch_settle (GBytes *expected, const HaulFolderStatus *after)
{
  Watch watch = { 0 };
  HaulBytes token = HAUL_NO_BYTES;
  if (!watch_read (expected, &watch, &token))
    return NULL;
  if ((watch.known & after->known & HAUL_STATUS_MESSAGES)
      && watch.messages != after->messages)
    return NULL;
  return watch_of (after);
}

gboolean
pass_is_removed (const Pass *self, const StateMessage *row)
{
  if (row->outcome == STATE_REMOVED)
    return self->back == NULL || !key_set_contains (self->back, row->source_key);
  return self->removed != NULL && key_set_contains (self->removed, row->source_key);
}

/* ---- the look ---- */

/* Look: what the keys of the destination say of the rows. */
typedef struct
{
  Pass *pass;
  StateCursor *cursor;
  KeySet *there;      /* keys at the destination that a row has */
  Records *unknown;   /* the others; only where keys may change */
  gboolean all_gone;  /* nothing is there */
  gboolean to_remove; /* of the walk under way */
  GByteArray *arena;  /* lengths and source keys of rows to be marked */
} Look;

static gboolean
on_there (const HaulRecord *record, gpointer user_data, GError **error)
{
  Look *self = user_data;
  StateMessage row = { 0 };
  gboolean found = FALSE;
  if (!state_cursor_find_destination (self->cursor, record->key, &row, &found, error))
    return FALSE;
  if (found)
    key_set_add (self->there, record->key);
  else if (self->unknown != NULL)
    (void) records_add (self->unknown, record);
  return TRUE;
}

static gboolean
on_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  return TRUE;
}

/* The destination's thread: lists the keys. */
static gboolean
call_look (Session *session, gpointer data, GError **error)
{
  Look *self = data;
  Pass *pass = self->pass;
  HaulScan scan = { .struct_size = sizeof scan,
                    .record = on_there,
                    .vanished = on_vanished,
                    .user_data = self };
  HaulScanResult result = { .struct_size = sizeof result };
  self->cursor = state_cursor_new (pass->lane->account->state, pass->row->id);
  gboolean ok = session_enter (session, (HaulPath) pass->pair->destination_path,
                               HAUL_ENTER_READ, NULL, error)
                && session_scan (session, &scan, &result, error)
                && session_leave (session, error);
  g_clear_pointer (&self->cursor, state_cursor_free);
  return ok;
}

/* The row says otherwise than the destination does. What a verification missed is its
 * own affair, and of a row without a key nobody knows. */
static gboolean
on_row (const StateMessage *row, gpointer user_data, GError **error)
{
  Look *self = user_data;
  Pass *pass = self->pass;
  if (row->reason != NULL || (row->destination_key.length == 0 && !self->all_gone))
    return TRUE;
  gboolean there = !self->all_gone
                   && (key_set_contains (self->there, row->destination_key)
                       || (pass->rehomed != NULL
                           && key_set_contains (pass->rehomed, row->source_key)));
  if (there != (row->outcome == STATE_REMOVED))
    return TRUE;
  KeySet **set = there ? &pass->back : &pass->removed;
  if (*set == NULL)
    *set = key_set_new ();
  key_set_add (*set, row->source_key);
  if (there == self->to_remove)
    return TRUE;
  guint32 length = (guint32) row->source_key.length;
  g_byte_array_append (self->arena, (const guint8 *) &length, sizeof length);
  g_byte_array_append (self->arena, row->source_key.data, length);
  return TRUE;
}

/* Writes the marks of one walk, a batch at a time. */
static gboolean
write_marks (Look *self, GError **error)
{
  Pass *pass = self->pass;
  HaulBytes keys[MARK_BATCH];
  gsize count = 0, at = 0;
  gboolean ok = TRUE;
  while (ok && at < self->arena->len)
    {
      guint32 length;
      memcpy (&length, self->arena->data + at, sizeof length);
      keys[count++] = (HaulBytes){ self->arena->data + at + sizeof length, length };
      at += sizeof length + length;
      if (count < MARK_BATCH && at < self->arena->len)
        continue;
      ok = state_set_removed (pass->lane->account->state, pass->row->id, keys, count,
                              self->to_remove, error);
      count = 0;
    }
  g_byte_array_set_size (self->arena, 0);
  return ok;
}

/* One walk over the rows for each of the two ways to be wrong; they are read before they
 * are written. */
static gboolean
mark_rows (Look *self, GError **error)
{
  Pass *pass = self->pass;
  for (guint walk = 0; walk < 2; walk++)
    {
      self->to_remove = walk == 0;
      if (!state_messages (pass->lane->account->state, pass->row->id,
                           self->to_remove ? STATE_THERE : 1u << STATE_REMOVED, on_row,
                           self, error)
          || (!pass->lane->account->dry_run && !write_marks (self, error)))
        return FALSE;
    }
  return TRUE;
}

static gboolean
look (Look *self, GError **error)
{
  Pass *pass = self->pass;
  guint32 caps = destination_caps (pass->lane->destination);
  gboolean stable = (caps & HAUL_CAP_STABLE_KEYS) != 0;
  if (!self->all_gone)
    {
      self->there = key_set_new ();
      self->unknown = stable ? NULL : records_new ();
      if (!destination_call (pass->lane->destination, call_look, self, error)
          || (!stable && !rekey_destinations (pass, self->unknown, self->there, error)))
        return FALSE;
    }
  self->arena = g_byte_array_new ();
  return mark_rows (self, error);
}

/* Where rows have no keys that mean anything, the number says how many are missing at
 * least. */
static gboolean
count_unnamed (Pass *self, guint64 delivered, GError **error)
{
  const HaulFolderStatus *status = &self->pair->destination->status;
  guint64 there = 0;
  if (!(status->known & HAUL_STATUS_MESSAGES))
    return TRUE;
  if (!state_count (self->lane->account->state, self->row->id, STATE_THERE, &there,
                    error))
    return FALSE;
  self->removed_unnamed = there - MIN (status->messages, there);
  self->removed_total = delivered - there + self->removed_unnamed;
  self->by_number = TRUE;
  return TRUE;
}

gboolean
pass_watch (Pass *self, GError **error)
{
  const FolderInfo *destination = self->pair->destination;
  guint64 delivered = 0;
  /* What this run has stored itself, or one before that was broken off, is for the
   * verification to find missing. */
  if (self->row->id == 0 || self->again || (self->row->unverified & STATE_UNVERIFIED_NEW))
    return TRUE;
  g_autoptr (GBytes) now = destination != NULL ? watch_of (&destination->status) : NULL;
  gboolean same = watch_is_same (self->row->watch, now);
  gboolean keyed = (destination_caps (self->lane->destination) & HAUL_CAP_RETURNS_KEYS)
                   && !pass_is_renumbered (self);
  if (same && keyed)
    return TRUE;
  if (!state_count (self->lane->account->state, self->row->id, STATE_DELIVERED,
                    &delivered, error))
    return FALSE;
  Look seen = { .pass = self };
  seen.all_gone = delivered > 0
                  && (destination == NULL
                      || (self->result->created && self->result->moved == 0));
  self->result->lost = seen.all_gone;
  gboolean ok = TRUE;
  if (seen.all_gone || (delivered > 0 && keyed))
    ok = look (&seen, error);
  else if (delivered > 0)
    ok = count_unnamed (self, delivered, error);
  if (ok && now != NULL)
    {
      self->watched = !same;
      g_clear_pointer (&self->row->watch, g_bytes_unref);
      self->row->watch = g_steal_pointer (&now);
    }
  key_set_free (seen.there);
  records_free (seen.unknown);
  g_clear_pointer (&seen.arena, g_byte_array_unref);
  return ok;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The destination's flags, read where the source's win (flags="source"): what somebody
 * changed there becomes a change back. A keyword that a destination did not keep is not
 * asked for again, as long as no message there has it. Lane's thread; what talks to the
 * destination runs on its own.
 */
#include "engine/lane.h"

#include <string.h>

#include "model/keywords.h"

/* FlagLook: a listing of the destination's flags. */
typedef struct _FlagLook
{
  Pass *pass;
  StateCursor *cursor;
  Records *unknown;    /* those without a row; only where rows may lack their key */
  GHashTable *changes; /* destination key → FlagChange (both borrowed) */
  GPtrArray *found;    /* of FlagChange: made by the look */
  char *unkept;        /* keywords that are not asked for */
  char *met;           /* those of them that some message has all the same */
  gboolean keywords;   /* the destination has any */
  guint64 foreign;     /* messages without a row */
} FlagLook;

static gboolean
is_same_token (const Pass *self)
{
  const FolderInfo *destination = self->pair->destination;
  return self->row->clean && self->row->destination_token != NULL
         && destination->token != NULL
         && g_bytes_equal (self->row->destination_token, destination->token);
}

gboolean
pass_wants_flags (const Pass *self)
{
  return self->lane->account->job->flags == JOB_FLAGS_SOURCE && self->row->id != 0
         && self->pair->destination != NULL && !self->result->created
         && !is_same_token (self);
}

static void
set_there (FlagChange *change, guint32 flags, const char *keywords)
{
  change->looked = TRUE;
  change->flags_there = flags;
  g_free (change->keywords_there);
  change->keywords_there = g_strdup (keywords);
}

/* A message that the source did not change: it shall have what was last synced. */
static void
compare (FlagLook *self, const StateMessage *row, guint32 flags, const char *keywords)
{
  g_autofree char *wanted = keywords_minus (row->keywords, self->unkept);
  const char *wish = self->keywords ? wanted : keywords;
  if (row->flags == flags && keywords_equal (wish, keywords))
    return;
  FlagChange *change = g_new0 (FlagChange, 1);
  change->source_key = g_bytes_new (row->source_key.data, row->source_key.length);
  change->destination_key = g_bytes_new (row->destination_key.data,
                                         row->destination_key.length);
  change->flags_now = change->flags_last = row->flags;
  change->keywords_now = g_strdup (row->keywords);
  change->keywords_last = g_strdup (row->keywords);
  set_there (change, flags, keywords);
  g_ptr_array_add (self->found, change);
}

static void
meet (FlagLook *self, const char *keywords)
{
  g_autofree char *not_met = keywords_minus (self->unkept, keywords);
  g_autofree char *met = keywords_minus (self->unkept, not_met);
  if (*met == '\0')
    return;
  char *all = keywords_union (self->met, met);
  g_free (self->met);
  self->met = all;
}

static gboolean
on_flags (const HaulRecord *record, gpointer user_data, GError **error)
{
  FlagLook *self = user_data;
  StateMessage row = { 0 };
  gboolean found = FALSE;
  if (!state_cursor_find_destination (self->cursor, record->key, &row, &found, error))
    return FALSE;
  if (!found && self->unknown != NULL)
    (void) records_add (self->unknown, record);
  self->foreign += found ? 0 : 1;
  if (!found || !((1u << row.outcome) & STATE_THERE) || pass_is_removed (self->pass, &row)
      || !(record->known & HAUL_RECORD_FLAGS))
    return TRUE;
  guint32 flags = record->flags & HAUL_FLAGS_ALL;
  g_autofree char *keywords = keywords_join (record->keywords);
  g_autoptr (GBytes) key = g_bytes_new_static (record->key.data, record->key.length);
  FlagChange *change = g_hash_table_lookup (self->changes, key);
  meet (self, keywords);
  if (change != NULL)
    set_there (change, flags, keywords);
  else
    compare (self, &row, flags, keywords);
  return TRUE;
}

static gboolean
on_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  return TRUE;
}

static gboolean
call_look (Session *session, gpointer data, GError **error)
{
  FlagLook *self = data;
  Pass *pass = self->pass;
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = HAUL_NEED_FLAGS,
                    .record = on_flags,
                    .vanished = on_vanished,
                    .user_data = self };
  HaulScanResult result = { .struct_size = sizeof result };
  if (pass->row->clean && pass->row->destination_token != NULL)
    scan.since.data = g_bytes_get_data (pass->row->destination_token, &scan.since.length);
  self->cursor = state_cursor_new (pass->lane->account->state, pass->row->id);
  gboolean ok = session_enter (session, (HaulPath) pass->pair->destination_path,
                               HAUL_ENTER_READ, NULL, error)
                && session_scan (session, &scan, &result, error)
                && session_leave (session, error);
  g_clear_pointer (&self->cursor, state_cursor_free);
  return ok;
}

void
flag_look_compare (Pass *self, const StateMessage *row, guint32 flags,
                   const char *keywords)
{
  if (self->flag_look == NULL)
    return;
  self->flag_look->foreign--;
  meet (self->flag_look, keywords);
  for (guint i = 0; i < self->changes->len; i++)
    {
      FlagChange *change = self->changes->pdata[i];
      HaulBytes key = HAUL_NO_BYTES;
      key.data = g_bytes_get_data (change->source_key, &key.length);
      if (key.length == row->source_key.length
          && memcmp (key.data, row->source_key.data, key.length) == 0)
        {
          set_there (change, flags, keywords);
          return;
        }
    }
  compare (self->flag_look, row, flags, keywords);
}

/* Where a destination does not say under which key it stored a message, its row has the
 * key from when it was first needed. */
static gboolean
find_keys (FlagLook *self, GError **error)
{
  if (self->unknown == NULL)
    return TRUE;
  self->pass->flag_look = self;
  gboolean ok = rekey_destinations (self->pass, self->unknown, NULL, error);
  self->pass->flag_look = NULL;
  return ok;
}

/* What was not kept once is asked for again when it is met. */
static gboolean
forget_met (FlagLook *self, GError **error)
{
  Pass *pass = self->pass;
  if (*self->met == '\0' || pass->lane->account->dry_run)
    return TRUE;
  g_autofree char *left = keywords_minus (self->unkept, self->met);
  return state_set_unkept_keywords (pass->lane->account->state,
                                    pass->pair->destination_text, left, error);
}

/* What is not kept counts as there, so that nobody asks for it. */
static void
leave_out_unkept (FlagLook *self)
{
  g_autofree char *unkept = keywords_minus (self->unkept, self->met);
  for (guint i = 0; i < self->pass->changes->len; i++)
    {
      FlagChange *change = self->pass->changes->pdata[i];
      if (!change->looked)
        continue;
      g_autofree char *kept = keywords_minus (change->keywords_now, unkept);
      g_autofree char *not_kept = keywords_minus (change->keywords_now,
                                                  self->keywords ? kept : "");
      char *there = keywords_union (change->keywords_there, not_kept);
      g_free (change->keywords_there);
      change->keywords_there = there;
    }
}

gboolean
pass_look_at_flags (Pass *self, GError **error)
{
  if (!pass_wants_flags (self))
    return TRUE;
  Account *account = self->lane->account;
  FlagLook look = { .pass = self, .met = g_strdup ("") };
  look.keywords = (destination_caps (self->lane->destination) & HAUL_CAP_KEYWORDS) != 0;
  if (!(destination_caps (self->lane->destination) & HAUL_CAP_RETURNS_KEYS))
    look.unknown = records_new ();
  look.changes = g_hash_table_new (g_bytes_hash, g_bytes_equal);
  look.found = g_ptr_array_new ();
  look.unkept = state_unkept_keywords (account->state, self->pair->destination_text,
                                       error);
  for (guint i = 0; i < self->changes->len; i++)
    {
      FlagChange *change = self->changes->pdata[i];
      g_hash_table_insert (look.changes, change->destination_key, change);
    }
  gboolean ok = look.unkept != NULL
                && destination_call (self->lane->destination, call_look, &look, error)
                && find_keys (&look, error) && forget_met (&look, error);
  for (guint i = 0; i < look.found->len; i++)
    pass_add_change (self, look.found->pdata[i]);
  if (ok)
    leave_out_unkept (&look);
  self->flags_looked = ok && look.foreign == 0 && *look.met == '\0';
  g_ptr_array_unref (look.found);
  g_hash_table_unref (look.changes);
  records_free (look.unknown);
  g_free (look.unkept);
  g_free (look.met);
  return ok;
}

/* ---- what came of it ---- */

/* Learning: which of the keywords asked for some message has. */
typedef struct
{
  char *missing;
} Learning;

static gboolean
on_kept (const HaulRecord *record, gpointer user_data, GError **error)
{
  Learning *self = user_data;
  g_autofree char *keywords = keywords_join (record->keywords);
  char *left = keywords_minus (self->missing, keywords);
  g_free (self->missing);
  self->missing = left;
  return TRUE;
}

static gboolean
keep_missing (Pass *self, const char *missing, GError **error)
{
  State *state = self->lane->account->state;
  g_autofree char *before = state_unkept_keywords (state, self->pair->destination_text,
                                                   error);
  if (before == NULL)
    return FALSE;
  g_autofree char *all = keywords_union (before, missing);
  if (keywords_equal (all, before))
    return TRUE;
  account_result_notice (self->report,
                         "folder '%s': the destination does not keep these keywords: %s; "
                         "they are not tried again",
                         self->pair->source->text, missing);
  return state_set_unkept_keywords (state, self->pair->destination_text, all, error);
}

gboolean
flags_learn (Pass *self, Session *session, const char *asked, GError **error)
{
  if (*asked == '\0' || self->lane->account->job->flags != JOB_FLAGS_SOURCE)
    return TRUE;
  Learning learning = { g_strdup (asked) };
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = HAUL_NEED_FLAGS,
                    .record = on_kept,
                    .vanished = on_vanished,
                    .user_data = &learning };
  HaulScanResult result = { .struct_size = sizeof result };
  gboolean ok = session_scan (session, &scan, &result, error)
                && (*learning.missing == '\0'
                    || keep_missing (self, learning.missing, error));
  g_free (learning.missing);
  return ok;
}

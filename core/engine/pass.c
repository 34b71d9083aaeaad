/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Pass: one folder pair from "is there anything to do" to the ledger. The steps live in
 * scan.c, index.c, copy.c and update.c; this file orders them, marks the state before the
 * first effect and closes the books. Lane's thread.
 */
#include "engine/lane.h"
#include "engine/removal.h"

#include <string.h>

#include "engine/retry.h"
#include "model/keywords.h"

static void
override_free (gpointer data)
{
  Override *override = data;
  g_free (override->keywords);
  g_free (override->skip_reason);
  g_free (override);
}

static void
stored_failure_free (gpointer data)
{
  StoredFailure *failure = data;
  g_clear_error (&failure->reason);
  g_free (failure->subject);
  g_free (failure);
}

Pass *
pass_new (Lane *lane, FolderPair *pair, FolderResult *result)
{
  Pass *self = g_new0 (Pass, 1);
  self->lane = lane;
  self->pair = pair;
  self->result = result;
  self->records = records_new ();
  self->overrides = g_hash_table_new_full (NULL, NULL, NULL, override_free);
  self->changes = g_ptr_array_new_with_free_func ((GDestroyNotify) flag_change_free);
  self->plan = g_array_new (FALSE, FALSE, sizeof (guint));
  self->breaking = g_array_new (FALSE, FALSE, sizeof (guint));
  self->report = account_result_new (lane->account->result->name);
  self->attempt = 1;
  self->source_failures = g_ptr_array_new_with_free_func (stored_failure_free);
  self->stored.failures = g_ptr_array_new_with_free_func (stored_failure_free);
  self->stored.again = g_array_new (FALSE, FALSE, sizeof (guint));
  self->stored.notes = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  return self;
}

void
pass_free (Pass *self)
{
  if (self == NULL)
    return;
  g_clear_pointer (&self->cursor, state_cursor_free);
  g_clear_pointer (&self->row, state_folder_free);
  records_free (self->records);
  g_hash_table_unref (self->overrides);
  g_ptr_array_unref (self->changes);
  g_array_unref (self->plan);
  g_array_unref (self->breaking);
  g_clear_pointer (&self->skipped_rows, g_array_unref);
  g_clear_pointer (&self->source_token, g_bytes_unref);
  g_clear_pointer (&self->seen, key_set_free);
  g_clear_pointer (&self->removed, key_set_free);
  g_clear_pointer (&self->back, key_set_free);
  g_clear_pointer (&self->rehomed, key_set_free);
  g_clear_pointer (&self->listed, key_set_free);
  g_clear_pointer (&self->all_listed, key_set_free);
  g_clear_pointer (&self->gone_keys, g_ptr_array_unref);
  g_clear_pointer (&self->returned, g_ptr_array_unref);
  g_ptr_array_unref (self->source_failures);
  g_ptr_array_unref (self->stored.failures);
  g_array_unref (self->stored.again);
  g_hash_table_unref (self->stored.notes);
  g_clear_error (&self->update_error);
  account_result_free (self->report);
  g_free (self);
}

void
pass_post_action (Pass *self, ActionKind action, HaulBytes key, guint64 bytes,
                  const char *text)
{
  Account *account = self->lane->account;
  if (!account->request->actions)
    return;
  Event event = { .kind = EVENT_ACTION,
                  .account = account->result->name,
                  .folder = self->pair->source->text,
                  .destination = self->pair->destination_text,
                  .text = text,
                  .action = action,
                  .key = key,
                  .bytes = bytes };
  events_post (account->events, &event);
}

void
pass_delivery_id (Pass *self, HaulBytes source_key, guint8 *out)
{
  guint8 digest[DIGEST_LENGTH];
  guint64 validity = GUINT64_TO_BE (self->row->source_validity);
  digest_reset (self->lane->id_digest);
  digest_update (self->lane->id_digest, self->lane->account->source.identity,
                 strlen (self->lane->account->source.identity) + 1);
  digest_update (self->lane->id_digest, self->pair->source->text,
                 strlen (self->pair->source->text) + 1);
  digest_update (self->lane->id_digest, &validity, sizeof validity);
  digest_update (self->lane->id_digest, source_key.data, source_key.length);
  digest_finish (self->lane->id_digest, digest);
  memcpy (out, digest, HAUL_DELIVERY_ID_LENGTH);
}

gboolean
pass_fail (Pass *self, guint index, GError *reason, const char *subject, GError **error)
{
  Account *account = self->lane->account;
  g_autoptr (GError) owned = reason;
  HaulBytes key = records_key (self->records, index);
  g_autofree char *printable = result_printable_key (key.data, key.length);

  self->ledger.failed++;
  records_get (self->records, index)->tag = RECORD_FAILED;
  account_result_fail (self->report, self->pair->source->text, printable, subject, owned);
  Event event = { .kind = EVENT_FAILURE,
                  .account = account->result->name,
                  .folder = self->pair->source->text,
                  .text = owned->message,
                  .key = key };
  events_post (account->events, &event);
  if (account->dry_run)
    return TRUE;
  StateMessage row = { .source_key = key,
                       .outcome = STATE_FAILED,
                       .keywords = "",
                       .reason = owned->message,
                       .subject = subject };
  const StateMessage *pointer = &row;
  return state_write (account->state, self->row->id, &pointer, 1, FALSE, error);
}

static gboolean
call_recover (Session *session, gpointer data, GError **error)
{
  Pass *self = data;
  HaulBytes note = HAUL_NO_BYTES;
  if (self->row->note != NULL)
    note.data = g_bytes_get_data (self->row->note, &note.length);
  return session_recover (session, (HaulPath) self->pair->destination_path, note, error);
}

/* Why nothing seems to happen: a server may still execute what a killed run had sent. */
static void
say_recovery (const Pass *self)
{
  Event event = { .kind = EVENT_NOTICE,
                  .account = self->lane->account->result->name,
                  .folder = self->pair->source->text,
                  .text = "the last run ended in mid-copy: waiting until the destination "
                          "stores no more of it, then looking for what came through" };
  events_post (self->lane->account->events, &event);
}

gboolean
pass_put_in_order (Pass *self, GError **error)
{
  return destination_call (self->lane->destination, call_recover, self, error);
}

/* After an unclean end the destination first puts its folder in order: once in each of
 * its sessions, since what the one before had under way may still be coming. */
static gboolean
recover (Pass *self, GError **error)
{
  guint number = self->lane->destination_number;
  guint64 intents = 0;
  if (self->lane->account->dry_run || self->pair->destination == NULL
      || *self->ordered == number)
    return TRUE;
  if (self->row->id != 0 && !self->row->clean
      && !state_count (self->lane->account->state, self->row->id, 1u << STATE_INTENT,
                       &intents, error))
    return FALSE;
  self->recovered = intents > 0 || (!self->row->clean && self->row->note != NULL);
  if (self->recovered)
    say_recovery (self);
  if (self->recovered && !pass_put_in_order (self, error))
    return FALSE;
  *self->ordered = number;
  return TRUE;
}

/* A source whose UIDVALIDITY changed has other keys: what the rows say of keys is void,
 * and everything is matched anew by identity. */
static gboolean
check_validity (Pass *self, GError **error)
{
  const HaulFolderStatus *status = &self->pair->source->status;
  guint64 validity = (status->known & HAUL_STATUS_UIDVALIDITY) ? status->uid_validity : 0;
  guint64 before = self->row->source_validity;
  self->row->source_validity = validity;
  if (self->row->id == 0 || before == 0 || before == validity)
    return TRUE;
  account_result_notice (
      self->lane->account->result,
      "folder '%s': UIDVALIDITY changed; its messages are matched anew "
      "by their headers",
      self->pair->source->text);
  g_clear_pointer (&self->row->source_token, g_bytes_unref);
  g_clear_pointer (&self->row->destination_token, g_bytes_unref);
  g_clear_pointer (&self->row->destination_mark, g_bytes_unref);
  self->row->clean = FALSE;
  if (self->lane->account->dry_run)
    {
      self->row->id = 0;
      return TRUE;
    }
  return state_folder_forget (self->lane->account->state, self->row->id, error)
         && state_folder_save (self->lane->account->state, self->row, TRUE, error);
}

/* Before the first effect: where the destination's folder ends now, durably, so that a
 * later run knows where to look for what has no receipt. */
static gboolean
mark_start (Pass *self, GError **error)
{
  StateFolder *row = self->row;
  const FolderInfo *destination = self->pair->destination;
  if (row->clean || row->destination_mark == NULL)
    {
      g_clear_pointer (&row->destination_mark, g_bytes_unref);
      if (destination != NULL && destination->mark != NULL)
        row->destination_mark = g_bytes_ref (destination->mark);
    }
  if (destination != NULL && (destination->status.known & HAUL_STATUS_UIDVALIDITY)
      && !self->keys_void)
    row->destination_validity = destination->status.uid_validity;
  row->clean = FALSE;
  /* Until a verification comes to its end, whatever ends this run. */
  if (self->lane->account->job->verify != JOB_VERIFY_NONE)
    row->unverified |= STATE_UNVERIFIED_NEW;
  return state_folder_save (self->lane->account->state, row, TRUE, error);
}

static void
make_plan (Pass *self)
{
  Account *account = self->lane->account;
  guint64 bytes = 0;
  for (guint i = 0; i < records_length (self->records); i++)
    {
      const Record *record = records_get (self->records, i);
      if (record->tag == RECORD_CLAIMED || record->tag == RECORD_FAILED)
        continue;
      gboolean breaks = pass_company (self, i) > 0;
      g_array_append_val (breaks ? self->breaking : self->plan, i);
      self->resent |= record->tag == RECORD_SUSPECT;
      guint64 size = record->size_bytes != HAUL_SIZE_UNKNOWN ? record->size_bytes : 0;
      bytes += size;
      if (!account->dry_run)
        continue;
      pass_post_action (self, ACTION_COPY, records_key (self->records, i), size, NULL);
      removal_plan_take (self, records_key (self->records, i), size);
    }
  pass_sort_breaking (self);
  guint planned = self->plan->len + self->breaking->len;
  __atomic_fetch_add (&account->progress->planned_messages, planned, __ATOMIC_RELAXED);
  __atomic_fetch_add (&account->progress->planned_bytes, bytes, __ATOMIC_RELAXED);
  if (account->dry_run)
    {
      self->ledger.planned = planned;
      self->ledger.copied_bytes = bytes;
    }
}

static void
post_folder (Pass *self, EventKind kind)
{
  Event event = { .kind = kind,
                  .account = self->lane->account->result->name,
                  .folder = self->pair->source->text,
                  .destination = self->pair->destination_text };
  events_post (self->lane->account->events, &event);
}

/* Of what was delivered, so many more are known to be removed, but not which. */
static void
count_unnamed (Pass *self)
{
  guint64 count = MIN (self->removed_unnamed, self->ledger.present);
  self->ledger.present -= count;
  self->ledger.removed += count;
}

static gboolean
start (Pass *self, GError **error)
{
  Account *account = self->lane->account;
  self->row = state_folder_load (account->state, self->pair->source->text,
                                 self->pair->destination_text, error);
  if (self->row == NULL || !check_validity (self, error))
    return FALSE;
  /* A dry run leaves the rows of an emptied destination in place, and takes no notice. */
  if (account->destination_emptied && account->dry_run)
    {
      self->row->id = 0;
      self->row->clean = FALSE;
    }
  if (account->dry_run && (self->row->unverified & STATE_UNVERIFIED_FOUND))
    account_result_notice (account->result,
                           "folder '%s': the last verification found differences; a run "
                           "compares them again, `mailhaul verify` lists them",
                           self->pair->source->text);
  if (self->row->unverified != 0 && !self->again)
    g_hash_table_insert (self->lane->unverified, self->pair,
                         GUINT_TO_POINTER (self->row->unverified));
  if (!recover (self, error) || !pass_watch (self, error))
    return FALSE;
  if (pass_is_unchanged (self))
    return TRUE;
  if (!pass_scan (self, error) || !pass_drop_twins (self, error)
      || !pass_match (self, error) || !removal_mark_gone (self, error)
      || !pass_look_at_flags (self, error))
    return FALSE;
  count_unnamed (self);
  make_plan (self);
  if (account->dry_run || self->plan->len + self->breaking->len == 0)
    return TRUE;
  return mark_start (self, error) && pass_copy (self, 1, error);
}

PassOutcome
pass_start (Pass *self, GError **error)
{
  post_folder (self, EVENT_FOLDER_BEGIN);
  return start (self, error) ? PASS_DONE : PASS_BROKEN;
}

/* What receipts noted becomes notices, each with its number of messages. */
static void
collect_notes (Pass *self)
{
  GHashTableIter iter;
  gpointer note, count;
  g_hash_table_iter_init (&iter, self->stored.notes);
  while (g_hash_table_iter_next (&iter, &note, &count))
    account_result_notice (self->lane->account->result, "folder '%s': %s (%u message%s)",
                           self->pair->source->text, (const char *) note,
                           GPOINTER_TO_UINT (count),
                           GPOINTER_TO_UINT (count) == 1 ? "" : "s");
  g_hash_table_remove_all (self->stored.notes);
}

/* What the destination's thread counted becomes part of the ledger. */
static gboolean
collect_stored (Pass *self, GError **error)
{
  self->ledger.copied += self->stored.copied;
  self->ledger.copied_bytes += self->stored.copied_bytes;
  self->stored.copied = self->stored.copied_bytes = 0;
  collect_notes (self);
  for (guint i = 0; i < self->stored.failures->len; i++)
    {
      StoredFailure *failure = self->stored.failures->pdata[i];
      g_autofree char *subject = g_steal_pointer (&failure->subject);
      if (!pass_fail (self, failure->index, g_steal_pointer (&failure->reason), subject,
                      error))
        return FALSE;
    }
  g_ptr_array_set_size (self->stored.failures, 0);
  return TRUE;
}

/* A destination folder that takes no more: what was not offered any more failed, too. */
static gboolean
fail_rest (Pass *self, GError **error)
{
  if (g_atomic_int_get (&self->stop_storing) == 0)
    return TRUE;
  for (; self->plan_at < self->plan->len; self->plan_at++)
    {
      GError *reason = NULL;
      (void) haul_error_set (&reason, HAUL_ERROR_QUOTA, HAUL_SCOPE_FOLDER,
                             "store message: not tried, the folder takes no more");
      if (!pass_fail (self, g_array_index (self->plan, guint, self->plan_at), reason,
                      NULL, error))
        return FALSE;
    }
  return TRUE;
}

/* Offers one message again: alone, and read anew. */
static gboolean
copy_one (Pass *self, guint index, guint attempt, GError **error)
{
  g_array_set_size (self->plan, 0);
  g_array_append_val (self->plan, index);
  self->plan_at = 0;
  return session_enter (self->lane->source, (HaulPath) self->pair->source->path,
                        HAUL_ENTER_READ, NULL, error)
         && pass_copy (self, attempt, error)
         && destination_call (self->lane->destination, NULL, NULL, error)
         && fail_rest (self, error);
}

/* Messages that the destination wants to be offered again. */
static gboolean
copy_again (Pass *self, GError **error)
{
  while (self->stored.again->len > 0 && !lane_should_stop (self->lane))
    {
      g_autoptr (GArray) again = g_steal_pointer (&self->stored.again);
      self->stored.again = g_array_new (FALSE, FALSE, sizeof (guint));
      guint attempt = self->attempt + 1;
      for (guint i = 0; i < again->len; i++)
        if (!copy_one (self, g_array_index (again, guint, i), attempt, error))
          return FALSE;
    }
  return TRUE;
}

/* The destination's flags are as they shall be under this token, and each message there
 * has its row. */
static void
keep_destination_token (Pass *self)
{
  g_clear_pointer (&self->row->destination_token, g_bytes_unref);
  if (self->pair->destination->token != NULL)
    self->row->destination_token = g_bytes_ref (self->pair->destination->token);
}

/* The books: does every message seen have one outcome, and what does the state remember.
 */
static gboolean
close_books (Pass *self, GError **error)
{
  Account *account = self->lane->account;
  gboolean balanced = ledger_balances (&self->ledger);
  self->result->complete = balanced && self->ledger.failed == 0
                           && self->update_failures == 0;
  StateFolder *row = self->row;
  if (account->dry_run || row->id == 0)
    return TRUE;
  if (self->result->unchanged)
    {
      row->removed = self->ledger.removed;
      return !self->watched || state_folder_save (account->state, row, FALSE, error);
    }
  gboolean clean = self->result->complete;
  guint64 messages = self->ledger.seen - self->ledger.gone;
  gboolean same_token = row->source_token != NULL && self->source_token != NULL
                        && g_bytes_equal (row->source_token, self->source_token);
  if (row->clean && clean && same_token && !self->watched && row->messages == messages
      && row->skipped == self->ledger.skipped && row->removed == self->ledger.removed
      && row->settings_hash == account->settings_hash && !self->flags_looked)
    return TRUE;
  if (clean && self->flags_looked)
    keep_destination_token (self);
  /* A row that was clean and saw no effect may stay so at once; one that was written to
   * becomes clean when the destination's end is known (lane_finish). */
  g_clear_pointer (&row->source_token, g_bytes_unref);
  if (clean && self->source_token != NULL)
    row->source_token = g_bytes_ref (self->source_token);
  row->settings_hash = account->settings_hash;
  row->messages = messages;
  row->skipped = self->ledger.skipped;
  row->removed = self->ledger.removed;
  row->clean = clean;
  if (clean)
    g_clear_pointer (&row->note, g_bytes_unref);
  return state_folder_save (account->state, row, FALSE, error);
}

/* Failures and skips become the account's. */
static void
merge_report (Pass *self)
{
  account_result_merge (self->lane->account->result, self->report);
}

/* The ledger of this pass and of those that broke before it: what they copied is known
 * from the state by now, and counts as copied. */
static void
merge_ledger (Pass *self)
{
  Ledger *total = &self->result->ledger;
  const Ledger before = *total;
  guint64 earlier = MIN (before.copied, self->ledger.present);
  *total = self->ledger;
  total->present -= earlier;
  /* Those that left the source since were copied all the same. */
  total->seen += before.copied - earlier;
  total->copied += before.copied;
  total->copied_bytes += before.copied_bytes;
}

gboolean
pass_has_outstanding (const Pass *self)
{
  return self->plan_at > 0;
}

void
pass_abandon (Pass *self)
{
  Ledger *total = &self->result->ledger;
  guint64 copied = self->stored.copied + self->ledger.copied;
  total->seen += copied;
  total->copied += copied;
  total->copied_bytes += self->stored.copied_bytes + self->ledger.copied_bytes;
  collect_notes (self);
}

void
pass_give_up (Pass *self)
{
  g_autoptr (GError) ignored = NULL;
  (void) collect_stored (self, &ignored);
  Ledger *ledger = &self->ledger;
  guint64 settled = ledger->copied + ledger->present + ledger->matched + ledger->removed
                    + ledger->skipped + ledger->gone + ledger->failed + ledger->planned;
  if (ledger->seen > settled)
    ledger->failed += ledger->seen - settled;
  merge_ledger (self);
  merge_report (self);
}

gboolean
pass_finish (Pass *self, GError **error)
{
  if (!fail_rest (self, error) || !copy_again (self, error)
      || !collect_stored (self, error) || !pass_update (self, error))
    return FALSE;
  if (self->stored.unknown)
    return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                           "store messages: the destination broke off");
  if (!pass_look_again (self, error))
    return FALSE;
  if (self->update_error != NULL)
    account_result_fail (self->report, self->pair->source->text, NULL, NULL,
                         self->update_error);
  if (!close_books (self, error))
    return FALSE;
  merge_ledger (self);
  merge_report (self);
  post_folder (self, EVENT_FOLDER_END);
  return TRUE;
}

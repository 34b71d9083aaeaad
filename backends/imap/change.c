/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flag changes in the selected folder: equal ones share a STORE, all go out without
 * waiting, and a look at the flags afterwards says what became of each message: servers
 * say OK to UIDs that are gone and to keywords that they drop. The session's thread. */
#include "change.h"

#include <string.h>

#include "change-run.h"

void
imap_change_outcome_clear (ImapChangeOutcome *self)
{
  g_clear_error (&self->error);
  g_clear_pointer (&self->missing, g_strfreev);
}

ImapFlagRules
imap_flag_rules (const ImapSession *self, const ImapMailbox *mailbox)
{
  return (ImapFlagRules){ .known = mailbox->flags_known,
                          .permanent = mailbox->permanent,
                          .any_keyword = mailbox->any_keyword,
                          .keywords = (const char *const *) mailbox->keywords,
                          .refused = mailbox->refused,
                          .keywords_none = self->quirks->keywords_none,
                          .flagged_by_store = self->quirks->flagged_by_store,
                          .deleted_expunges = self->quirks->deleted_expunges };
}

void
imap_mailbox_refuse_keyword (ImapMailbox *mailbox, const char *keyword)
{
  if (mailbox->refused == NULL)
    mailbox->refused = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_hash_table_add (mailbox->refused, g_ascii_strdown (keyword, -1));
}

/* ---- the STOREs ---- */

/* One round of STOREs. */
typedef struct
{
  ImapSession *session;
  GPtrArray *refused; /* of ImapChangeGroup, borrowed */
  GHashTable *errors; /* flag in lower case, with "+" or "-" → GError */
} Round;

/* One STORE in flight. */
typedef struct
{
  Round *round;
  ImapChangeGroup *group;
} Storing;

static void
note_refusal (Round *round, ImapChangeGroup *group, const ImapReply *reply)
{
  GError *error = NULL;
  g_autofree char *lower = g_ascii_strdown (group->flags[0], -1);
  if (!g_ptr_array_find (round->refused, group, NULL))
    g_ptr_array_add (round->refused, group);
  if (group->flags[1] != NULL)
    return;
  (void) imap_reply_error (reply, HAUL_SCOPE_MESSAGE, "change flags", &error);
  g_hash_table_replace (round->errors, g_strconcat (group->add ? "+" : "-", lower, NULL),
                        error);
}

static void
on_stored (const ImapReply *reply, gpointer user_data)
{
  g_autofree Storing *storing = user_data;
  if (reply != NULL && reply->state != IMAP_STATE_OK)
    note_refusal (storing->round, storing->group, reply);
}

static gboolean
send_store (Round *round, ImapChangeGroup *group, const char *set, GError **error)
{
  ImapCommand *command = imap_session_command (round->session, "UID STORE");
  imap_command_add_set (command, set);
  imap_command_add_words (command, imap_change_group_words (group));
  imap_command_add_flags (command, (const char *const *) group->flags);
  Storing *storing = g_new0 (Storing, 1);
  *storing = (Storing){ round, group };
  return imap_change_send (round->session, command, on_stored, storing, error);
}

/* All of @groups; refused ones are in round->refused afterwards. */
static gboolean
store_groups (Round *round, GPtrArray *groups, GError **error)
{
  for (guint i = 0; i < groups->len; i++)
    {
      ImapChangeGroup *group = groups->pdata[i];
      gsize words = 64;
      for (char **flag = group->flags; *flag != NULL; flag++)
        words += strlen (*flag) + 1;
      g_auto (GStrv) sets = imap_change_sets (round->session, group->uids, words);
      for (char **set = sets; *set != NULL; set++)
        if (!send_store (round, group, *set, error))
          return FALSE;
    }
  return imap_connection_drain (round->session->connection, error);
}

/* What was refused together is tried flag by flag: one keyword too many spoils no other
 * flag. */
static gboolean
store_apart (Round *round, GError **error)
{
  g_autoptr (GPtrArray) refused = g_steal_pointer (&round->refused);
  g_autoptr (GPtrArray) apart = g_ptr_array_new_with_free_func (imap_change_group_free);
  round->refused = g_ptr_array_new ();
  for (guint i = 0; i < refused->len; i++)
    {
      const ImapChangeGroup *group = refused->pdata[i];
      if (group->flags[1] == NULL)
        continue;
      g_autoptr (GPtrArray) split = imap_change_group_split (group);
      g_ptr_array_set_free_func (split, NULL);
      for (guint j = 0; j < split->len; j++)
        g_ptr_array_add (apart, split->pdata[j]);
    }
  gboolean ok = store_groups (round, apart, error);
  /* They point into `apart`. */
  g_ptr_array_set_size (round->refused, 0);
  return ok;
}

/* ---- the look ---- */

typedef struct
{
  const ImapChange *changes;
  ImapChangeOutcome *outcomes;
  guint count;
  GHashTable *by_uid; /* uid → index + 1 of its last change */
  guint *before;      /* index + 1 of the change before for the same uid; 0: none */
  gboolean *seen;
  GHashTable *errors;
  ImapMailbox *mailbox;
} Look;

static const GError *
error_of (const Look *look, const char *sign, const char *flag)
{
  g_autofree char *lower = g_ascii_strdown (flag, -1);
  g_autofree char *key = g_strconcat (sign, lower, NULL);
  return g_hash_table_lookup (look->errors, key);
}

static void
set_error (ImapChangeOutcome *outcome, const GError *why, const char *flag)
{
  if (outcome->error != NULL)
    return;
  if (why != NULL)
    outcome->error = g_error_copy (why);
  else
    (void) haul_error_set (&outcome->error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                           "change flags: the server said OK and did not change %s",
                           flag);
}

static void
add_missing (Look *look, ImapChangeOutcome *outcome, const char *keyword)
{
  guint length = outcome->missing != NULL ? g_strv_length (outcome->missing) : 0;
  outcome->missing = g_renew (char *, outcome->missing, length + 2);
  outcome->missing[length] = g_strdup (keyword);
  outcome->missing[length + 1] = NULL;
  imap_mailbox_refuse_keyword (look->mailbox, keyword);
}

/* Compares what a message has now with what it should have. */
static void
judge (Look *look, guint index, ImapStrings flags)
{
  const ImapChange *change = &look->changes[index];
  ImapChangeOutcome *outcome = &look->outcomes[index];
  imap_change_outcome_clear (outcome);
  for (char **flag = change->add; *flag != NULL; flag++)
    {
      if (imap_strings_contain (flags, *flag))
        continue;
      if ((*flag)[0] == '\\')
        set_error (outcome, error_of (look, "+", *flag), *flag);
      else
        add_missing (look, outcome, *flag);
    }
  for (char **flag = change->remove; *flag != NULL; flag++)
    if (imap_strings_contain (flags, *flag))
      set_error (outcome, error_of (look, "-", *flag), *flag);
}

static gboolean
on_look (const ImapEvent *event, gpointer user_data, GError **error)
{
  Look *look = user_data;
  if (event->type != IMAP_EVENT_FETCH || event->fetch.uid == 0)
    return TRUE;
  guint at = GPOINTER_TO_UINT (
      g_hash_table_lookup (look->by_uid, GUINT_TO_POINTER (event->fetch.uid)));
  for (; at > 0; at = look->before[at - 1])
    {
      look->seen[at - 1] = TRUE;
      if (event->fetch.known & IMAP_FETCH_FLAGS)
        judge (look, at - 1, event->fetch.flags);
    }
  return TRUE;
}

/* Without an answer to the look only the refusals count. */
static void
judge_blind (Look *look)
{
  for (guint i = 0; i < look->count; i++)
    {
      for (char **flag = look->changes[i].add; *flag != NULL; flag++)
        if (error_of (look, "+", *flag) != NULL)
          set_error (&look->outcomes[i], error_of (look, "+", *flag), *flag);
      for (char **flag = look->changes[i].remove; *flag != NULL; flag++)
        if (error_of (look, "-", *flag) != NULL)
          set_error (&look->outcomes[i], error_of (look, "-", *flag), *flag);
    }
}

static gboolean
look_at_flags (ImapSession *self, Look *look, GError **error)
{
  g_autoptr (ImapUidSet) all = imap_uidset_new ();
  gboolean answered = TRUE;
  for (guint i = 0; i < look->count; i++)
    imap_uidset_add (all, look->changes[i].uid);
  imap_uidset_normalise (all);
  imap_connection_handle (self->connection, on_look, look);
  gboolean ok = imap_change_fetch (self, all, "(UID FLAGS)", &answered, error);
  imap_connection_handle (self->connection, NULL, NULL);
  if (!ok)
    return FALSE;
  if (!answered)
    judge_blind (look);
  for (guint i = 0; answered && i < look->count; i++)
    look->outcomes[i].gone = !look->seen[i];
  return TRUE;
}

gboolean
imap_change_apply (ImapSession *self, const ImapChange *changes, guint count,
                   ImapChangeOutcome *out_outcomes, GError **error)
{
  g_autoptr (GPtrArray) groups = imap_change_group (changes, count);
  g_autoptr (GHashTable) errors = g_hash_table_new_full (g_str_hash, g_str_equal, g_free,
                                                         (GDestroyNotify) g_error_free);
  g_autoptr (GHashTable) by_uid = g_hash_table_new (NULL, NULL);
  g_autofree gboolean *seen = g_new0 (gboolean, MAX (count, 1));
  g_autofree guint *before = g_new0 (guint, MAX (count, 1));
  Round round = { self, g_ptr_array_new (), errors };
  Look look = { changes, out_outcomes, count,  by_uid,
                before,  seen,         errors, self->selected.mailbox };
  for (guint i = 0; i < count; i++)
    {
      gpointer uid = GUINT_TO_POINTER (changes[i].uid);
      before[i] = GPOINTER_TO_UINT (g_hash_table_lookup (by_uid, uid));
      g_hash_table_insert (by_uid, uid, GUINT_TO_POINTER (i + 1));
    }
  gboolean ok = store_groups (&round, groups, error)
                && (round.refused->len == 0 || store_apart (&round, error))
                && look_at_flags (self, &look, error);
  g_ptr_array_unref (round.refused);
  return ok;
}

/* ---- the callback of the plugin ---- */

/* The changes that can be made at all, in wire words. */
static void
plan_change (const ImapFlagRules *rules, const HaulChange *wanted, ImapChange *out_change)
{
  static const char *const none[] = { NULL };
  ImapFlagPlan add, remove;
  imap_flags_plan (rules, wanted->add_flags,
                   wanted->add_keywords != NULL ? wanted->add_keywords : none, &add);
  imap_flags_plan (rules, wanted->remove_flags,
                   wanted->remove_keywords != NULL ? wanted->remove_keywords : none,
                   &remove);
  g_ptr_array_set_free_func (add.now, NULL);
  g_ptr_array_set_free_func (remove.now, NULL);
  g_ptr_array_add (add.now, NULL);
  g_ptr_array_add (remove.now, NULL);
  out_change->add = (char **) g_ptr_array_free (g_steal_pointer (&add.now), FALSE);
  out_change->remove = (char **) g_ptr_array_free (g_steal_pointer (&remove.now), FALSE);
  imap_flags_clear (&add);
  imap_flags_clear (&remove);
}

static void
tell (HaulBytes key, const ImapChangeOutcome *outcome, HaulChangeResultFunc func,
      gpointer user_data)
{
  g_autoptr (GError) gone = NULL;
  if (outcome->gone)
    (void) haul_error_set (&gone, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                           "change flags: there is no such message any more");
  func (key, HAUL_NO_BYTES, gone != NULL ? gone : outcome->error, user_data);
}

static gboolean
may_write (const ImapSession *self, const char *what, GError **error)
{
  const ImapSelected *selected = &self->selected;
  if (selected->mailbox == NULL)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "%s: no folder is entered", what);
  if (selected->writable && !selected->read_only)
    return TRUE;
  g_autofree char *name = haul_path_to_text ((HaulPath) selected->mailbox->path);
  return haul_error_set (error, HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER,
                         "%s in \"%s\" at %s: the server opened it for reading only",
                         what, name, self->peer);
}

gboolean
imap_update (gpointer session, const HaulChange *changes, gsize count,
             HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  ImapSession *self = session;
  if (!may_write (self, "change flags", error))
    return FALSE;
  ImapFlagRules rules = imap_flag_rules (self, self->selected.mailbox);
  rules.flagged_by_store = FALSE;
  g_autofree ImapChange *wire = g_new0 (ImapChange, MAX (count, 1));
  g_autofree ImapChangeOutcome *outcomes = g_new0 (ImapChangeOutcome, MAX (count, 1));
  g_autofree gsize *which = g_new0 (gsize, MAX (count, 1));
  guint used = 0;
  for (gsize i = 0; i < count; i++)
    {
      static const ImapChangeOutcome gone = { .gone = TRUE };
      if (!imap_key_to_uid (changes[i].key, &wire[used].uid))
        {
          tell (changes[i].key, &gone, func, user_data);
          continue;
        }
      plan_change (&rules, &changes[i], &wire[used]);
      which[used++] = i;
    }
  gboolean ok = imap_change_apply (self, wire, used, outcomes, error);
  for (guint i = 0; i < used; i++)
    {
      if (ok)
        tell (changes[which[i]].key, &outcomes[i], func, user_data);
      imap_change_clear (&wire[i]);
      imap_change_outcome_clear (&outcomes[i]);
    }
  return ok;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps a session true: capabilities, what is enabled, who the server is, and the entered
 * folder, by every response that comes, asked for or not. The session's thread. */
#include "session-private.h"

#include <string.h>

#include "reply.h"
#include "uidset.h"

gboolean
imap_session_has (const ImapSession *self, const char *name)
{
  return self->capabilities != NULL && imap_capabilities_has (self->capabilities, name);
}

/* Whether the job told us to do without @name; "AUTH=" alone names none. */
static gboolean
is_ignored (const ImapSession *self, ImapString name)
{
  char **ignored = self->settings->ignore_capabilities;
  for (guint i = 0; ignored != NULL && ignored[i] != NULL; i++)
    if (imap_string_is (name, ignored[i]))
      return TRUE;
  return FALSE;
}

static void
take_capabilities (ImapSession *self, ImapStrings names)
{
  g_autofree ImapString *kept = g_new0 (ImapString, MAX (names.count, 1));
  guint count = 0;
  for (guint i = 0; i < names.count; i++)
    if (!is_ignored (self, names.items[i]))
      kept[count++] = names.items[i];
  imap_capabilities_free (self->capabilities);
  self->capabilities = imap_capabilities_new ((ImapStrings){ kept, count }, self->rev2);
  self->capabilities_fresh = TRUE;
  g_free (self->capability_text);
  GString *text = g_string_new (NULL);
  for (guint i = 0; i < count; i++)
    {
      g_autofree char *name = imap_printable (kept[i]);
      g_string_append_printf (text, "%s%s", i == 0 ? "" : " ", name);
    }
  self->capability_text = g_string_free (text, FALSE);
}

void
imap_session_forget_capabilities (ImapSession *self)
{
  g_clear_pointer (&self->capabilities, imap_capabilities_free);
  self->capabilities_fresh = FALSE;
}

static void
take_id (ImapSession *self, ImapStrings pairs)
{
  static const char *const keys[] = { "name", "vendor", "version" };
  char **const members[] = { &self->server_name, &self->server_vendor,
                             &self->server_version };
  for (guint i = 0; i + 1 < pairs.count; i += 2)
    for (guint j = 0; j < G_N_ELEMENTS (keys); j++)
      if (imap_string_is (pairs.items[i], keys[j]) && pairs.items[i + 1].data != NULL)
        {
          g_free (*members[j]);
          *members[j] = imap_printable (pairs.items[i + 1]);
        }
}

static void
take_enabled (ImapSession *self, ImapStrings names)
{
  if (imap_strings_contain (names, "QRESYNC"))
    self->qresync = TRUE;
  if (imap_strings_contain (names, "UTF8=ACCEPT"))
    self->utf8 = TRUE;
  if (imap_strings_contain (names, "UIDONLY"))
    self->uidonly = TRUE;
  if (imap_strings_contain (names, "IMAP4REV2"))
    self->rev2 = self->utf8 = TRUE;
}

static void
take_namespaces (ImapSession *self, const ImapNamespaces *spaces)
{
  gboolean personal = FALSE;
  g_ptr_array_set_size (self->foreign_prefixes, 0);
  for (guint i = 0; i < spaces->count; i++)
    {
      const ImapNamespace *space = &spaces->items[i];
      if (space->prefix.data == NULL)
        continue;
      if (space->kind != IMAP_NAMESPACE_PERSONAL)
        {
          if (space->prefix.length > 0)
            g_ptr_array_add (self->foreign_prefixes,
                             g_strndup (space->prefix.data, space->prefix.length));
          continue;
        }
      if (personal)
        continue;
      personal = TRUE;
      g_free (self->prefix);
      self->prefix = g_strndup (space->prefix.data, space->prefix.length);
      self->delimiter = space->delimiter;
    }
}

/* PERMANENTFLAGS, or FLAGS where the server gives no other (RFC 3501 §7.1). */
static void
take_flags (ImapSession *self, ImapStrings names, gboolean permanent)
{
  ImapMailbox *mailbox = self->selected.mailbox;
  if (mailbox == NULL || (self->permanent_seen && !permanent))
    return;
  GPtrArray *keywords = g_ptr_array_new ();
  self->permanent_seen = permanent;
  mailbox->any_keyword = FALSE;
  mailbox->permanent = 0;
  for (guint i = 0; i < names.count; i++)
    {
      g_autofree char *name = imap_printable (names.items[i]);
      guint32 flag = haul_flag_from_name (name);
      if (strcmp (name, "\\*") == 0)
        mailbox->any_keyword = TRUE;
      else if (flag != 0)
        mailbox->permanent |= flag;
      else if (name[0] != '\\' && name[0] != '\0')
        g_ptr_array_add (keywords, g_steal_pointer (&name));
    }
  g_ptr_array_add (keywords, NULL);
  g_strfreev (mailbox->keywords);
  mailbox->keywords = (char **) g_ptr_array_free (keywords, FALSE);
  /* Without PERMANENTFLAGS all of FLAGS are permanent, and new keywords too. */
  if (!permanent)
    mailbox->any_keyword = TRUE;
}

/* What a code says of the folder that is entered. */
static void
take_folder_code (ImapSession *self, const ImapCodeData *code)
{
  ImapSelected *selected = &self->selected;
  guint32 number = code->has_number ? (guint32) code->number : 0;
  if (code->code == IMAP_CODE_UIDVALIDITY)
    selected->uidvalidity = number;
  else if (code->code == IMAP_CODE_UIDNOTSTICKY)
    selected->not_sticky = TRUE;
  else if (code->code == IMAP_CODE_UIDNEXT)
    selected->uidnext = number;
  else if (code->code == IMAP_CODE_NOMODSEQ)
    selected->highestmodseq = 0;
  else if (code->code == IMAP_CODE_READ_ONLY)
    selected->read_only = TRUE;
  else if (code->code == IMAP_CODE_READ_WRITE)
    selected->read_only = FALSE;
  /* Later ones tell of changes that a token must not cover. */
  else if (code->code == IMAP_CODE_HIGHESTMODSEQ && self->selecting && code->has_number
           && selected->highestmodseq == 0)
    selected->highestmodseq = code->number;
}

static void
take_code (ImapSession *self, const ImapCodeData *code)
{
  if (code->code == IMAP_CODE_CAPABILITY)
    {
      if (!code->damaged && code->strings.count > 0)
        take_capabilities (self, code->strings);
    }
  else if (code->code == IMAP_CODE_PERMANENTFLAGS)
    {
      if (!code->damaged)
        take_flags (self, code->strings, TRUE);
    }
  else
    take_folder_code (self, code);
}

static void
take_vanished (ImapSession *self, const ImapVanishedData *vanished)
{
  g_autoptr (GError) ignored = NULL;
  if (vanished->earlier)
    return;
  g_autoptr (ImapUidSet) set = imap_uidset_parse (vanished->uids, &ignored);
  guint64 count = set == NULL ? 0 : imap_uidset_count (set);
  self->selected.expunged += count;
  self->selected.exists -= (guint32) MIN (count, self->selected.exists);
}

static void
take_expunge (ImapSession *self)
{
  self->selected.expunged++;
  if (self->selected.exists > 0)
    self->selected.exists--;
}

static void
take_state (ImapSession *self, const ImapStateData *state)
{
  if (state->greeting)
    {
      self->greeting_state = state->state;
      g_free (self->greeting);
      self->greeting = imap_printable (state->text);
      self->greeted = TRUE;
    }
  take_code (self, &state->code);
}

/* What is known of the server. */
static void
take_server (ImapSession *self, const ImapEvent *event)
{
  if (event->type == IMAP_EVENT_CAPABILITY)
    take_capabilities (self, event->strings);
  else if (event->type == IMAP_EVENT_ENABLED)
    take_enabled (self, event->strings);
  else if (event->type == IMAP_EVENT_ID)
    take_id (self, event->strings);
  else if (event->type == IMAP_EVENT_NAMESPACE)
    take_namespaces (self, &event->namespaces);
}

gboolean
imap_session_watch (const ImapEvent *event, gpointer user_data, GError **error)
{
  ImapSession *self = user_data;
  (void) error;
  if (event->type == IMAP_EVENT_STATE)
    take_state (self, &event->state);
  else if (event->type == IMAP_EVENT_FLAGS && self->selecting)
    take_flags (self, event->strings, FALSE);
  else if (event->type == IMAP_EVENT_EXISTS)
    self->selected.exists = event->number;
  else if (event->type == IMAP_EVENT_EXPUNGE)
    take_expunge (self);
  else if (event->type == IMAP_EVENT_VANISHED)
    take_vanished (self, &event->vanished);
  else
    take_server (self, event);
  return TRUE;
}

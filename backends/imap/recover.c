/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* After a lost connection or a killed run the server may still work through the APPENDs
 * that lie in its socket (peers.md §4.2). Before the engine looks what arrived, this
 * waits until the folder has stopped growing. Nothing is ever removed. The session's
 * thread. */
#include <string.h>

#include "store.h"

/* Between two looks: less would miss a server that commits once a second. */
#define LOOK_US ((gint64) G_USEC_PER_SEC)

/* The folder must stand still for at least this long. */
#define GRACE_US ((gint64) 2 * G_USEC_PER_SEC)

/* ... or for so many times the longest that the server took for one command. */
#define GRACE_FACTOR 3

/* ... or for so many times the longest that it took for a look: a busy machine is as slow
 * for the old session. */
#define GRACE_LOOKS 20

/* No longer than this in all: a busy folder never stands still, and what arrives later is
 * found by the look at the end of the folder. */
#define WAIT_US ((gint64) 60 * G_USEC_PER_SEC)

/* One look at the folder. */
typedef struct
{
  gboolean came;
  guint64 messages, uidnext;
  gint64 took_us;
} Look;

char *
imap_store_note_format (const ImapStoreNote *note)
{
  return g_strdup_printf ("1 %" G_GINT64_FORMAT " %u", MIN (note->slowest_us, WAIT_US),
                          note->careful);
}

ImapStoreNote
imap_store_note_parse (HaulBytes bytes)
{
  ImapStoreNote note = { 0 };
  guint64 slowest_us = 0, careful = 0;
  if (bytes.length == 0 || bytes.length > 64)
    return note;
  g_autofree char *text = g_strndup ((const char *) bytes.data, bytes.length);
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  if (g_strv_length (words) == 3 && strcmp (words[0], "1") == 0
      && g_ascii_string_to_unsigned (words[1], 10, 0, WAIT_US, &slowest_us, NULL)
      && g_ascii_string_to_unsigned (words[2], 10, 0, 100000, &careful, NULL))
    note = (ImapStoreNote){ (gint64) slowest_us, (guint) careful };
  return note;
}

static gboolean
on_status (const ImapEvent *event, gpointer user_data, GError **error)
{
  Look *look = user_data;
  if (event->type != IMAP_EVENT_MAILBOX_STATUS)
    return TRUE;
  look->came = TRUE;
  look->messages = event->status.values[IMAP_STATUS_MESSAGES];
  look->uidnext = event->status.values[IMAP_STATUS_UIDNEXT];
  return TRUE;
}

/* Asks how the folder stands. *@out_look without `came`: it cannot be asked. */
static gboolean
look_at (ImapSession *self, const ImapMailbox *mailbox, Look *out_look, GError **error)
{
  g_autoptr (GError) local = NULL;
  gint64 start_us = g_get_monotonic_time ();
  *out_look = (Look){ 0 };
  ImapCommand *command = imap_session_command (self, "STATUS");
  imap_command_add_mailbox (command, imap_mailbox_name (mailbox));
  imap_command_add_words (command, "(MESSAGES UIDNEXT)");
  imap_connection_handle (self->connection, on_status, out_look);
  gboolean ok = imap_connection_run (self->connection, command, 0, HAUL_SCOPE_FOLDER,
                                     "look how a folder stands", NULL, &local);
  imap_connection_handle (self->connection, NULL, NULL);
  out_look->took_us = g_get_monotonic_time () - start_us;
  if (ok || haul_error_scope (local) < HAUL_SCOPE_SESSION)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

static gboolean
wait_until (ImapSession *self, gint64 until_us, GError **error)
{
  while (g_get_monotonic_time () < until_us)
    if (!imap_connection_turn_until (self->connection, until_us, error))
      return FALSE;
  return TRUE;
}

/* Looks until nothing has changed for a grace period. */
static gboolean
settle (ImapSession *self, const ImapMailbox *mailbox, gint64 slowest_us, GError **error)
{
  gint64 start_us = g_get_monotonic_time (), changed_us = start_us;
  gint64 grace_us = MAX (GRACE_US, GRACE_FACTOR * slowest_us);
  Look before, now;
  if (!look_at (self, mailbox, &before, error))
    return FALSE;
  while (before.came)
    {
      if (!wait_until (self, g_get_monotonic_time () + LOOK_US, error)
          || !look_at (self, mailbox, &now, error))
        return FALSE;
      gint64 now_us = g_get_monotonic_time ();
      grace_us = MAX (grace_us, GRACE_LOOKS * MAX (before.took_us, now.took_us));
      if (!now.came || now_us - start_us >= WAIT_US)
        return TRUE;
      if (now.messages != before.messages || now.uidnext != before.uidnext)
        {
          /* It is still being written: its own pace says how long to wait. */
          grace_us = MAX (grace_us, GRACE_FACTOR * (now_us - changed_us));
          changed_us = now_us;
        }
      else if (now_us - changed_us >= grace_us)
        return TRUE;
      before = now;
    }
  return TRUE;
}

gboolean
imap_recover (gpointer session, HaulPath path, HaulBytes note, GError **error)
{
  ImapSession *self = session;
  ImapMailbox *mailbox = imap_session_mailbox (self, path, error);
  ImapStoreNote known = imap_store_note_parse (note);
  if (mailbox == NULL)
    return FALSE;
  mailbox->careful = known.careful;
  /* The STATUS of an open folder need not be true (RFC 3501 §6.3.10). */
  return imap_session_unselect (self, error)
         && settle (self, mailbox, known.slowest_us, error);
}

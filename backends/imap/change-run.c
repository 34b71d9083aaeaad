/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Cuts UID sets into commands and runs those without waiting in between. What they ask is
 * the caller's. Belongs to the session's thread. */
#include "change-run.h"

#include "bounds.h"

/* Tag, words and line end around a set. */
#define COMMAND_BYTES ((gsize) 100)

/* The least room for a set, whatever the limit says. */
#define SET_BYTES_MIN ((gsize) 200)

/* How many messages one command covers; 0: any number (RFC 9738). */
static guint64
message_limit (const ImapSession *self)
{
  guint64 limit = 0;
  if (self->capabilities != NULL
      && imap_capabilities_limit (self->capabilities, "MESSAGELIMIT", &limit)
             == IMAP_CAP_LIMIT_KNOWN)
    return limit;
  return self->quirks->message_limit;
}

/* The next at most @limit UIDs of @uids behind *@index and *@offset. NULL: none left. */
static ImapUidSet *
cut_by_count (const ImapUidSet *uids, guint64 limit, guint *index, guint64 *offset)
{
  g_autoptr (ImapUidSet) part = imap_uidset_new ();
  guint64 left = limit;
  while (*index < uids->ranges->len && left > 0)
    {
      const ImapUidRange *range = &g_array_index (uids->ranges, ImapUidRange, *index);
      guint64 first = range->first + *offset;
      guint64 take = MIN (left, range->last - first + 1);
      ImapUidRange piece = { (guint32) first, (guint32) (first + take - 1) };
      g_array_append_val (part->ranges, piece);
      left -= take;
      *offset += take;
      if (piece.last == range->last)
        {
          (*index)++;
          *offset = 0;
        }
    }
  return part->ranges->len > 0 ? g_steal_pointer (&part) : NULL;
}

static void
format_all (GPtrArray *sets, const ImapUidSet *uids, gsize max_bytes)
{
  guint cursor = 0;
  char *set;
  while ((set = imap_uidset_format (uids, &cursor, max_bytes)) != NULL)
    g_ptr_array_add (sets, set);
}

char **
imap_change_sets (const ImapSession *self, const ImapUidSet *uids, gsize other_bytes)
{
  gsize line = imap_connection_wire (self->connection)->line_limit_bytes;
  GPtrArray *sets = g_ptr_array_new ();
  guint64 limit = message_limit (self);
  line = line > 0 ? line : IMAP_LIMIT_COMMAND_LINE_BYTES;
  other_bytes += COMMAND_BYTES;
  gsize room = line > other_bytes + SET_BYTES_MIN ? line - other_bytes : SET_BYTES_MIN;
  if (limit == 0)
    format_all (sets, uids, room);
  else
    {
      guint index = 0;
      guint64 offset = 0;
      ImapUidSet *part;
      while ((part = cut_by_count (uids, limit, &index, &offset)) != NULL)
        {
          format_all (sets, part, room);
          imap_uidset_free (part);
        }
    }
  g_ptr_array_add (sets, NULL);
  return (char **) g_ptr_array_free (sets, FALSE);
}

gboolean
imap_change_send (ImapSession *self, ImapCommand *command, ImapDoneFunc done,
                  gpointer user_data, GError **error)
{
  static const ImapFlight flight = { 0 };
  g_autoptr (GError) local = NULL;
  if (!imap_command_finish (command, &local))
    {
      imap_command_free (command);
      done (NULL, user_data);
      return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                             "make a command for %s: %s", self->peer, local->message);
    }
  if (!imap_connection_await_turn (self->connection, &flight, error))
    {
      imap_command_free (command);
      done (NULL, user_data);
      return FALSE;
    }
  if (imap_connection_send (self->connection, command, &flight, NULL, done, user_data,
                            error))
    return TRUE;
  done (NULL, user_data);
  return FALSE;
}

static void
on_fetched (const ImapReply *reply, gpointer user_data)
{
  gboolean *answered = user_data;
  if (reply == NULL || reply->state != IMAP_STATE_OK)
    *answered = FALSE;
}

gboolean
imap_change_fetch (ImapSession *self, const ImapUidSet *uids, const char *items,
                   gboolean *out_answered, GError **error)
{
  g_auto (GStrv) sets = imap_change_sets (self, uids, 64);
  gboolean answered = TRUE;
  for (char **set = sets; *set != NULL; set++)
    {
      ImapCommand *command = imap_session_command (self, "UID FETCH");
      imap_command_add_set (command, *set);
      imap_command_add_words (command, items);
      if (!imap_change_send (self, command, on_fetched, &answered, error))
        return FALSE;
    }
  if (!imap_connection_drain (self->connection, error))
    return FALSE;
  *out_answered = answered;
  return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Reads bodies off the feed, keeps them, mends them. Small ones stand in memory; one that
 * is too big for it and was refused once lies in a file without a name, so that memory
 * does not follow the message. Belongs to the session's thread. */
#include "store-body.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* Takes the bytes of an item one span after the other. */
typedef gboolean (*SpanFunc) (HaulBytes span, gpointer user_data, GError **error);

/* All bytes of @item, which must be @size. */
static gboolean
read_all (HaulItem *item, guint64 size, SpanFunc func, gpointer user_data, GError **error)
{
  guint64 seen = 0;
  for (;;)
    {
      HaulBytes span = HAUL_NO_BYTES;
      switch (haul_item_read (item, TRUE, &span, error))
        {
        case HAUL_READ_DATA:
          if (span.length > size - seen)
            return haul_error_set (error, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_MESSAGE,
                                   "read message: it has more than the %" G_GUINT64_FORMAT
                                   " bytes announced",
                                   size);
          seen += span.length;
          if (!func (span, user_data, error))
            return FALSE;
          break;
        case HAUL_READ_PENDING:
          return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_MESSAGE,
                                 "read message: its bytes do not come");
        case HAUL_READ_END:
          if (seen == size)
            return TRUE;
          return haul_error_set (error, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_MESSAGE,
                                 "read message: it has %" G_GUINT64_FORMAT
                                 " bytes instead of the %" G_GUINT64_FORMAT " announced",
                                 seen, size);
        case HAUL_READ_FAILED:
          return FALSE;
        }
    }
}

typedef struct
{
  guint8 *data;
  gsize length;
} Memory;

static gboolean
span_to_memory (HaulBytes span, gpointer user_data, GError **error)
{
  Memory *memory = user_data;
  memcpy (memory->data + memory->length, span.data, span.length);
  memory->length += span.length;
  return TRUE;
}

gboolean
imap_store_read_body (HaulItem *item, guint64 size, guint8 *out_data, GError **error)
{
  Memory memory = { out_data, 0 };
  return read_all (item, size, span_to_memory, &memory, error);
}

/* ---- files ---- */

/* A file without a name; -1 with @error set. */
static int
open_spool (GError **error)
{
  g_autofree char *name = NULL;
  g_autoptr (GError) local = NULL;
  int fd = g_file_open_tmp ("mailhaul-XXXXXX", &name, &local);
  if (fd < 0)
    {
      (void) haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_MESSAGE,
                             "keep a big message aside: %s", local->message);
      return -1;
    }
  (void) g_unlink (name);
  return fd;
}

static gboolean
write_all (int fd, const guint8 *data, gsize length, GError **error)
{
  while (length > 0)
    {
      gssize written = write (fd, data, length);
      if (written < 0 && errno == EINTR)
        continue;
      if (written < 0)
        return haul_error_set_errno (error, errno, HAUL_SCOPE_MESSAGE,
                                     "keep a big message aside");
      data += written;
      length -= (gsize) written;
    }
  return TRUE;
}

static GMappedFile *
map_spool (int fd, GError **error)
{
  g_autoptr (GError) local = NULL;
  GMappedFile *mapped = g_mapped_file_new_from_fd (fd, FALSE, &local);
  if (mapped == NULL)
    (void) haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_MESSAGE,
                           "keep a big message aside: %s", local->message);
  return mapped;
}

static gboolean
span_to_file (HaulBytes span, gpointer user_data, GError **error)
{
  return write_all (*(int *) user_data, span.data, span.length, error);
}

GMappedFile *
imap_store_spool_body (HaulItem *item, guint64 size, GError **error)
{
  GMappedFile *mapped = NULL;
  int fd = open_spool (error);
  if (fd < 0)
    return NULL;
  if (read_all (item, size, span_to_file, &fd, error))
    mapped = map_spool (fd, error);
  (void) close (fd);
  return mapped;
}

/* ---- repairs ---- */

typedef struct
{
  GByteArray *bytes; /* NULL: to the file */
  int fd;
  GError *error;
} Mended;

static gboolean
take_mended (const guint8 *data, gsize length, gpointer user_data)
{
  Mended *mended = user_data;
  if (mended->bytes == NULL)
    return write_all (mended->fd, data, length, &mended->error);
  g_byte_array_append (mended->bytes, data, (guint) length);
  return TRUE;
}

/* The message has another body now. */
static void
replace (ImapStore *self, ImapStoreMessage *message, Mended *mended)
{
  GMappedFile *mapped = NULL;
  if (mended->bytes == NULL)
    {
      mapped = map_spool (mended->fd, &mended->error);
      if (mapped == NULL)
        return;
    }
  imap_store_release_body (self, message);
  if (mapped != NULL)
    {
      message->mapped = mapped;
      message->size = g_mapped_file_get_length (mapped);
      return;
    }
  message->size = mended->bytes->len;
  message->body = g_byte_array_free (g_steal_pointer (&mended->bytes), FALSE);
  self->held_bytes += message->size;
}

gboolean
imap_store_repair (ImapStore *self, ImapStoreMessage *message, guint kinds,
                   GError **error)
{
  Mended mended = { .fd = -1 };
  guint done = 0;
  if (message->mapped == NULL)
    mended.bytes = g_byte_array_sized_new ((guint) message->size + 256);
  else if ((mended.fd = open_spool (error)) < 0)
    return FALSE;
  gboolean ok = imap_repair_run (imap_store_body (message), message->size, kinds,
                                 take_mended, &mended, &done);
  if (ok && done != 0)
    replace (self, message, &mended);
  if (mended.bytes != NULL)
    g_byte_array_unref (mended.bytes);
  if (mended.fd >= 0)
    (void) close (mended.fd);
  if (mended.error != NULL)
    {
      g_propagate_error (error, mended.error);
      return FALSE;
    }
  for (guint bit = 1; bit <= IMAP_REPAIR_ENCLOSE; bit <<= 1)
    if ((done & bit & ~message->repairs) != 0)
      imap_store_add_note (message,
                           "mended, as the server does not take it otherwise: %s",
                           imap_repair_text ((ImapRepair) bit));
  message->repairs |= done;
  return done != 0 && message->size > 0;
}

/* ---- APPENDLIMIT ---- */

static gboolean
take_limit (const ImapEvent *event, gpointer user_data, GError **error)
{
  ImapMailbox *mailbox = user_data;
  if (event->type == IMAP_EVENT_MAILBOX_STATUS
      && (event->status.known & (1u << IMAP_STATUS_APPENDLIMIT)) != 0)
    mailbox->append_limit = event->status.values[IMAP_STATUS_APPENDLIMIT];
  return TRUE;
}

gboolean
imap_store_learn_limit (ImapStore *self, ImapMailbox *mailbox, GError **error)
{
  ImapSession *session = self->session;
  g_autoptr (GError) local = NULL;
  if (mailbox->append_limit_asked || session->append_limit > 0
      || !imap_session_has (session, "APPENDLIMIT"))
    return TRUE;
  mailbox->append_limit_asked = TRUE;
  ImapCommand *command = imap_session_command (session, "STATUS");
  imap_command_add_mailbox (command, imap_mailbox_name (mailbox));
  imap_command_add_words (command, "(APPENDLIMIT)");
  imap_connection_handle (session->connection, take_limit, mailbox);
  gboolean ok = imap_connection_run (session->connection, command, 0, HAUL_SCOPE_FOLDER,
                                     "ask how large messages may be", NULL, &local);
  imap_connection_handle (session->connection, NULL, NULL);
  /* One that will not say is asked by sending. */
  if (ok || haul_error_scope (local) < HAUL_SCOPE_SESSION)
    return TRUE;
  g_propagate_error (error, g_steal_pointer (&local));
  return FALSE;
}

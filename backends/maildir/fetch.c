/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The fetch: bodies from files into the engine's memory, as stored where the other side
 * takes that, else with CRLF line ends. Changes nothing. Session's thread.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "folder.h"
#include "bounds.h"
#include "message.h"
#include "session.h"

/*
 * How one message ended. BROKEN: reading failed, @failure says how, and the sink must be
 * told. SINK: the sink ended the fetch with its own error.
 */
typedef enum
{
  MAILDIR_SENT,
  MAILDIR_BROKEN,
  MAILDIR_SINK,
} MaildirSent;

/* One message on its way. */
typedef struct
{
  MaildirSession *session;
  HaulSink *sink;
  HaulBytes key;
  int fd;
  guint64 size;
  GError *failure; /* of reading */
  GError **error;  /* of the sink */
} MaildirSend;

static ssize_t
read_some (int fd, void *buffer, gsize length)
{
  ssize_t got = 0;

  do
    got = read (fd, buffer, length);
  while (got < 0 && errno == EINTR);
  return got;
}

/* Notes why reading ended too early; @got as of read(). */
static MaildirSent
broken (MaildirSend *send, ssize_t got)
{
  if (got < 0)
    haul_error_set_errno (&send->failure, errno, HAUL_SCOPE_MESSAGE,
                          "read message '%.*s'", (int) send->key.length,
                          (const char *) send->key.data);
  else
    haul_error_set (&send->failure, HAUL_ERROR_IO, HAUL_SCOPE_MESSAGE,
                    "read message '%.*s': the file became shorter meanwhile",
                    (int) send->key.length, (const char *) send->key.data);
  return MAILDIR_BROKEN;
}

/* The bytes as they are, straight into the engine's memory. */
static MaildirSent
send_as_stored (MaildirSend *send, HaulLines lines)
{
  guint64 left = send->size;

  if (!haul_sink_begin (send->sink, send->key, lines, send->size, send->error))
    return MAILDIR_SINK;
  while (left > 0)
    {
      gsize room = 0;
      guint8 *buffer = haul_sink_buffer (send->sink, &room, send->error);
      ssize_t got = 0;

      if (!buffer)
        return MAILDIR_SINK;
      got = read_some (send->fd, buffer, (gsize) MIN ((guint64) room, left));
      if (got <= 0)
        return broken (send, got);
      if (!haul_sink_commit (send->sink, (gsize) got, send->error))
        return MAILDIR_SINK;
      left -= (guint64) got;
    }
  return haul_sink_end (send->sink, send->error) ? MAILDIR_SENT : MAILDIR_SINK;
}

/* Converts @data and hands it over; @converted has room for 2 × MAILDIR_IO_BYTES. */
static gboolean
send_converted (MaildirSend *send, HaulLineState *state, const guint8 *data, gsize length,
                guint8 *converted)
{
  while (length > 0)
    {
      gsize part = MIN (length, MAILDIR_IO_BYTES);
      gsize made = haul_lines_to_crlf (state, data, part, converted);

      if (!haul_sink_write (send->sink, converted, made, send->error))
        return FALSE;
      data += part;
      length -= part;
    }
  return TRUE;
}

/* A file that fits into session->buffer: read once, counted and converted there. */
static MaildirSent
send_small (MaildirSend *send, guint8 *converted)
{
  guint8 *data = send->session->buffer;
  HaulLineState counting = { FALSE };
  HaulLineState state = { FALSE };
  guint64 wire = 0;

  for (guint64 done = 0; done < send->size;)
    {
      ssize_t got = read_some (send->fd, data + done, (gsize) (send->size - done));

      if (got <= 0)
        return broken (send, got);
      done += (guint64) got;
    }
  wire = haul_lines_crlf_size (&counting, data, (gsize) send->size);
  if (!haul_sink_begin (send->sink, send->key, HAUL_LINES_CRLF, wire, send->error))
    return MAILDIR_SINK;
  if (wire == send->size
          ? !haul_sink_write (send->sink, data, (gsize) send->size, send->error)
          : !send_converted (send, &state, data, (gsize) send->size, converted))
    return MAILDIR_SINK;
  return haul_sink_end (send->sink, send->error) ? MAILDIR_SENT : MAILDIR_SINK;
}

/* The wire size of a big file, which then lies in the page cache for the second reading.
 */
static gboolean
count_big (MaildirSend *send, guint64 *out_wire)
{
  HaulLineState state = { FALSE };
  guint64 wire = 0;

  for (guint64 left = send->size; left > 0;)
    {
      ssize_t got = read_some (send->fd, send->session->buffer,
                               (gsize) MIN (left, MAILDIR_IO_BYTES));

      if (got <= 0)
        return broken (send, got) == MAILDIR_SENT;
      wire += haul_lines_crlf_size (&state, send->session->buffer, (gsize) got);
      left -= (guint64) got;
    }
  *out_wire = wire;
  return TRUE;
}

static MaildirSent
send_big (MaildirSend *send, guint8 *converted)
{
  HaulLineState state = { FALSE };
  guint64 wire = 0;

  if (!count_big (send, &wire))
    return MAILDIR_BROKEN;
  if (lseek (send->fd, 0, SEEK_SET) != 0)
    return broken (send, -1);
  if (wire == send->size)
    return send_as_stored (send, HAUL_LINES_CRLF);
  if (!haul_sink_begin (send->sink, send->key, HAUL_LINES_CRLF, wire, send->error))
    return MAILDIR_SINK;
  for (guint64 left = send->size; left > 0;)
    {
      ssize_t got = read_some (send->fd, send->session->buffer,
                               (gsize) MIN (left, MAILDIR_IO_BYTES));

      if (got <= 0)
        return broken (send, got);
      if (!send_converted (send, &state, send->session->buffer, (gsize) got, converted))
        return MAILDIR_SINK;
      left -= (guint64) got;
    }
  return haul_sink_end (send->sink, send->error) ? MAILDIR_SENT : MAILDIR_SINK;
}

static MaildirSent
send_open (MaildirSend *send, HaulLines lines, guint8 *converted)
{
  if (send->size > MAILDIR_SMALL_BYTES)
    posix_fadvise (send->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
  switch (lines)
    {
    case HAUL_LINES_ANY:
      return send_as_stored (send, HAUL_LINES_ANY);
    case HAUL_LINES_CRLF:
      break;
    }
  return send->size > MAILDIR_SMALL_BYTES ? send_big (send, converted)
                                          : send_small (send, converted);
}

/* One message; FALSE ends the fetch. */
static gboolean
fetch_one (MaildirSession *self, HaulBytes key, HaulLines lines, HaulSink *sink,
           guint8 *converted, GError **error)
{
  MaildirSend send = { .session = self, .sink = sink, .key = key, .error = error };
  MaildirSent sent = MAILDIR_SENT;
  struct stat info;

  send.fd = maildir_message_open (self, self->entered, key, NULL, &info, &send.failure);
  if (send.fd < 0)
    {
      if (haul_error_scope (send.failure) == HAUL_SCOPE_MESSAGE)
        return haul_sink_fail (sink, key, send.failure, error);
      g_propagate_error (error, send.failure);
      return FALSE;
    }
  send.size = (guint64) info.st_size;
  sent = send_open (&send, lines, converted);
  close (send.fd);
  switch (sent)
    {
    case MAILDIR_SENT:
      return TRUE;
    case MAILDIR_BROKEN:
      return haul_sink_fail (sink, key, send.failure, error);
    case MAILDIR_SINK:
      break;
    }
  return FALSE;
}

gboolean
maildir_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error)
{
  MaildirSession *self = session;
  HaulLines lines = haul_plan_lines (plan);
  g_autofree guint8 *converted = lines == HAUL_LINES_CRLF
                                     ? g_malloc (2 * MAILDIR_IO_BYTES)
                                     : NULL;
  HaulPlanItem item;

  if (!self->entered)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "fetch: no folder is entered");
  while (haul_plan_next (plan, &item))
    if (!maildir_session_go_on (self, error)
        || !fetch_one (self, item.key, lines, sink, converted, error))
      return FALSE;
  return TRUE;
}

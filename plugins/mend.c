/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <mend/>: puts right what servers refuse and programs stumble over: line ends, NUL, a
 * mailbox's From_ lines, a header without end, a last line without end. What is right
 * already stays byte by byte. An instance never changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

#include "shared/header-fields.h"

/* LOOK_BYTES: as much is held while it is open whether the body has begun. */
#define LOOK_BYTES (64 * 1024)

typedef struct
{
  gboolean line_ends;
  gboolean header_end;
  gboolean from_lines;
  gboolean last_line;
  int nul;
} MendSettings;

/* MendNul: the values of `nul`. */
typedef enum
{
  MEND_NUL_DROP,
  MEND_NUL_BLANK,
  MEND_NUL_KEEP,
} MendNul;

static const char *const nul_names[] = { "drop", "blank", "keep", NULL };

static const HaulOptionSpec mend_options[] = {
  HAUL_OPT_BOOL (MendSettings, line_ends, "line-ends", "yes", HAUL_OPT_NONE,
                 "Make LF and CR by themselves the line end CRLF"),
  HAUL_OPT_ENUM (MendSettings, nul, "nul", "drop", nul_names, HAUL_OPT_NONE,
                 "What becomes of NUL bytes"),
  HAUL_OPT_BOOL (MendSettings, from_lines, "from-lines", "yes", HAUL_OPT_NONE,
                 "Leave out From_ lines of mailboxes in the header"),
  HAUL_OPT_BOOL (MendSettings, header_end, "header-end", "yes", HAUL_OPT_NONE,
                 "Put the empty line after a header that lacks it"),
  HAUL_OPT_BOOL (MendSettings, last_line, "last-line", "yes", HAUL_OPT_NONE,
                 "End the last line"),
  HAUL_OPT_END
};

/* MendStream: one message. */
typedef struct
{
  const MendSettings *settings;
  HaulTransformOut *out; /* during a call */
  HeaderReader *reader;
  GByteArray *clean;    /* with mended line ends, on its way to the reader */
  GByteArray *held;     /* from a line on that is none of a header */
  guint64 returns;      /* CRs whose meaning the next byte tells */
  gboolean lines_known; /* how the message ends its lines: */
  gboolean lines_cr;    /* with CR alone */
  gboolean in_body;     /* the first empty line is over */
  gboolean settled;     /* no more looking for the end of the header */
  gboolean dropping;    /* the rest of a line that is left out */
  gboolean written;
  guint8 last;
} MendStream;

static gboolean
write_bytes (MendStream *self, const guint8 *data, gsize length, GError **error)
{
  if (length == 0)
    return TRUE;
  self->written = TRUE;
  self->last = data[length - 1];
  return haul_transform_write (self->out, data, length, error);
}

static gboolean
write_line_end (MendStream *self, GError **error)
{
  return write_bytes (self, (const guint8 *) "\r\n", 2, error);
}

/* ---- first: bytes ---- */

static gboolean
flush_clean (MendStream *self, GError **error)
{
  gboolean ok = header_reader_push (self->reader, self->clean->data, self->clean->len,
                                    error);
  g_byte_array_set_size (self->clean, 0);
  return ok;
}

/* Line by line in the header, so that it is known at once when it ends. */
static gboolean
end_line (MendStream *self, GError **error)
{
  g_byte_array_append (self->clean, (const guint8 *) "\r\n", 2);
  return (self->in_body && self->clean->len < LINE_PIECE_BYTES)
         || flush_clean (self, error);
}

/*
 * CRs that no LF follows. They end lines in the body, and everywhere in a message that
 * ends its first line so; in the header of another they are dirt within a field, and must
 * not begin a new one.
 */
static gboolean
settle_returns (MendStream *self, GError **error)
{
  if (self->returns > 0 && !self->lines_known)
    self->lines_known = self->lines_cr = TRUE;
  for (; self->returns > 0; self->returns--)
    {
      if (!self->lines_cr && !self->in_body)
        g_byte_array_append (self->clean, (const guint8 *) " ", 1);
      else if (!end_line (self, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
take_special (MendStream *self, guint8 byte, GError **error)
{
  if (byte == '\n')
    {
      /* One line end, however many CRs a conversion left before it. */
      self->returns = 0;
      self->lines_known = TRUE;
      return end_line (self, error);
    }
  if (byte == '\r')
    {
      self->returns++;
      return TRUE;
    }
  if (!settle_returns (self, error))
    return FALSE;
  if (self->settings->nul != MEND_NUL_DROP)
    g_byte_array_append (
        self->clean, (const guint8 *) (self->settings->nul == MEND_NUL_KEEP ? "" : " "),
        1);
  return TRUE;
}

static gboolean
is_special (const MendStream *self, guint8 byte)
{
  return byte == '\0' || (self->settings->line_ends && (byte == '\r' || byte == '\n'));
}

static gboolean
mend_push (gpointer transform, const guint8 *data, gsize length, HaulTransformOut *out,
           GError **error)
{
  MendStream *self = transform;
  self->out = out;
  for (gsize at = 0; at < length;)
    {
      gsize run = at;
      while (run < length && !is_special (self, data[run]))
        run++;
      if (run > at && !settle_returns (self, error))
        return FALSE;
      g_byte_array_append (self->clean, data + at, (guint) (run - at));
      if (run < length && !take_special (self, data[run], error))
        return FALSE;
      at = run + 1;
    }
  return flush_clean (self, error);
}

/* ---- second: lines of the header ---- */

/* "From ADDRESS DATE", with a time of day and a year: not a sentence of a body. */
static gboolean
is_from_line (const HeaderField *field)
{
  const char *data = (const char *) field->data;
  gsize start = field->length > 0 && data[0] == '>' ? 1 : 0;
  gboolean clock = FALSE, year = FALSE;
  if (field->name_length > 0 || field->length < start + 5
      || memcmp (data + start, "From ", 5) != 0)
    return FALSE;
  for (gsize i = start + 5; i + 3 < field->length; i++)
    {
      clock |= g_ascii_isdigit (data[i]) && data[i + 1] == ':'
               && g_ascii_isdigit (data[i + 2]) && g_ascii_isdigit (data[i + 3]);
      year |= (memcmp (data + i, "19", 2) == 0 || memcmp (data + i, "20", 2) == 0)
              && g_ascii_isdigit (data[i + 2]) && g_ascii_isdigit (data[i + 3]);
    }
  return clock && year;
}

/* A field that stands in headers, and hardly begins a line of a letter. */
static gboolean
is_known_field (const HeaderField *field)
{
  static const char *const names[] = { "From",
                                       "To",
                                       "Cc",
                                       "Bcc",
                                       "Subject",
                                       "Date",
                                       "Message-ID",
                                       "Received",
                                       "Return-Path",
                                       "Reply-To",
                                       "Sender",
                                       "References",
                                       "In-Reply-To",
                                       "MIME-Version",
                                       "Delivered-To",
                                       "DKIM-Signature",
                                       "Authentication-Results",
                                       "User-Agent",
                                       "Organization",
                                       "Importance",
                                       "Priority",
                                       "Precedence",
                                       "Errors-To",
                                       "Envelope-To",
                                       "Status",
                                       "Thread-Topic",
                                       "Thread-Index",
                                       "Auto-Submitted",
                                       NULL };
  static const char *const prefixes[] = { "X-",   "Content-",  "List-", "Resent-",
                                          "ARC-", "Received-", NULL };
  for (guint i = 0; names[i] != NULL; i++)
    if (header_field_is (field, names[i]))
      return TRUE;
  for (guint i = 0; prefixes[i] != NULL; i++)
    if (field->name_length > strlen (prefixes[i])
        && g_ascii_strncasecmp ((const char *) field->data, prefixes[i],
                                strlen (prefixes[i]))
               == 0)
      return TRUE;
  return FALSE;
}

/* What was held is of the header (a line of it is broken), or of the body. */
static gboolean
settle_held (MendStream *self, gboolean of_body, GError **error)
{
  gboolean ok = !of_body || write_line_end (self, error);
  ok = ok && write_bytes (self, self->held->data, self->held->len, error);
  self->settled |= of_body;
  g_byte_array_set_size (self->held, 0);
  return ok;
}

static gboolean
hold (MendStream *self, const guint8 *data, gsize length, GError **error)
{
  g_byte_array_append (self->held, data, (guint) length);
  return self->held->len <= LOOK_BYTES || settle_held (self, TRUE, error);
}

static gboolean
on_field (const HeaderField *field, gpointer user_data, GError **error)
{
  MendStream *self = user_data;
  gboolean none = field->name_length == 0 && field->data[0] != ' '
                  && field->data[0] != '\t';
  self->dropping = FALSE;
  if (self->held->len > 0)
    {
      if (!is_known_field (field))
        return hold (self, field->data, field->length, error);
      if (!settle_held (self, FALSE, error))
        return FALSE;
    }
  else if (self->settings->from_lines && !self->settled && is_from_line (field))
    {
      self->dropping = TRUE;
      return TRUE;
    }
  else if (none && self->settings->header_end && !self->settled)
    return hold (self, field->data, field->length, error);
  return write_bytes (self, field->data, field->length, error);
}

static gboolean
on_rest (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  MendStream *self = user_data;
  if (self->dropping)
    return TRUE;
  if (self->held->len > 0)
    return hold (self, data, length, error);
  return write_bytes (self, data, length, error);
}

static gboolean
on_end (gboolean has_empty_line, gpointer user_data, GError **error)
{
  MendStream *self = user_data;
  self->in_body = TRUE;
  if (self->held->len > 0)
    return settle_held (self, TRUE, error);
  if (has_empty_line || !self->settings->header_end || self->settled || !self->written)
    return TRUE;
  return (self->last == '\n' || write_line_end (self, error))
         && write_line_end (self, error);
}

static gboolean
on_body (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  return write_bytes (user_data, data, length, error);
}

static gpointer
mend_begin (gconstpointer instance, const HaulMessage *message, GError **error)
{
  static const HeaderHandler handler = {
    .field = on_field, .rest = on_rest, .end = on_end, .body = on_body
  };
  MendStream *self = g_new0 (MendStream, 1);
  self->settings = instance;
  self->reader = header_reader_new (&handler, self);
  self->clean = g_byte_array_new ();
  self->held = g_byte_array_new ();
  return self;
}

static gboolean
mend_finish (gpointer transform, HaulTransformOut *out, GError **error)
{
  MendStream *self = transform;
  self->out = out;
  if (!settle_returns (self, error) || !flush_clean (self, error)
      || !header_reader_finish (self->reader, error))
    return FALSE;
  return !self->settings->last_line || !self->written || self->last == '\n'
         || write_line_end (self, error);
}

static void
mend_stream_free (gpointer transform)
{
  MendStream *self = transform;
  header_reader_free (self->reader);
  g_byte_array_unref (self->clean);
  g_byte_array_unref (self->held);
  g_free (self);
}

static gboolean
mend_check (gconstpointer data, GError **error)
{
  const MendSettings *settings = data;
  if (settings->line_ends || settings->header_end || settings->from_lines
      || settings->last_line || settings->nul != MEND_NUL_KEEP)
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                         "everything is switched off: nothing is left to mend");
}

static const HaulFilter mend_filter = {
  HAUL_FILTER_HEADER,
  .name = "mend",
  .summary = "Mends line ends, NUL, From_ lines, and headers and last lines without end",
  .options = mend_options,
  .settings_size = sizeof (MendSettings),
  .effects = HAUL_FILTER_CHANGES_SIZE | HAUL_FILTER_CHANGES_IDENTITY,
  .check = mend_check,
  .transform_begin = mend_begin,
  .transform_push = mend_push,
  .transform_finish = mend_finish,
  .transform_free = mend_stream_free,
};

HAUL_DEFINE_FILTER (mend, mend_filter)

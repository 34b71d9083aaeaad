/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Editing the private fields. In place each line is overwritten as far as its length
 * allows; whether the result says what was wished is found out by reading it again. Pure:
 * any thread.
 */
#include "edit.h"

#include <string.h>

#include "header-filter.h"

static gboolean
capture_field (MboxField field, const guint8 *data, gsize length, gpointer user_data)
{
  mbox_capture_add (user_data, field, data, length);
  return TRUE;
}

void
mbox_edit_parse (const guint8 *headers, gsize length, MboxStatus *status)
{
  g_autoptr (GByteArray) captured = g_byte_array_new ();
  MboxCapture capture;
  MboxHeaderFilter filter;
  gsize taken;
  mbox_capture_init (&capture, captured);
  mbox_header_filter_init (&filter, capture_field, &capture);
  mbox_header_filter_feed (&filter, headers, length, &taken);
  mbox_header_filter_finish (&filter);
  mbox_status_parse (status, captured->data, captured->len);
}

/* The length of the line at @line without its end. */
static gsize
line_width (const guint8 *line, gsize length)
{
  const guint8 *newline = memchr (line, '\n', length);
  gsize width = newline ? (gsize) (newline - line) : length;
  return width > 0 && line[width - 1] == '\r' ? width - 1 : width;
}

static gboolean
is_line (const guint8 *line, gsize width, const char *name)
{
  gsize size = strlen (name);
  return width > size && line[size] == ':'
         && g_ascii_strncasecmp ((const char *) line, name, size) == 0;
}

/* Overwrites the value of the line with @text, padded with blanks, if it fits. */
static void
put_value (guint8 *line, gsize width, const char *name, const char *text)
{
  gsize start = strlen (name) + 1;
  gsize size = strlen (text);
  if (width - start < size)
    return;
  memcpy (line + start, text, size);
  memset (line + start + size, ' ', width - start - size);
}

/* The same without touching our mark at the end of X-Status. */
static void
put_x_status (guint8 *line, gsize width, guint32 flags, gboolean ours)
{
  g_autofree char *text = g_strdup_printf (
      " %s%s%s%s", flags & HAUL_FLAG_ANSWERED ? "A" : "",
      flags & HAUL_FLAG_FLAGGED ? "F" : "", flags & HAUL_FLAG_DRAFT ? "T" : "",
      flags & HAUL_FLAG_DELETED ? "D" : "");
  put_value (line, ours ? width - 3 : width, "X-Status", text);
}

static void
put_mozilla (guint8 *line, gsize width, guint32 flags)
{
  gsize at = strlen ("X-Mozilla-Status:");
  at += line[at] == ' ';
  guint32 old = 0;
  gsize digits = 0;
  for (; at + digits < width && digits < 4 && g_ascii_isxdigit (line[at + digits]);)
    old = old * 16 + (guint32) g_ascii_xdigit_value (line[at + digits++]);
  if (digits != 4)
    return;
  g_autofree char *text = g_strdup_printf ("%04x",
                                           mbox_mozilla_bits (old, flags) & 0xffff);
  memcpy (line + at, text, 4);
}

static char *
keyword_text (const MboxEditWish *wish)
{
  GString *text = g_string_new (NULL);
  for (gsize i = 0; wish->keywords[i] != NULL; i++)
    g_string_append_printf (text, " %s", wish->keywords[i]);
  return g_string_free (text, FALSE);
}

static void
put_line (guint8 *line, gsize width, gboolean ours, const MboxEditWish *wish)
{
  if (is_line (line, width, "Status"))
    put_value (line, width, "Status", wish->flags & HAUL_FLAG_SEEN ? " RO" : " O");
  else if (is_line (line, width, "X-Status"))
    put_x_status (line, width, wish->flags, ours);
  else if (is_line (line, width, "X-Keywords"))
    {
      g_autofree char *text = keyword_text (wish);
      put_value (line, width, "X-Keywords", text);
    }
  else if (is_line (line, width, "X-Mozilla-Status") && !ours)
    put_mozilla (line, width, wish->flags);
}

static gboolean
same_words (const GPtrArray *have, const char *const *want)
{
  guint count = 0;
  for (; want[count] != NULL; count++)
    {
      gboolean found = FALSE;
      for (guint i = 0; i + 1 < have->len; i++)
        found = found
                || g_ascii_strcasecmp (g_ptr_array_index (have, i), want[count]) == 0;
      if (!found)
        return FALSE;
    }
  return count + 1 == have->len;
}

gboolean
mbox_edit_in_place (guint8 *headers, gsize length, const GPtrArray *base,
                    const MboxEditWish *wish)
{
  MboxStatus status;
  mbox_status_init (&status);
  mbox_edit_parse (headers, length, &status);
  gboolean ours = status.ours;
  for (gsize at = 0; at < length;)
    {
      gsize width = line_width (headers + at, length - at);
      gsize next = at + width;
      while (next < length && headers[next] != '\n')
        next++;
      next += next < length;
      gboolean folded = next < length && (headers[next] == ' ' || headers[next] == '\t');
      if (!folded)
        put_line (headers + at, width, ours, wish);
      at = next;
    }
  g_autoptr (GPtrArray) words = g_ptr_array_new ();
  mbox_edit_parse (headers, length, &status);
  mbox_status_keywords (&status, base, words);
  gboolean fits = status.flags == wish->flags && same_words (words, wish->keywords)
                  && status.ours == ours;
  mbox_status_clear (&status);
  return fits;
}

/* The kind does not say which private field it is: the name does. */
static gboolean
is_replaced (const guint8 *line, gsize length)
{
  return is_line (line, length, "Status") || is_line (line, length, "X-Status")
         || is_line (line, length, "X-Keywords");
}

GByteArray *
mbox_edit_rewrite (const guint8 *headers, gsize length, MboxRule rule,
                   const MboxEditWish *wish)
{
  MboxStatus status;
  mbox_status_init (&status);
  mbox_edit_parse (headers, length, &status);
  GByteArray *out = g_byte_array_new ();
  gboolean dropping = FALSE;
  for (gsize at = 0; at < length;)
    {
      const guint8 *line = headers + at;
      const guint8 *newline = memchr (line, '\n', length - at);
      gsize size = newline ? (gsize) (newline - line) + 1 : length - at;
      if (*line != ' ' && *line != '\t')
        dropping = is_replaced (line, size)
                   || (!status.ours && mbox_field_of (line, size) == MBOX_FIELD_MOZILLA);
      if (!dropping)
        g_byte_array_append (out, line, (guint) size);
      at += size;
    }
  if (out->len > 0 && out->data[out->len - 1] != '\n')
    g_byte_array_append (out, (const guint8 *) "\n", 1);
  mbox_status_append (out, wish->flags, wish->keywords,
                      (MboxMark){ rule, status.strict });
  mbox_status_clear (&status);
  return out;
}

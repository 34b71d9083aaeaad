/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * FETCH and UID FETCH of the scripted server: metadata, bodies and parts of them, header
 * fields, CHANGEDSINCE and VANISHED; bent as a script wants it. Runs under the lock on a
 * session's thread.
 */
#include "imap-server.h"

#include <string.h>

/* Fetch: one command. */
typedef struct
{
  GPtrArray *items; /* as written by the client */
  gboolean uid;     /* UID FETCH */
  gboolean has_since, vanished;
  guint64 since;
} Fetch;

static gboolean
is_body_item (const char *item)
{
  return g_ascii_strncasecmp (item, "BODY", 4) == 0;
}

/* is_item: whether it is one that this server knows and has announced. */
static gboolean
is_item (const Session *self, const char *item)
{
  static const char *const plain[] = { "UID", "FLAGS", "INTERNALDATE", "RFC822.SIZE" };
  for (guint i = 0; i < G_N_ELEMENTS (plain); i++)
    if (g_ascii_strcasecmp (item, plain[i]) == 0)
      return TRUE;
  if (g_ascii_strcasecmp (item, "MODSEQ") == 0)
    return session_has (self, "CONDSTORE");
  static const char *const sections[] = {
    "]",      "HEADER]", "TEXT]", "HEADER.FIELDS (*)]", "HEADER.FIELDS.NOT (*)]",
    "]<*.*>", NULL
  };
  const char *open = strchr (item, '[');
  if (open == NULL)
    return FALSE;
  gsize head = (gsize) (open - item);
  if (!((head == 4 && is_body_item (item))
        || (head == 9 && g_ascii_strncasecmp (item, "BODY.PEEK", 9) == 0)))
    return FALSE;
  for (guint i = 0; sections[i] != NULL; i++)
    if (imap_match (sections[i], open + 1, NULL))
      return TRUE;
  return FALSE;
}

static gboolean
read_item (const Session *self, Reader *reader, GPtrArray *items)
{
  const char *text;
  if (!read_raw (reader, &text) || !is_item (self, text))
    return FALSE;
  g_ptr_array_add (items, g_strdup (text));
  return TRUE;
}

static gboolean
read_items (const Session *self, Reader *reader, GPtrArray *items)
{
  if (!read_open (reader))
    return read_item (self, reader, items);
  do
    if (!read_item (self, reader, items))
      return FALSE;
  while (read_space (reader));
  return read_close (reader);
}

/* read_since: " (CHANGEDSINCE n [VANISHED])". */
static gboolean
read_since (const Session *self, Reader *reader, Fetch *fetch)
{
  if (read_end (reader))
    return TRUE;
  fetch->has_since = TRUE;
  if (!session_has (self, "CONDSTORE") || !read_space (reader) || !read_open (reader)
      || !read_word (reader, "CHANGEDSINCE") || !read_space (reader)
      || !read_number (reader, &fetch->since) || fetch->since == 0)
    return FALSE;
  if (read_space (reader))
    {
      fetch->vanished = TRUE;
      if (!fetch->uid || !self->qresync || !read_word (reader, "VANISHED"))
        return FALSE;
    }
  return read_close (reader) && read_end (reader);
}

/* header_end: offset behind the empty line. */
static gsize
header_end (const char *data, gsize size)
{
  for (gsize i = 0; i < size; i++)
    {
      gboolean line_start = i == 0 || data[i - 1] == '\n';
      if (line_start && data[i] == '\n')
        return i + 1;
      if (line_start && data[i] == '\r' && i + 1 < size && data[i + 1] == '\n')
        return i + 2;
    }
  return size;
}

static gboolean
is_named (const char *line, gsize length, char *const *names)
{
  for (; *names != NULL; names++)
    {
      gsize size = strlen (*names);
      if (length > size && g_ascii_strncasecmp (line, *names, size) == 0
          && line[size] == ':')
        return TRUE;
    }
  return FALSE;
}

/* header_fields: of @item "BODY.PEEK[HEADER.FIELDS (A B)]", with the empty line. */
static void
header_fields (const char *item, const char *data, gsize size, GString *out)
{
  gboolean inverted = strcasestr (item, "HEADER.FIELDS.NOT") != NULL;
  const char *open = strchr (item, '(');
  g_autofree char *list = g_strndup (open + 1, strcspn (open + 1, ")"));
  g_auto (GStrv) names = script_words (list);
  gboolean keep = FALSE;
  gsize end = header_end (data, size);
  for (gsize at = 0; at < end;)
    {
      const char *newline = memchr (data + at, '\n', end - at);
      gsize length = newline != NULL ? (gsize) (newline - (data + at)) + 1 : end - at;
      if (data[at] != ' ' && data[at] != '\t')
        keep = is_named (data + at, length, names) != inverted;
      if (keep && length > 2)
        g_string_append_len (out, data + at, (gssize) length);
      at += length;
    }
  g_string_append (out, "\r\n");
}

/* part: the bytes of a body item. */
static void
part (const char *item, GBytes *body, GString *out)
{
  gsize size;
  const char *data = g_bytes_get_data (body, &size);
  const char *section = strchr (item, '[') + 1;
  gsize header = header_end (data, size);
  gsize from = 0, length = size;
  if (g_ascii_strncasecmp (section, "HEADER.FIELDS", 13) == 0)
    {
      header_fields (item, data, size, out);
      return;
    }
  if (g_ascii_strncasecmp (section, "HEADER]", 7) == 0)
    length = header;
  else if (g_ascii_strncasecmp (section, "TEXT]", 5) == 0)
    {
      from = header;
      length = size - header;
    }
  const char *partial = strchr (section, '<');
  if (partial != NULL)
    {
      char *end = NULL;
      guint64 start = g_ascii_strtoull (partial + 1, &end, 10);
      guint64 most = *end == '.' ? g_ascii_strtoull (end + 1, NULL, 10) : 0;
      from = (gsize) MIN (start, size);
      length = (gsize) MIN (most, size - from);
    }
  if (length > 0)
    g_string_append_len (out, data + from, (gssize) length);
}

/* add_body: the echo of the item and its literal. */
static void
add_body (const Session *self, const char *item, GBytes *body, GString *out)
{
  g_autoptr (GString) bytes = g_string_new (NULL);
  part (item, body, bytes);
  g_autofree char *echo = g_strconcat ("BODY", strchr (item, '['), NULL);
  char *partial = strchr (echo, '<');
  char *dot = partial != NULL ? strchr (partial, '.') : NULL;
  if (dot != NULL)
    g_strlcpy (dot, ">", 2);
  g_string_append_printf (out, "%s {%" G_GINT64_FORMAT "%s\r\n", echo,
                          MAX ((gint64) bytes->len + self->style.literal_shift, 0),
                          self->style.literal_form != NULL ? self->style.literal_form
                                                           : "}");
  g_string_append_len (out, bytes->str, (gssize) bytes->len);
}

static void
add_item (const Session *self, const char *item, const Mail *mail, GString *out)
{
  if (is_body_item (item))
    {
      add_body (self, item, mail->body, out);
      return;
    }
  g_autofree char *name = self->style.lower ? g_ascii_strdown (item, -1)
                                            : g_ascii_strup (item, -1);
  g_string_append_printf (out, "%s ", name);
  if (g_ascii_strcasecmp (item, "UID") == 0)
    g_string_append_printf (out, "%u", mail->uid);
  else if (g_ascii_strcasecmp (item, "FLAGS") == 0)
    {
      g_autofree char *flags = mail_flags (mail);
      g_string_append_printf (out, "(%s)", flags);
    }
  else if (g_ascii_strcasecmp (item, "INTERNALDATE") == 0)
    {
      g_autofree char *date = mail_date (mail);
      g_string_append_printf (out, "\"%s\"", date);
    }
  else if (g_ascii_strcasecmp (item, "MODSEQ") == 0)
    g_string_append_printf (out, "(%" G_GUINT64_FORMAT ")", mail->modseq);
  else
    g_string_append_printf (
        out, "%" G_GUINT64_FORMAT,
        g_bytes_get_size (mail->body)
            * (self->style.size_factor > 0 ? (guint64) self->style.size_factor : 1));
}

/* say_split: one line for each item, each with the UID. */
static void
say_split (Session *self, const Mail *mail, const GPtrArray *items)
{
  for (guint i = 0; i < items->len; i++)
    {
      const char *item = g_ptr_array_index (items, i);
      if (items->len > 1 && g_ascii_strcasecmp (item, "UID") == 0)
        continue;
      GString *line = reply_line (self, "* %u FETCH (UID %u ",
                                  view_number (self, mail->uid), mail->uid);
      add_item (self, item, mail, line);
      g_string_append_c (line, ')');
    }
}

/* arranged: the items in the order in which they are answered. (transfer full) */
static GPtrArray *
arranged (const Session *self, const Fetch *fetch)
{
  GPtrArray *items = g_ptr_array_new ();
  gboolean uid = FALSE, modseq = FALSE;
  for (guint pass = 0; pass < 2; pass++)
    for (guint i = 0; i < fetch->items->len; i++)
      {
        char *item = g_ptr_array_index (fetch->items, i);
        gboolean late = is_body_item (item) != self->style.flags_last;
        uid |= g_ascii_strcasecmp (item, "UID") == 0;
        modseq |= g_ascii_strcasecmp (item, "MODSEQ") == 0;
        if (late == (pass == 1)
            && !(self->style.no_uid && g_ascii_strcasecmp (item, "UID") == 0))
          g_ptr_array_add (items, item);
      }
  if (fetch->uid && !uid && !self->style.no_uid)
    g_ptr_array_insert (items, 0, (char *) "UID");
  if (fetch->has_since && !modseq)
    g_ptr_array_add (items, (char *) "MODSEQ");
  return items;
}

static void
say_mail (Session *self, const Mail *mail, const GPtrArray *items)
{
  if (self->style.split)
    {
      say_split (self, mail, items);
      return;
    }
  GString *line = reply_line (self, "* %u FETCH (", view_number (self, mail->uid));
  for (guint i = 0; i < items->len; i++)
    {
      if (i > 0)
        g_string_append_c (line, ' ');
      add_item (self, g_ptr_array_index (items, i), mail, line);
    }
  g_string_append_c (line, ')');
}

static gboolean
sets_seen (const Fetch *fetch)
{
  for (guint i = 0; i < fetch->items->len; i++)
    if (g_ascii_strncasecmp (g_ptr_array_index (fetch->items, i), "BODY[", 5) == 0)
      return TRUE;
  return FALSE;
}

static void
say_vanished (Session *self, const Box *box, const GArray *set, guint64 since)
{
  g_autoptr (GArray) gone = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint i = 0; i < box->gone->len; i++)
    {
      const Gone *one = &g_array_index (box->gone, Gone, i);
      if (one->modseq > since && set_has (set, one->uid))
        g_array_append_val (gone, one->uid);
    }
  g_autofree char *text = set_format ((guint32 *) (void *) gone->data, gone->len);
  if (gone->len > 0)
    reply_line (self, "* VANISHED (EARLIER) %s", text);
}

static void
say_all (Session *self, Box *box, const GArray *set, const Fetch *fetch)
{
  g_autoptr (GPtrArray) items = arranged (self, fetch);
  gboolean seen = sets_seen (fetch) && !self->read_only;
  if (fetch->vanished)
    say_vanished (self, box, set, fetch->since);
  for (guint i = 0; i < box->mails->len; i++)
    {
      Mail *mail = g_ptr_array_index (box->mails, i);
      guint number = view_number (self, mail->uid);
      if (number == 0 || !set_has (set, fetch->uid ? mail->uid : number)
          || (fetch->has_since && mail->modseq <= fetch->since))
        continue;
      if (seen && mail_set (mail, "\\Seen", TRUE))
        box_touch (box, mail);
      say_mail (self, mail, items);
    }
}

static gboolean
fetch_command (Session *self, Reader *reader, gboolean uid)
{
  const char *text;
  Fetch fetch = { .uid = uid };
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_free);
  fetch.items = items;
  if (!read_space (reader) || !read_raw (reader, &text))
    return FALSE;
  Box *box = store_find (&self->script->store, self->selected);
  guint32 star = uid ? (box != NULL ? box_star (box) : 1) : MAX (self->view->len, 1);
  g_autoptr (GArray) set = set_parse (text, star);
  if (set == NULL || !read_space (reader) || !read_items (self, reader, items)
      || !read_since (self, reader, &fetch))
    return FALSE;
  box = reply_box (self, FALSE);
  if (box == NULL)
    return TRUE;
  if (fetch.has_since)
    self->condstore = TRUE;
  say_all (self, box, set, &fetch);
  reply_tagged (self, "OK FETCH done");
  return TRUE;
}

gboolean
serve_fetch (Session *self, Reader *reader)
{
  return fetch_command (self, reader, FALSE);
}

gboolean
serve_uid_fetch (Session *self, Reader *reader)
{
  return fetch_command (self, reader, TRUE);
}

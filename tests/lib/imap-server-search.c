/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SEARCH and UID SEARCH of the scripted server, with RETURN (ESEARCH); the keys that a
 * copier may use. Runs under the lock on a session's thread.
 */
#include "imap-server.h"

#include <string.h>

/* Keys that may be nested, so that a hostile script cannot run out of stack. */
#define SEARCH_DEPTH 20

/* Search: the walk over the keys for one message. */
typedef struct
{
  const Session *session;
  const Mail *mail; /* NULL: only the grammar is checked */
  guint number;
  guint32 star;
  gboolean modseq;
} Search;

static gboolean read_key (Search *self, Reader *reader, guint depth, gboolean *out_fits);

/* read_flag_key: SEEN, UNSEEN and their like. */
static gboolean
read_flag_key (Search *self, const char *word, gboolean *out_fits)
{
  static const char *const names[] = { "SEEN", "ANSWERED", "FLAGGED", "DELETED",
                                       "DRAFT" };
  gboolean inverted = g_ascii_strncasecmp (word, "UN", 2) == 0;
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      if (g_ascii_strcasecmp (word + (inverted ? 2 : 0), names[i]) != 0)
        continue;
      g_autofree char *flag = g_strconcat ("\\", names[i], NULL);
      *out_fits = self->mail != NULL && mail_has (self->mail, flag) != inverted;
      return TRUE;
    }
  return FALSE;
}

static gboolean
read_set_key (Search *self, Reader *reader, gboolean uid, gboolean *out_fits)
{
  const char *text;
  if (!read_raw (reader, &text))
    return FALSE;
  g_autoptr (GArray)
      set = set_parse (text, uid ? self->star : MAX (self->session->view->len, 1));
  if (set == NULL)
    return FALSE;
  *out_fits = self->mail != NULL && set_has (set, uid ? self->mail->uid : self->number);
  return TRUE;
}

/* header_has: whether that field holds the text, in any case. */
static gboolean
header_has (const Mail *mail, const char *name, const char *value)
{
  gsize size;
  const char *data = g_bytes_get_data (mail->body, &size);
  g_autofree char *text = g_strndup (data, size);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  gsize length = strlen (name);
  for (char **at = lines; *at != NULL && **at != '\r' && **at != '\0'; at++)
    if (g_ascii_strncasecmp (*at, name, length) == 0 && (*at)[length] == ':'
        && strcasestr (*at + length + 1, value) != NULL)
      return TRUE;
  return FALSE;
}

static gboolean
read_valued_key (Search *self, Reader *reader, const char *word, gboolean *out_fits)
{
  guint64 number;
  const char *name, *value;
  if (!read_space (reader))
    return FALSE;
  gboolean keyword = g_ascii_strcasecmp (word, "KEYWORD") == 0;
  if (keyword || g_ascii_strcasecmp (word, "UNKEYWORD") == 0)
    {
      if (!read_atom (reader, &name))
        return FALSE;
      *out_fits = self->mail != NULL && mail_has (self->mail, name) == keyword;
      return TRUE;
    }
  gboolean larger = g_ascii_strcasecmp (word, "LARGER") == 0;
  if (larger || g_ascii_strcasecmp (word, "SMALLER") == 0)
    {
      if (!read_number (reader, &number))
        return FALSE;
      gsize size = self->mail != NULL ? g_bytes_get_size (self->mail->body) : 0;
      *out_fits = larger ? size > number : size < number;
      return TRUE;
    }
  if (g_ascii_strcasecmp (word, "MODSEQ") == 0)
    {
      self->modseq = TRUE;
      if (!session_has (self->session, "CONDSTORE") || !read_number (reader, &number))
        return FALSE;
      *out_fits = self->mail != NULL && self->mail->modseq >= number;
      return TRUE;
    }
  if (g_ascii_strcasecmp (word, "HEADER") != 0 || !read_astring (reader, &name)
      || !read_space (reader) || !read_astring (reader, &value))
    return FALSE;
  *out_fits = self->mail != NULL && header_has (self->mail, name, value);
  return TRUE;
}

static gboolean
read_keys (Search *self, Reader *reader, guint depth, gboolean *out_fits)
{
  *out_fits = TRUE;
  do
    {
      gboolean fits;
      if (!read_key (self, reader, depth, &fits))
        return FALSE;
      *out_fits = *out_fits && fits;
    }
  while (read_space (reader));
  return TRUE;
}

static gboolean
read_key (Search *self, Reader *reader, guint depth, gboolean *out_fits)
{
  const char *word;
  gboolean other;
  if (depth > SEARCH_DEPTH)
    return FALSE;
  if (read_open (reader))
    return read_keys (self, reader, depth + 1, out_fits) && read_close (reader);
  if (read_word (reader, "UID"))
    return read_space (reader) && read_set_key (self, reader, TRUE, out_fits);
  if (read_word (reader, "NOT"))
    {
      if (!read_space (reader) || !read_key (self, reader, depth + 1, &other))
        return FALSE;
      *out_fits = !other;
      return TRUE;
    }
  if (read_word (reader, "OR"))
    {
      gboolean good = read_space (reader) && read_key (self, reader, depth + 1, out_fits)
                      && read_space (reader)
                      && read_key (self, reader, depth + 1, &other);
      *out_fits = good && (*out_fits || other);
      return good;
    }
  Reader before = *reader;
  if (!read_raw (reader, &word))
    return FALSE;
  *out_fits = TRUE;
  if (g_ascii_strcasecmp (word, "ALL") == 0 || read_flag_key (self, word, out_fits))
    return TRUE;
  if (g_ascii_isdigit (*word) || *word == '*')
    {
      *reader = before;
      return read_set_key (self, reader, FALSE, out_fits);
    }
  return read_valued_key (self, reader, word, out_fits);
}

/* Return: bits of "RETURN (...)". */
typedef enum
{
  RETURN_ALL = 1 << 0,
  RETURN_COUNT = 1 << 1,
  RETURN_MIN = 1 << 2,
  RETURN_MAX = 1 << 3,
} Return;

static gboolean
read_return (const Session *self, Reader *reader, guint *out_bits)
{
  static const char *const words[] = { "ALL", "COUNT", "MIN", "MAX" };
  if (!read_word (reader, "RETURN"))
    return TRUE;
  if (!session_has (self, "ESEARCH") || !read_space (reader) || !read_open (reader))
    return FALSE;
  while (!read_close (reader))
    {
      guint i = 0;
      if (*out_bits != 0 && !read_space (reader))
        return FALSE;
      while (i < G_N_ELEMENTS (words) && !read_word (reader, words[i]))
        i++;
      if (i == G_N_ELEMENTS (words))
        return FALSE;
      *out_bits |= 1u << i;
    }
  *out_bits = *out_bits == 0 ? RETURN_ALL : *out_bits;
  return read_space (reader);
}

static void
say_esearch (Session *self, const GArray *found, guint bits, gboolean uid,
             const char *tag)
{
  guint32 *numbers = (guint32 *) (void *) found->data;
  GString *line = reply_line (self, "* ESEARCH (TAG \"%s\")%s", tag, uid ? " UID" : "");
  if ((bits & RETURN_MIN) != 0 && found->len > 0)
    g_string_append_printf (line, " MIN %u", numbers[0]);
  if ((bits & RETURN_MAX) != 0 && found->len > 0)
    g_string_append_printf (line, " MAX %u", numbers[found->len - 1]);
  if ((bits & RETURN_COUNT) != 0)
    g_string_append_printf (line, " COUNT %u", found->len);
  g_autofree char *set = set_format (numbers, found->len);
  if ((bits & RETURN_ALL) != 0 && found->len > 0)
    g_string_append_printf (line, " ALL %s", set);
}

static gboolean
search (Session *self, Reader *reader, gboolean uid)
{
  guint bits = 0;
  gboolean fits;
  if (!read_space (reader) || !read_return (self, reader, &bits))
    return FALSE;
  Box *box = store_find (&self->script->store, self->selected);
  Search check = { .session = self, .star = box != NULL ? box_star (box) : 1 };
  Reader keys = *reader;
  if (!read_keys (&check, reader, 0, &fits) || !read_end (reader))
    return FALSE;
  box = reply_box (self, FALSE);
  if (box == NULL)
    return TRUE;
  g_autoptr (GArray) found = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint i = 0; i < box->mails->len; i++)
    {
      const Mail *mail = g_ptr_array_index (box->mails, i);
      Reader again = keys;
      Search one = check;
      one.mail = mail;
      one.number = view_number (self, mail->uid);
      if (one.number > 0 && read_keys (&one, &again, 0, &fits) && fits)
        g_array_append_val (found, *(uid ? &mail->uid : &one.number));
    }
  if (bits != 0)
    say_esearch (self, found, bits, uid, reader->command->tag);
  else
    {
      GString *line = reply_line (self, "* SEARCH");
      for (guint i = 0; i < found->len; i++)
        g_string_append_printf (line, " %u", g_array_index (found, guint32, i));
    }
  reply_tagged (self, "OK SEARCH done");
  return TRUE;
}

gboolean
serve_search (Session *self, Reader *reader)
{
  return search (self, reader, FALSE);
}

gboolean
serve_uid_search (Session *self, Reader *reader)
{
  return search (self, reader, TRUE);
}

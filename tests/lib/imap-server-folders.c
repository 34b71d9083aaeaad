/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Commands about mailboxes of the scripted server: LIST, LSUB, STATUS, CREATE, DELETE,
 * RENAME, SUBSCRIBE, NAMESPACE, GETQUOTAROOT. Run under the lock on a session's thread.
 */
#include "imap-server.h"

#include <string.h>

/* What a LIST asked for beyond names. */
typedef struct
{
  gboolean subscribed_only;
  gboolean subscribed, children, special_use;
  GPtrArray *status; /* items; NULL: none */
} Wanted;

static char
delimiter (const Session *self)
{
  return strcmp (self->script->delimiter, "NIL") == 0 ? '\0' : self->script->delimiter[0];
}

static void
append_delimiter (GString *out, char c)
{
  if (c == '\0')
    g_string_append (out, "NIL");
  else
    g_string_append_printf (out, c == '\\' ? "\"\\%c\"" : "\"%c\"", c);
}

static gboolean
list_match (const char *pattern, const char *name, char separator)
{
  for (; *pattern != '\0'; pattern++, name++)
    {
      if (*pattern == '*' || *pattern == '%')
        {
          gboolean deep = *pattern == '*';
          for (;; name++)
            {
              if (list_match (pattern + 1, name, separator))
                return TRUE;
              if (*name == '\0' || (!deep && *name == separator))
                return FALSE;
            }
        }
      if (*pattern != *name)
        return FALSE;
    }
  return *name == '\0';
}

static gboolean
has_children (const Session *self, const Box *parent)
{
  gsize length = strlen (parent->name);
  for (guint i = 0; i < self->script->store.boxes->len; i++)
    {
      const Box *box = g_ptr_array_index (self->script->store.boxes, i);
      if (strncmp (box->name, parent->name, length) == 0 && delimiter (self) != '\0'
          && box->name[length] == delimiter (self))
        return TRUE;
    }
  return FALSE;
}

/* status_item: appends one; FALSE: it may not be asked for here. */
static gboolean
status_item (Session *self, const Box *box, const char *item, GString *out)
{
  guint unseen = 0, deleted = 0;
  for (guint i = 0; i < box->mails->len; i++)
    {
      unseen += mail_has (g_ptr_array_index (box->mails, i), "\\Seen") ? 0 : 1;
      deleted += mail_has (g_ptr_array_index (box->mails, i), "\\Deleted") ? 1 : 0;
    }
  struct
  {
    const char *item, *capability;
    guint64 value;
  } const known[] = {
    { "MESSAGES", NULL, box->mails->len },
    { "RECENT", NULL, 0 },
    { "UIDNEXT", NULL, box->uidnext },
    { "UIDVALIDITY", NULL, box->uidvalidity },
    { "UNSEEN", NULL, unseen },
    { "HIGHESTMODSEQ", "CONDSTORE", box->modseq },
    { "SIZE", "STATUS=SIZE", box_size (box) },
    { "DELETED", "IMAP4rev2", deleted },
    { "APPENDLIMIT", "APPENDLIMIT", self->script->append_limit },
  };
  for (guint i = 0; i < G_N_ELEMENTS (known); i++)
    {
      if (g_ascii_strcasecmp (known[i].item, item) != 0)
        continue;
      if (known[i].capability != NULL && !session_has (self, known[i].capability))
        return FALSE;
      g_string_append_printf (out, "%s%s %" G_GUINT64_FORMAT,
                              out->str[out->len - 1] == '(' ? "" : " ", known[i].item,
                              known[i].value);
      return TRUE;
    }
  return FALSE;
}

static gboolean
say_status (Session *self, const Box *box, const GPtrArray *items)
{
  g_autoptr (GString) text = g_string_new ("* STATUS ");
  reply_string (text, box->name);
  g_string_append (text, " (");
  for (guint i = 0; i < items->len; i++)
    if (!status_item (self, box, g_ptr_array_index (items, i), text))
      return FALSE;
  g_string_append_c (text, ')');
  g_string_append_len (reply_line (self, "%s", ""), text->str, (gssize) text->len);
  return TRUE;
}

static gboolean
read_items (Reader *reader, GPtrArray **out_items)
{
  g_autoptr (GPtrArray) items = g_ptr_array_new_with_free_func (g_free);
  const char *text;
  if (!read_open (reader))
    return FALSE;
  do
    {
      if (!read_atom (reader, &text))
        return FALSE;
      g_ptr_array_add (items, g_strdup (text));
    }
  while (read_space (reader));
  if (!read_close (reader))
    return FALSE;
  *out_items = g_steal_pointer (&items);
  return TRUE;
}

/* read_return: "RETURN (...)" with what the capabilities allow. */
static gboolean
read_return (const Session *self, Reader *reader, Wanted *wanted)
{
  if (!read_word (reader, "RETURN") || !read_space (reader) || !read_open (reader))
    return FALSE;
  gboolean extended = session_has (self, "LIST-EXTENDED");
  if (read_close (reader))
    return extended;
  do
    {
      if (read_word (reader, "SUBSCRIBED") && extended)
        wanted->subscribed = TRUE;
      else if (read_word (reader, "CHILDREN") && extended)
        wanted->children = TRUE;
      else if (read_word (reader, "SPECIAL-USE") && session_has (self, "SPECIAL-USE"))
        wanted->special_use = TRUE;
      else if (!session_has (self, "LIST-STATUS") || !read_word (reader, "STATUS")
               || !read_space (reader) || !read_items (reader, &wanted->status))
        return FALSE;
    }
  while (read_space (reader));
  return read_close (reader);
}

static gboolean
read_patterns (const Session *self, Reader *reader, GPtrArray *patterns)
{
  const char *text;
  if (!read_open (reader))
    {
      if (!read_list_pattern (reader, &text))
        return FALSE;
      g_ptr_array_add (patterns, g_strdup (text));
      return TRUE;
    }
  if (!session_has (self, "LIST-EXTENDED"))
    return FALSE;
  do
    {
      if (!read_list_pattern (reader, &text))
        return FALSE;
      g_ptr_array_add (patterns, g_strdup (text));
    }
  while (read_space (reader));
  return read_close (reader);
}

static void
say_box (Session *self, const char *word, const Box *box, const Wanted *wanted)
{
  g_autoptr (GString) attributes = g_string_new (NULL);
  if (box->no_select)
    g_string_append (attributes, " \\Noselect");
  if (*box->attributes != '\0')
    g_string_append_printf (attributes, " %s", box->attributes);
  if (wanted->subscribed && box->subscribed)
    g_string_append (attributes, " \\Subscribed");
  if (session_has (self, "CHILDREN") && strstr (box->attributes, "\\Noinferiors") == NULL)
    g_string_append (attributes,
                     has_children (self, box) ? " \\HasChildren" : " \\HasNoChildren");
  GString *line = reply_line (self, "* %s (%s) ", word,
                              attributes->len > 0 ? attributes->str + 1 : "");
  append_delimiter (line, delimiter (self));
  g_string_append_c (line, ' ');
  reply_string (line, box->name);
}

static gint
by_name (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(Box *const *) a)->name, (*(Box *const *) b)->name);
}

static gboolean
list_boxes (Session *self, const char *word, const char *reference,
            const GPtrArray *patterns, const Wanted *wanted)
{
  g_autoptr (GPtrArray) boxes = g_ptr_array_new ();
  for (guint i = 0; i < self->script->store.boxes->len; i++)
    g_ptr_array_add (boxes, g_ptr_array_index (self->script->store.boxes, i));
  g_ptr_array_sort (boxes, by_name);
  for (guint i = 0; i < boxes->len; i++)
    {
      const Box *box = g_ptr_array_index (boxes, i);
      gboolean matches = FALSE;
      for (guint j = 0; j < patterns->len; j++)
        {
          g_autofree char *pattern = g_strconcat (reference,
                                                  g_ptr_array_index (patterns, j), NULL);
          matches |= list_match (pattern, box->name, delimiter (self));
        }
      if (!matches || (wanted->subscribed_only && !box->subscribed))
        continue;
      say_box (self, word, box, wanted);
      if (wanted->status != NULL && !box->no_select
          && !say_status (self, box, wanted->status))
        return FALSE;
    }
  return TRUE;
}

gboolean
serve_list (Session *self, Reader *reader)
{
  Wanted wanted = { .status = NULL };
  g_autoptr (GPtrArray) patterns = g_ptr_array_new_with_free_func (g_free);
  const char *reference;
  if (!read_space (reader))
    return FALSE;
  if (read_open (reader))
    {
      gboolean use = session_has (self, "LIST-EXTENDED");
      if (use && read_word (reader, "SUBSCRIBED"))
        wanted.subscribed_only = TRUE;
      if (!use || !read_close (reader) || !read_space (reader))
        return FALSE;
    }
  if (!read_astring (reader, &reference) || !read_space (reader)
      || !read_patterns (self, reader, patterns))
    return FALSE;
  gboolean good = read_end (reader)
                  || (read_space (reader) && read_return (self, reader, &wanted)
                      && read_end (reader));
  g_autoptr (GPtrArray) status = wanted.status;
  if (!good)
    return FALSE;
  const char *first = g_ptr_array_index (patterns, 0);
  if (*first == '\0')
    {
      GString *line = reply_line (self, "* LIST (\\Noselect) ");
      append_delimiter (line, delimiter (self));
      g_string_append (line, " \"\"");
    }
  else if (!list_boxes (self, "LIST", reference, patterns, &wanted))
    {
      reply_clear (self);
      return FALSE;
    }
  reply_tagged (self, "OK LIST done");
  return TRUE;
}

gboolean
serve_lsub (Session *self, Reader *reader)
{
  const Wanted wanted = { .subscribed_only = TRUE };
  g_autoptr (GPtrArray) patterns = g_ptr_array_new_with_free_func (g_free);
  const char *reference, *pattern;
  if (!read_space (reader) || !read_astring (reader, &reference) || !read_space (reader)
      || !read_list_pattern (reader, &pattern) || !read_end (reader))
    return FALSE;
  g_ptr_array_add (patterns, g_strdup (pattern));
  list_boxes (self, "LSUB", reference, patterns, &wanted);
  reply_tagged (self, "OK LSUB done");
  return TRUE;
}

/* read_name: " mailbox" and the end. */
static gboolean
read_name (Reader *reader, const char **out_name)
{
  return read_space (reader) && read_astring (reader, out_name) && read_end (reader);
}

gboolean
serve_status (Session *self, Reader *reader)
{
  const char *name;
  g_autoptr (GPtrArray) items = NULL;
  if (!read_space (reader) || !read_astring (reader, &name) || !read_space (reader)
      || !read_items (reader, &items) || !read_end (reader))
    return FALSE;
  const Box *box = store_find (&self->script->store, name);
  if (box == NULL || box->no_select)
    {
      reply_tagged (self, "NO [NONEXISTENT] there is no such mailbox");
      return TRUE;
    }
  if (!say_status (self, box, items))
    return FALSE;
  reply_tagged (self, "OK STATUS done");
  return TRUE;
}

/* make_parents: what stands before delimiters, as \Noselect. */
static void
make_parents (Session *self, const char *name)
{
  char separator = delimiter (self);
  for (const char *at = name; separator != '\0' && *at != '\0'; at++)
    {
      g_autofree char *parent = g_strndup (name, (gsize) (at - name));
      if (*at == separator && at > name
          && store_find (&self->script->store, parent) == NULL)
        store_add (&self->script->store, parent)->no_select = TRUE;
    }
}

/* read_use: " (USE (\Sent))" of CREATE-SPECIAL-USE. */
static gboolean
read_use (const Session *self, Reader *reader, const char **out_use)
{
  *out_use = "";
  if (read_end (reader))
    return TRUE;
  return session_has (self, "CREATE-SPECIAL-USE") && read_space (reader)
         && read_open (reader) && read_word (reader, "USE") && read_space (reader)
         && read_open (reader) && read_raw (reader, out_use) && read_close (reader)
         && read_close (reader) && read_end (reader);
}

gboolean
serve_create (Session *self, Reader *reader)
{
  const char *given, *use;
  if (!read_space (reader) || !read_astring (reader, &given)
      || !read_use (self, reader, &use))
    return FALSE;
  g_autofree char *name = g_strdup (given);
  gsize length = strlen (name);
  if (length > 1 && delimiter (self) != '\0' && name[length - 1] == delimiter (self))
    name[length - 1] = '\0';
  Box *box = store_find (&self->script->store, name);
  if (*name == '\0' || (box != NULL && !box->no_select))
    {
      reply_tagged (self, *name == '\0' ? "NO [CANNOT] no name"
                                        : "NO [ALREADYEXISTS] it is there already");
      return TRUE;
    }
  make_parents (self, name);
  if (box == NULL)
    box = store_add (&self->script->store, name);
  box->no_select = FALSE;
  if (*use != '\0')
    {
      g_free (box->attributes);
      box->attributes = g_strdup (use);
    }
  reply_tagged (self, "OK CREATE done");
  return TRUE;
}

gboolean
serve_delete (Session *self, Reader *reader)
{
  const char *name;
  if (!read_name (reader, &name))
    return FALSE;
  Box *box = store_find (&self->script->store, name);
  if (box == NULL || g_ascii_strcasecmp (name, "INBOX") == 0)
    reply_tagged (self, box == NULL ? "NO [NONEXISTENT] there is no such mailbox"
                                    : "NO [CANNOT] INBOX stays");
  else if (has_children (self, box))
    {
      box->no_select = TRUE;
      g_ptr_array_set_size (box->mails, 0);
      reply_tagged (self, "OK DELETE done, the name stays for its children");
    }
  else
    {
      store_remove (&self->script->store, box);
      reply_tagged (self, "OK DELETE done");
    }
  return TRUE;
}

/* rename_box: @box and what lies below it. */
static void
rename_box (Session *self, const char *from, const char *to)
{
  gsize length = strlen (from);
  for (guint i = 0; i < self->script->store.boxes->len; i++)
    {
      Box *box = g_ptr_array_index (self->script->store.boxes, i);
      gboolean same = strcmp (box->name, from) == 0;
      gboolean child = !same && strncmp (box->name, from, length) == 0
                       && delimiter (self) != '\0'
                       && box->name[length] == delimiter (self);
      if (!same && !child)
        continue;
      char *name = g_strconcat (to, box->name + length, NULL);
      g_free (box->name);
      box->name = name;
    }
}

gboolean
serve_rename (Session *self, Reader *reader)
{
  const char *from, *to;
  if (!read_space (reader) || !read_astring (reader, &from) || !read_name (reader, &to))
    return FALSE;
  if (store_find (&self->script->store, from) == NULL)
    reply_tagged (self, "NO [NONEXISTENT] there is no such mailbox");
  else if (store_find (&self->script->store, to) != NULL)
    reply_tagged (self, "NO [ALREADYEXISTS] the new name is taken");
  else if (g_ascii_strcasecmp (from, "INBOX") == 0)
    reply_tagged (self, "NO [CANNOT] INBOX stays");
  else
    {
      make_parents (self, to);
      rename_box (self, from, to);
      reply_tagged (self, "OK RENAME done");
    }
  return TRUE;
}

static gboolean
subscribe (Session *self, Reader *reader, gboolean on)
{
  const char *name;
  if (!read_name (reader, &name))
    return FALSE;
  Box *box = store_find (&self->script->store, name);
  if (box == NULL)
    reply_tagged (self, "NO [NONEXISTENT] there is no such mailbox");
  else
    {
      box->subscribed = on;
      reply_tagged (self, "OK subscription changed");
    }
  return TRUE;
}

gboolean
serve_subscribe (Session *self, Reader *reader)
{
  return subscribe (self, reader, TRUE);
}

gboolean
serve_unsubscribe (Session *self, Reader *reader)
{
  return subscribe (self, reader, FALSE);
}

gboolean
serve_namespace (Session *self, Reader *reader)
{
  if (!session_has (self, "NAMESPACE") || !read_end (reader))
    return FALSE;
  if (self->script->namespaces != NULL)
    reply_line (self, "* NAMESPACE %s", self->script->namespaces);
  else
    {
      GString *line = reply_line (self, "* NAMESPACE ((\"\" ");
      append_delimiter (line, delimiter (self));
      g_string_append (line, ")) NIL NIL");
    }
  reply_tagged (self, "OK NAMESPACE done");
  return TRUE;
}

gboolean
serve_quota_root (Session *self, Reader *reader)
{
  const char *name;
  if (!session_has (self, "QUOTA") || !read_name (reader, &name))
    return FALSE;
  guint64 used = 0;
  for (guint i = 0; i < self->script->store.boxes->len; i++)
    used += box_size (g_ptr_array_index (self->script->store.boxes, i));
  GString *line = reply_line (self, "* QUOTAROOT ");
  reply_string (line, name);
  g_string_append (line, self->script->quota > 0 ? " \"\"" : "");
  if (self->script->quota > 0)
    reply_line (self,
                "* QUOTA \"\" (STORAGE %" G_GUINT64_FORMAT " %" G_GUINT64_FORMAT ")",
                used / 1024, self->script->quota / 1024);
  reply_tagged (self, "OK GETQUOTAROOT done");
  return TRUE;
}

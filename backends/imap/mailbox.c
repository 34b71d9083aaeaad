/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of folders: raw bytes on the wire, a path of UTF-8 names everywhere else, and the
 * table that leads from one to the other. What a name would be on this server when it is
 * not listed is decided here, too. Pure but for the table; the session's thread. */
#include "session-private.h"

#include <string.h>

#include "bounds.h"
#include "mutf7.h"

ImapString
imap_mailbox_name (const ImapMailbox *self)
{
  return (ImapString){ self->wire, strlen (self->wire) };
}

gboolean
imap_names_equal (ImapString a, ImapString b)
{
  if (imap_string_is (a, "INBOX"))
    return imap_string_is (b, "INBOX");
  return a.length == b.length && memcmp (a.data, b.data, a.length) == 0;
}

char *
imap_path_key (HaulPath path)
{
  return haul_path_to_text (path);
}

void
imap_mailbox_free (gpointer data)
{
  ImapMailbox *self = data;
  if (self == NULL)
    return;
  g_strfreev (self->path);
  g_free (self->wire);
  g_strfreev (self->keywords);
  g_clear_pointer (&self->refused, g_hash_table_unref);
  g_free (self);
}

/* What a server may refuse in a name although IMAP allows it: its own delimiter, that of
 * its store (Maildir++, file systems), wildcards, control characters, and what is beyond
 * the sixteen bits of a UCS-2 server (Courier). */
#define AWKWARD "./\\~#^*<>:|?;!`{}\""

/* How much of a name is escaped: what must be; all that is awkward; the same with '=' as
 * the sign, for Cyrus, which refuses '%' in names. */
enum
{
  CARE_NONE,
  CARE_AWKWARD,
  CARE_PERCENT,
};

/* Whether @c may stand as %XX or =XX in a name. */
static gboolean
may_be_escaped (guchar c)
{
  return c <= ' ' || c >= 0x7f || c == '%' || c == '=' || strchr (AWKWARD, c) != NULL;
}

/* The byte that "%XX" or "=XX" at @text stands for; 0: it stands for itself. */
static guchar
escaped_byte (const char *text)
{
  if ((text[0] != '%' && text[0] != '=') || !g_ascii_isxdigit (text[1])
      || !g_ascii_isxdigit (text[2]) || g_ascii_islower (text[1])
      || g_ascii_islower (text[2]))
    return 0;
  guchar c = (guchar) (g_ascii_xdigit_value (text[1]) * 16
                       + g_ascii_xdigit_value (text[2]));
  return c != 0 && may_be_escaped (c) ? c : 0;
}

/* Blanks that a server may trim or squeeze. */
static gboolean
is_loose_blank (const char *name, const char *at)
{
  return *at == ' ' && (at == name || at[1] == '\0' || at[1] == ' ');
}

/* Whether the character at @at is written as bytes for its own sake. */
static gboolean
is_escaped (const ImapSession *self, const char *name, const char *at, guint care)
{
  guchar c = (guchar) *at;
  const char *forbidden = self->quirks->forbidden_in_names;
  if (self->delimiter == '\0' && c == '/')
    return FALSE; /* see FLAT_JOINT */
  if (c == (guchar) self->delimiter
      || (forbidden != NULL && c < 0x80 && may_be_escaped (c)
          && strchr (forbidden, c) != NULL)
      || ((care > CARE_NONE || self->quirks->trims_names) && is_loose_blank (name, at)))
    return TRUE;
  if (care == CARE_NONE)
    return FALSE;
  if (c >= 0x80)
    return g_utf8_get_char (at) > 0xffff;
  return c < ' ' || c == 0x7f || strchr (AWKWARD, c) != NULL
         || (care == CARE_PERCENT && c == '%');
}

/*
 * What is escaped is written as %XX byte by byte. A sign that would be read as the
 * beginning of that is escaped itself, so that no two names meet and each comes back:
 * "a.b" on a server with '.' is "a%2Eb".
 */
static char *
escape_name (const ImapSession *self, const char *name, guint care)
{
  GString *out = g_string_new (NULL);
  char sign = care == CARE_PERCENT ? '=' : '%';
  for (const char *at = name; *at != '\0'; at = g_utf8_next_char (at))
    {
      gsize length = (gsize) (g_utf8_next_char (at) - at);
      if (escaped_byte (at) != 0 || is_escaped (self, name, at, care))
        for (gsize i = 0; i < length; i++)
          g_string_append_printf (out, "%c%02X", sign, (guint) (guchar) at[i]);
      else
        g_string_append_len (out, at, (gssize) length);
    }
  return g_string_free (out, FALSE);
}

static char *
unescape_name (const char *name)
{
  GString *out = g_string_new (NULL);
  for (const char *at = name; *at != '\0'; at++)
    {
      guchar c = escaped_byte (at);
      g_string_append_c (out, c != 0 ? (char) c : *at);
      at += c != 0 ? 2 : 0;
    }
  /* Bytes that come to nothing stood for themselves. */
  if (!g_utf8_validate (out->str, -1, NULL))
    g_string_assign (out, name);
  return g_string_free (out, FALSE);
}

static gboolean
is_source (const ImapSession *self)
{
  return self->open != NULL && self->open->role == HAUL_ROLE_SOURCE;
}

/* How much may have been escaped in what is read. '=' is the sign only where '%' may have
 * been refused; of a source that is known for Cyrus alone. */
static guint
most_care (const ImapSession *self)
{
  if (self->quirks->server == IMAP_SERVER_DOVECOT
      || (is_source (self) && self->quirks->server != IMAP_SERVER_CYRUS))
    return CARE_AWKWARD;
  return CARE_PERCENT;
}

/* The name that @name was written for; one that nobody here would have written stands
 * for itself: "half%20off" is no "half off". */
static char *
own_name (const ImapSession *self, const char *name)
{
  g_autofree char *plain = unescape_name (name);
  if (strcmp (plain, name) == 0)
    return g_strdup (name);
  for (guint care = CARE_NONE; care <= most_care (self); care++)
    {
      g_autofree char *again = escape_name (self, plain, care);
      if (strcmp (again, name) == 0)
        return g_steal_pointer (&plain);
    }
  return g_strdup (name);
}

/* A name as it may be sent: as it is when it would be read so and holds nothing that has
 * to be escaped. */
static char *
sent_name (const ImapSession *self, const char *name, guint care)
{
  gboolean plain = care == CARE_NONE;
  for (const char *at = name; plain && *at != '\0'; at = g_utf8_next_char (at))
    plain = !is_escaped (self, name, at, care);
  g_autofree char *read = plain ? own_name (self, name) : NULL;
  return g_strcmp0 (read, name) == 0 ? g_steal_pointer (&read)
                                     : escape_name (self, name, care);
}

/* A name as it stands on the wire, in UTF-8. */
static char *
read_name (const ImapSession *self, const char *raw, gsize length)
{
  g_autofree char *copy = g_strndup (raw, length);
  char *name = NULL;
  if (self->utf8 && g_utf8_validate (copy, -1, NULL))
    return g_steal_pointer (&copy);
  (void) imap_mutf7_decode ((ImapString){ copy, length }, &name);
  return name;
}

/* One name of a path from its wire form; never empty. */
static char *
decode_name (const ImapSession *self, const char *raw, gsize length)
{
  g_autofree char *name = read_name (self, raw, length);
  return own_name (self, name);
}

/* Where the names begin: behind the prefix of the personal namespace. */
static gsize
prefix_length (const ImapSession *self, ImapString wire)
{
  gsize length = strlen (self->prefix);
  if (length == 0 || wire.length <= length)
    return 0;
  if (g_ascii_strncasecmp (self->prefix, "INBOX", 5) == 0 && length == 6)
    {
      /* A child that is called INBOX stays below it: it is not the inbox. */
      if (!imap_string_starts (wire, self->prefix)
          || (wire.length == 11
              && g_ascii_strncasecmp (wire.data + length, "INBOX", 5) == 0))
        return 0;
      return length;
    }
  return memcmp (wire.data, self->prefix, length) == 0 ? length : 0;
}

/* On a server without levels a path is one name with this between its own, which no name
 * holds once it is escaped: a '/' in one stands for itself there. */
#define FLAT_JOINT "%2F"

/* All of @path as one name. */
static char *
join_path (const ImapSession *self, HaulPath path, guint care)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; path[i] != NULL; i++)
    {
      g_autofree char *name = escape_name (self, path[i], care);
      g_string_append_printf (out, "%s%s", i > 0 ? FLAT_JOINT : "", name);
    }
  return g_string_free (out, FALSE);
}

/* Whether join_path() would have made @name of @path. */
static gboolean
is_joined (const ImapSession *self, HaulPath path, const char *name)
{
  for (guint i = 0; path[i] != NULL; i++)
    if (*path[i] == '\0')
      return FALSE;
  for (guint care = CARE_NONE; care <= most_care (self); care++)
    {
      g_autofree char *again = join_path (self, path, care);
      if (strcmp (again, name) == 0)
        return TRUE;
    }
  return FALSE;
}

/* The names of a path that was joined so; what nobody joined is a single name. */
static char **
part_path (const ImapSession *self, const char *name)
{
  const char *const whole[] = { name, NULL };
  g_auto (GStrv) parts = g_strsplit (name, FLAT_JOINT, -1);
  for (char **part = parts; *part != NULL; part++)
    {
      g_autofree char *coded = *part;
      *part = unescape_name (coded);
    }
  return is_joined (self, (HaulPath) parts, name) ? g_steal_pointer (&parts)
                                                  : haul_path_copy (whole);
}

static char **
split_path (const ImapSession *self, ImapString wire, char delimiter)
{
  GPtrArray *names = g_ptr_array_new ();
  if (self->delimiter == '\0' && delimiter == '\0' && wire.length > 0)
    {
      g_autofree char *name = read_name (self, wire.data, wire.length);
      g_ptr_array_free (names, TRUE);
      if (g_ascii_strcasecmp (name, "INBOX") == 0)
        memcpy (name, "INBOX", 5);
      return part_path (self, name);
    }
  gsize at = prefix_length (self, wire);
  while (at < wire.length)
    {
      const char *start = wire.data + at;
      const char *end = delimiter == '\0' ? NULL
                                          : memchr (start, delimiter, wire.length - at);
      gsize length = end == NULL ? wire.length - at : (gsize) (end - start);
      if (length > 0)
        g_ptr_array_add (names, decode_name (self, start, length));
      at += length + 1;
    }
  if (names->len == 0)
    g_ptr_array_add (names, g_strdup (wire.length > 0 ? wire.data : "?"));
  /* Only the inbox itself and what is below it start so. */
  if (g_ascii_strcasecmp (names->pdata[0], "INBOX") == 0)
    {
      g_free (names->pdata[0]);
      names->pdata[0] = g_strdup ("INBOX");
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

ImapMailbox *
imap_mailbox_new (ImapSession *self, ImapString wire, char delimiter)
{
  ImapMailbox *mailbox = g_new0 (ImapMailbox, 1);
  gboolean inbox = imap_string_is (wire, "INBOX");
  mailbox->wire = inbox ? g_strdup ("INBOX") : g_strndup (wire.data, wire.length);
  mailbox->path = split_path (self, imap_mailbox_name (mailbox), delimiter);
  mailbox->delimiter = delimiter;
  mailbox->selectable = TRUE;
  return mailbox;
}

void
imap_session_add (ImapSession *self, ImapMailbox *mailbox)
{
  g_autofree char *key = imap_path_key ((HaulPath) mailbox->path);
  for (guint i = 2; g_hash_table_contains (self->by_path, key); i++)
    {
      /* Two wire names that read alike (a broken encoding beside a right one). */
      guint last = g_strv_length (mailbox->path) - 1;
      g_autofree char *old = mailbox->path[last];
      mailbox->path[last] = g_strdup_printf ("%s (%u)", old, i);
      g_free (key);
      key = imap_path_key ((HaulPath) mailbox->path);
    }
  g_hash_table_insert (self->by_path, g_steal_pointer (&key), mailbox);
  g_ptr_array_add (self->mailboxes, mailbox);
}

void
imap_session_clear_mailboxes (ImapSession *self)
{
  self->selected.mailbox = NULL;
  self->unsent = FALSE;
  g_hash_table_remove_all (self->by_path);
  g_ptr_array_set_size (self->mailboxes, 0);
}

/* @escaped as it goes over the wire. */
static char *
encode_text (const ImapSession *self, const char *escaped, GError **error)
{
  if (self->utf8)
    return g_strdup (escaped);
  g_autoptr (GError) local = NULL;
  char *wire = imap_mutf7_encode (escaped, &local);
  if (wire == NULL)
    (void) haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                           "name folder \"%s\": %s", escaped, local->message);
  return wire;
}

/* One name as this server would have it. */
static char *
encode_name (const ImapSession *self, const char *name, guint care, GError **error)
{
  g_autofree char *escaped = sent_name (self, name, care);
  return encode_text (self, escaped, error);
}

/* The nearest listed folder above @path, so that a delimiter or an odd encoding of a
 * parent is kept. */
static const ImapMailbox *
find_parent (const ImapSession *self, HaulPath path, guint *out_depth)
{
  for (guint depth = g_strv_length ((char **) path); --depth > 0;)
    {
      g_auto (GStrv) above = g_new0 (char *, depth + 1);
      for (guint i = 0; i < depth; i++)
        above[i] = g_strdup (path[i]);
      g_autofree char *key = imap_path_key ((HaulPath) above);
      const ImapMailbox *parent = g_hash_table_lookup (self->by_path, key);
      if (parent != NULL)
        {
          *out_depth = depth;
          return parent;
        }
    }
  *out_depth = 0;
  return NULL;
}

/* @wire (taken over, may be NULL), unless it is too long. */
static char *
limit_wire (const ImapSession *self, HaulPath path, char *wire, GError **error)
{
  if (wire == NULL || strlen (wire) <= IMAP_LIMIT_MAILBOX_BYTES)
    return wire;
  (void) haul_error_set (
      error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
      "name folder \"%s\" at %s: its name is too long (%" G_GSIZE_FORMAT
      " bytes on the wire)",
      path[0], self->peer, strlen (wire));
  g_free (wire);
  return NULL;
}

static char *
make_wire (const ImapSession *self, HaulPath path, guint care, GError **error)
{
  guint depth = 0;
  if (self->delimiter == '\0')
    {
      g_autofree char *joined = join_path (self, path, care);
      return limit_wire (self, path, encode_text (self, joined, error), error);
    }
  const ImapMailbox *parent = find_parent (self, path, &depth);
  gboolean below_inbox = parent != NULL && strcmp (parent->wire, "INBOX") == 0
                         && g_ascii_strncasecmp (self->prefix, "INBOX", 5) == 0;
  GString *wire = g_string_new (NULL);
  if (below_inbox)
    depth = 0;
  if (depth > 0)
    g_string_append (wire, parent->wire);
  else
    g_string_append (wire, self->prefix);
  for (guint i = depth; path[i] != NULL; i++)
    {
      g_autofree char *name = encode_name (self, path[i], care, error);
      if (name == NULL)
        {
          g_string_free (wire, TRUE);
          return NULL;
        }
      if (i > 0 && self->delimiter != '\0' && (i > depth || depth > 0))
        g_string_append_c (wire, self->delimiter);
      g_string_append (wire, name);
    }
  return limit_wire (self, path, g_string_free (wire, FALSE), error);
}

ImapMailbox *
imap_session_mailbox (ImapSession *self, HaulPath path, GError **error)
{
  g_autofree char *key = imap_path_key (path);
  ImapMailbox *mailbox = g_hash_table_lookup (self->by_path, key);
  if (mailbox != NULL)
    return mailbox;
  char *wire = haul_path_is_inbox (path) ? g_strdup ("INBOX")
                                         : make_wire (self, path, CARE_NONE, error);
  if (wire == NULL)
    return NULL;
  mailbox = g_new0 (ImapMailbox, 1);
  mailbox->wire = wire;
  mailbox->path = haul_path_copy (path);
  mailbox->selectable = TRUE;
  g_hash_table_insert (self->by_path, g_steal_pointer (&key), mailbox);
  g_ptr_array_add (self->mailboxes, mailbox);
  return mailbox;
}

/* What another client reads: the names as they stand on the wire, not unescaped. */
static char **
read_plainly (const ImapSession *self, const char *wire, char delimiter)
{
  GPtrArray *names = g_ptr_array_new ();
  gsize length = strlen (wire);
  gsize at = prefix_length (self, (ImapString){ wire, length });
  while (at < length)
    {
      const char *end = delimiter == '\0' ? NULL : strchr (wire + at, delimiter);
      gsize part = end == NULL ? length - at : (gsize) (end - (wire + at));
      if (part > 0)
        g_ptr_array_add (names, read_name (self, wire + at, part));
      at += part + 1;
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (names, FALSE);
}

/* What is known of this server's limits. */
static gboolean
check_limits (const ImapSession *self, HaulPath path, const char *wire, GError **error)
{
  guint bytes = self->quirks->max_name_bytes;
  guint depth = self->quirks->max_depth;
  g_autofree char *text = haul_path_to_text (path);
  if (depth > 0 && self->delimiter != '\0' && g_strv_length ((char **) path) > depth)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                           "name folder \"%s\": %s has no more than %u levels", text,
                           self->quirks->name, depth);
  const char delimiter[] = { self->delimiter, '\0' };
  g_auto (GStrv) names = g_strsplit (wire, *delimiter != '\0' ? delimiter : "\n", -1);
  for (char **name = names; bytes > 0 && *name != NULL; name++)
    if (strlen (*name) > bytes)
      return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                             "name folder \"%s\": %s takes names of no more than %u "
                             "bytes",
                             text, self->quirks->name, bytes);
  return TRUE;
}

gboolean
imap_spell (gpointer session, HaulPath path, char ***out_path, GError **error)
{
  ImapSession *self = session;
  g_autofree char *key = imap_path_key (path);
  const ImapMailbox *mailbox = g_hash_table_lookup (self->by_path, key);
  if (haul_path_is_inbox (path))
    {
      *out_path = haul_path_copy (path);
      return TRUE;
    }
  g_autofree char *wire = mailbox != NULL ? g_strdup (mailbox->wire)
                                          : make_wire (self, path, CARE_NONE, error);
  if (wire == NULL
      || ((mailbox == NULL || !mailbox->listed)
          && !check_limits (self, path, wire, error)))
    return FALSE;
  gboolean listed = mailbox != NULL && mailbox->listed;
  g_auto (GStrv)
      plain = read_plainly (self, wire, listed ? mailbox->delimiter : self->delimiter);
  /* The inbox has any case; a name of delimiters only is none. */
  if (plain[0] != NULL && g_ascii_strcasecmp (plain[0], "INBOX") == 0)
    memcpy (plain[0], "INBOX", 5);
  *out_path = plain[0] != NULL ? g_steal_pointer (&plain) : haul_path_copy (path);
  return TRUE;
}

gboolean
imap_session_escape (ImapSession *self, ImapMailbox *mailbox)
{
  while (mailbox->name_care < most_care (self))
    {
      g_autoptr (GError) ignored = NULL;
      char *wire = make_wire (self, (HaulPath) mailbox->path, ++mailbox->name_care,
                              &ignored);
      if (wire != NULL && strcmp (wire, mailbox->wire) != 0)
        {
          g_free (mailbox->wire);
          mailbox->wire = wire;
          return TRUE;
        }
      g_free (wire);
    }
  return FALSE;
}

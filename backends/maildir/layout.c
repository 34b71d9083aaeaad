/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folder paths ↔ directory names of both layouts and encodings. Pure. Reading directories
 * is tree.c. Any thread.
 */
#include "layout.h"

#include <string.h>

#include "bounds.h"

/* Names that mean something else inside a directory of the layout "fs". */
static const char *const reserved_names[] = { "cur", "new", "tmp", "maildirfolder",
                                              NULL };

/* Files that mail servers keep at the top of a store, whole names and beginnings. */
static const char *const control_names[] = { "subscriptions",    "maildirsize",
                                             "courierimap",      "dovecot-uid",
                                             "dovecot-keywords", "dovecot.",
                                             "mailhaul.",        NULL };

static const char upper_digits[] = "0123456789ABCDEF";
static const char lower_digits[] = "0123456789abcdef";

static char
escape_character (const MaildirCodec *codec)
{
  return codec->escape == MAILDIR_ESCAPE_BACKSLASH ? '\\' : '%';
}

static const char *
escape_digits (const MaildirCodec *codec)
{
  return codec->escape == MAILDIR_ESCAPE_BACKSLASH ? lower_digits : upper_digits;
}

/* The value of the two digits at @p, or -1: only the writer's own case counts. */
static int
escape_value (const MaildirCodec *codec, const char *p)
{
  const char *digits = escape_digits (codec);
  const char *high = p[0] ? strchr (digits, p[0]) : NULL;
  const char *low = high && p[1] ? strchr (digits, p[1]) : NULL;

  return low ? (int) ((high - digits) * 16 + (low - digits)) : -1;
}

static void
append_escaped (const MaildirCodec *codec, GString *out, guchar byte)
{
  const char *digits = escape_digits (codec);

  g_string_append_c (out, escape_character (codec));
  g_string_append_c (out, digits[byte >> 4]);
  g_string_append_c (out, digits[byte & 15]);
}

static gboolean
is_reserved (const char *name, gboolean first)
{
  if (g_strv_contains (reserved_names, name))
    return TRUE;
  for (gsize i = 0; first && control_names[i]; i++)
    if (g_str_has_prefix (name, control_names[i]))
      return TRUE;
  return FALSE;
}

static gboolean
must_escape (const MaildirCodec *codec, const char *name, const char *p, gboolean first)
{
  guchar byte = (guchar) *p;
  gboolean nested = codec->layout == MAILDIR_LAYOUT_FS;

  if (byte == '/')
    return TRUE;
  if (byte == '.')
    return !nested || p == name;
  if (byte == (guchar) escape_character (codec))
    return codec->escape == MAILDIR_ESCAPE_BACKSLASH || escape_value (codec, p + 1) >= 0;
  if (byte < 0x20 || byte == 0x7f) /* would break the lines of a subscription file */
    return codec->encoding == MAILDIR_ENCODING_UTF8;
  return p == name && nested && is_reserved (name, first);
}

char *
maildir_layout_encode (const MaildirCodec *codec, const char *name, gboolean first)
{
  GString *escaped = NULL;
  g_autofree char *text = NULL;

  if (!g_utf8_validate (name, -1, NULL))
    return NULL;
  escaped = g_string_new (NULL);
  for (const char *p = name; *p; p++)
    if (must_escape (codec, name, p, first))
      append_escaped (codec, escaped, (guchar) *p);
    else
      g_string_append_c (escaped, *p);
  text = g_string_free (escaped, FALSE);
  if (codec->encoding == MAILDIR_ENCODING_UTF8)
    return g_steal_pointer (&text);
  return haul_mutf7_encode (text);
}

/* Undoes the escapes of @text; one that makes no UTF-8 or a NUL stays as it is. */
static char *
unescape (const MaildirCodec *codec, const char *text)
{
  GString *plain = g_string_new (NULL);

  for (const char *p = text; *p; p++)
    {
      int value = *p == escape_character (codec) ? escape_value (codec, p + 1) : -1;

      if (value > 0 && value < 0x80)
        {
          g_string_append_c (plain, (char) value);
          p += 2;
        }
      else
        g_string_append_c (plain, *p);
    }
  return g_string_free (plain, FALSE);
}

/* One directory name as a folder name; NULL when it is not in the store's encoding. */
static char *
decode (const MaildirCodec *codec, const char *entry)
{
  g_autofree char *text = NULL;

  if (codec->encoding == MAILDIR_ENCODING_UTF8)
    text = g_utf8_validate (entry, -1, NULL) ? g_strdup (entry) : NULL;
  else
    text = haul_mutf7_decode (entry);
  return text ? unescape (codec, text) : NULL;
}

/* Adds the directory name of one folder name to @directory. */
static gboolean
append_name (const MaildirCodec *codec, GString *directory, const char *name,
             GError **error)
{
  gboolean first = directory->len == 0;
  g_autofree char *entry = maildir_layout_encode (codec, name, first);
  gboolean nested = codec->layout == MAILDIR_LAYOUT_FS;

  if (!entry || !*entry)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                           "folder name '%s' is empty or not UTF-8", name);
  if (!nested || !first)
    g_string_append_c (directory, nested ? '/' : '.');
  g_string_append (directory, entry);
  if ((nested ? strlen (entry) : directory->len) > MAILDIR_MAX_NAME)
    return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER,
                           "folder name '%s' is too long for a directory: more than %d "
                           "bytes",
                           name, MAILDIR_MAX_NAME);
  return TRUE;
}

char *
maildir_layout_directory (const MaildirCodec *codec, HaulPath path, GError **error)
{
  g_autoptr (GString) directory = g_string_new (NULL);
  const char *const *name = path;

  if (haul_path_is_inbox (path))
    return g_strdup (codec->inbox);
  if (*codec->inbox && strcmp (path[0], "INBOX") == 0)
    {
      g_string_append (directory, codec->inbox);
      name++;
    }
  for (; *name; name++)
    if (!append_name (codec, directory, *name, error))
      return NULL;
  return g_string_free (g_steal_pointer (&directory), FALSE);
}

/* The names of @directory as they stand on disk; one may be empty. */
static char **
split_directory (const MaildirCodec *codec, const char *directory)
{
  if (codec->layout == MAILDIR_LAYOUT_FS)
    return g_strsplit (directory, "/", -1);
  return g_strsplit (directory + (*directory == '.'), ".", -1);
}

static gboolean
has_empty_name (char **entries)
{
  for (char **entry = entries; *entry; entry++)
    if (!**entry)
      return TRUE;
  return entries[0] == NULL;
}

char **
maildir_layout_path (const MaildirCodec *codec, const char *directory)
{
  g_auto (GStrv) entries = NULL;
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) path = NULL;
  g_autofree char *canonical = NULL;

  if (strcmp (directory, codec->inbox) == 0)
    {
      const char *const inbox[] = { "INBOX", NULL };
      return haul_path_copy (inbox);
    }
  entries = split_directory (codec, directory);
  if (has_empty_name (entries))
    return NULL;
  for (char **entry = entries; *entry; entry++)
    {
      gboolean inbox = entry == entries && strcmp (*entry, codec->inbox) == 0;
      char *name = inbox ? g_strdup ("INBOX") : decode (codec, *entry);

      if (!name || !*name)
        {
          g_free (name);
          return NULL;
        }
      g_ptr_array_add (names, name);
    }
  g_ptr_array_add (names, NULL);
  path = (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
  canonical = maildir_layout_directory (codec, (HaulPath) path, NULL);
  return g_strcmp0 (canonical, directory) == 0 ? g_steal_pointer (&path) : NULL;
}

/* Bytes that are no UTF-8 as %XX; with @raw every byte but letters and digits. */
static char *
readable (const char *entry, gboolean raw)
{
  GString *text = g_string_new (NULL);

  for (const char *p = entry; *p;)
    {
      gunichar character = g_utf8_get_char_validated (p, -1);
      gboolean valid = character != (gunichar) -1 && character != (gunichar) -2;
      const char *next = valid ? g_utf8_next_char (p) : p + 1;

      if (valid && (!raw || g_ascii_isalnum (*p)))
        g_string_append_len (text, p, next - p);
      else
        for (; p < next; p++)
          g_string_append_printf (text, "%%%02X", (guchar) *p);
      p = next;
    }
  return g_string_free (text, FALSE);
}

char **
maildir_layout_odd_path (const MaildirCodec *codec, const char *directory, gboolean raw)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) entries = split_directory (codec, directory);

  if (has_empty_name (entries))
    g_ptr_array_add (names, readable (*directory ? directory : ".", raw));
  else
    for (char **entry = entries; *entry; entry++)
      {
        g_autofree char *name = raw ? NULL : decode (codec, *entry);

        g_ptr_array_add (names, name && *name ? g_steal_pointer (&name)
                                              : readable (*entry, raw));
      }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_free (g_steal_pointer (&names), FALSE);
}

char **
maildir_layout_plain_path (const MaildirCodec *codec, const char *directory)
{
  char **entries = split_directory (codec, directory);

  for (char **entry = entries; *entry; entry++)
    {
      char *name = codec->encoding == MAILDIR_ENCODING_UTF8 ? NULL
                                                            : haul_mutf7_decode (*entry);

      if (!name)
        name = readable (*entry, FALSE);
      g_free (*entry);
      *entry = name;
    }
  return entries;
}

char *
maildir_layout_subscription (const MaildirCodec *codec, const char *directory)
{
  if (strcmp (directory, codec->inbox) == 0)
    return g_strdup ("INBOX");
  if (codec->layout == MAILDIR_LAYOUT_FS)
    return g_strdup (directory);
  return g_strdup (directory + (*directory == '.'));
}

void
maildir_layout_weigh (const char *directory, MaildirEvidence *evidence)
{
  gboolean wide = FALSE;
  gboolean shifted = FALSE;
  g_autofree char *decoded = NULL;

  for (const char *p = directory; *p; p++)
    {
      wide = wide || (guchar) *p >= 0x80;
      shifted = shifted || *p == '&';
    }
  if (wide)
    {
      if (g_utf8_validate (directory, -1, NULL))
        evidence->wide++;
      return;
    }
  if (!shifted)
    return;
  decoded = haul_mutf7_decode (directory);
  if (decoded)
    evidence->mutf7++;
  else
    evidence->utf8++;
}

MaildirEncoding
maildir_layout_verdict (const MaildirEvidence *evidence)
{
  /* One name settles it, whatever comes later: raw 8-bit characters occur in UTF-8 stores
   * only, shifted ones that decode in UTF-7 stores only. A bare '&' says little. */
  if (evidence->wide > 0)
    return MAILDIR_ENCODING_UTF8;
  if (evidence->mutf7 > 0)
    return MAILDIR_ENCODING_MUTF7;
  return evidence->utf8 > 0 ? MAILDIR_ENCODING_UTF8 : MAILDIR_ENCODING_MUTF7;
}

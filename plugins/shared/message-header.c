/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Walks over the raw header block, field by field, in linear time: folded lines belong to
 * their field, lines that are no field are passed over, an empty line ends it. Decoding
 * is the SDK's. Pure; any thread.
 */
#include "message-header.h"

#include <string.h>

#include <mailhaul/error.h>

/* VALUE_LIMIT_BYTES: of one field that is looked at: lists of a thousand addresses. */
#define VALUE_LIMIT_BYTES (64 * 1024)
/* NAME_LIMIT_BYTES: RFC 5322 §2.1.1 leaves 998 bytes to a line; names are short. */
#define NAME_LIMIT_BYTES 76

/* Walk: over the fields of one name. */
typedef struct
{
  const char *data;
  gsize length;
} Walk;

static Walk
walk_new (const HaulMessage *message)
{
  HaulBytes headers = haul_message_headers (message);

  return (Walk){ (const char *) headers.data, headers.length };
}

static gsize
line_length (const char *data, gsize length)
{
  const char *end = memchr (data, '\n', length);

  return end != NULL ? (gsize) (end - data) + 1 : length;
}

/* The length of the field at the walk's place, with its folded lines. */
static gsize
field_length (const Walk *self)
{
  gsize used = line_length (self->data, self->length);

  while (used < self->length && (self->data[used] == ' ' || self->data[used] == '\t'))
    used += line_length (self->data + used, self->length - used);
  return used;
}

/* The offset of the value if the field is @name; 0: another. */
static gsize
value_offset (const char *data, gsize length, const char *name)
{
  gsize used = strlen (name);

  if (length <= used || g_ascii_strncasecmp (data, name, used) != 0)
    return 0;
  while (used < length && (data[used] == ' ' || data[used] == '\t'))
    used++;
  return used < length && data[used] == ':' ? used + 1 : 0;
}

/* The raw value of the next field @name, NUL as a blank; NULL: no more. (transfer full)
 */
static char *
walk_next (Walk *self, const char *name)
{
  while (self->length > 0 && *self->data != '\n' && *self->data != '\r')
    {
      const char *data = self->data;
      gsize length = field_length (self);
      gsize at = value_offset (data, length, name);

      self->data += length;
      self->length -= length;
      if (at == 0)
        continue;
      gsize count = MIN (length - at, VALUE_LIMIT_BYTES);
      char *value = g_malloc (count + 1);
      for (gsize i = 0; i < count; i++)
        value[i] = data[at + i] == '\0' ? ' ' : data[at + i];
      value[count] = '\0';
      return value;
    }
  return NULL;
}

gboolean
message_header_is_name (const char *name)
{
  gsize length = strlen (name);

  for (const char *p = name; *p != '\0'; p++)
    if (!g_ascii_isgraph (*p) || *p == ':')
      return FALSE;
  return length > 0 && length <= NAME_LIMIT_BYTES;
}

char *
message_header_fold (const char *text)
{
  g_autofree char *composed = g_utf8_normalize (text, -1, G_NORMALIZE_NFC);

  return g_utf8_casefold (composed != NULL ? composed : "", -1);
}

gboolean
message_header_date (const HaulMessage *message, gint64 *out_unix)
{
  Walk walk = walk_new (message);
  g_autofree char *value = walk_next (&walk, "Date");

  return value != NULL && haul_date_parse (value, out_unix);
}

/* Whether the decoded value suits; see message_header_find(). */
static gboolean
value_suits (const char *name, const char *value, const char *folded, GRegex *match,
             gboolean *out_found, GError **error)
{
  g_autoptr (GError) failure = NULL;

  if (folded == NULL && match == NULL)
    {
      *out_found = TRUE;
      return TRUE;
    }
  g_autofree char *text = haul_header_decode (value);
  if (folded != NULL)
    {
      g_autofree char *own = message_header_fold (text);
      *out_found = strstr (own, folded) != NULL;
      return TRUE;
    }
  *out_found = g_regex_match_full (match, text, -1, 0, 0, NULL, &failure);
  return failure == NULL
         || haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE,
                            "compare header %s with \"match\": %s", name,
                            failure->message);
}

gboolean
message_header_find (const HaulMessage *message, const char *name, const char *folded,
                     GRegex *match, gboolean *out_found, GError **error)
{
  Walk walk = walk_new (message);
  gboolean found = FALSE;

  while (!found)
    {
      g_autofree char *value = walk_next (&walk, name);
      if (value == NULL)
        break;
      if (!value_suits (name, value, folded, match, &found, error))
        return FALSE;
    }
  *out_found = found;
  return TRUE;
}

/* ---- addresses ---- */

/* @address (lower case) is meant by @word. */
static gboolean
is_meant (const char *address, const char *word)
{
  const char *at = strrchr (address, '@');

  if (*word != '@')
    return g_ascii_strcasecmp (address, word) == 0;
  if (at == NULL)
    return FALSE;
  if (word[1] != '.')
    return g_ascii_strcasecmp (at, word) == 0;
  gsize length = strlen (at + 1), suffix = strlen (word + 1);
  return g_ascii_strcasecmp (at + 1, word + 2) == 0
         || (length > suffix
             && g_ascii_strcasecmp (at + 1 + length - suffix, word + 1) == 0);
}

static gboolean
value_has_address (const char *value, const char *const *words)
{
  g_autofree char *reduced = haul_address_reduce (value);
  g_auto (GStrv) addresses = g_strsplit (reduced, ",", -1);

  for (char **address = addresses; *address != NULL; address++)
    for (const char *const *word = words; *word != NULL; word++)
      if (is_meant (*address, *word))
        return TRUE;
  return FALSE;
}

gboolean
message_header_has_address (const HaulMessage *message, const char *const *fields,
                            const char *const *words)
{
  for (; *fields != NULL; fields++)
    {
      Walk walk = walk_new (message);

      for (;;)
        {
          g_autofree char *value = walk_next (&walk, *fields);
          if (value == NULL)
            break;
          if (value_has_address (value, words))
            return TRUE;
        }
    }
  return FALSE;
}

/* ---- kinds of messages ---- */

/* The first field @name begins with @word, whatever follows; "": it is there. */
static gboolean
begins_with (const HaulMessage *message, const char *name, const char *word)
{
  Walk walk = walk_new (message);
  g_autofree char *value = walk_next (&walk, name);

  if (value == NULL)
    return FALSE;
  g_strchug (value);
  return g_ascii_strncasecmp (value, word, strlen (word)) == 0;
}

gboolean
message_header_has_attachment (const HaulMessage *message)
{
  if (begins_with (message, "Content-Type", "multipart/mixed")
      || begins_with (message, "Content-Disposition", "attachment")
      || begins_with (message, "X-MS-Has-Attach", "yes"))
    return TRUE;
  return begins_with (message, "Content-Type", "application/")
         || begins_with (message, "Content-Type", "image/")
         || begins_with (message, "Content-Type", "audio/")
         || begins_with (message, "Content-Type", "video/");
}

gboolean
message_header_is_list (const HaulMessage *message)
{
  static const char *const fields[] = { "List-Id", "List-Post", "List-Unsubscribe",
                                        "Mailing-List", "X-Mailing-List" };

  for (gsize i = 0; i < G_N_ELEMENTS (fields); i++)
    if (begins_with (message, fields[i], ""))
      return TRUE;
  return begins_with (message, "Precedence", "list");
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The identity of a message by its headers: picks the identity headers out of a raw
 * block, normalises their values and hashes them. Values are normalised in mail-text.c,
 * mail-address.c and mail-date.c; comparing identities is the matcher's. Pure.
 */
#include "identity.h"

#include <string.h>

#include "model/mail-address.h"
#include "model/mail-text.h"

/* NAME_LIMIT_BYTES: longer than any identity header's name; what is longer is another. */
#define NAME_LIMIT_BYTES 32

/* The identity headers, in the order in which they are hashed. Never reorder: digests lie
 * in state files. */
typedef enum
{
  FIELD_DATE,
  FIELD_FROM,
  FIELD_TO,
  FIELD_CC,
  FIELD_SUBJECT,
  FIELD_MESSAGE_ID,
  FIELD_IN_REPLY_TO,
  FIELD_REFERENCES,
  FIELD_COUNT,
} Field;

static const char *const field_names[FIELD_COUNT] = {
  "date", "from", "to", "cc", "subject", "message-id", "in-reply-to", "references"
};

/* ---- from the block to raw values ---- */

/* The same bytes that a store may drop or change are dropped here: CR (Courier) and NUL
 * (Dovecot shows 0x80). (transfer full) */
static GString *
plain_block (const guint8 *data, gsize length)
{
  gsize limit = MIN (length, IDENTITY_HEADER_LIMIT_BYTES);
  GString *block = g_string_sized_new (limit);

  for (gsize i = 0; i < limit; i++)
    if (data[i] != '\r')
      block->str[block->len++] = data[i] != '\0' ? (char) data[i] : '\x80';
  block->str[block->len] = '\0';
  return block;
}

/* Which identity header the line is, or FIELD_COUNT. *@out_value: behind the colon. */
static Field
field_of_line (const char *line, gsize length, gsize *out_value)
{
  const char *colon = memchr (line, ':', MIN (length, NAME_LIMIT_BYTES));
  gsize name_length = colon != NULL ? colon - line : 0;
  int field;

  *out_value = name_length + 1;
  while (name_length > 0
         && (line[name_length - 1] == ' ' || line[name_length - 1] == '\t'))
    name_length--;
  for (field = 0; field < FIELD_COUNT; field++)
    if (strlen (field_names[field]) == name_length
        && g_ascii_strncasecmp (line, field_names[field], name_length) == 0)
      break;
  return (Field) field;
}

/* Of a header that must occur once the first counts; address lists add up, since stores
 * join them. Returns where the value goes, or NULL. */
static GString *
open_value (GString **values, Field field)
{
  gboolean repeats = field == FIELD_TO || field == FIELD_CC;

  if (field == FIELD_COUNT || (values[field] != NULL && !repeats))
    return NULL;
  if (values[field] == NULL)
    values[field] = g_string_new (NULL);
  else
    g_string_append_c (values[field], ',');
  return values[field];
}

static void
collect_values (const GString *block, GString **values)
{
  const char *line = block->str;
  const char *end = block->str + block->len;
  GString *value = NULL;

  while (line < end && *line != '\n')
    {
      const char *line_end = memchr (line, '\n', end - line);
      gsize length = (line_end != NULL ? line_end : end) - line;

      if (*line == ' ' || *line == '\t')
        {
          if (value != NULL)
            g_string_append_len (value, line, (gssize) length);
        }
      else
        {
          gsize start;
          Field field = field_of_line (line, length, &start);

          value = open_value (values, field);
          if (value != NULL)
            g_string_append_len (value, line + start, (gssize) (length - start));
        }
      line += length + 1;
    }
}

/* ---- to the digest ---- */

static char *
normalise_date (Identity *self, const char *text)
{
  gint64 instant;

  if (!identity_parse_date (text, &instant))
    return mail_text_collapse (text);
  self->known |= IDENTITY_HAS_DATE;
  self->date_unix = instant;
  return g_strdup_printf ("%" G_GINT64_FORMAT, instant);
}

static char *
normalise (Identity *self, Field field, const char *text)
{
  char *id;

  switch (field)
    {
    case FIELD_DATE:
      return normalise_date (self, text);
    case FIELD_FROM:
    case FIELD_TO:
    case FIELD_CC:
      return mail_address_reduce (text);
    case FIELD_SUBJECT:
      return mail_text_decode (text);
    case FIELD_MESSAGE_ID:
      id = mail_message_id (text);
      return id != NULL ? id : g_strdup ("");
    case FIELD_IN_REPLY_TO:
    case FIELD_REFERENCES:
      return mail_message_id_list (text);
    case FIELD_COUNT:
      break;
    }
  g_assert_not_reached ();
}

static void
set_message_id (Identity *self, Digest *digest, const char *id)
{
  guint8 full[DIGEST_LENGTH];

  if (*id == '\0')
    return;
  digest_reset (digest);
  digest_update (digest, id, strlen (id));
  digest_finish (digest, full);
  memcpy (self->message_id, full, sizeof self->message_id);
  self->known |= IDENTITY_HAS_MESSAGE_ID;
}

/* Hashes the identity headers of @block, normalised; sets the other members of @self. */
static void
hash_block (Identity *self, GString *block, guint8 *out_headers)
{
  g_autoptr (Digest) digest = digest_new ();
  g_autoptr (GString) text = g_string_new (NULL);
  GString *values[FIELD_COUNT] = { NULL };
  guint8 full[DIGEST_LENGTH];

  self->known &= ~(guint32) (IDENTITY_HAS_MESSAGE_ID | IDENTITY_HAS_DATE);
  self->date_unix = 0;
  memset (self->message_id, 0, sizeof self->message_id);
  collect_values (block, values);
  for (int field = 0; field < FIELD_COUNT; field++)
    {
      g_autofree char *value = normalise (
          self, (Field) field, values[field] != NULL ? values[field]->str : "");

      if (field == FIELD_MESSAGE_ID)
        set_message_id (self, digest, value);
      g_string_append_printf (text, "%s:%s\n", field_names[field], value);
      if (values[field] != NULL)
        g_string_free (values[field], TRUE);
    }
  digest_reset (digest);
  digest_update (digest, text->str, text->len);
  digest_finish (digest, full);
  memcpy (out_headers, full, sizeof self->headers);
}

/* The block as servers may keep it: NULs (0x80 in a plain block) left out or not, 8-bit
 * bytes as X: FALSE: it has none of them. */
static gboolean
loosen (GString *block, const guint8 *data, gsize length)
{
  gboolean changed = FALSE;
  gsize limit = MIN (length, IDENTITY_HEADER_LIMIT_BYTES);
  gsize made = 0;

  for (gsize i = 0; i < limit; i++)
    {
      changed = changed || data[i] >= 0x80 || data[i] == '\0';
      if (data[i] != '\r' && data[i] != '\0')
        block->str[made++] = data[i] < 0x80 ? (char) data[i] : 'X';
    }
  g_string_truncate (block, made);
  return changed;
}

void
identity_set_headers (Identity *self, const guint8 *data, gsize length)
{
  GString *block = plain_block (data, length);
  Identity loose = { 0 };

  hash_block (self, block, self->headers);
  self->known |= IDENTITY_HEADERS;
  self->has_loose = TRUE;
  memcpy (self->loose, self->headers, sizeof self->loose);
  if (loosen (block, data, length))
    hash_block (&loose, block, self->loose);
  g_string_free (block, TRUE);
}

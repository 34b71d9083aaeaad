/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a message, cut where the input's first bytes say: the digest must be that
 * of a slow and obvious canonical form, and the headers kept must be the message's start.
 */
#include <string.h>

#include <glib.h>

#include "model/content-digest.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* CUTS: spans of one input; their lengths come from its first bytes. */
#define CUTS 8

static gboolean
is_private (const char *line, gsize length)
{
  static const char *const names[] = { "content-length", "status", "x-status",
                                       "x-keywords",     "x-uid",  "x-imap",
                                       "x-imapbase" };
  const char *colon = memchr (line, ':', length);
  g_autofree char *name = g_strndup (line, colon != NULL ? (gsize) (colon - line) : 0);

  if (colon == NULL || colon - line > 32 || *line == ' ' || *line == '\t')
    return FALSE;
  while (*name != '\0' && strchr (" \t", name[strlen (name) - 1]) != NULL)
    name[strlen (name) - 1] = '\0';
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    if (g_ascii_strcasecmp (name, names[i]) == 0)
      return TRUE;
  return FALSE;
}

/* (transfer full) */
static GString *
canonical_form (const guint8 *data, gsize size)
{
  g_autoptr (GString) plain = g_string_new (NULL);
  GString *out = g_string_new (NULL);
  gboolean in_headers = TRUE, dropped = FALSE;

  for (gsize i = 0; i < size; i++)
    if (data[i] != '\r')
      g_string_append_c (plain, data[i] != '\0' ? (char) data[i] : '\x80');
  for (char *line = plain->str; *line != '\0';)
    {
      gsize length = strcspn (line, "\n");

      if (length == 0)
        in_headers = FALSE;
      if (in_headers && *line != ' ' && *line != '\t')
        dropped = is_private (line, length);
      if (line[length] == '\n')
        length++;
      if (!in_headers || !dropped)
        g_string_append_len (out, line, (gssize) length);
      line += length;
    }
  while (out->len > 0 && out->str[out->len - 1] == '\n')
    g_string_truncate (out, out->len - 1);
  g_string_append_c (out, '\n');
  return out;
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (ContentDigest) digest = content_digest_new (TRUE);
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  guint8 found[DIGEST_LENGTH], expected[DIGEST_LENGTH];
  gsize length = sizeof expected, kept, at = 0;
  const guint8 *cuts = data;
  const guint8 *headers;

  if (size < CUTS)
    return 0;
  data += CUTS;
  size -= CUTS;
  for (gsize i = 0; i < CUTS; i++)
    {
      gsize span = MIN (cuts[i], size - at);

      content_digest_update (digest, data + at, span);
      at += span;
    }
  content_digest_update (digest, data + at, size - at);
  headers = content_digest_headers (digest, &kept);
  g_assert_cmpuint (kept, <=, size);
  g_assert_cmpmem (headers, kept, data, kept);
  content_digest_finish (digest, found);

  GString *canonical = canonical_form (data, size);
  g_checksum_update (checksum, (const guchar *) canonical->str, (gssize) canonical->len);
  g_checksum_get_digest (checksum, expected, &length);
  g_string_free (canonical, TRUE);
  g_assert_cmpmem (found, sizeof found, expected, sizeof expected);
  return 0;
}

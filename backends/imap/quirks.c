/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Finds the row of a server. The rows are in quirks-table.c; who asks decides what to do
 * with them. Pure; any thread. */
#include "quirks.h"

#include <string.h>

#include "quirks-private.h"

/* The greeting of Exchange ends in its host's name in Base64 of UTF-16; a longer one is
 * none. */
#define HOST_BLOB_BYTES 512u

static gboolean
contains (const gchar *text, const gchar *word)
{
  return text != NULL && imap_text_find ((ImapString){ text, strlen (text) }, word) >= 0;
}

static gboolean
host_is_below (const gchar *host, const gchar *domain)
{
  gsize length = host == NULL ? 0 : strlen (host);
  gsize domain_length = strlen (domain);

  if (length > 0 && host[length - 1] == '.')
    length--;
  if (length < domain_length
      || g_ascii_strncasecmp (host + length - domain_length, domain, domain_length) != 0)
    return FALSE;
  return length == domain_length || host[length - domain_length - 1] == '.';
}

/* Whether the name in the greeting's last brackets is below @domain. */
static gboolean
greeting_names (const gchar *greeting, const gchar *domain)
{
  const gchar *start = greeting == NULL ? NULL : strrchr (greeting, '[');
  const gchar *end = start == NULL ? NULL : strchr (start, ']');

  if (end == NULL || (gsize) (end - start) > HOST_BLOB_BYTES)
    return FALSE;
  g_autofree gchar *blob = g_strndup (start + 1, (gsize) (end - start) - 1);
  gsize length;
  g_autofree guchar *bytes = g_base64_decode (blob, &length);
  g_autofree gchar *name = g_malloc0 (length / 2 + 1);
  for (gsize i = 0; i + 1 < length; i += 2)
    name[i / 2] = bytes[i + 1] == 0 ? (gchar) bytes[i] : '?';
  return host_is_below (name, domain);
}

static gboolean
mark_holds (const QuirkMark *mark, const ImapSignature *signature)
{
  switch (mark->kind)
    {
    case QUIRK_MARK_NONE:
      return FALSE;
    case QUIRK_MARK_CAPABILITY:
      return signature->capabilities != NULL
             && imap_capabilities_has (signature->capabilities, mark->text);
    case QUIRK_MARK_GREETING:
      return contains (signature->greeting, mark->text);
    case QUIRK_MARK_HOST:
      return host_is_below (signature->host, mark->text)
             || greeting_names (signature->greeting, mark->text);
    case QUIRK_MARK_ID_VENDOR:
      return contains (signature->id_vendor, mark->text);
    case QUIRK_MARK_ID_NAME:
      return contains (signature->id_name, mark->text);
    case QUIRK_MARK_ID_VERSION:
      return contains (signature->id_version, mark->text);
    }
  g_assert_not_reached ();
}

/* Digits from *@text on, at most three; *@text is moved behind all digits. */
static guint
read_number (const gchar **text)
{
  guint value = 0;

  for (guint i = 0; g_ascii_isdigit (**text); i++, (*text)++)
    if (i < 3)
      value = value * 10 + (guint) (**text - '0');
  return value;
}

/* The first "N.N" in @text from the byte @at on; 0 if there is none. */
static guint
version_in (const gchar *text, gsize at)
{
  const gchar *place = text == NULL ? "" : text + MIN (at, strlen (text));

  while (*place != '\0')
    {
      if (!g_ascii_isdigit (*place))
        {
          place++;
          continue;
        }
      guint major = read_number (&place);
      if (place[0] == '.' && g_ascii_isdigit (place[1]))
        {
          place++;
          return QUIRK_VERSION (major, read_number (&place));
        }
    }
  return 0;
}

/* The version of the server: of its ID, else behind the mark in the greeting. */
static guint
version_of (const QuirkRow *row, const ImapSignature *signature)
{
  guint version = version_in (signature->id_version, 0);
  ImapString greeting = { signature->greeting, signature->greeting == NULL
                                                   ? 0
                                                   : strlen (signature->greeting) };

  for (guint i = 0; i < QUIRK_MARKS && version == 0; i++)
    {
      gssize at = row->marks[i].kind == QUIRK_MARK_GREETING
                      ? imap_text_find (greeting, row->marks[i].text)
                      : -1;
      if (at >= 0)
        version = version_in (signature->greeting,
                              (gsize) at + strlen (row->marks[i].text));
    }
  return version;
}

static gboolean
conditions_hold (const QuirkRow *row, const ImapSignature *signature)
{
  if (row->needs != NULL
      && (signature->capabilities == NULL
          || !imap_capabilities_has (signature->capabilities, row->needs)))
    return FALSE;
  if (row->version_from == 0 && row->version_before == 0)
    return TRUE;
  guint version = version_of (row, signature);
  return version != 0 && version >= row->version_from
         && (row->version_before == 0 || version < row->version_before);
}

/* The strongest of the row's marks that holds. */
static QuirkMarkKind
strength (const QuirkRow *row, const ImapSignature *signature)
{
  QuirkMarkKind best = QUIRK_MARK_NONE;

  for (guint i = 0; i < QUIRK_MARKS; i++)
    if (row->marks[i].kind > best && mark_holds (&row->marks[i], signature))
      best = row->marks[i].kind;
  return best != QUIRK_MARK_NONE && conditions_hold (row, signature) ? best
                                                                     : QUIRK_MARK_NONE;
}

const ImapQuirks *
imap_quirks_for (const ImapSignature *signature)
{
  guint best = 0;
  QuirkMarkKind best_strength = QUIRK_MARK_NONE;

  for (guint i = 1; signature != NULL && i < imap_quirk_row_count; i++)
    {
      QuirkMarkKind found = strength (&imap_quirk_rows[i], signature);
      if (found > best_strength)
        {
          best = i;
          best_strength = found;
        }
    }
  return &imap_quirk_rows[best].quirks;
}

const ImapQuirks *
imap_quirks_row (guint index)
{
  return index < imap_quirk_row_count ? &imap_quirk_rows[index].quirks : NULL;
}

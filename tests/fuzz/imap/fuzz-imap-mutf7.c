/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a mailbox name, in both directions: decoding always gives UTF-8, canonical
 * names round-trip, and encoding gives printable ASCII that decodes to what went in. */
#include <string.h>

#include <glib.h>

#include "mutf7.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size > 4096)
    return 0;
  g_autofree gchar *raw = g_strndup ((const gchar *) data, size);
  g_autofree gchar *name = NULL;
  ImapNameForm form = imap_mutf7_decode ((ImapString){ raw, size }, &name);
  g_assert_true (g_utf8_validate (name, -1, NULL));
  g_autofree gchar *again = imap_mutf7_encode (name, NULL);
  if (form == IMAP_NAME_CANONICAL)
    g_assert_cmpmem (raw, size, again, strlen (again));

  g_autofree gchar *encoded = imap_mutf7_encode (raw, NULL);
  if (encoded == NULL)
    return 0;
  for (const gchar *at = encoded; *at != '\0'; at++)
    g_assert_true (*at >= 0x20 && *at <= 0x7e);
  g_autofree gchar *decoded = NULL;
  ImapString text = { encoded, strlen (encoded) };
  g_assert_cmpint (imap_mutf7_decode (text, &decoded), ==, IMAP_NAME_CANONICAL);
  g_assert_cmpstr (decoded, ==, raw);
  return 0;
}

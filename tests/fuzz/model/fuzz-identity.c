/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Any bytes as a header block: line ends do not change who a message is, values come out
 * as text that no second pass changes in kind, and dates lie where dates can lie. */
#include <string.h>

#include <glib.h>

#include "model/identity.h"
#include "model/mail-address.h"
#include "model/mail-text.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

/* Wire form: every LF as CRLF. (transfer full) */
static GString *
to_wire (const guint8 *data, gsize size)
{
  GString *wire = g_string_sized_new (size * 2);

  for (gsize i = 0; i < size; i++)
    {
      if (data[i] == '\n')
        g_string_append_c (wire, '\r');
      g_string_append_c (wire, (char) data[i]);
    }
  return wire;
}

static void
check_values (const char *text)
{
  g_autofree char *decoded = mail_text_decode (text);
  g_autofree char *collapsed = mail_text_collapse (decoded);
  g_autofree char *addresses = mail_address_reduce (text);
  g_autofree char *id = mail_message_id (text);
  g_autofree char *ids = mail_message_id_list (text);
  gint64 instant = 0;

  g_assert_true (g_utf8_validate (decoded, -1, NULL));
  g_assert_cmpstr (collapsed, ==, decoded);
  g_assert_null (strpbrk (addresses, " \t\r\n"));
  g_assert_true (id == NULL || (*id != '\0' && strpbrk (id, " \t\r\n") == NULL));
  g_assert_nonnull (ids);
  if (identity_parse_date (text, &instant))
    {
      /* 1900 to 9999, and a day for the zone */
      g_assert_cmpint (instant, >=, G_GINT64_CONSTANT (-2209075200));
      g_assert_cmpint (instant, <=, G_GINT64_CONSTANT (253402387200));
    }
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autofree char *text = g_strndup ((const char *) data, size);
  GString *wire = to_wire (data, size);
  Identity here = { 0 }, there = { 0 };

  identity_set_headers (&here, data, size);
  identity_set_headers (&there, (const guint8 *) wire->str, wire->len);
  if (wire->len <= IDENTITY_HEADER_LIMIT_BYTES)
    {
      g_assert_cmpmem (here.headers, 16, there.headers, 16);
      g_assert_cmpmem (here.message_id, 16, there.message_id, 16);
      g_assert_cmpuint (here.known, ==, there.known);
      g_assert_cmpint (here.date_unix, ==, there.date_unix);
    }
  g_string_free (wire, TRUE);
  check_values (text);
  return 0;
}

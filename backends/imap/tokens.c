/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The bytes of keys and tokens, which the engine keeps without knowing what is in them.
 * Pure; any thread. */
#include "session.h"

#include <string.h>

void
imap_key_from_uid (guint32 uid, guint8 out_key[4])
{
  for (guint i = 0; i < 4; i++)
    out_key[i] = (guint8) (uid >> (24 - 8 * i));
}

static guint64
read_number (const guint8 *bytes, guint length)
{
  guint64 value = 0;
  for (guint i = 0; i < length; i++)
    value = value << 8 | bytes[i];
  return value;
}

gboolean
imap_key_to_uid (HaulBytes key, guint32 *out_uid)
{
  guint32 uid = key.length == 4 ? (guint32) read_number (key.data, 4) : 0;
  if (uid == 0)
    return FALSE;
  *out_uid = uid;
  return TRUE;
}

void
imap_token_write (const ImapToken *token, guint8 out_bytes[24])
{
  memset (out_bytes, 0, 24);
  imap_key_from_uid (token->uidvalidity, out_bytes);
  imap_key_from_uid (token->uidnext, out_bytes + 4);
  imap_key_from_uid (token->messages, out_bytes + 8);
  for (guint i = 0; i < 8; i++)
    out_bytes[12 + i] = (guint8) (token->highestmodseq >> (56 - 8 * i));
}

gboolean
imap_token_read (HaulBytes bytes, ImapToken *out_token)
{
  if (bytes.length != 24)
    return FALSE;
  *out_token = (ImapToken){ .uidvalidity = (guint32) read_number (bytes.data, 4),
                            .uidnext = (guint32) read_number (bytes.data + 4, 4),
                            .messages = (guint32) read_number (bytes.data + 8, 4),
                            .highestmodseq = read_number (bytes.data + 12, 8) };
  return TRUE;
}

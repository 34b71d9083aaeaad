/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The arithmetic of differences: MESSAGES, UIDNEXT and HIGHESTMODSEQ before and now. What
 * is asked, and the rows themselves, are the scan's. Pure; any thread. */
#include "scan-delta.h"

/* VANISHED_SLACK: how many UIDs beyond four times the messages that there were a VANISHED
 * may name. Servers that compress ranges over holes name some; 1:4294967295 says nothing.
 */
#define VANISHED_SLACK 65536u

ImapDeltaAsk
imap_delta_ask (const ImapToken *before, const ImapToken *now, gboolean vanished)
{
  if (before->uidvalidity == 0 || before->uidvalidity != now->uidvalidity
      || before->highestmodseq == 0 || now->highestmodseq < before->highestmodseq
      || before->uidnext == 0 || now->uidnext < before->uidnext)
    return IMAP_DELTA_FULL;
  guint64 most = (guint64) before->messages + (now->uidnext - before->uidnext);
  if (now->messages > most)
    return IMAP_DELTA_FULL;
  if (now->highestmodseq == before->highestmodseq)
    return now->messages == before->messages && now->uidnext == before->uidnext
               ? IMAP_DELTA_NOTHING
               : IMAP_DELTA_FULL;
  /* Something is gone for certain, and nobody would say what. */
  if (!vanished && now->messages < before->messages)
    return IMAP_DELTA_FULL;
  return IMAP_DELTA_CHANGES;
}

ImapDeltaVerdict
imap_delta_judge (const ImapToken *before, const ImapToken *now, guint64 new_count,
                  guint64 vanished_count)
{
  guint64 without_loss = before->messages + new_count;
  if (without_loss < now->messages)
    return IMAP_DELTA_WRONG;
  guint64 gone = without_loss - now->messages;
  if (gone > vanished_count || gone > before->messages)
    return IMAP_DELTA_WRONG;
  return gone == vanished_count ? IMAP_DELTA_RIGHT : IMAP_DELTA_UNCERTAIN;
}

ImapUidSet *
imap_delta_clip (const ImapUidSet *vanished, guint32 uidnext, guint32 messages)
{
  g_autoptr (ImapUidSet) clipped = imap_uidset_new ();
  for (guint i = 0; i < vanished->ranges->len; i++)
    {
      ImapUidRange range = g_array_index (vanished->ranges, ImapUidRange, i);
      if (range.first >= uidnext)
        continue;
      range.last = MIN (range.last, uidnext - 1);
      g_array_append_val (clipped->ranges, range);
    }
  if (imap_uidset_count (clipped) > (guint64) messages * 4 + VANISHED_SLACK)
    return NULL;
  return g_steal_pointer (&clipped);
}

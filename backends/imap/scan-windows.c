/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lists a folder in parts, for servers that describe only so many messages with one
 * command (MESSAGELIMIT, RFC 9738; Yahoo): by PARTIAL (RFC 9394) where offered, else by
 * ranges of UIDs. What is missing after that is for the repair. The session's thread. */
#include "scan-private.h"

/* EMPTY_GROWTH: how much wider the next range is after one that held nothing. */
#define EMPTY_GROWTH 4u

/* Rows of a part leave together: its end may be the first to show that it was cut. */
static gboolean
fetch_window (ImapScanRun *self, guint32 first, guint32 last, const char *modifier,
              GError **error)
{
  guint32 highest = 0;
  guint64 count = 0;
  for (;;)
    {
      if (!imap_scan_fetch_range (self, first, last, modifier, error))
        return FALSE;
      highest = MAX (highest, self->last);
      count += self->count;
      /* It has done the highest: the lower ones are asked for now. */
      gboolean more = self->limited && self->refusal == NULL && self->lowest > first
                      && self->lowest <= last;
      if (!more)
        break;
      last = self->lowest - 1;
    }
  self->last = highest;
  self->count = count;
  return imap_scan_flush (self, error);
}

static gboolean
is_done (const ImapScanRun *self)
{
  return self->from == 0 && !imap_rows_is_doubtful (self->rows)
         && imap_rows_count (self->rows) >= self->left;
}

static gboolean
by_partial (ImapScanRun *self, guint32 first, guint32 limit, GError **error)
{
  g_autofree char *modifier = g_strdup_printf ("(PARTIAL 1:%u)", limit);
  guint32 top = imap_scan_top (self);
  while (first < top)
    {
      if (!fetch_window (self, first, top, modifier, error))
        return FALSE;
      if (self->refusal != NULL || self->last < first || is_done (self))
        return TRUE;
      first = self->last + 1;
      if (self->start.uidnext > 0 && first >= self->start.uidnext)
        return TRUE;
    }
  return TRUE;
}

static gboolean
by_uid (ImapScanRun *self, guint32 first, guint32 limit, GError **error)
{
  guint64 top = self->start.uidnext > 1 ? self->start.uidnext - 1 : IMAP_UID_STAR - 1;
  guint64 width = limit;
  for (guint64 at = first; at <= top && !is_done (self);)
    {
      guint64 last = MIN (at + width - 1, top);
      if (!fetch_window (self, (guint32) at, (guint32) last, NULL, error))
        return FALSE;
      if (self->refusal != NULL)
        return TRUE;
      at = last + 1;
      /* Three quarters of what the density of this part would allow. */
      width = self->count == 0 ? width * EMPTY_GROWTH
                               : MAX (width * limit / self->count * 3 / 4, limit);
      width = MIN (width, IMAP_UID_STAR);
    }
  return TRUE;
}

gboolean
imap_scan_windows (ImapScanRun *self, guint32 first, guint32 limit, GError **error)
{
  imap_rows_set_mode (self->rows, IMAP_ROWS_HELD);
  if (imap_session_has (self->session, "PARTIAL"))
    return by_partial (self, first, limit, error);
  return by_uid (self, first, limit, error);
}

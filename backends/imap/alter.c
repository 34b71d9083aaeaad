/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Foretells what a server changes silently; what it refuses is repair.c's. Looks at the
 * bytes as they pass, so that a message that is never held whole is told of, too. Pure;
 * any thread. */
#include "alter.h"

#include <string.h>

ImapAlterScan
imap_alter_begin (const ImapQuirks *quirks)
{
  return (ImapAlterScan){ .wanted = (quirks->strips_cr ? IMAP_ALTER_CR : 0)
                                    | (quirks->replaces_nul ? IMAP_ALTER_NUL : 0)
                                    | (quirks->masks_8bit_header ? IMAP_ALTER_HEADER : 0)
                                    | (quirks->mends_lf ? IMAP_ALTER_LF : 0)
                                    | (quirks->trims_cr ? IMAP_ALTER_TRIM_CR : 0)
                                    | (quirks->adds_final_crlf ? IMAP_ALTER_FINAL : 0),
                          .last = '\n',
                          .before = '\n' };
}

/* CRs that no LF follows. */
static void
feed_cr (ImapAlterScan *self, const guint8 *data, gsize length)
{
  const guint8 *end = data + length;
  const guint8 *at = data;
  if (self->last == '\r' && *data != '\n')
    self->found |= IMAP_ALTER_CR;
  while ((at = memchr (at, '\r', (gsize) (end - at))) != NULL)
    {
      at++;
      if (at < end && *at != '\n')
        self->found |= IMAP_ALTER_CR;
      if (at == end)
        return;
    }
}

/* LFs without a CR, and with two. */
static void
feed_lf (ImapAlterScan *self, const guint8 *data, gsize length)
{
  const guint8 *end = data + length;
  const guint8 *at = data;
  while (at < end && (at = memchr (at, '\n', (gsize) (end - at))) != NULL)
    {
      guint8 last = at > data ? at[-1] : self->last;
      guint8 before = at > data + 1 ? at[-2] : at > data ? self->last : self->before;
      if (last != '\r')
        self->found |= IMAP_ALTER_LF;
      else if (before == '\r')
        self->found |= IMAP_ALTER_TRIM_CR;
      at++;
    }
}

/* Up to the blank line; line ends may be CRLF or LF. */
static void
feed_header (ImapAlterScan *self, const guint8 *data, gsize length)
{
  for (gsize i = 0; i < length && !self->body; i++)
    {
      if (data[i] >= 0x80)
        self->found |= IMAP_ALTER_HEADER;
      if (data[i] == '\n')
        self->body = !self->in_line;
      if (data[i] != '\r')
        self->in_line = data[i] != '\n';
    }
}

void
imap_alter_feed (ImapAlterScan *self, const guint8 *data, gsize length)
{
  if (length == 0)
    return;
  guint left = self->wanted & ~self->found;
  if (left & IMAP_ALTER_CR)
    feed_cr (self, data, length);
  if (left & (IMAP_ALTER_LF | IMAP_ALTER_TRIM_CR))
    feed_lf (self, data, length);
  if ((left & IMAP_ALTER_NUL) && memchr (data, '\0', length) != NULL)
    self->found |= IMAP_ALTER_NUL;
  if ((left & IMAP_ALTER_HEADER) && !self->body)
    feed_header (self, data, length);
  self->before = length > 1 ? data[length - 2] : self->last;
  self->last = data[length - 1];
}

guint
imap_alter_finish (const ImapAlterScan *self)
{
  guint found = self->found;
  if (self->last == '\r')
    found |= IMAP_ALTER_CR | IMAP_ALTER_TRIM_CR;
  if (self->last != '\n')
    found |= IMAP_ALTER_FINAL;
  return found & self->wanted;
}

guint
imap_alter_find (const ImapQuirks *quirks, const guint8 *data, gsize length)
{
  ImapAlterScan scan = imap_alter_begin (quirks);
  imap_alter_feed (&scan, data, length);
  return imap_alter_finish (&scan);
}

const char *
imap_alter_text (ImapAlter alter)
{
  switch (alter)
    {
    case IMAP_ALTER_CR:
      return "form: the server drops carriage returns that end no line";
    case IMAP_ALTER_NUL:
      return "form: the server keeps NUL bytes as 0x80";
    case IMAP_ALTER_HEADER:
      return "the server puts X for 8-bit characters of the header";
    case IMAP_ALTER_LF:
      return "form: the server ends with CRLF what ended with LF alone";
    case IMAP_ALTER_TRIM_CR:
      return "form: the server drops carriage returns before a line end";
    case IMAP_ALTER_FINAL:
      return "form: the server gives the last line its end";
    }
  g_assert_not_reached ();
}

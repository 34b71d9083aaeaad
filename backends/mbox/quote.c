/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * ">From " quoting. A run of '>' may be longer than any buffer: since all its bytes are
 * alike, one of them is held back and the others pass on. Pure: any thread.
 */
#include "quote.h"

#include <string.h>

static const char from_word[] = "From ";

MboxQuoteStep
mbox_quote_scan (MboxQuoteScan *self, guint8 byte)
{
  if (self->matched == 0 && byte == '>')
    {
      self->run++;
      return MBOX_QUOTE_MORE;
    }
  if (byte != (guint8) from_word[self->matched])
    return MBOX_QUOTE_OTHER;
  self->matched++;
  return from_word[self->matched] == '\0' ? MBOX_QUOTE_MATCH : MBOX_QUOTE_MORE;
}

void
mbox_quote_filter_init (MboxQuoteFilter *self, MboxRule rule, gboolean unquote,
                        MboxQuoteWrite write, gpointer user_data)
{
  *self = (MboxQuoteFilter){
    .rule = rule, .unquote = unquote, .write = write, .user_data = user_data
  };
}

static gboolean
emit (MboxQuoteFilter *self, const char *data, gsize length)
{
  return length == 0 || self->write ((const guint8 *) data, length, self->user_data);
}

/* Whether the '>' that is held back (unquoting) or to be added (quoting) is written. */
static gboolean
wants_mark (const MboxQuoteFilter *self, gboolean match)
{
  if (self->unquote)
    {
      gboolean drop = match && self->rule != MBOX_RULE_NONE
                      && (self->rule == MBOX_RULE_ANY || self->scan.run == 1);
      return self->scan.run > 0 && !drop;
    }
  return match && self->rule != MBOX_RULE_NONE
         && (self->rule == MBOX_RULE_ANY || self->scan.run == 0);
}

static gboolean
decide (MboxQuoteFilter *self, gboolean match)
{
  gboolean mark = wants_mark (self, match);
  gsize matched = self->scan.matched;
  self->in_line = TRUE;
  self->changed |= match && mark != self->unquote;
  self->scan = (MboxQuoteScan){ 0 };
  return (!mark || emit (self, ">", 1)) && emit (self, from_word, matched);
}

/* The start of a line: takes bytes until it is known what the line is. */
static gboolean
feed_start (MboxQuoteFilter *self, const guint8 *data, gsize length, gsize *out_taken)
{
  gsize taken = 0;
  for (; taken < length && !self->in_line; taken++)
    {
      guint64 run = self->scan.run;
      MboxQuoteStep step = mbox_quote_scan (&self->scan, data[taken]);
      if (step == MBOX_QUOTE_OTHER)
        {
          if (!decide (self, FALSE))
            return FALSE;
          break;
        }
      gboolean passes = self->scan.run > run && (!self->unquote || run > 0);
      if ((passes && !emit (self, ">", 1))
          || (step == MBOX_QUOTE_MATCH && !decide (self, TRUE)))
        return FALSE;
    }
  *out_taken = taken;
  return TRUE;
}

/* Could this byte begin a line that is of interest? */
static gboolean
is_plain_start (guint8 byte)
{
  return byte != '>' && byte != 'F';
}

/* The length of the bytes that pass unchanged, up to and with a line end after which a
 * line of interest may begin. */
static gsize
plain_span (MboxQuoteFilter *self, const guint8 *data, gsize length)
{
  gsize at = 0;
  while (at < length)
    {
      const guint8 *newline = memchr (data + at, '\n', length - at);
      if (newline == NULL)
        return length;
      at = (gsize) (newline - data) + 1;
      if (at == length || !is_plain_start (data[at]))
        {
          self->in_line = FALSE;
          return at;
        }
    }
  return at;
}

gboolean
mbox_quote_filter_feed (MboxQuoteFilter *self, const guint8 *data, gsize length)
{
  if (self->rule == MBOX_RULE_NONE)
    return emit (self, (const char *) data, length);
  while (length > 0)
    {
      gsize taken = 0;
      if (!self->in_line)
        {
          if (!feed_start (self, data, length, &taken))
            return FALSE;
        }
      else
        {
          taken = plain_span (self, data, length);
          if (!emit (self, (const char *) data, taken))
            return FALSE;
        }
      data += taken;
      length -= taken;
    }
  return TRUE;
}

gboolean
mbox_quote_filter_finish (MboxQuoteFilter *self)
{
  return self->rule == MBOX_RULE_NONE || self->in_line || decide (self, FALSE);
}

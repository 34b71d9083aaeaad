/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A table of phrases and a reader of "N milliseconds". What to do about it is the
 * engine's. Pure; any thread. */
#include "throttle.h"

#include "bounds.h"

static const gchar *const timed_phrases[] = { "backoff time",   "back-off time",
                                              "try again in",   "try again after",
                                              "retry after",    "retry in",
                                              "retry again in", "wait" };

static const gchar *const plain_phrases[] = { "throttl",
                                              "rate limit",
                                              "too many connection",
                                              "too many simultaneous",
                                              "maximum number of connections",
                                              "bandwidth limit",
                                              "too many requests",
                                              "server unavailable. 15",
                                              "user is authenticated but not connected" };

static gsize
skip_filler (ImapString text, gsize at)
{
  while (at < text.length && !g_ascii_isalnum (text.data[at]))
    at++;
  return at;
}

/* Milliseconds in one of the units that starts at @at; 0 if none does. */
static gint64
unit_ms (ImapString text, gsize at)
{
  static const struct
  {
    const gchar *name;
    gint64 ms;
  } units[] = { { "ms", 1 },      { "millisec", 1 },   { "sec", 1000 },
                { "min", 60000 }, { "hour", 3600000 }, { "s", 1000 } };
  ImapString rest = { text.data + at, text.length - at };

  for (guint i = 0; i < G_N_ELEMENTS (units); i++)
    if (imap_string_starts (rest, units[i].name))
      return units[i].ms;
  return 0;
}

/* Reads "[: ]N unit" from @at on. */
static gboolean
read_time (ImapString text, gsize at, gint64 *out_ms)
{
  gsize start = skip_filler (text, at);
  gsize end = start;
  guint64 value;

  while (end < text.length && g_ascii_isdigit (text.data[end]))
    end++;
  if (!imap_number_parse ((ImapString){ text.data + start, end - start }, &value))
    return FALSE;
  gsize unit_at = skip_filler (text, end);
  gint64 unit = unit_ms (text, unit_at);
  if (unit == 0)
    return FALSE;
  value = MIN (value, (guint64) (IMAP_LIMIT_THROTTLE_MS / unit));
  *out_ms = (gint64) value * unit;
  return TRUE;
}

ImapThrottle
imap_throttle_parse (ImapString text, gint64 *out_ms)
{
  for (guint i = 0; i < G_N_ELEMENTS (timed_phrases); i++)
    {
      gssize at = imap_text_find (text, timed_phrases[i]);
      if (at < 0)
        continue;
      gsize after = (gsize) at;
      while (after < text.length && !g_ascii_isdigit (text.data[after]))
        after++;
      if (after - (gsize) at < 40 && read_time (text, after, out_ms))
        return IMAP_THROTTLE_TIMED;
    }
  for (guint i = 0; i < G_N_ELEMENTS (plain_phrases); i++)
    if (imap_text_find (text, plain_phrases[i]) >= 0)
      return IMAP_THROTTLE_PLAIN;
  return IMAP_THROTTLE_NONE;
}

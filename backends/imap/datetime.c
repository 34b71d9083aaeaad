/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Lenient reader and strict writer of INTERNALDATE with own calendar arithmetic, so that
 * neither the locale nor the time zone of the process matters. Clamping is the engine's.
 * Pure; any thread. */
#include "datetime.h"

#include <string.h>

static const gchar month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

typedef struct
{
  const gchar *at;
  const gchar *end;
} Cursor;

/* Days since 1970-01-01 of a date in the proleptic Gregorian calendar. */
static gint64
days_from_civil (gint64 year, gint month, gint day)
{
  gint64 y = month <= 2 ? year - 1 : year;
  gint64 era = (y >= 0 ? y : y - 399) / 400;
  gint64 year_of_era = y - era * 400;
  gint64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;

  return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100
         + day_of_year - 719468;
}

static void
civil_from_days (gint64 days, gint64 *out_year, gint *out_month, gint *out_day)
{
  gint64 z = days + 719468;
  gint64 era = (z >= 0 ? z : z - 146096) / 146097;
  gint64 day_of_era = z - era * 146097;
  gint64 year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524
                        - day_of_era / 146096)
                       / 365;
  gint64 day_of_year = day_of_era
                       - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  gint64 shifted = (5 * day_of_year + 2) / 153;

  *out_day = (gint) (day_of_year - (153 * shifted + 2) / 5 + 1);
  *out_month = (gint) (shifted < 10 ? shifted + 3 : shifted - 9);
  *out_year = year_of_era + era * 400 + (*out_month <= 2 ? 1 : 0);
}

static gint
days_in_month (gint64 year, gint month)
{
  gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

  if (month == 2)
    return leap ? 29 : 28;
  return month == 4 || month == 6 || month == 9 || month == 11 ? 30 : 31;
}

static void
skip_blanks (Cursor *cursor)
{
  while (cursor->at < cursor->end && (*cursor->at == ' ' || *cursor->at == '\t'))
    cursor->at++;
}

static gboolean
skip_any (Cursor *cursor, const gchar *bytes)
{
  if (cursor->at == cursor->end || strchr (bytes, *cursor->at) == NULL
      || *cursor->at == '\0')
    return FALSE;
  cursor->at++;
  return TRUE;
}

/* Between @min and @max digits; the number of digits read, 0 on failure. */
static gint
read_digits (Cursor *cursor, gint min, gint max, gint *out_value)
{
  gint count = 0;
  gint value = 0;

  while (count < max && cursor->at < cursor->end && g_ascii_isdigit (*cursor->at))
    {
      value = value * 10 + (*cursor->at++ - '0');
      count++;
    }
  if (count < min)
    return 0;
  *out_value = value;
  return count;
}

static gboolean
read_month (Cursor *cursor, gint *out_month)
{
  if (cursor->end - cursor->at < 3)
    return FALSE;
  for (gint i = 0; i < 12; i++)
    {
      if (g_ascii_strncasecmp (cursor->at, month_names[i], 3) != 0)
        continue;
      *out_month = i + 1;
      while (cursor->at < cursor->end && g_ascii_isalpha (*cursor->at))
        cursor->at++;
      return TRUE;
    }
  return FALSE;
}

static gboolean
read_date (Cursor *cursor, gint64 *out_days)
{
  gint day;
  gint month;
  gint year;

  skip_blanks (cursor);
  if (read_digits (cursor, 1, 2, &day) == 0 || !skip_any (cursor, "- ")
      || !read_month (cursor, &month) || !skip_any (cursor, "- "))
    return FALSE;
  gint digits = read_digits (cursor, 2, 4, &year);
  if (digits == 0)
    return FALSE;
  if (digits == 2)
    year += year < 70 ? 2000 : 1900;
  else if (digits == 3)
    year += 1900;
  if (day < 1 || day > days_in_month (year, month))
    return FALSE;
  *out_days = days_from_civil (year, month, day);
  return TRUE;
}

static gboolean
read_time (Cursor *cursor, gint64 *out_seconds)
{
  gint hour;
  gint minute;
  gint second = 0;

  skip_blanks (cursor);
  if (read_digits (cursor, 1, 2, &hour) == 0 || !skip_any (cursor, ":")
      || read_digits (cursor, 2, 2, &minute) == 0)
    return FALSE;
  if (skip_any (cursor, ":") && read_digits (cursor, 2, 2, &second) == 0)
    return FALSE;
  if (hour > 23 || minute > 59 || second > 60)
    return FALSE;
  *out_seconds = (hour * 60 + minute) * 60 + second;
  return TRUE;
}

static gboolean
read_named_zone (ImapString name, gint *out_minutes)
{
  static const struct
  {
    const gchar *name;
    gint minutes;
  } zones[] = { { "UT", 0 },     { "UTC", 0 },    { "GMT", 0 },    { "Z", 0 },
                { "EST", -300 }, { "EDT", -240 }, { "CST", -360 }, { "CDT", -300 },
                { "MST", -420 }, { "MDT", -360 }, { "PST", -480 }, { "PDT", -420 },
                { "CET", 60 },   { "CEST", 120 }, { "MET", 60 },   { "MEST", 120 },
                { "BST", 60 },   { "EET", 120 },  { "EEST", 180 } };

  for (guint i = 0; i < G_N_ELEMENTS (zones); i++)
    if (imap_string_is (name, zones[i].name))
      {
        *out_minutes = zones[i].minutes;
        return TRUE;
      }
  return FALSE;
}

/* A zone that is missing or makes no sense counts as UTC: the instant is then off by
 * hours, which is nearer than no date. */
static gint
read_zone (Cursor *cursor)
{
  gint hours;
  gint minutes;

  skip_blanks (cursor);
  if (cursor->at == cursor->end)
    return 0;
  gint sign = *cursor->at == '-' ? -1 : 1;
  if (!skip_any (cursor, "+-"))
    {
      ImapString name = { cursor->at, (gsize) (cursor->end - cursor->at) };
      while (name.length > 0 && name.data[name.length - 1] == ' ')
        name.length--;
      return read_named_zone (name, &minutes) ? minutes : 0;
    }
  if (read_digits (cursor, 2, 2, &hours) == 0)
    return 0;
  skip_any (cursor, ":");
  if (read_digits (cursor, 2, 2, &minutes) == 0 || hours > 23 || minutes > 59)
    return 0;
  return sign * (hours * 60 + minutes);
}

gboolean
imap_datetime_parse (ImapString text, gint64 *out_unix, gint *out_zone_minutes)
{
  gint64 days;
  gint64 seconds;

  if (text.data == NULL)
    return FALSE;
  Cursor cursor = { text.data, text.data + text.length };
  if (!read_date (&cursor, &days) || !read_time (&cursor, &seconds))
    return FALSE;
  gint zone = read_zone (&cursor);
  *out_unix = days * 86400 + seconds - (gint64) zone * 60;
  *out_zone_minutes = zone;
  return TRUE;
}

gchar *
imap_datetime_format (gint64 unix_seconds, gint zone_minutes)
{
  gint64 year;
  gint month;
  gint day;

  if (zone_minutes <= -24 * 60 || zone_minutes >= 24 * 60 || unix_seconds < -86400
      || unix_seconds > G_GINT64_CONSTANT (253402387200))
    return NULL;
  gint64 local = unix_seconds + (gint64) zone_minutes * 60;
  if (local < 0)
    return NULL;
  civil_from_days (local / 86400, &year, &month, &day);
  if (year > 9999)
    return NULL;
  gint rest = (gint) (local % 86400);
  gint zone = ABS (zone_minutes);
  return g_strdup_printf ("%2d-%s-%04d %02d:%02d:%02d %c%02d%02d", day,
                          month_names[month - 1], (gint) year, rest / 3600,
                          rest / 60 % 60, rest % 60, zone_minutes < 0 ? '-' : '+',
                          zone / 60, zone % 60);
}

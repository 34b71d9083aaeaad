/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Dates as they occur in mail: RFC 5322 with its obsolete forms, asctime, ISO 8601, IMAP
 * and the broken ones that users met (implements identity_parse_date). One pass, left to
 * right: each number or word finds its place by what is still missing. Pure.
 */
#include "identity.h"

#include <string.h>

#include <mailhaul/message.h>

/* DATE_LIMIT_BYTES: the longest honest date with a comment has below 100. */
#define DATE_LIMIT_BYTES 256
/* YEAR_LOWEST, YEAR_HIGHEST: RFC 5322 §3.3 knows no year before 1900. */
#define YEAR_LOWEST  1900
#define YEAR_HIGHEST 9999
/* UNSET: no value yet; below any value a number of a date can have. */
#define UNSET -1

/* DateParse: what was found so far. */
typedef struct
{
  const char *p;
  int year, month, day; /* month 1–12 */
  int hour, minute, second;
  int zone_minutes; /* by a name, until a number says otherwise */
  gboolean zone_is_set;
  gboolean zone_is_number;
} DateParse;

typedef struct
{
  const char *name;
  int minutes;
} Zone;

/* RFC 5322 §4.3, and names that mean one thing only. Unknown names count as UTC. */
static const Zone zones[] = {
  { "UT", 0 },     { "GMT", 0 },    { "UTC", 0 },    { "Z", 0 },       { "WET", 0 },
  { "EST", -300 }, { "EDT", -240 }, { "CST", -360 }, { "CDT", -300 },  { "MST", -420 },
  { "MDT", -360 }, { "PST", -480 }, { "PDT", -420 }, { "AKST", -540 }, { "AKDT", -480 },
  { "HST", -600 }, { "NST", -210 }, { "NDT", -150 }, { "AST", -240 },  { "ADT", -180 },
  { "WEST", 60 },  { "BST", 60 },   { "CET", 60 },   { "MET", 60 },    { "MEZ", 60 },
  { "CEST", 120 }, { "MEST", 120 }, { "MESZ", 120 }, { "EET", 120 },   { "EEST", 180 },
  { "MSK", 180 },  { "MSD", 240 },  { "HKT", 480 },  { "SGT", 480 },   { "JST", 540 },
  { "KST", 540 },  { "AEST", 600 }, { "AEDT", 660 }, { "NZST", 720 },  { "NZDT", 780 },
};

static const char *const months[] = { "january",   "february", "march",    "april",
                                      "may",       "june",     "july",     "august",
                                      "september", "october",  "november", "december" };

/* The month that @word (any case, three letters or more of its name) names, or 0. */
static int
month_of (const char *word, gsize length)
{
  for (guint i = 0; length >= 3 && i < G_N_ELEMENTS (months); i++)
    if (length <= strlen (months[i])
        && g_ascii_strncasecmp (word, months[i], length) == 0)
      return (int) i + 1;
  return 0;
}

static gsize
word_length (const char *p)
{
  gsize length = 0;

  while (g_ascii_isalpha (p[length]))
    length++;
  return length;
}

static gsize
digits_length (const char *p)
{
  gsize length = 0;

  while (g_ascii_isdigit (p[length]))
    length++;
  return length;
}

/* The value of at most nine digits; longer numbers are no part of a date. */
static int
number_of (const char *p, gsize length)
{
  int value = 0;

  if (length > 9)
    return G_MAXINT;
  for (gsize i = 0; i < length; i++)
    value = value * 10 + (p[i] - '0');
  return value;
}

/* RFC 5322 §4.3: two digits below 50 are 20xx, the others and three digits 19xx. */
static int
year_of (int value, gsize digits)
{
  if (digits <= 2)
    return value < 50 ? value + 2000 : value + 1900;
  if (digits == 3)
    return value + 1900;
  return value;
}

/* Copies @text without its comments; an unclosed one reaches to the end. */
static void
copy_without_comments (const char *text, char *out)
{
  guint depth = 0;
  gsize length = 0;

  for (const char *p = text; *p != '\0' && length < DATE_LIMIT_BYTES - 1; p++)
    {
      if (*p == '\\' && depth > 0 && p[1] != '\0')
        p++;
      else if (*p == '(')
        depth++;
      else if (*p == ')' && depth > 0)
        depth--;
      else if (depth == 0)
        out[length++] = *p;
    }
  out[length] = '\0';
}

/* hh:mm, hh:mm:ss, hh.mm.ss, each with a fraction that is left out. */
static void
parse_time (DateParse *self, char separator)
{
  gsize digits = digits_length (self->p);

  self->hour = number_of (self->p, digits);
  self->p += digits + 1;
  digits = digits_length (self->p);
  self->minute = digits == 1 || digits == 2 ? number_of (self->p, digits) : G_MAXINT;
  self->p += digits;
  self->second = 0;
  if (*self->p == separator && g_ascii_isdigit (self->p[1]))
    {
      digits = digits_length (self->p + 1);
      self->second = digits <= 2 ? number_of (self->p + 1, digits) : G_MAXINT;
      self->p += digits + 1;
    }
  if ((*self->p == '.' || *self->p == ',') && g_ascii_isdigit (self->p[1]))
    self->p += digits_length (self->p + 1) + 1;
}

/* "+0100", "-5", "+01:00", after a time. One that cannot be is taken for UTC. */
static void
parse_zone (DateParse *self)
{
  int sign = *self->p == '-' ? -1 : 1;
  gsize digits = digits_length (self->p + 1);
  int value = number_of (self->p + 1, digits);
  int hours = digits <= 2 ? value : value / 100;
  int minutes = digits <= 2 ? 0 : value % 100;

  self->p += digits + 1;
  if (digits <= 2 && *self->p == ':' && g_ascii_isdigit (self->p[1]))
    {
      gsize more = digits_length (self->p + 1);

      minutes = number_of (self->p + 1, more);
      self->p += more + 1;
    }
  if (self->zone_is_number)
    return;
  self->zone_minutes = hours < 24 && minutes < 60 ? sign * (hours * 60 + minutes) : 0;
  self->zone_is_set = TRUE;
  self->zone_is_number = TRUE;
}

static void
apply_meridiem (DateParse *self, gboolean afternoon)
{
  if (self->hour < 1 || self->hour > 12)
    return;
  self->hour = self->hour % 12 + (afternoon ? 12 : 0);
}

static void
parse_word (DateParse *self)
{
  const char *word = self->p;
  gsize length = word_length (word);
  int month = month_of (word, length);

  self->p += length;
  if (month != 0 && self->month == UNSET)
    {
      self->month = month;
      return;
    }
  if (length == 2 && (word[1] == 'M' || word[1] == 'm') && self->hour != UNSET
      && strchr ("aApP", word[0]) != NULL)
    {
      apply_meridiem (self, word[0] == 'p' || word[0] == 'P');
      return;
    }
  if (self->zone_is_set || self->hour == UNSET)
    return;
  for (guint i = 0; i < G_N_ELEMENTS (zones); i++)
    if (strlen (zones[i].name) == length
        && g_ascii_strncasecmp (word, zones[i].name, length) == 0)
      {
        self->zone_minutes = zones[i].minutes;
        self->zone_is_set = TRUE;
      }
}

/* Year first: 2020-01-31, 2020/1/31. Else by the separator: 31.01.2020 and 31-01-2020 as
 * in Europe, 01/31/2020 as in America, unless one of them can only be the day. */
static void
set_numeric_date (DateParse *self, const int *value, const gsize *digits, char separator)
{
  gboolean month_first = separator == '/' ? value[0] <= 12 : value[1] > 12;

  if (digits[0] >= 3)
    {
      self->year = year_of (value[0], digits[0]);
      self->month = value[1];
      self->day = value[2];
      return;
    }
  self->month = month_first ? value[0] : value[1];
  self->day = month_first ? value[1] : value[0];
  self->year = year_of (value[2], digits[2]);
}

/* A date glued with '-', '/' or '.': "1-Jan-2020", "2020-01-31", "31.1.20". */
static gboolean
parse_glued_date (DateParse *self)
{
  gsize digits[3] = { digits_length (self->p), 0, 0 };
  int value[3] = { number_of (self->p, digits[0]), 0, 0 };
  const char *p = self->p + digits[0];
  char separator = *p++;
  gsize letters = word_length (p);
  int month = month_of (p, letters);

  digits[1] = digits_length (p);
  value[1] = number_of (p, digits[1]);
  p += month != 0 ? letters : digits[1];
  if (*p == '.' && month != 0 && separator != '.')
    p++;
  if ((month == 0 && digits[1] == 0) || *p != separator || !g_ascii_isdigit (p[1]))
    return FALSE;
  digits[2] = digits_length (++p);
  value[2] = number_of (p, digits[2]);
  if (month == 0)
    set_numeric_date (self, value, digits, separator);
  else
    {
      gboolean year_first = digits[0] >= 3;

      self->month = month;
      self->day = value[year_first ? 2 : 0];
      self->year = year_of (value[year_first ? 0 : 2], digits[year_first ? 0 : 2]);
    }
  self->p = p + digits[2];
  return TRUE;
}

static void
parse_number (DateParse *self)
{
  gsize digits = digits_length (self->p);
  int value = number_of (self->p, digits);
  char next = self->p[digits];
  gboolean more = g_ascii_isdigit (self->p[digits + (next != '\0' ? 1 : 0)]);
  gboolean has_date = self->day != UNSET && self->month != UNSET;

  if (self->hour == UNSET && digits <= 2 && more
      && (next == ':' || (next == '.' && has_date)))
    {
      parse_time (self, next);
      return;
    }
  if (!has_date && next != '\0' && strchr ("-/.", next) != NULL
      && parse_glued_date (self))
    return;
  self->p += digits;
  if (digits <= 2 && self->day == UNSET)
    {
      self->day = value;
      if (word_length (self->p) == 2 && month_of (self->p, 2) == 0
          && strchr ("snrtSNRT", *self->p) != NULL)
        self->p += 2; /* 1st, 2nd, 3rd, 4th */
    }
  else if (self->year == UNSET && digits <= 4)
    self->year = year_of (value, digits);
}

static void
parse_all (DateParse *self)
{
  while (*self->p != '\0')
    {
      gboolean sign = *self->p == '+' || *self->p == '-';

      if (g_ascii_isalpha (*self->p))
        parse_word (self);
      else if (g_ascii_isdigit (*self->p))
        parse_number (self);
      else if (sign && self->hour != UNSET && g_ascii_isdigit (self->p[1]))
        parse_zone (self);
      else
        self->p++;
    }
}

static int
days_in_month (int year, int month)
{
  static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  gboolean leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);

  return month == 2 && leap ? 29 : days[month - 1];
}

/* Days since 1970-01-01 in the Gregorian calendar; years from March make leap days last.
 */
static gint64
days_since_epoch (int year, int month, int day)
{
  gint64 y = month > 2 ? year : year - 1;
  gint64 day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;

  return y * 365 + y / 4 - y / 100 + y / 400 + day_of_year - 719468;
}

static gboolean
is_possible (const DateParse *self)
{
  return self->year >= YEAR_LOWEST && self->year <= YEAR_HIGHEST && self->month >= 1
         && self->month <= 12 && self->day >= 1
         && self->day <= days_in_month (self->year, self->month) && self->hour <= 24
         && self->minute <= 59 && self->second <= 60
         && (self->hour < 24 || (self->minute == 0 && self->second == 0));
}

gboolean
identity_parse_date (const char *text, gint64 *out_unix)
{
  char plain[DATE_LIMIT_BYTES];
  DateParse parse = {
    .p = plain, .year = UNSET, .month = UNSET, .day = UNSET, .hour = UNSET
  };

  copy_without_comments (text, plain);
  parse_all (&parse);
  if (parse.day == 0)
    parse.day = 1; /* " 0-Jan-2020": seen in the wild, meant as the first */
  if (parse.hour == UNSET)
    parse.hour = 0;
  if (!is_possible (&parse))
    return FALSE;
  *out_unix = days_since_epoch (parse.year, parse.month, parse.day) * 86400
              + parse.hour * 3600 + parse.minute * 60 + parse.second
              - (gint64) parse.zone_minutes * 60;
  return TRUE;
}

gboolean
haul_date_parse (const char *text, gint64 *out_unix)
{
  return identity_parse_date (text, out_unix);
}

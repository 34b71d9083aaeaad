/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * From_ lines, read leniently and written strictly. Whether a line that parses is a
 * separator is the scanner's decision. Pure: any thread.
 */
#include "from-line.h"

#include <string.h>

/* Cursor: what is left of a line. */
typedef struct
{
  const guint8 *at;
  const guint8 *end;
} Cursor;

/* Word: a run of bytes without blanks. */
typedef struct
{
  const guint8 *data;
  gsize length;
} Word;

/* LAST_DATE_S: the end of the year 9999: the line has four digits. */
#define LAST_DATE_S G_GINT64_CONSTANT (253402300799)

/* Fields: a date as it is being collected. */
typedef struct
{
  int year, month, day, hour, minute, second;
  gint32 zone_minutes;
  gboolean has_zone;
} Fields;

/* Zone: a named zone. */
typedef struct
{
  const char *name;
  gint32 minutes;
} Zone;

static const Zone zones[] = {
  { "UT", 0 },     { "UTC", 0 },    { "GMT", 0 },    { "Z", 0 },      { "WET", 0 },
  { "BST", 60 },   { "WEST", 60 },  { "CET", 60 },   { "MET", 60 },   { "MEZ", 60 },
  { "CEST", 120 }, { "MEST", 120 }, { "MESZ", 120 }, { "EET", 120 },  { "EEST", 180 },
  { "MSK", 180 },  { "MSD", 240 },  { "IST", 330 },  { "SGT", 480 },  { "HKT", 480 },
  { "JST", 540 },  { "KST", 540 },  { "AEST", 600 }, { "AEDT", 660 }, { "NZST", 720 },
  { "NZDT", 780 }, { "AST", -240 }, { "ADT", -180 }, { "EST", -300 }, { "EDT", -240 },
  { "CST", -360 }, { "CDT", -300 }, { "MST", -420 }, { "MDT", -360 }, { "PST", -480 },
  { "PDT", -420 },
};

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

static gboolean
is_blank (guint8 byte)
{
  return byte == ' ' || byte == '\t';
}

static Word
next_word (Cursor *cursor)
{
  while (cursor->at < cursor->end && is_blank (*cursor->at))
    cursor->at++;
  Word word = { cursor->at, 0 };
  while (cursor->at < cursor->end && !is_blank (*cursor->at))
    cursor->at++;
  word.length = (gsize) (cursor->at - word.data);
  return word;
}

static int
find_name (Word word, const char *const *names, guint count)
{
  for (guint i = 0; word.length == 3 && i < count; i++)
    if (g_ascii_strncasecmp ((const char *) word.data, names[i], 3) == 0)
      return (int) i;
  return -1;
}

/* A decimal number of @least to @most digits that is the whole of @word. */
static gboolean
word_number (Word word, gsize least, gsize most, int *out)
{
  if (word.length < least || word.length > most)
    return FALSE;
  int value = 0;
  for (gsize i = 0; i < word.length; i++)
    {
      if (!g_ascii_isdigit (word.data[i]))
        return FALSE;
      value = value * 10 + (word.data[i] - '0');
    }
  *out = value;
  return TRUE;
}

/* hh:mm or hh:mm:ss. */
static gboolean
word_time (Word word, Fields *fields)
{
  int parts[3] = { 0, 0, 0 };
  guint count = 0;
  Word part = { word.data, 0 };
  for (gsize i = 0; i <= word.length; i++)
    {
      if (i < word.length && word.data[i] != ':')
        continue;
      part.length = (gsize) (word.data + i - part.data);
      if (count == 3 || !word_number (part, count == 0 ? 1 : 2, 2, &parts[count]))
        return FALSE;
      count++;
      part.data = word.data + i + 1;
    }
  if (count < 2 || parts[0] > 23 || parts[1] > 59 || parts[2] > 60)
    return FALSE;
  fields->hour = parts[0];
  fields->minute = parts[1];
  fields->second = parts[2];
  return TRUE;
}

static gboolean
word_numeric_zone (Word word, gint32 *out_minutes)
{
  int value = 0;
  Word digits = { word.data + 1, word.length - 1 };
  if (word.length != 5 || (word.data[0] != '+' && word.data[0] != '-')
      || !word_number (digits, 4, 4, &value) || value % 100 > 59 || value > 2400)
    return FALSE;
  gint32 minutes = value / 100 * 60 + value % 100;
  *out_minutes = word.data[0] == '-' ? -minutes : minutes;
  return TRUE;
}

static gboolean
word_named_zone (Word word, gint32 *out_minutes)
{
  for (gsize i = 0; i < G_N_ELEMENTS (zones); i++)
    if (strlen (zones[i].name) == word.length
        && g_ascii_strncasecmp ((const char *) word.data, zones[i].name, word.length)
               == 0)
      {
        *out_minutes = zones[i].minutes;
        return TRUE;
      }
  return FALSE;
}

/* Could be the name of a zone, known or not. */
static gboolean
word_is_alpha (Word word)
{
  for (gsize i = 0; i < word.length; i++)
    if (!g_ascii_isalpha (word.data[i]))
      return FALSE;
  return word.length > 0 && word.length <= 5;
}

static gboolean
word_is (Word word, const char *text)
{
  return word.length == strlen (text)
         && g_ascii_strncasecmp ((const char *) word.data, text, word.length) == 0;
}

/* Takes a zone if the next word is one; an unknown name counts as a zone of UTC only
 * before a year (@any_name). A following "DST" adds an hour. */
static gboolean
take_zone (Cursor *cursor, gboolean any_name, Fields *fields)
{
  Cursor ahead = *cursor;
  Word word = next_word (&ahead);
  gint32 minutes = 0;
  if (word.length == 0)
    return FALSE;
  gboolean known = word_numeric_zone (word, &minutes) || word_named_zone (word, &minutes);
  if (!known && !(any_name && word_is_alpha (word)))
    return FALSE;
  *cursor = ahead;
  if (word_is (next_word (&ahead), "DST"))
    {
      minutes += 60;
      *cursor = ahead;
    }
  if (known)
    {
      fields->zone_minutes = minutes;
      fields->has_zone = TRUE;
    }
  return TRUE;
}

/* Nov 9 22:33[:52] [zone] 2001 [zone] [junk] */
static gboolean
parse_asctime (Cursor cursor, Fields *fields)
{
  fields->month = find_name (next_word (&cursor), months, G_N_ELEMENTS (months)) + 1;
  if (fields->month == 0 || !word_number (next_word (&cursor), 1, 2, &fields->day)
      || !word_time (next_word (&cursor), fields))
    return FALSE;
  gboolean zoned = take_zone (&cursor, TRUE, fields);
  if (!word_number (next_word (&cursor), 4, 4, &fields->year))
    return FALSE;
  if (!zoned)
    take_zone (&cursor, FALSE, fields);
  return TRUE;
}

/* 9 Nov 2002 22:33[:52] [zone] [junk] */
static gboolean
parse_rfc822 (Cursor cursor, Fields *fields)
{
  if (!word_number (next_word (&cursor), 1, 2, &fields->day))
    return FALSE;
  fields->month = find_name (next_word (&cursor), months, G_N_ELEMENTS (months)) + 1;
  if (fields->month == 0 || !word_number (next_word (&cursor), 4, 4, &fields->year)
      || !word_time (next_word (&cursor), fields))
    return FALSE;
  take_zone (&cursor, FALSE, fields);
  return TRUE;
}

/* Days since 1970-01-01 of a date of the Gregorian calendar. */
static gint64
days_from_civil (int year, int month, int day)
{
  gint64 y = month <= 2 ? year - 1 : year;
  gint64 era = y / 400, year_of_era = y - era * 400;
  gint64 day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
  gint64 day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100
                      + day_of_year;
  return era * 146097 + day_of_era - 719468;
}

static gboolean
fields_to_unix (const Fields *fields, gint64 *out)
{
  static const int lengths[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
  int year = fields->year;
  gboolean leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
  int length = lengths[fields->month - 1] + (leap && fields->month == 2);
  if (year < 1900 || fields->day < 1 || fields->day > length)
    return FALSE;
  *out = days_from_civil (year, fields->month, fields->day) * 86400 + fields->hour * 3600
         + fields->minute * 60 + fields->second - fields->zone_minutes * 60;
  return TRUE;
}

/* Skips the sender: nothing (a second blank follows, or the date does), a word, or a word
 * with quoted parts that may contain blanks. */
static void
skip_sender (Cursor *cursor)
{
  gboolean quoted = FALSE;
  for (; cursor->at < cursor->end && (quoted || !is_blank (*cursor->at)); cursor->at++)
    {
      if (*cursor->at == '"')
        quoted = !quoted;
      else if (quoted && *cursor->at == '\\' && cursor->at + 1 < cursor->end)
        cursor->at++;
    }
}

static gboolean
parse_date (Cursor cursor, Fields *fields)
{
  *fields = (Fields){ 0 };
  Word weekday = next_word (&cursor);
  if (weekday.length == 4 && weekday.data[3] == ',')
    weekday.length = 3;
  if (find_name (weekday, days, G_N_ELEMENTS (days)) < 0)
    return FALSE;
  if (parse_asctime (cursor, fields))
    return TRUE;
  *fields = (Fields){ 0 };
  return parse_rfc822 (cursor, fields);
}

gboolean
mbox_from_line_parse (const guint8 *line, gsize length, MboxFromLine *out)
{
  length = MIN (length, MBOX_FROM_LIMIT_BYTES);
  if (length < 5 || memcmp (line, "From ", 5) != 0)
    return FALSE;
  const guint8 *newline = memchr (line, '\n', length);
  Cursor cursor = { line + 5, newline ? newline : line + length };
  if (cursor.end > cursor.at && cursor.end[-1] == '\r')
    cursor.end--;
  Fields fields;
  Cursor after = cursor;
  skip_sender (&after);
  gint64 unix_time = 0;
  /* an unbalanced quote is a sender of one word */
  Cursor plain = cursor;
  while (plain.at < plain.end && !is_blank (*plain.at))
    plain.at++;
  gboolean found = parse_date (after, &fields) || parse_date (plain, &fields)
                   || parse_date (cursor, &fields);
  if (!found || !fields_to_unix (&fields, &unix_time))
    return FALSE;
  out->date_unix = unix_time;
  out->zone_minutes = fields.zone_minutes;
  out->has_zone = fields.has_zone;
  return TRUE;
}

gboolean
mbox_from_line_is_bare (const guint8 *line, gsize length)
{
  return length >= 5 && length <= 7 && memcmp (line, "From ", 5) == 0
         && (length == 5 || line[5] == '\n' || (length == 7 && line[5] == '\r'));
}

gboolean
mbox_from_line_holds (gint64 date_unix)
{
  return date_unix >= 0 && date_unix <= LAST_DATE_S;
}

void
mbox_from_line_append (GByteArray *out, const char *sender, gint64 date_unix)
{
  gint64 clamped = CLAMP (date_unix, 0, LAST_DATE_S);
  g_autoptr (GDateTime) when = g_date_time_new_from_unix_utc (clamped);
  int year, month, day;
  g_date_time_get_ymd (when, &year, &month, &day);
  g_autofree char *line = g_strdup_printf (
      "From %s %s %s %2d %02d:%02d:%02d %04d\n", sender,
      days[g_date_time_get_day_of_week (when) % 7], months[month - 1], day,
      g_date_time_get_hour (when), g_date_time_get_minute (when),
      g_date_time_get_second (when), year);
  g_byte_array_append (out, (const guint8 *) line, (guint) strlen (line));
}

/* The value of the first field @name, unfolded; NULL when there is none. */
static char *
header_value (const guint8 *headers, gsize length, const char *name)
{
  gsize name_length = strlen (name);
  const guint8 *end = headers + length;
  GString *value = NULL;
  for (const guint8 *line = headers; line < end;)
    {
      const guint8 *newline = memchr (line, '\n', (gsize) (end - line));
      const guint8 *next = newline ? newline + 1 : end;
      gsize size = (gsize) (next - line);
      gboolean folded = is_blank (*line);
      if (value != NULL && !folded)
        break;
      if (value != NULL)
        g_string_append_len (value, (const char *) line, (gssize) size);
      else if (size > name_length && line[name_length] == ':'
               && g_ascii_strncasecmp ((const char *) line, name, name_length) == 0)
        value = g_string_new_len ((const char *) line + name_length + 1,
                                  (gssize) (size - name_length - 1));
      line = next;
    }
  return value == NULL ? NULL : g_string_free (value, FALSE);
}

/* The text between the first '<' outside of quotes and the '>' after it, else all,
 * without comments and quoted display names. */
static char *
address_of (const char *value)
{
  g_autoptr (GString) plain = g_string_new (NULL);
  guint depth = 0;
  for (const char *p = value; *p != '\0'; p++)
    {
      if (*p == '"')
        {
          const char *close = strchr (p + 1, '"');
          if (close != NULL && close[1] != '@')
            p = close;
          continue;
        }
      depth += *p == '(';
      if (depth == 0)
        g_string_append_c (plain, *p);
      depth -= *p == ')' && depth > 0;
    }
  const char *open = strchr (plain->str, '<');
  const char *close = open ? strchr (open, '>') : NULL;
  if (close != NULL)
    return g_strndup (open + 1, (gsize) (close - open - 1));
  return open == NULL ? g_strdup (plain->str) : g_strdup ("");
}

/* Only what cannot disturb the line: printable ASCII without blanks and quotes. */
static char *
clean_sender (const char *address)
{
  g_autoptr (GString) clean = g_string_new (NULL);
  for (const char *p = address; *p != '\0' && *p != ','; p++)
    if (g_ascii_isgraph (*p) && *p != '"' && *p != '<' && *p != '>'
        && clean->len < MBOX_SENDER_LIMIT_BYTES)
      g_string_append_c (clean, *p);
  return g_string_free (g_steal_pointer (&clean), FALSE);
}

char *
mbox_from_line_sender (const guint8 *headers, gsize length)
{
  static const char *const names[] = { "Return-Path", "From" };
  for (gsize i = 0; i < G_N_ELEMENTS (names); i++)
    {
      g_autofree char *value = header_value (headers, length, names[i]);
      g_autofree char *address = value ? address_of (value) : NULL;
      g_autofree char *sender = address ? clean_sender (address) : NULL;
      /* "From From Thu …" would hold a second From_ line */
      if (sender != NULL && sender[0] != '\0' && !g_str_has_suffix (sender, "From"))
        return g_steal_pointer (&sender);
    }
  return g_strdup ("MAILER-DAEMON");
}

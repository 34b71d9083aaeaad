/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <fix-date when="implausible"/>: gives messages whose INTERNALDATE is missing or cannot
 * be the date that their header names: that of the topmost Received that has one, then
 * Date. What the header says must be plausible itself; else the message keeps what it
 * has. An instance never changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

/* FIELD_LIMIT_BYTES: of one field; a Received with its comments has below 2 KiB. */
#define FIELD_LIMIT_BYTES 4096
/* FUTURE_LIMIT_SECONDS: clocks and zones may be wrong by a day; more is no date. */
#define FUTURE_LIMIT_SECONDS (2 * G_GINT64_CONSTANT (86400))

typedef enum
{
  WHEN_IMPLAUSIBLE = 0,
  WHEN_MISSING = 1,
  WHEN_ALWAYS = 2,
} When;

typedef enum
{
  BY_RECEIVED_DATE = 0,
  BY_RECEIVED = 1,
  BY_DATE = 2,
  BY_DATE_RECEIVED = 3,
} By;

static const char *const when_names[] = { "implausible", "missing", "always", NULL };
static const char *const by_names[] = { "received-date", "received", "date",
                                        "date-received", NULL };

typedef struct
{
  int when;
  int by;
  gint64 earliest_unix;
} FixSettings;

static const HaulOptionSpec fix_options[] = {
  HAUL_OPT_ENUM (FixSettings, when, "when", "implausible", when_names, HAUL_OPT_NONE,
                 "Which INTERNALDATE is replaced: one before \"earliest\" or in the "
                 "future, or none; only none; every one"),
  HAUL_OPT_ENUM (FixSettings, by, "by", "received-date", by_names, HAUL_OPT_NONE,
                 "Where the date is from, in this order"),
  HAUL_OPT_DATE (FixSettings, earliest_unix, "earliest", "1980-01-01", HAUL_OPT_NONE,
                 "No message is older than this"),
  HAUL_OPT_END
};

static gboolean
is_plausible (const FixSettings *settings, const HaulMessage *message, gint64 date_unix)
{
  return date_unix >= settings->earliest_unix
         && date_unix <= haul_message_now (message) + FUTURE_LIMIT_SECONDS;
}

/* ---- the header ---- */

/* The length of the line at @data, with its end. */
static gsize
line_length (const char *data, gsize length)
{
  const char *end = memchr (data, '\n', length);

  return end != NULL ? (gsize) (end - data) + 1 : length;
}

/* The length of the field at @data: its line and the folded ones. */
static gsize
field_length (const char *data, gsize length)
{
  gsize used = line_length (data, length);

  while (used < length && (data[used] == ' ' || data[used] == '\t'))
    used += line_length (data + used, length - used);
  return used;
}

/* The value of the field at @data if it is @name: unfolded text, NUL as a blank, the last
 * FIELD_LIMIT_BYTES of it, since the date of a Received stands at its end. (transfer
 * full) */
static char *
value_of (const char *name, const char *data, gsize length)
{
  gsize used = strlen (name);

  if (length <= used || g_ascii_strncasecmp (data, name, used) != 0)
    return NULL;
  while (used < length && (data[used] == ' ' || data[used] == '\t'))
    used++;
  if (used == length || data[used++] != ':')
    return NULL;
  if (length - used > FIELD_LIMIT_BYTES)
    used = length - FIELD_LIMIT_BYTES;
  char *value = g_malloc (length - used + 1);
  for (gsize i = used; i < length; i++)
    value[i - used] = data[i] == '\0' ? ' ' : data[i];
  value[length - used] = '\0';
  return value;
}

/* The date of a field's value: of a Received what follows the last ';' (RFC 5321 §4.4)
 * that is not in a comment behind the date, else the value. */
static gboolean
date_of (const char *value, gboolean received, gint64 *out_unix)
{
  if (!received)
    return haul_date_parse (value, out_unix);
  for (const char *end = value + strlen (value); end > value; end--)
    if (end[-1] == ';' && haul_date_parse (end, out_unix))
      return TRUE;
  return FALSE;
}

/* The first field @name whose date is plausible. */
static gboolean
date_of_header (const FixSettings *settings, const HaulMessage *message, const char *name,
                gint64 *out_unix)
{
  HaulBytes headers = haul_message_headers (message);
  const char *data = (const char *) headers.data;
  gboolean received = *name == 'R';

  for (gsize at = 0; at < headers.length;)
    {
      gsize length = field_length (data + at, headers.length - at);
      g_autofree char *value = value_of (name, data + at, length);
      gint64 date = 0;

      if (value != NULL && date_of (value, received, &date)
          && is_plausible (settings, message, date))
        {
          *out_unix = date;
          return TRUE;
        }
      at += length;
    }
  return FALSE;
}

/* ---- the hook ---- */

static gboolean
is_wanted (const FixSettings *settings, const HaulMessage *message)
{
  gint64 date = 0;
  gboolean has_date = haul_message_date (message, &date);

  switch ((When) settings->when)
    {
    case WHEN_ALWAYS:
      return TRUE;
    case WHEN_MISSING:
      return !has_date;
    case WHEN_IMPLAUSIBLE:
      break;
    }
  return !has_date || !is_plausible (settings, message, date);
}

static gboolean
fix_message (gconstpointer instance, const HaulMessage *message, HaulMessageEdit *edit,
             GError **error)
{
  static const char *const orders[][3] = {
    [BY_RECEIVED_DATE] = { "Received", "Date", NULL },
    [BY_RECEIVED] = { "Received", NULL },
    [BY_DATE] = { "Date", NULL },
    [BY_DATE_RECEIVED] = { "Date", "Received", NULL },
  };
  const FixSettings *settings = instance;
  const char *const *names = orders[settings->by];
  gint64 date = 0;

  if (!is_wanted (settings, message))
    return TRUE;
  for (; *names != NULL; names++)
    if (date_of_header (settings, message, *names, &date))
      {
        haul_message_edit_date (edit, date);
        return TRUE;
      }
  return TRUE;
}

static const HaulFilter fix_filter = {
  HAUL_FILTER_HEADER,
  .name = "fix-date",
  .summary = "Gives messages the date that their header names",
  .options = fix_options,
  .settings_size = sizeof (FixSettings),
  .effects = HAUL_FILTER_NEEDS_HEADERS,
  .message = fix_message,
};

HAUL_DEFINE_FILTER (fix_date, fix_filter)

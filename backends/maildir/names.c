/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names of message files. Pure: no I/O, no clock. Which file a name belongs to, and when
 * it is renamed, is for others. Any thread.
 */
#include "names.h"

#include <string.h>

#include "bounds.h"

/* The system flags in the ASCII order in which their letters stand in a name. */
typedef struct
{
  char letter;
  guint32 flag;
} MaildirFlagLetter;

static const MaildirFlagLetter flag_letters[] = {
  { 'D', HAUL_FLAG_DRAFT }, { 'F', HAUL_FLAG_FLAGGED }, { 'R', HAUL_FLAG_ANSWERED },
  { 'S', HAUL_FLAG_SEEN },  { 'T', HAUL_FLAG_DELETED },
};

static const char hex_digits[] = "0123456789abcdef";

/* The information field begins here; NULL when there is none. */
static const char *
information_of (const char *name, char separator)
{
  const char *info = strchr (name, separator);

  return info == name ? NULL : info;
}

void
maildir_name_parse (const char *name, char separator, MaildirName *out_name)
{
  const char *info = information_of (name, separator);
  MaildirName parsed = { .base_length = info ? (gsize) (info - name) : strlen (name) };

  /* ":1," and anything else is experimental: no flags that we could know. */
  if (info && info[1] == '2' && info[2] == ',')
    for (const char *p = info + 3; *p && *p != ','; p++)
      {
        for (gsize i = 0; i < G_N_ELEMENTS (flag_letters); i++)
          if (*p == flag_letters[i].letter)
            parsed.flags |= flag_letters[i].flag;
        if (*p == 'P')
          parsed.forwarded = TRUE;
        if (*p >= 'a' && *p <= 'z')
          parsed.letters |= 1u << (*p - 'a');
      }
  *out_name = parsed;
}

gboolean
maildir_name_size (const char *base, gsize length, char kind, guint64 *out_size)
{
  const char *end = base + length;

  for (const char *p = base; p + 3 < end; p++)
    {
      guint64 size = 0;
      const char *digit = p + 3;

      if (p[0] != ',' || p[1] != kind || p[2] != '=')
        continue;
      for (; digit < end && g_ascii_isdigit (*digit) && size < G_MAXUINT64 / 100; digit++)
        size = size * 10 + (guint64) (*digit - '0');
      if (digit == p + 3 || (digit < end && *digit != ','))
        continue;
      *out_size = size;
      return TRUE;
    }
  return FALSE;
}

static int
hex_value (char c)
{
  if (c >= '0' && c <= '9')
    return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static gboolean
parse_id (const char *hex, guint8 *out_id)
{
  guint8 id[HAUL_DELIVERY_ID_LENGTH];

  for (gsize i = 0; i < sizeof id; i++)
    {
      int high = hex_value (hex[2 * i]);
      int low = high < 0 ? -1 : hex_value (hex[2 * i + 1]);

      if (low < 0)
        return FALSE;
      id[i] = (guint8) (high << 4 | low);
    }
  memcpy (out_id, id, sizeof id);
  return TRUE;
}

static void
format_id (const guint8 *id, char *out)
{
  for (gsize i = 0; i < HAUL_DELIVERY_ID_LENGTH; i++)
    {
      out[2 * i] = hex_digits[id[i] >> 4];
      out[2 * i + 1] = hex_digits[id[i] & 15];
    }
}

gboolean
maildir_name_delivery_id (const char *base, gsize length, guint8 *out_id)
{
  const char *end = base + length;
  const char *p = base;

  while (p < end && g_ascii_isdigit (*p))
    p++;
  if (p == base || p >= end || *p++ != '.')
    return FALSE;
  if (p < end && *p == 'M')
    for (p++; p < end && g_ascii_isdigit (*p);)
      p++;
  if (end - p < 2 + 2 * HAUL_DELIVERY_ID_LENGTH || *p != 'H'
      || p[1 + 2 * HAUL_DELIVERY_ID_LENGTH] != '.')
    return FALSE;
  return parse_id (p + 1, out_id);
}

char *
maildir_name_set (const char *name, char separator, const MaildirName *wanted)
{
  const char *info = information_of (name, separator);
  gsize base_length = info ? (gsize) (info - name) : strlen (name);
  gboolean known = info && info[1] == '2' && info[2] == ',';
  const char *old = known ? info + 3 : "";
  gsize old_length = strcspn (old, ",");
  gboolean present[256] = { FALSE };
  GString *result = g_string_new_len (name, (gssize) base_length);

  for (gsize i = 0; i < old_length; i++)
    present[(guchar) old[i]] = TRUE;
  for (gsize i = 0; i < G_N_ELEMENTS (flag_letters); i++)
    present[(guchar) flag_letters[i].letter] = (wanted->flags & flag_letters[i].flag)
                                               != 0;
  present['P'] = wanted->forwarded;
  for (guint i = 0; i < MAILDIR_KEYWORD_LETTERS; i++)
    present['a' + i] = (wanted->letters & (1u << i)) != 0;
  g_string_append_printf (result, "%c2,", separator);
  for (guint c = 1; c < 256; c++)
    if (present[c])
      g_string_append_c (result, (char) c);
  g_string_append (result, old + old_length);
  return g_string_free (result, FALSE);
}

gsize
maildir_name_unique (const MaildirUnique *unique, char *out)
{
  char hex[2 * HAUL_DELIVERY_ID_LENGTH + 1] = "";

  format_id (unique->delivery_id, hex);
  return (gsize) g_snprintf (out, MAILDIR_NAME_ROOM,
                             "%" G_GINT64_FORMAT ".M%06" G_GINT64_FORMAT
                             "H%s.%s,S=%" G_GUINT64_FORMAT ",W=%" G_GUINT64_FORMAT,
                             unique->stamp_us / G_USEC_PER_SEC,
                             unique->stamp_us % G_USEC_PER_SEC, hex, unique->host,
                             unique->stored, unique->wire);
}

static const char tmp_suffix[] = ".mailhaul";

/* OWNER_DIGITS: of the owner in hexadecimal. */
#define OWNER_DIGITS 8

void
maildir_name_tmp (const guint8 *delivery_id, guint32 owner, char *out)
{
  out[0] = 'H';
  format_id (delivery_id, out + 1);
  g_snprintf (out + 1 + 2 * HAUL_DELIVERY_ID_LENGTH, 1 + OWNER_DIGITS + sizeof tmp_suffix,
              ".%08x%s", owner, tmp_suffix);
}

/* ".0123abcd" */
static gboolean
is_owner (const char *text)
{
  if (*text++ != '.')
    return FALSE;
  for (gsize i = 0; i < OWNER_DIGITS; i++)
    if (!g_ascii_isxdigit (text[i]))
      return FALSE;
  return TRUE;
}

gboolean
maildir_name_is_tmp (const char *name)
{
  guint8 id[HAUL_DELIVERY_ID_LENGTH];

  gsize front = 1 + 2 * HAUL_DELIVERY_ID_LENGTH;
  if (name[0] != 'H' || strlen (name) < front || !parse_id (name + 1, id))
    return FALSE;
  return strcmp (name + front, tmp_suffix) == 0
         || (is_owner (name + front)
             && strcmp (name + front + 1 + OWNER_DIGITS, tmp_suffix) == 0);
}

char *
maildir_name_host (const char *host)
{
  GString *result = g_string_new (NULL);

  for (const guchar *p = (const guchar *) host; *p; p++)
    {
      gboolean plain = g_ascii_isalnum (*p) || *p == '-' || *p == '.' || *p == '_';

      if (result->len + 4 > MAILDIR_MAX_HOST)
        break;
      if (plain)
        g_string_append_c (result, (char) *p);
      else
        g_string_append_printf (result, "\\%03o", *p);
    }
  if (result->len == 0)
    g_string_append (result, "localhost");
  return g_string_free (result, FALSE);
}

/* Reads a decimal number that may not overflow; moves *@p behind it. */
static guint64
take_number (const char **p, const char *end)
{
  guint64 value = 0;

  for (; *p < end && g_ascii_isdigit (**p); (*p)++)
    value = value < G_MAXUINT64 / 100 ? value * 10 + (guint64) (**p - '0') : value;
  return value;
}

guint32
maildir_name_seconds (const char *base, gsize length)
{
  const char *p = base;
  guint64 seconds = take_number (&p, base + length);

  return p == base ? G_MAXUINT32 : (guint32) MIN (seconds, G_MAXUINT32 - 1);
}

/* The parts by which names of one second are ordered. */
typedef struct
{
  guint64 micro;
  guint64 process;
  guint64 counter;
} MaildirOrder;

static MaildirOrder
order_of (const char *base, gsize length)
{
  MaildirOrder order = { 0 };
  const char *end = base + length;
  const char *p = base;

  take_number (&p, end);
  if (p >= end || *p++ != '.')
    return order;
  if (p < end && g_ascii_isdigit (*p)) /* pid_counter, as qmail wrote it */
    {
      order.process = take_number (&p, end);
      if (p < end && *p++ == '_')
        order.counter = take_number (&p, end);
      return order;
    }
  while (p + 1 < end && *p != '.' && *p != ',')
    {
      char part = *p++;
      guint64 value = part == 'M' || part == 'P' || part == 'Q' ? take_number (&p, end)
                                                                : 0;

      if (part == 'M')
        order.micro = value;
      else if (part == 'P')
        order.process = value;
      else if (part == 'Q')
        order.counter = value;
      else if (part == 'H')
        break; /* an id: its digits are no parts */
    }
  return order;
}

static int
compare_numbers (guint64 a, guint64 b)
{
  return a < b ? -1 : a > b;
}

int
maildir_name_compare (const char *a, gsize a_length, const char *b, gsize b_length)
{
  int result = compare_numbers (maildir_name_seconds (a, a_length),
                                maildir_name_seconds (b, b_length));

  if (result == 0)
    {
      MaildirOrder first = order_of (a, a_length);
      MaildirOrder second = order_of (b, b_length);

      result = compare_numbers (first.micro, second.micro);
      if (result == 0)
        result = compare_numbers (first.process, second.process);
      if (result == 0)
        result = compare_numbers (first.counter, second.counter);
    }
  if (result == 0)
    result = memcmp (a, b, MIN (a_length, b_length));
  return result ? result : compare_numbers (a_length, b_length);
}

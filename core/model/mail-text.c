/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * RFC 2047 words and blanks of unstructured header values. Own decoder, not GMime's: that
 * one needs a process-wide init, which a library in a foreign plugin host cannot promise
 * to do once and in time, and its leniency changes with its version, while what is
 * computed here lies in state files. Pure; any thread.
 */
#include "mail-text.h"

#include <string.h>

#include <mailhaul/message.h>

/* CHARSET_LIMIT_BYTES: the longest registered charset name has 45. */
#define CHARSET_LIMIT_BYTES 64
/* CONVERT_LIMIT: words of one value that go through iconv; opening it is what costs. */
#define CONVERT_LIMIT 256
/* NFC_LIMIT_BYTES: GLib sorts runs of combining marks in quadratic time; no subject that
 * anybody wrote is longer. */
#define NFC_LIMIT_BYTES 4096

/* Charsets that mail uses; others stay undecoded, so that the result does not depend on
 * which iconv modules a machine has, and a peer cannot choose among all of them. */
static const char *const charsets[] = {
  "iso-8859-",      "windows-125", "cp125",     "koi8-r",   "koi8-u", "iso-2022-jp",
  "shift_jis",      "sjis",        "euc-jp",    "euc-kr",   "gb2312", "gbk",
  "gb18030",        "big5",        "macintosh", "utf-7",    "cp932",  "windows-874",
  "ks_c_5601-1987", "tis-620",     "utf-16",    "ibm850",   "ibm437", "cp850",
  "cp437",          "cp936",       "cp949",     "iso8859-", "euc-tw", NULL
};

/* Word: one encoded word inside a value; borrowed. */
typedef struct
{
  char charset[CHARSET_LIMIT_BYTES + 1];
  char encoding; /* 'b' or 'q' */
  const char *text;
  gsize text_length;
  const char *end; /* behind "?=" */
} Word;

/* Decoder: a value under way. Adjacent words of one charset are converted together, since
 * mailers cut characters in two. */
typedef struct
{
  GString *out;   /* UTF-8 */
  GString *bytes; /* decoded, in `charset` */
  char charset[CHARSET_LIMIT_BYTES + 1];
  guint conversions;
} Decoder;

static gboolean
is_blank (char c)
{
  return c == ' ' || (c >= '\t' && c <= '\r');
}

char *
mail_text_collapse (const char *text)
{
  g_autoptr (GString) out = g_string_sized_new (strlen (text));

  for (const char *p = text; *p != '\0'; p++)
    if (!is_blank (*p))
      g_string_append_c (out, *p);
    else if (out->len > 0 && out->str[out->len - 1] != ' ')
      g_string_append_c (out, ' ');
  if (out->len > 0 && out->str[out->len - 1] == ' ')
    g_string_truncate (out, out->len - 1);
  return g_string_free (g_steal_pointer (&out), FALSE);
}

/* ---- bytes to UTF-8 ---- */

static void
append_latin1 (GString *out, const char *data, gsize length)
{
  for (gsize i = 0; i < length; i++)
    g_string_append_unichar (out, (guint8) data[i]);
}

/* Raw bytes of a header: UTF-8 when they are, else Latin-1. */
static void
append_raw (GString *out, const char *data, gsize length)
{
  if (g_utf8_validate (data, (gssize) length, NULL))
    g_string_append_len (out, data, (gssize) length);
  else
    append_latin1 (out, data, length);
}

static gboolean
charset_is_unicode (const char *charset)
{
  return g_ascii_strcasecmp (charset, "utf-8") == 0
         || g_ascii_strcasecmp (charset, "utf8") == 0
         || g_ascii_strcasecmp (charset, "us-ascii") == 0
         || g_ascii_strcasecmp (charset, "ascii") == 0;
}

static gboolean
charset_is_known (const char *charset)
{
  if (charset_is_unicode (charset))
    return TRUE;
  for (gsize i = 0; charsets[i] != NULL; i++)
    {
      gsize length = strlen (charsets[i]);
      gboolean family = charsets[i][length - 1] == '-'
                        || g_ascii_isdigit (charsets[i][length - 1]);

      if (g_ascii_strncasecmp (charset, charsets[i], length) == 0
          && (charset[length] == '\0' || (family && strlen (charset) <= length + 3)))
        return TRUE;
    }
  return FALSE;
}

/* Ends a run of words of one charset. */
static void
flush_words (Decoder *self)
{
  g_autofree char *converted = NULL;
  gsize length = 0;

  if (self->bytes->len == 0)
    return;
  if (!charset_is_unicode (self->charset) && self->conversions++ < CONVERT_LIMIT)
    converted = g_convert (self->bytes->str, (gssize) self->bytes->len, "UTF-8",
                           self->charset, NULL, &length, NULL);
  if (converted != NULL)
    append_raw (self->out, converted, length);
  else
    append_raw (self->out, self->bytes->str, self->bytes->len);
  g_string_truncate (self->bytes, 0);
}

/* ---- encoded words ---- */

static gsize
charset_length (const char *p, const char *end)
{
  gsize length = 0;

  while (p + length < end && length < CHARSET_LIMIT_BYTES
         && (g_ascii_isalnum (p[length]) || strchr ("-_.:+", p[length]) != NULL)
         && p[length] != '\0')
    length++;
  return length;
}

/* Reads a word that starts with "=?" at @p. On FALSE @word->end is where to go on: it is
 * no word, or one whose charset is not decoded. */
static gboolean
read_word (const char *p, const char *end, Word *word)
{
  gsize length = charset_length (p + 2, end);

  word->end = p + 2;
  memcpy (word->charset, p + 2, length);
  word->charset[length] = '\0';
  p += 2 + length;
  if (p < end && *p == '*') /* RFC 2231 §5: a language */
    p += 1 + charset_length (p + 1, end);
  if (end - p < 5 || p[0] != '?' || p[2] != '?' || !charset_is_known (word->charset))
    return FALSE;
  word->encoding = g_ascii_tolower (p[1]);
  if (word->encoding != 'b' && word->encoding != 'q')
    return FALSE;
  word->text = p + 3;
  p = memchr (word->text, '?', end - word->text);
  if (p == NULL)
    {
      word->end = end;
      return FALSE;
    }
  word->text_length = p - word->text;
  word->end = p[1] == '=' ? p + 2 : p - 1;
  return p[1] == '=';
}

static void
decode_q (GString *out, const char *text, gsize length)
{
  for (gsize i = 0; i < length; i++)
    {
      if (text[i] == '=' && i + 2 < length && g_ascii_isxdigit (text[i + 1])
          && g_ascii_isxdigit (text[i + 2]))
        {
          g_string_append_c (out, (char) (g_ascii_xdigit_value (text[i + 1]) * 16
                                          + g_ascii_xdigit_value (text[i + 2])));
          i += 2;
        }
      else
        g_string_append_c (out, text[i] == '_' ? ' ' : text[i]);
    }
}

/* Padding that is missing is made up for. */
static void
decode_b (GString *out, const char *text, gsize length)
{
  gint state = 0;
  guint save = 0;
  gsize written = out->len;

  g_string_set_size (out, out->len + length / 4 * 3 + 6);
  written += g_base64_decode_step (text, length, (guchar *) out->str + written, &state,
                                   &save);
  if (ABS (state) >= 2)
    written += g_base64_decode_step ("==", (gsize) (4 - ABS (state)),
                                     (guchar *) out->str + written, &state, &save);
  g_string_truncate (out, written);
}

static void
take_word (Decoder *self, const Word *word)
{
  if (g_ascii_strcasecmp (word->charset, self->charset) != 0)
    flush_words (self);
  g_strlcpy (self->charset, word->charset, sizeof self->charset);
  if (word->encoding == 'q')
    decode_q (self->bytes, word->text, word->text_length);
  else
    decode_b (self->bytes, word->text, word->text_length);
}

static gboolean
all_blank (const char *p, const char *end)
{
  while (p < end && is_blank (*p))
    p++;
  return p == end;
}

static void
take_raw (Decoder *self, const char *p, const char *end)
{
  if (p == end)
    return;
  flush_words (self);
  append_raw (self->out, p, end - p);
}

static void
decode_words (Decoder *self, const char *text, const char *end)
{
  const char *done = text; /* everything before it is in `out` or `bytes` */
  const char *p = text;
  gboolean after_word = FALSE;

  while (p < end)
    {
      Word word;
      const char *start = memchr (p, '=', end - p);

      if (start == NULL || start + 1 >= end)
        break;
      p = start + 1;
      if (*p != '?')
        continue;
      if (!read_word (start, end, &word))
        {
          p = word.end;
          continue;
        }
      p = word.end;
      /* RFC 2047 §6.2: blanks between two words are not part of the text. */
      if (!after_word || !all_blank (done, start))
        take_raw (self, done, start);
      take_word (self, &word);
      after_word = TRUE;
      done = word.end;
    }
  take_raw (self, done, end);
  flush_words (self);
}

/* Bytes that were decoded to NUL would cut the text; they are dropped. */
static void
drop_nuls (GString *text)
{
  gsize kept = 0;

  for (gsize i = 0; i < text->len; i++)
    if (text->str[i] != '\0')
      text->str[kept++] = text->str[i];
  g_string_truncate (text, kept);
}

char *
mail_text_decode (const char *text)
{
  g_autoptr (GString) out = g_string_sized_new (strlen (text));
  g_autoptr (GString) bytes = g_string_new (NULL);
  g_autofree char *collapsed = NULL;
  Decoder decoder = { .out = out, .bytes = bytes };

  decode_words (&decoder, text, text + strlen (text));
  drop_nuls (out);
  collapsed = mail_text_collapse (out->str);
  if (strlen (collapsed) <= NFC_LIMIT_BYTES && !g_str_is_ascii (collapsed))
    {
      char *composed = g_utf8_normalize (collapsed, -1, G_NORMALIZE_NFC);

      if (composed != NULL)
        return composed;
    }
  return g_steal_pointer (&collapsed);
}

char *
haul_header_decode (const char *value)
{
  return mail_text_decode (value);
}

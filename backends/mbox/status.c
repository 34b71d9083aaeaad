/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Status, X-Status, X-Keywords, X-IMAPbase, X-Mozilla-Status, X-Mozilla-Keys and
 * X-Gmail-Labels. Labels are taken apart in labels.c. Pure: any thread.
 */
#include "status.h"

#include <string.h>

#include "labels.h"

/* WORDS_LIMIT: keywords of one message or list; more than any server keeps. */
#define WORDS_LIMIT 4096

/* X-Mozilla-Status (nsMsgMessageFlags.idl). */
#define MOZILLA_READ      0x0001u
#define MOZILLA_REPLIED   0x0002u
#define MOZILLA_MARKED    0x0004u
#define MOZILLA_EXPUNGED  0x0008u
#define MOZILLA_FORWARDED 0x1000u

/* Our X-Status value: four columns of flags, then a mark of three blanks that says how
 * the body is quoted, and whether we wrote it ([1]) or only edited these lines. Other
 * programs skip blanks. */
#define STATUS_COLUMNS 4
#define MARK_BYTES     3
static const char *const marks[2][3] = {
  { [MBOX_RULE_NONE] = " \t ", [MBOX_RULE_ONE] = " \t\t", [MBOX_RULE_ANY] = "  \t" },
  { [MBOX_RULE_NONE] = "\t  ", [MBOX_RULE_ONE] = "\t\t ", [MBOX_RULE_ANY] = "\t \t" },
};

static const char pseudo_subject[] = "DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA";

void
mbox_status_init (MboxStatus *self)
{
  *self = (MboxStatus){ 0 };
  self->keywords = g_ptr_array_new_with_free_func (g_free);
  self->more_keywords = g_ptr_array_new_with_free_func (g_free);
  self->base = g_ptr_array_new_with_free_func (g_free);
}

void
mbox_status_clear (MboxStatus *self)
{
  g_clear_pointer (&self->keywords, g_ptr_array_unref);
  g_clear_pointer (&self->more_keywords, g_ptr_array_unref);
  g_clear_pointer (&self->base, g_ptr_array_unref);
}

void
mbox_status_reset (MboxStatus *self)
{
  MboxStatus old = *self;
  g_ptr_array_set_size (old.keywords, 0);
  g_ptr_array_set_size (old.more_keywords, 0);
  g_ptr_array_set_size (old.base, 0);
  *self = (MboxStatus){ .keywords = old.keywords,
                        .more_keywords = old.more_keywords,
                        .base = old.base };
}

gboolean
mbox_words_contain (const GPtrArray *words, const char *word)
{
  for (guint i = 0; words != NULL && i < words->len; i++)
    if (g_ascii_strcasecmp (g_ptr_array_index (words, i), word) == 0)
      return TRUE;
  return FALSE;
}

static void
add_word (GPtrArray *words, const char *word)
{
  if (words->len < WORDS_LIMIT && haul_keyword_is_valid (word)
      && !mbox_words_contain (words, word))
    g_ptr_array_add (words, g_strdup (word));
}

static void
add_words (GPtrArray *words, const char *text)
{
  g_auto (GStrv) split = g_strsplit_set (text, " \t\r\n", -1);
  for (gsize i = 0; split[i] != NULL; i++)
    if (split[i][0] != '\0')
      add_word (words, split[i]);
}

static void
read_x_status (MboxStatus *self, const char *value)
{
  static const struct
  {
    char letter;
    guint32 flag;
  } letters[] = { { 'A', HAUL_FLAG_ANSWERED },
                  { 'F', HAUL_FLAG_FLAGGED },
                  { 'T', HAUL_FLAG_DRAFT },
                  { 'D', HAUL_FLAG_DELETED } };
  for (gsize i = 0; i < G_N_ELEMENTS (letters); i++)
    if (strchr (value, letters[i].letter) != NULL)
      self->flags |= letters[i].flag;
  gsize length = strcspn (value, "\r\n");
  if (value[0] != ' ' || length != 1 + STATUS_COLUMNS + MARK_BYTES)
    return;
  for (guint i = 0; i < 2 * G_N_ELEMENTS (marks[0]); i++)
    if (memcmp (value + 1 + STATUS_COLUMNS, marks[i % 2][i / 2], MARK_BYTES) == 0)
      {
        self->ours = TRUE;
        self->strict = i % 2 == 1;
        self->rule = (MboxRule) (i / 2);
      }
}

/* "validity last-uid keyword…" */
static void
read_base (MboxStatus *self, const char *value)
{
  g_auto (GStrv) words = g_strsplit_set (value, " \t\r\n", -1);
  guint seen = 0;
  for (gsize i = 0; words[i] != NULL; i++)
    {
      if (words[i][0] == '\0')
        continue;
      if (seen++ >= 2)
        add_word (self->base, words[i]);
      else if (!g_ascii_string_to_unsigned (words[i], 10, 0, G_MAXUINT32, NULL, NULL))
        return;
    }
  self->has_base = self->has_base || seen >= 2;
}

static void
read_mozilla (MboxStatus *self, const char *value)
{
  guint64 bits = g_ascii_strtoull (value, NULL, 16);
  self->flags |= (bits & MOZILLA_READ ? HAUL_FLAG_SEEN : 0)
                 | (bits & MOZILLA_REPLIED ? HAUL_FLAG_ANSWERED : 0)
                 | (bits & MOZILLA_MARKED ? HAUL_FLAG_FLAGGED : 0)
                 | (bits & MOZILLA_EXPUNGED ? HAUL_FLAG_DELETED : 0);
  if (bits & MOZILLA_FORWARDED)
    add_word (self->more_keywords, "$Forwarded");
}

static void
read_length (MboxStatus *self, const char *value)
{
  g_autofree char *text = g_strstrip (g_strdup (value));
  guint64 length = 0;
  if (self->has_length
      || !g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, &length, NULL))
    return;
  self->has_length = TRUE;
  self->content_length = length;
}

static gboolean
is_field (const char *name, const char *wanted)
{
  return g_ascii_strcasecmp (name, wanted) == 0;
}

/* First pass: what stands in the lines that we may have written. */
static void
read_private (MboxStatus *self, const char *name, const char *value)
{
  if (is_field (name, "Status"))
    {
      self->has_status = TRUE;
      self->flags |= strchr (value, 'R') != NULL ? HAUL_FLAG_SEEN : 0;
    }
  else if (is_field (name, "X-Status"))
    {
      self->has_status = TRUE;
      read_x_status (self, value);
    }
  else if (is_field (name, "X-Keywords"))
    add_words (self->keywords, value);
  else if (is_field (name, "X-IMAPbase") || is_field (name, "X-IMAP"))
    read_base (self, value);
  else if (is_field (name, "Content-Length"))
    read_length (self, value);
}

static void
add_label (const char *label, gpointer user_data)
{
  MboxStatus *self = user_data;
  g_autofree char *keyword = mbox_label_to_keyword (label);
  if (keyword != NULL)
    add_word (self->more_keywords, keyword);
}

static void
read_labels (MboxStatus *self, const char *value)
{
  guint32 flags = mbox_labels_parse (value, add_label, self);
  if (!self->has_status)
    self->flags |= flags;
}

/* Second pass: what counts only when the first found nothing of ours. */
static void
read_foreign (MboxStatus *self, const char *name, const char *value)
{
  if (self->ours)
    return;
  if (is_field (name, "X-Mozilla-Status"))
    read_mozilla (self, value);
  else if (is_field (name, "X-Mozilla-Keys"))
    add_words (self->more_keywords, value);
  else if (is_field (name, "X-Gmail-Labels"))
    read_labels (self, value);
}

/* Calls @read for each field; folded lines are one value. */
static void
each_field (MboxStatus *self, char *text,
            void (*read) (MboxStatus *self, const char *name, const char *value))
{
  for (char *at = text; *at != '\0';)
    {
      char *end = at;
      do
        {
          end += strcspn (end, "\n");
          end += *end == '\n';
        }
      while (*end == ' ' || *end == '\t');
      g_autofree char *field = g_strndup (at, (gsize) (end - at));
      char *colon = strchr (field, ':');
      if (colon != NULL)
        {
          *colon = '\0';
          read (self, g_strchomp (field), colon + 1);
        }
      at = end;
    }
}

static void
read_subject (MboxStatus *self, const char *name, const char *value)
{
  if (is_field (name, "Subject")
      && strncmp (value + strspn (value, " \t"), pseudo_subject,
                  sizeof pseudo_subject - 1)
             == 0)
    self->is_pseudo = TRUE;
}

void
mbox_status_parse (MboxStatus *self, const guint8 *captured, gsize length)
{
  mbox_status_reset (self);
  g_autofree char *text = g_malloc0 (length + 1);
  /* NUL would hide what follows */
  for (gsize i = 0; i < length; i++)
    text[i] = captured[i] == 0 ? ' ' : (char) captured[i];
  each_field (self, text, read_private);
  each_field (self, text, read_foreign);
  if (self->has_base)
    each_field (self, text, read_subject);
}

void
mbox_status_keywords (const MboxStatus *self, const GPtrArray *base, GPtrArray *out)
{
  g_ptr_array_set_size (out, 0);
  for (guint i = 0; i < self->keywords->len; i++)
    {
      char *word = g_ptr_array_index (self->keywords, i);
      if (self->ours || base == NULL || mbox_words_contain (base, word))
        g_ptr_array_add (out, word);
    }
  for (guint i = 0; i < self->more_keywords->len; i++)
    {
      char *word = g_ptr_array_index (self->more_keywords, i);
      if (!mbox_words_contain (out, word))
        g_ptr_array_add (out, word);
    }
  g_ptr_array_add (out, NULL);
}

static void
append_text (GByteArray *out, const char *text)
{
  g_byte_array_append (out, (const guint8 *) text, (guint) strlen (text));
}

void
mbox_status_append (GByteArray *out, guint32 flags, const char *const *keywords,
                    MboxMark mark)
{
  char columns[STATUS_COLUMNS + 1] = "    ";
  guint at = 0;
  if (flags & HAUL_FLAG_ANSWERED)
    columns[at++] = 'A';
  if (flags & HAUL_FLAG_FLAGGED)
    columns[at++] = 'F';
  if (flags & HAUL_FLAG_DRAFT)
    columns[at++] = 'T';
  if (flags & HAUL_FLAG_DELETED)
    columns[at++] = 'D';
  append_text (out, flags & HAUL_FLAG_SEEN ? "Status: RO\nX-Status: "
                                           : "Status: O \nX-Status: ");
  append_text (out, columns);
  append_text (out, marks[mark.strict != FALSE][mark.rule]);
  append_text (out, "\nX-Keywords:");
  gsize used = 0;
  for (gsize i = 0; keywords != NULL && keywords[i] != NULL; i++)
    {
      append_text (out, " ");
      append_text (out, keywords[i]);
      used += 1 + strlen (keywords[i]);
    }
  for (; used < MBOX_KEYWORDS_MIN_BYTES; used++)
    append_text (out, " ");
  append_text (out, "\n");
}

void
mbox_status_append_base (GByteArray *out, guint32 validity, const char *const *keywords)
{
  g_autofree char *start = g_strdup_printf ("X-IMAPbase: %010u %010u", validity, 0u);
  append_text (out, start);
  gsize used = 0;
  for (gsize i = 0; keywords != NULL && keywords[i] != NULL; i++)
    {
      gsize size = strlen (keywords[i]) + 1;
      if (used + size > MBOX_BASE_ROOM_BYTES)
        break;
      append_text (out, " ");
      append_text (out, keywords[i]);
      used += size;
    }
  for (; used < MBOX_BASE_ROOM_BYTES; used++)
    append_text (out, " ");
  append_text (out, "\n");
}

guint32
mbox_mozilla_bits (guint32 old, guint32 flags)
{
  guint32 bits = old
                 & ~(MOZILLA_READ | MOZILLA_REPLIED | MOZILLA_MARKED | MOZILLA_EXPUNGED);
  return bits | (flags & HAUL_FLAG_SEEN ? MOZILLA_READ : 0)
         | (flags & HAUL_FLAG_ANSWERED ? MOZILLA_REPLIED : 0)
         | (flags & HAUL_FLAG_FLAGGED ? MOZILLA_MARKED : 0)
         | (flags & HAUL_FLAG_DELETED ? MOZILLA_EXPUNGED : 0);
}

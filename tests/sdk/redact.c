/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A small filter that is complete: <redact word="secret"/> writes X over each occurrence
 * of a word in a message. docs/filter-guide.md walks through it. An instance never
 * changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

typedef struct
{
  char *word;
} RedactSettings;

static const HaulOptionSpec redact_options[] = {
  HAUL_OPT_STRING (RedactSettings, word, "word", NULL, HAUL_OPT_REQUIRED,
                   "What is written over, 1 to 100 bytes"),
  HAUL_OPT_END
};

static gboolean
redact_check (gconstpointer data, GError **error)
{
  const RedactSettings *settings = data;
  gsize length = strlen (settings->word);

  if (length >= 1 && length <= 100)
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                         "\"word\" must have 1 to 100 bytes, got %" G_GSIZE_FORMAT,
                         length);
}

/* Redaction: of one message. */
typedef struct
{
  const RedactSettings *settings;
  GByteArray *held; /* the last bytes: the word may go on in the next chunk */
} Redaction;

static gpointer
redact_begin (gconstpointer instance, const HaulMessage *message, GError **error)
{
  Redaction *self = g_new0 (Redaction, 1);

  self->settings = instance;
  self->held = g_byte_array_new ();
  return self;
}

/* Writes over the word in what is held, and lets go of all but the last @keep bytes. */
static gboolean
pass_on (Redaction *self, gsize keep, HaulTransformOut *out, GError **error)
{
  const char *word = self->settings->word;
  gsize length = strlen (word);

  for (gsize at = 0; at + length <= self->held->len; at++)
    if (memcmp (self->held->data + at, word, length) == 0)
      memset (self->held->data + at, 'X', length);
  if (self->held->len <= keep)
    return TRUE;
  gsize count = self->held->len - keep;
  gboolean ok = haul_transform_write (out, self->held->data, count, error);
  g_byte_array_remove_range (self->held, 0, (guint) count);
  return ok;
}

static gboolean
redact_push (gpointer transform, const guint8 *data, gsize length, HaulTransformOut *out,
             GError **error)
{
  Redaction *self = transform;

  g_byte_array_append (self->held, data, (guint) length);
  return pass_on (self, strlen (self->settings->word) - 1, out, error);
}

static gboolean
redact_finish (gpointer transform, HaulTransformOut *out, GError **error)
{
  return pass_on (transform, 0, out, error);
}

static void
redact_free (gpointer transform)
{
  Redaction *self = transform;

  g_byte_array_unref (self->held);
  g_free (self);
}

static const HaulFilter redact_filter = {
  HAUL_FILTER_HEADER,
  .name = "redact",
  .summary = "Writes over a word",
  .options = redact_options,
  .settings_size = sizeof (RedactSettings),
  /* Message-ID and Subject may hold the word, too. */
  .effects = HAUL_FILTER_CHANGES_BODY | HAUL_FILTER_CHANGES_IDENTITY,
  .check = redact_check,
  .transform_begin = redact_begin,
  .transform_push = redact_push,
  .transform_finish = redact_finish,
  .transform_free = redact_free,
};

HAUL_DEFINE_FILTER (redact, redact_filter)

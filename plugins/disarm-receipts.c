/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <disarm-receipts/>: gives header fields that ask for a receipt another name, so that a
 * mail program at the new place does not send one, years later, for mail that was read
 * long ago. An instance never changes: any thread.
 */
#include <string.h>

#include <mailhaul/error.h>
#include <mailhaul/filter.h>

#include "shared/header-fields.h"

/* PREFIX: before the name, so that what was asked for stays readable. */
#define PREFIX "X-Disarmed-"

typedef struct
{
  char **also;
} DisarmSettings;

/* DisarmStream: one message. */
typedef struct
{
  const DisarmSettings *settings;
  HaulTransformOut *out; /* during a call */
  HeaderReader *reader;
} DisarmStream;

static const HaulOptionSpec disarm_options[] = {
  HAUL_OPT_LIST (DisarmSettings, also, "also", NULL, HAUL_OPT_NONE,
                 "Names of more fields that ask for receipts"),
  HAUL_OPT_END
};

/* RFC 8098, and what mail programs before and beside it have made up. */
static const char *const asking[] = {
  "Disposition-Notification-To",
  "Return-Receipt-To",
  "X-Confirm-Reading-To",
  "Read-Receipt-To",
  "X-Read-Receipt-To",
  "Notice-Requested-Upon-Delivery-To",
  "Registered-Mail-Reply-Requested-By",
  "Return-Receipt-Requested",
  "X-Chameleon-Return-To",
  "Generate-Delivery-Report",
  NULL,
};

static gboolean
disarm_check (gconstpointer data, GError **error)
{
  const DisarmSettings *settings = data;
  for (char **name = settings->also; name != NULL && *name != NULL; name++)
    if (!header_name_is_valid (*name))
      return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                             "\"also\" must be names of header fields, got '%s'", *name);
  return TRUE;
}

static gboolean
is_among (const HeaderField *field, const char *const *names)
{
  for (; names != NULL && *names != NULL; names++)
    if (header_field_is (field, *names))
      return TRUE;
  return FALSE;
}

static gboolean
on_field (const HeaderField *field, gpointer user_data, GError **error)
{
  DisarmStream *self = user_data;
  gboolean asks = is_among (field, asking)
                  || is_among (field, (const char *const *) self->settings->also);
  return (!asks || haul_transform_write (self->out, PREFIX, strlen (PREFIX), error))
         && haul_transform_write (self->out, field->data, field->length, error);
}

static gboolean
on_bytes (const guint8 *data, gsize length, gpointer user_data, GError **error)
{
  return haul_transform_write (((DisarmStream *) user_data)->out, data, length, error);
}

static gboolean
on_end (gboolean has_empty_line, gpointer user_data, GError **error)
{
  return TRUE;
}

static gpointer
disarm_begin (gconstpointer instance, const HaulMessage *message, GError **error)
{
  static const HeaderHandler handler = {
    .field = on_field, .rest = on_bytes, .end = on_end, .body = on_bytes
  };
  DisarmStream *self = g_new0 (DisarmStream, 1);
  self->settings = instance;
  self->reader = header_reader_new (&handler, self);
  return self;
}

static gboolean
disarm_push (gpointer transform, const guint8 *data, gsize length, HaulTransformOut *out,
             GError **error)
{
  DisarmStream *self = transform;
  self->out = out;
  return header_reader_push (self->reader, data, length, error);
}

static gboolean
disarm_finish (gpointer transform, HaulTransformOut *out, GError **error)
{
  DisarmStream *self = transform;
  self->out = out;
  return header_reader_finish (self->reader, error);
}

static void
disarm_stream_free (gpointer transform)
{
  DisarmStream *self = transform;
  header_reader_free (self->reader);
  g_free (self);
}

static const HaulFilter disarm_filter = {
  HAUL_FILTER_HEADER,
  .name = "disarm-receipts",
  .summary = "Renames header fields that ask for a receipt, so that none is sent",
  .options = disarm_options,
  .settings_size = sizeof (DisarmSettings),
  .effects = HAUL_FILTER_CHANGES_SIZE,
  .check = disarm_check,
  .transform_begin = disarm_begin,
  .transform_push = disarm_push,
  .transform_finish = disarm_finish,
  .transform_free = disarm_stream_free,
};

HAUL_DEFINE_FILTER (disarm_receipts, disarm_filter)

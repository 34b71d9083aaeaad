/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Transform: the bytes of one message through all transforming filters, each one's output
 * the next one's input, the last one's into a spool; and what came out, as an identity.
 * Source's thread.
 */
#include "engine/filter-chain-private.h"

#include <string.h>

/* One filter's stream, and where it writes: the next stage, or the spool. */
typedef struct _HaulTransformOut Stage;

struct _HaulTransformOut
{
  const HaulFilter *filter; /* NULL: the last stage, the spool */
  gpointer stream;
  Stage *next;
  Transform *owner;
};

struct _Transform
{
  GPtrArray *stages; /* of Stage, the spool's last */
  Spool *spool;      /* NULL: only what came out matters, not the bytes */
  ContentDigest *digest;
  guint64 size_bytes;
  char *skip_reason;
};

static void
stage_free (gpointer data)
{
  Stage *stage = data;
  if (stage->stream != NULL && stage->filter->transform_free != NULL)
    stage->filter->transform_free (stage->stream);
  g_free (stage);
}

void
transform_free (Transform *self)
{
  if (self == NULL)
    return;
  g_ptr_array_unref (self->stages);
  content_digest_free (self->digest);
  g_free (self->skip_reason);
  g_free (self);
}

static void
add_stage (Transform *self, const HaulFilter *filter, gpointer stream)
{
  Stage *stage = g_new0 (Stage, 1);
  stage->filter = filter;
  stage->stream = stream;
  stage->owner = self;
  if (self->stages->len > 0)
    ((Stage *) self->stages->pdata[self->stages->len - 1])->next = stage;
  g_ptr_array_add (self->stages, stage);
}

Transform *
filter_chain_transform (const FilterChain *self, const HaulMessage *message, Spool *spool,
                        GError **error)
{
  g_autoptr (GError) local = NULL;
  Transform *transform = g_new0 (Transform, 1);
  transform->stages = g_ptr_array_new_with_free_func (stage_free);
  for (guint i = 0; i < self->links->len; i++)
    {
      const FilterLink *link = self->links->pdata[i];
      if (link->filter->transform_begin == NULL)
        continue;
      gpointer stream = link->filter->transform_begin (link->instance, message, &local);
      if (stream != NULL)
        add_stage (transform, link->filter, stream);
      else if (local != NULL)
        {
          transform_free (transform);
          g_propagate_prefixed_error (error, g_steal_pointer (&local),
                                      "filter %s: ", link->filter->name);
          return NULL;
        }
    }
  if (transform->stages->len == 0)
    {
      transform_free (transform);
      return NULL;
    }
  add_stage (transform, NULL, NULL);
  transform->spool = spool;
  transform->digest = content_digest_new (TRUE);
  return transform;
}

/* What comes out at the end. A message that is left out needs no room. */
static gboolean
deliver (Transform *self, const guint8 *data, gsize length, GError **error)
{
  content_digest_update (self->digest, data, length);
  self->size_bytes += length;
  return self->spool == NULL || self->skip_reason != NULL
         || spool_write (self->spool, data, length, error);
}

/* Feeds bytes into one stage. */
static gboolean
stage_push (Stage *stage, const guint8 *data, gsize length, GError **error)
{
  if (length == 0)
    return TRUE;
  if (stage->filter == NULL)
    return deliver (stage->owner, data, length, error);
  if (!stage->filter->transform_push (stage->stream, data, length, stage->next, error))
    {
      g_prefix_error (error, "filter %s: ", stage->filter->name);
      return FALSE;
    }
  return TRUE;
}

gboolean
haul_transform_write (HaulTransformOut *out, const void *data, gsize length,
                      GError **error)
{
  return stage_push (out, data, length, error);
}

void
haul_transform_skip (HaulTransformOut *out, const char *reason)
{
  if (out->owner->skip_reason == NULL)
    out->owner->skip_reason = g_strdup (reason);
}

const char *
transform_skip_reason (const Transform *self)
{
  return self->skip_reason;
}

void
transform_identity (Transform *self, Identity *out)
{
  gsize length = 0;
  const guint8 *headers = content_digest_headers (self->digest, &length);
  memset (out, 0, sizeof *out);
  identity_set_headers (out, headers, length);
  content_digest_finish (self->digest, out->content);
  out->size_bytes = self->size_bytes;
  out->known |= IDENTITY_CONTENT | IDENTITY_SIZE;
}

gboolean
transform_push (Transform *self, const guint8 *data, gsize length, GError **error)
{
  return stage_push (self->stages->pdata[0], data, length, error);
}

gboolean
transform_finish (Transform *self, GError **error)
{
  for (guint i = 0; i + 1 < self->stages->len; i++)
    {
      Stage *stage = self->stages->pdata[i];
      if (!stage->filter->transform_finish (stage->stream, stage->next, error))
        {
          g_prefix_error (error, "filter %s: ", stage->filter->name);
          return FALSE;
        }
    }
  return TRUE;
}

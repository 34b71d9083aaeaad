/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HaulFeed: hands a pipe's items to a destination backend and its results to the engine.
 * Leaves what a result means to its hooks. Destination's thread only.
 */
#include "engine/feed.h"

struct _HaulFeed
{
  Pipe *pipe;
  const FeedHooks *hooks;
  gpointer user_data;
  GHashTable *taken;    /* of HaulItem */
  gpointer last_owner;  /* of the item that got a result last */
  HaulPath last_folder; /* stands with its owner */
};

HaulFeed *
feed_new (Pipe *pipe, const FeedHooks *hooks, gpointer user_data)
{
  HaulFeed *self = g_new0 (HaulFeed, 1);
  self->pipe = pipe;
  self->hooks = hooks;
  self->user_data = user_data;
  self->taken = g_hash_table_new (NULL, NULL);
  return self;
}

void
feed_free (HaulFeed *self)
{
  if (self == NULL)
    return;
  g_autoptr (GPtrArray) left = feed_left (self);
  for (guint i = 0; i < left->len; i++)
    pipe_release (self->pipe, left->pdata[i]);
  g_hash_table_unref (self->taken);
  g_free (self);
}

GPtrArray *
feed_left (HaulFeed *self)
{
  GPtrArray *left = g_ptr_array_new ();
  GHashTableIter iter;
  gpointer item;
  g_hash_table_iter_init (&iter, self->taken);
  while (g_hash_table_iter_next (&iter, &item, NULL))
    {
      ((HaulItem *) item)->feed = NULL;
      g_ptr_array_add (left, item);
    }
  g_hash_table_remove_all (self->taken);
  return left;
}

HaulFeedResult
haul_feed_next (HaulFeed *feed, gboolean wait, HaulItem **out_item)
{
  HaulItem *item = NULL;
  HaulFeedResult result = pipe_next (feed->pipe, FALSE, &item);
  if (result == HAUL_FEED_PENDING && wait)
    {
      feed->hooks->idle (FALSE, feed->user_data);
      result = pipe_next (feed->pipe, TRUE, &item);
    }
  if (result == HAUL_FEED_END)
    feed->hooks->idle (TRUE, feed->user_data);
  if (result != HAUL_FEED_ITEM)
    return result;
  item->feed = feed;
  g_hash_table_add (feed->taken, item);
  *out_item = item;
  return result;
}

void
haul_feed_set_context (HaulFeed *feed, GMainContext *context)
{
  pipe_set_context (feed->pipe, context);
}

/* Takes @item out of the backend's hands; FALSE: it was not in them (a broken backend).
 */
static gboolean
take_back (HaulFeed *feed, HaulItem *item)
{
  if (g_hash_table_remove (feed->taken, item))
    {
      feed->last_owner = item->owner;
      feed->last_folder = item->folder;
      return TRUE;
    }
  g_critical ("a backend gave a second result for one message");
  return FALSE;
}

void
haul_feed_done (HaulFeed *feed, HaulItem *item, const HaulReceipt *receipt)
{
  if (!take_back (feed, item))
    return;
  GError *error = NULL;
  if (pipe_finish (feed->pipe, item, &error))
    feed->hooks->done (item, receipt, feed->user_data);
  else
    feed->hooks->failed (item, error, feed->user_data);
  pipe_release (feed->pipe, item);
}

void
haul_feed_fail (HaulFeed *feed, HaulItem *item, GError *reason)
{
  if (!take_back (feed, item))
    {
      g_error_free (reason);
      return;
    }
  feed->hooks->failed (item, reason, feed->user_data);
  pipe_release (feed->pipe, item);
}

void
haul_feed_again (HaulFeed *feed, HaulItem *item)
{
  if (g_hash_table_contains (feed->taken, item) && item->attempt >= FEED_ATTEMPTS_MAX)
    {
      haul_feed_fail (feed, item,
                      g_error_new (HAUL_ERROR, HAUL_ERROR_REJECTED,
                                   "store message: refused %u times", item->attempt));
      return;
    }
  if (!take_back (feed, item))
    return;
  feed->hooks->again (item, feed->user_data);
  pipe_release (feed->pipe, item);
}

gboolean
haul_feed_note (HaulFeed *feed, HaulPath folder, HaulBytes data, GError **error)
{
  if (data.length > 64 * 1024)
    return haul_error_set (
        error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
        "keep a note of %" G_GSIZE_FORMAT " bytes: the limit is 64 KiB", data.length);
  GHashTableIter iter;
  gpointer item;
  g_hash_table_iter_init (&iter, feed->taken);
  while (g_hash_table_iter_next (&iter, &item, NULL))
    if (haul_path_equal (((HaulItem *) item)->folder, folder))
      return feed->hooks->note (item, data, feed->user_data, error);
  /* A backend may close its books after the last message of a folder has its result. */
  HaulItem last = { .owner = feed->last_owner, .folder = feed->last_folder };
  if (feed->last_folder != NULL && haul_path_equal (feed->last_folder, folder))
    return feed->hooks->note (&last, data, feed->user_data, error);
  return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                         "keep a note: no message is under way for that folder");
}

gboolean
haul_item_is_whole (const HaulItem *item)
{
  return pipe_item_is_whole (item->feed->pipe, (HaulItem *) item);
}

HaulReadResult
haul_item_read (HaulItem *item, gboolean wait, HaulBytes *out_span, GError **error)
{
  return pipe_read (item->feed->pipe, item, wait, out_span, error);
}

guint
feed_count (HaulFeed *self)
{
  return g_hash_table_size (self->taken);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The pipe between two threads: sizes, budgets, items given up early, a reader that
 * breaks off, and that nobody waits for ever. Feeds are tested here, too.
 */
#include "engine/pipe.h"

#include <string.h>

#include <mailhaul/error.h>

#include "engine/feed.h"

#define BUDGET (256 * 1024)

static GError *
failure (void)
{
  GError *error = NULL;
  (void) haul_error_set (&error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION, "broke off");
  return error;
}

/* The byte at @at of the item @index. */
static guint8
byte_at (guint index, gsize at)
{
  return (guint8) (index * 31 + at * 7 + (at >> 8));
}

static void
append (Pipe *pipe, HaulItem *item, guint8 byte, gsize length)
{
  g_autoptr (GError) error = NULL;
  Chunk *chunk = pipe_chunk (pipe, length, &error);
  g_assert_no_error (error);
  g_assert_cmpuint (chunk->capacity, ==, length);
  memset (chunk->data, byte, length);
  chunk->length = length;
  pipe_append (pipe, item, chunk);
}

static void
push (Pipe *pipe, HaulItem *item)
{
  g_autoptr (GError) error = NULL;
  g_assert_true (pipe_push (pipe, &item, 1, &error));
  g_assert_no_error (error);
}

static HaulItem *
next (Pipe *pipe)
{
  HaulItem *item = NULL;
  g_assert_cmpint (pipe_next (pipe, FALSE, &item), ==, HAUL_FEED_ITEM);
  return item;
}

/* ---- one thread ---- */

static void
test_reads_back (void)
{
  Pipe *pipe = pipe_new (BUDGET);
  HaulItem *item = item_new ();
  HaulBytes span = HAUL_NO_BYTES;
  append (pipe, item, 'a', 100);
  append (pipe, item, 'b', 200);
  pipe_end (pipe, item, NULL);
  push (pipe, item);
  g_assert_cmpuint (pipe_room (pipe), ==, BUDGET - 300);
  item = next (pipe);
  g_assert_true (pipe_item_is_whole (pipe, item));
  g_assert_cmpint (pipe_read (pipe, item, FALSE, &span, NULL), ==, HAUL_READ_DATA);
  g_assert_cmpuint (span.length, ==, 100);
  g_assert_cmpint (pipe_read (pipe, item, FALSE, &span, NULL), ==, HAUL_READ_DATA);
  g_assert_cmpuint (span.length, ==, 200);
  g_assert_cmpuint (pipe_room (pipe), ==, BUDGET - 200);
  g_assert_cmpint (pipe_read (pipe, item, FALSE, &span, NULL), ==, HAUL_READ_END);
  g_assert_cmpuint (pipe_room (pipe), ==, BUDGET);
  pipe_release (pipe, item);
  pipe_free (pipe);
}

static void
test_released_while_written (void)
{
  Pipe *pipe = pipe_new (BUDGET);
  HaulItem *item = item_new ();
  append (pipe, item, 'a', 1000);
  push (pipe, item);
  g_assert_true (next (pipe) == item);
  g_assert_false (pipe_item_is_whole (pipe, item));
  pipe_release (pipe, item);
  g_assert_cmpuint (pipe_room (pipe), ==, BUDGET);
  append (pipe, item, 'b', 1000);
  g_assert_cmpuint (pipe_room (pipe), ==, BUDGET);
  pipe_end (pipe, item, failure ());
  pipe_free (pipe);
}

static void
test_broken_off_item (void)
{
  Pipe *pipe = pipe_new (BUDGET);
  HaulItem *item = item_new ();
  HaulBytes span = HAUL_NO_BYTES;
  g_autoptr (GError) error = NULL;
  append (pipe, item, 'a', 10);
  push (pipe, item);
  g_assert_true (next (pipe) == item);
  g_assert_cmpint (pipe_read (pipe, item, FALSE, &span, NULL), ==, HAUL_READ_DATA);
  g_assert_cmpint (pipe_read (pipe, item, FALSE, &span, NULL), ==, HAUL_READ_PENDING);
  pipe_end (pipe, item, failure ());
  g_assert_cmpint (pipe_read (pipe, item, TRUE, &span, &error), ==, HAUL_READ_FAILED);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_assert_false (pipe_item_is_whole (pipe, item));
  pipe_release (pipe, item);
  pipe_free (pipe);
}

static void
test_break_and_mend (void)
{
  Pipe *pipe = pipe_new (BUDGET);
  g_autoptr (GError) reason = failure ();
  g_autoptr (GError) error = NULL;
  GPtrArray *left = NULL;
  HaulItem *queued = item_new (), *later = item_new ();
  append (pipe, queued, 'a', 10);
  pipe_end (pipe, queued, NULL);
  push (pipe, queued);
  append (pipe, later, 'b', 10);
  pipe_break (pipe, reason, &left);
  g_assert_cmpuint (left->len, ==, 1);
  g_assert_true (left->pdata[0] == queued);
  pipe_release (pipe, queued);
  g_ptr_array_unref (left);
  g_assert_null (pipe_chunk (pipe, 10, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_clear_error (&error);
  g_assert_false (pipe_push (pipe, &later, 1, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  pipe_mend (pipe);
  pipe_end (pipe, later, NULL);
  push (pipe, later);
  g_assert_true (next (pipe) == later);
  pipe_release (pipe, later);
  g_assert_cmpuint (pipe_room (pipe), ==, BUDGET);
  pipe_free (pipe);
}

static void
test_yield (void)
{
  Pipe *pipe = pipe_new (BUDGET);
  HaulItem *item = item_new ();
  pipe_end (pipe, item, NULL);
  push (pipe, item);
  pipe_set_yield (pipe, TRUE);
  g_assert_cmpint (pipe_wait (pipe, G_MAXINT64), ==, PIPE_WAIT_ITEM);
  g_assert_true (next (pipe) == item);
  pipe_release (pipe, item);
  g_assert_cmpint (pipe_next (pipe, TRUE, &item), ==, HAUL_FEED_END);
  g_assert_cmpint (pipe_wait (pipe, G_MAXINT64), ==, PIPE_WAIT_YIELD);
  pipe_set_yield (pipe, FALSE);
  g_assert_cmpint (pipe_next (pipe, FALSE, &item), ==, HAUL_FEED_PENDING);
  pipe_free (pipe);
}

/* ---- two threads ---- */

typedef struct
{
  Pipe *pipe;
  guint items;
  guint spools; /* each so many-th is spooled; 0: none */
  guint32 seed;
  gboolean whole; /* push an item only when it is whole */
  gsize size_max;
} Writer;

static gpointer
write_items (gpointer data)
{
  const Writer *self = data;
  GRand *rand = g_rand_new_with_seed (self->seed);
  for (guint i = 0; i < self->items; i++)
    {
      HaulItem *item = item_new ();
      gsize size = (gsize) g_rand_int_range (rand, 0, (gint) self->size_max);
      gboolean whole = self->whole || (size < BUDGET / 2 && g_rand_boolean (rand));
      gboolean spooled = self->spools > 0 && i % self->spools == 0;
      item->index = i;
      item->size_bytes = size;
      if (spooled)
        item->spool = spool_new ();
      if (!whole && !spooled)
        push (self->pipe, item);
      for (gsize at = 0; at < size;)
        {
          guint8 buffer[PIPE_CHUNK_BYTES];
          gsize wanted = (gsize) g_rand_int_range (rand, 1, 65536);
          gsize length = MIN (size - at, wanted);
          for (gsize k = 0; k < length; k++)
            buffer[k] = byte_at (i, at + k);
          if (spooled)
            g_assert_true (spool_write (item->spool, buffer, length, NULL));
          else
            {
              Chunk *chunk = pipe_chunk (self->pipe, length, NULL);
              length = MIN (length, chunk->capacity);
              memcpy (chunk->data, buffer, length);
              chunk->length = length;
              pipe_append (self->pipe, item, chunk);
            }
          at += length;
        }
      pipe_end (self->pipe, item, NULL);
      if (whole || spooled)
        push (self->pipe, item);
    }
  pipe_set_yield (self->pipe, TRUE);
  g_rand_free (rand);
  return NULL;
}

static void
read_whole (Pipe *pipe, HaulItem *item)
{
  HaulBytes span = HAUL_NO_BYTES;
  gsize at = 0;
  HaulReadResult result;
  while ((result = pipe_read (pipe, item, TRUE, &span, NULL)) == HAUL_READ_DATA)
    for (gsize k = 0; k < span.length; k++, at++)
      if (span.data[k] != byte_at (item->index, at))
        g_error ("item %u: byte %u differs", item->index, (guint) at);
  g_assert_cmpint (result, ==, HAUL_READ_END);
  g_assert_cmpuint (at, ==, item->size_bytes);
}

static void
test_random (gconstpointer data)
{
  Writer writer = *(const Writer *) data;
  writer.pipe = pipe_new (BUDGET);
  GRand *rand = g_rand_new_with_seed (writer.seed + 1);
  GThread *thread = g_thread_new ("writer", write_items, &writer);
  HaulItem *item = NULL;
  guint expected = 0;
  while (pipe_next (writer.pipe, TRUE, &item) == HAUL_FEED_ITEM)
    {
      g_assert_cmpuint (item->index, ==, expected++);
      if (g_rand_int_range (rand, 0, 4) > 0)
        read_whole (writer.pipe, item);
      pipe_release (writer.pipe, item);
    }
  g_thread_join (thread);
  g_assert_cmpuint (expected, ==, writer.items);
  g_assert_cmpuint (pipe_room (writer.pipe), ==, BUDGET);
  g_rand_free (rand);
  pipe_free (writer.pipe);
}

/* A reader that takes items ahead is told that it must first end some. */
static void
test_hoarding_reader (gconstpointer data)
{
  Writer writer = *(const Writer *) data;
  writer.pipe = pipe_new (BUDGET);
  GThread *thread = g_thread_new ("writer", write_items, &writer);
  g_autoptr (GPtrArray) held = g_ptr_array_new ();
  HaulItem *item = NULL;
  guint pending = 0, count = 0;
  HaulFeedResult result;
  while ((result = pipe_next (writer.pipe, TRUE, &item)) != HAUL_FEED_END)
    {
      if (result == HAUL_FEED_ITEM)
        {
          g_ptr_array_add (held, item);
          continue;
        }
      pending++;
      g_assert_cmpuint (held->len, >, 0);
      item = held->pdata[0];
      g_ptr_array_remove_index (held, 0);
      read_whole (writer.pipe, item);
      pipe_release (writer.pipe, item);
      count++;
    }
  g_assert_cmpuint (pending, >, 0);
  for (guint i = 0; i < held->len; i++, count++)
    {
      read_whole (writer.pipe, held->pdata[i]);
      pipe_release (writer.pipe, held->pdata[i]);
    }
  g_thread_join (thread);
  g_assert_cmpuint (count, ==, writer.items);
  pipe_free (writer.pipe);
}

/* done() before the last byte came waits for the writer, whatever it still sends. */
static void
test_finish_waits_for_writer (void)
{
  Writer writer = { .items = 1, .seed = 5, .size_max = 3 * 1024 * 1024 };
  g_autoptr (GError) error = NULL;
  HaulItem *item = NULL;
  while (writer.seed < 200)
    {
      GRand *rand = g_rand_new_with_seed (writer.seed);
      gint size = g_rand_int_range (rand, 0, (gint) writer.size_max);
      g_rand_free (rand);
      if (size > 2 * 1024 * 1024)
        break;
      writer.seed++;
    }
  writer.pipe = pipe_new (BUDGET);
  GThread *thread = g_thread_new ("writer", write_items, &writer);
  g_assert_cmpint (pipe_next (writer.pipe, TRUE, &item), ==, HAUL_FEED_ITEM);
  g_assert_true (pipe_finish (writer.pipe, item, &error));
  g_assert_no_error (error);
  pipe_release (writer.pipe, item);
  g_thread_join (thread);
  pipe_free (writer.pipe);
}

static gpointer
write_until_broken (gpointer data)
{
  Pipe *pipe = data;
  GError *error = NULL;
  Chunk *chunk;
  HaulItem *item = item_new ();
  push (pipe, item);
  while ((chunk = pipe_chunk (pipe, 5000, &error)) != NULL)
    {
      chunk->length = chunk->capacity;
      pipe_append (pipe, item, chunk);
    }
  pipe_end (pipe, item, g_error_copy (error));
  return error;
}

static void
test_break_wakes_writer (void)
{
  Pipe *pipe = pipe_new (BUDGET);
  GThread *thread = g_thread_new ("writer", write_until_broken, pipe);
  g_autoptr (GError) reason = failure ();
  GPtrArray *left = NULL;
  HaulItem *item = NULL;
  HaulBytes span = HAUL_NO_BYTES;
  g_assert_cmpint (pipe_next (pipe, TRUE, &item), ==, HAUL_FEED_ITEM);
  g_assert_cmpint (pipe_read (pipe, item, TRUE, &span, NULL), ==, HAUL_READ_DATA);
  pipe_break (pipe, reason, &left);
  pipe_release (pipe, item);
  g_autoptr (GError) error = g_thread_join (thread);
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NETWORK);
  g_ptr_array_unref (left);
  g_assert_cmpuint (pipe_room (pipe), ==, BUDGET);
  pipe_free (pipe);
}

/* ---- feed ---- */

typedef struct
{
  guint done, failed, again, notes, idle;
  GError *reason;
} Tally;

static void
on_done (HaulItem *item, const HaulReceipt *receipt, gpointer user_data)
{
  ((Tally *) user_data)->done++;
}

static void
on_failed (HaulItem *item, GError *reason, gpointer user_data)
{
  Tally *tally = user_data;
  tally->failed++;
  g_clear_error (&tally->reason);
  tally->reason = reason;
}

static void
on_again (HaulItem *item, gpointer user_data)
{
  ((Tally *) user_data)->again++;
}

static gboolean
on_note (HaulItem *item, HaulBytes data, gpointer user_data, GError **error)
{
  ((Tally *) user_data)->notes++;
  return TRUE;
}

static void
on_idle (gboolean end, gpointer user_data)
{
  ((Tally *) user_data)->idle++;
}

static const FeedHooks hooks = { .done = on_done,
                                 .failed = on_failed,
                                 .again = on_again,
                                 .note = on_note,
                                 .idle = on_idle };
static const char *const folder[] = { "INBOX", NULL };

static void
push_whole (Pipe *pipe, guint attempt)
{
  HaulItem *item = item_new ();
  item->folder = folder;
  item->attempt = attempt;
  append (pipe, item, 'x', 10);
  pipe_end (pipe, item, NULL);
  push (pipe, item);
}

static HaulItem *
feed_item (HaulFeed *feed)
{
  HaulItem *item = NULL;
  g_assert_cmpint (haul_feed_next (feed, FALSE, &item), ==, HAUL_FEED_ITEM);
  return item;
}

static void
test_feed_results (void)
{
  Pipe *pipe = pipe_new (BUDGET);
  Tally tally = { 0 };
  HaulFeed *feed = feed_new (pipe, &hooks, &tally);
  HaulReceipt receipt = HAUL_RECEIPT_INIT;
  for (guint i = 1; i <= 5; i++)
    push_whole (pipe, i);
  haul_feed_done (feed, feed_item (feed), &receipt);
  haul_feed_fail (feed, feed_item (feed), failure ());
  haul_feed_again (feed, feed_item (feed));
  g_assert_cmpuint (feed_count (feed), ==, 0);
  HaulItem *left = feed_item (feed);
  haul_feed_again (feed, feed_item (feed)); /* its fifth offer */
  g_assert_cmpuint (tally.done, ==, 1);
  g_assert_cmpuint (tally.failed, ==, 2);
  g_assert_cmpuint (tally.again, ==, 1);
  g_assert_error (tally.reason, HAUL_ERROR, HAUL_ERROR_REJECTED);
  g_assert_cmpuint (feed_count (feed), ==, 1);
  g_autoptr (GPtrArray) rest = feed_left (feed);
  g_assert_cmpuint (rest->len, ==, 1);
  g_assert_true (rest->pdata[0] == left);
  pipe_release (pipe, left);
  feed_free (feed);
  g_clear_error (&tally.reason);
  g_assert_cmpuint (pipe_room (pipe), ==, BUDGET);
  pipe_free (pipe);
}

static void
test_feed_second_result (void)
{
  Pipe *pipe = pipe_new (BUDGET);
  Tally tally = { 0 };
  HaulFeed *feed = feed_new (pipe, &hooks, &tally);
  push_whole (pipe, 1);
  HaulItem *item = feed_item (feed);
  haul_feed_fail (feed, item, failure ());
  g_test_expect_message ("haul", G_LOG_LEVEL_CRITICAL, "*second result*");
  haul_feed_done (feed, item, NULL);
  g_test_assert_expected_messages ();
  g_test_expect_message ("haul", G_LOG_LEVEL_CRITICAL, "*second result*");
  haul_feed_again (feed, item);
  g_test_assert_expected_messages ();
  g_assert_cmpuint (tally.failed, ==, 1);
  g_assert_cmpuint (tally.done + tally.again, ==, 0);
  feed_free (feed);
  g_clear_error (&tally.reason);
  pipe_free (pipe);
}

static void
test_feed_done_of_broken_item (void)
{
  Pipe *pipe = pipe_new (BUDGET);
  Tally tally = { 0 };
  HaulFeed *feed = feed_new (pipe, &hooks, &tally);
  HaulItem *item = item_new ();
  push (pipe, item);
  (void) feed_item (feed);
  pipe_end (pipe, item, failure ());
  HaulReceipt receipt = HAUL_RECEIPT_INIT;
  haul_feed_done (feed, item, &receipt);
  g_assert_cmpuint (tally.done, ==, 0);
  g_assert_cmpuint (tally.failed, ==, 1);
  feed_free (feed);
  g_clear_error (&tally.reason);
  pipe_free (pipe);
}

static void
test_feed_note (void)
{
  static const char *const other[] = { "Other", NULL };
  static const guint8 data[64 * 1024 + 1] = { 0 };
  Pipe *pipe = pipe_new (BUDGET);
  Tally tally = { 0 };
  g_autoptr (GError) error = NULL;
  HaulFeed *feed = feed_new (pipe, &hooks, &tally);
  push_whole (pipe, 1);
  (void) feed_item (feed);
  g_assert_true (haul_feed_note (feed, folder, (HaulBytes){ data, 65536 }, &error));
  g_assert_no_error (error);
  g_assert_false (haul_feed_note (feed, folder, (HaulBytes){ data, 65537 }, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
  g_clear_error (&error);
  g_assert_false (haul_feed_note (feed, other, (HaulBytes){ data, 1 }, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
  g_assert_cmpuint (tally.notes, ==, 1);
  feed_free (feed);
  g_assert_cmpuint (pipe_room (pipe), ==, BUDGET);
  pipe_free (pipe);
}

int
main (int argc, char **argv)
{
  static const Writer small = { .items = 300, .seed = 1, .size_max = 3000 };
  static const Writer large = { .items = 30, .seed = 2, .size_max = 600 * 1024 };
  static const Writer mixed = {
    .items = 60, .seed = 3, .size_max = 100 * 1024, .spools = 2
  };
  static const Writer hoarded = {
    .items = 60, .seed = 4, .size_max = 60 * 1024, .whole = TRUE
  };
  static const Writer hoarded_spools = {
    .items = 40, .seed = 6, .size_max = 60 * 1024, .whole = TRUE, .spools = 1
  };
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pipe/body/reads-back-in-order", test_reads_back);
  g_test_add_func ("/pipe/body/given-up-while-written", test_released_while_written);
  g_test_add_func ("/pipe/body/broken-off-by-the-writer", test_broken_off_item);
  g_test_add_func ("/pipe/break/fails-the-writer-until-mended", test_break_and_mend);
  g_test_add_func ("/pipe/break/wakes-a-waiting-writer", test_break_wakes_writer);
  g_test_add_func ("/pipe/yield/an-empty-queue-is-the-end", test_yield);
  g_test_add_data_func ("/pipe/threads/small", &small, test_random);
  g_test_add_data_func ("/pipe/threads/large", &large, test_random);
  g_test_add_data_func ("/pipe/threads/spools", &mixed, test_random);
  g_test_add_data_func ("/pipe/threads/hoarding-reader-is-told", &hoarded,
                        test_hoarding_reader);
  g_test_add_data_func ("/pipe/threads/hoarded-spools", &hoarded_spools,
                        test_hoarding_reader);
  g_test_add_func ("/pipe/threads/finish-waits-for-the-writer",
                   test_finish_waits_for_writer);
  g_test_add_func ("/feed/results/each-exactly-once", test_feed_results);
  g_test_add_func ("/feed/results/second-is-refused", test_feed_second_result);
  g_test_add_func ("/feed/results/done-of-a-broken-message-is-a-failure",
                   test_feed_done_of_broken_item);
  g_test_add_func ("/feed/note/limits-and-folder", test_feed_note);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The sink: what a source hands over becomes items, each message with exactly one
 * outcome, however its bytes are cut and whatever goes wrong.
 */
#include "engine/sink.h"

#include <string.h>

#include <mailhaul/error.h>

#define BUDGET   (1024 * 1024)
#define MESSAGES 3

typedef struct
{
  Pipe *pipe;
  HaulPlan *plan;
  HaulSink *sink;
  guint next;      /* of the plan */
  guint committed; /* items */
  guint failures[MESSAGES];
  gboolean refuse_commit;
  guint refuse_begin; /* index + 1 */
  GArray *unread;
  HaulLines lines;
  gboolean needs_size;
} Bench;

static const char *const keys[MESSAGES] = { "a", "b", "c" };

static HaulBytes
key_of (guint index)
{
  return (HaulBytes){ (const guint8 *) keys[index], 1 };
}

static gboolean
plan_next (gpointer user_data, HaulPlanItem *out_item, guint *out_index)
{
  Bench *self = user_data;
  if (self->next >= MESSAGES)
    return FALSE;
  out_item->key = key_of (self->next);
  out_item->size_bytes = HAUL_SIZE_UNKNOWN;
  *out_index = self->next++;
  return TRUE;
}

static HaulItem *
on_begin (guint index, gpointer user_data, GError **error)
{
  Bench *self = user_data;
  if (self->refuse_begin == index + 1)
    {
      (void) haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_MESSAGE, "refused");
      return NULL;
    }
  HaulItem *item = item_new ();
  item->index = index;
  return item;
}

static gboolean
on_commit (HaulItem *const *items, guint count, gpointer user_data, GError **error)
{
  Bench *self = user_data;
  for (guint i = 0; i < count; i++)
    g_assert_false (items[i]->released);
  if (self->refuse_commit)
    return haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_ACCOUNT, "no state");
  self->committed += count;
  return TRUE;
}

static void
on_failed (guint index, GError *reason, gpointer user_data)
{
  Bench *self = user_data;
  self->failures[index]++;
  g_error_free (reason);
}

static const SinkHooks hooks = { .begin = on_begin,
                                 .commit = on_commit,
                                 .failed = on_failed };

static void
bench_begin (Bench *self)
{
  HaulPlanItem item;
  self->pipe = pipe_new (BUDGET);
  self->plan = plan_new (self->lines, plan_next, self);
  SinkTarget target = { self->pipe, self->needs_size };
  self->sink = sink_new (self->plan, &target, &hooks, self);
  self->unread = g_array_new (FALSE, FALSE, sizeof (guint));
  while (haul_plan_next (self->plan, &item))
    ;
}

/* Ends the fetch; the memory of all but what is in the pipe must have come back. */
static void
bench_end (Bench *self)
{
  sink_free (self->sink, NULL, self->unread);
  self->sink = NULL;
}

static void
bench_clear (Bench *self)
{
  HaulItem *item = NULL;
  if (self->sink != NULL)
    bench_end (self);
  while (pipe_next (self->pipe, FALSE, &item) == HAUL_FEED_ITEM)
    pipe_release (self->pipe, item);
  g_assert_cmpuint (pipe_room (self->pipe), ==, BUDGET);
  plan_free (self->plan);
  pipe_free (self->pipe);
  g_array_unref (self->unread);
}

static GString *
make_body (gsize length)
{
  GString *body = g_string_new ("Subject: a subject\r\nMessage-ID: <x@y>\r\n\r\n");
  while (body->len < length)
    g_string_append (body, "0123456789\r\n");
  return body;
}

static gboolean
send (Bench *self, guint index, const GString *body, guint64 announced, gsize cut)
{
  g_autoptr (GError) error = NULL;
  gboolean ok = haul_sink_begin (self->sink, key_of (index), HAUL_LINES_CRLF, announced,
                                 &error);
  for (gsize at = 0; ok && at < body->len; at += cut)
    ok = haul_sink_write (self->sink, body->str + at, MIN (cut, body->len - at), &error);
  ok = ok && haul_sink_end (self->sink, &error);
  g_assert_true (ok == (error == NULL));
  return ok;
}

static void
assert_item (Bench *self, const GString *body, Identity *out_identity)
{
  g_autoptr (GString) read = g_string_new (NULL);
  HaulItem *item = NULL;
  HaulBytes span = HAUL_NO_BYTES;
  g_assert_cmpint (pipe_next (self->pipe, FALSE, &item), ==, HAUL_FEED_ITEM);
  while (pipe_read (self->pipe, item, FALSE, &span, NULL) == HAUL_READ_DATA)
    g_string_append_len (read, (const char *) span.data, (gssize) span.length);
  g_assert_cmpmem (read->str, read->len, body->str, body->len);
  g_assert_cmpstr (item->subject, ==, "a subject");
  if (item->size_bytes != HAUL_SIZE_UNKNOWN)
    g_assert_cmpuint (item->size_bytes, ==, body->len);
  *out_identity = item->identity;
  pipe_release (self->pipe, item);
}

/* ---- sizes and cuts ---- */

static void
test_cuts (gconstpointer data)
{
  static const gsize sizes[] = { 50, 5000, 65536, 520000, 700000 };
  for (guint s = 0; s < G_N_ELEMENTS (sizes); s++)
    {
      g_autoptr (GString) body = make_body (sizes[s]);
      const gsize cuts[] = { 1 + body->len / 5000, 8191, 65536, body->len };
      Identity first = { 0 };
      for (guint i = 0; i < G_N_ELEMENTS (cuts); i++)
        for (guint known = 0; known < 2; known++)
          {
            Bench bench = { .needs_size = GPOINTER_TO_INT (data) };
            Identity identity = { 0 };
            bench_begin (&bench);
            g_assert_true (
                send (&bench, 1, body, known ? body->len : HAUL_SIZE_UNKNOWN, cuts[i]));
            g_assert_true (sink_flush (bench.sink, NULL));
            g_assert_cmpuint (bench.committed, ==, 1);
            assert_item (&bench, body, &identity);
            if (i == 0 && known == 0)
              first = identity;
            g_assert_cmpmem (&identity, sizeof identity, &first, sizeof first);
            g_assert_cmpuint (identity.size_bytes, ==, body->len);
            bench_end (&bench);
            g_assert_cmpuint (bench.unread->len, ==, 2);
            bench_clear (&bench);
          }
    }
}

/* ---- what a source does wrong ---- */

static void
test_wrong_length (gconstpointer data)
{
  g_autoptr (GString) small = make_body (300);
  g_autoptr (GString) big = make_body (700000);
  const GString *body = GPOINTER_TO_INT (data) != 0 ? big : small;
  for (int delta = -1; delta <= 1; delta += 2)
    {
      Bench bench = { 0 };
      HaulItem *item = NULL;
      HaulBytes span = HAUL_NO_BYTES;
      g_autoptr (GError) error = NULL;
      bench_begin (&bench);
      g_assert_true (
          send (&bench, 0, body, (guint64) ((gint64) body->len + delta), 9999));
      g_assert_true (send (&bench, 1, small, small->len, 100));
      g_assert_true (sink_flush (bench.sink, NULL));
      if (body == small)
        g_assert_cmpuint (bench.failures[0], ==, 1);
      else
        {
          g_assert_cmpint (pipe_next (bench.pipe, FALSE, &item), ==, HAUL_FEED_ITEM);
          g_assert_cmpint (pipe_read (bench.pipe, item, FALSE, &span, &error), ==,
                           HAUL_READ_FAILED);
          g_assert_error (error, HAUL_ERROR, HAUL_ERROR_PROTOCOL);
          pipe_release (bench.pipe, item);
          g_assert_cmpuint (bench.failures[0], ==, 0);
        }
      g_assert_cmpuint (bench.failures[1], ==, 0);
      bench_clear (&bench);
    }
}

static void
test_unknown_key (void)
{
  g_autoptr (GString) body = make_body (100);
  static const HaulBytes stranger = { (const guint8 *) "zz", 2 };
  Bench bench = { 0 };
  bench_begin (&bench);
  g_assert_true (haul_sink_begin (bench.sink, stranger, HAUL_LINES_CRLF, 5, NULL));
  g_assert_true (haul_sink_write (bench.sink, "12345678", 8, NULL));
  g_assert_true (haul_sink_end (bench.sink, NULL));
  GError *reason = g_error_new (HAUL_ERROR, HAUL_ERROR_GONE, "gone");
  g_assert_true (haul_sink_fail (bench.sink, stranger, reason, NULL));
  g_assert_true (send (&bench, 0, body, body->len, 10));
  g_assert_true (send (&bench, 0, body, body->len, 10)); /* the second is nobody's */
  bench_end (&bench);
  g_assert_cmpuint (bench.failures[0], ==, 0);
  g_assert_cmpuint (bench.unread->len, ==, 3); /* one whole, but never released */
  bench_clear (&bench);
}

static void
test_other_key_fails (void)
{
  g_autoptr (GString) body = make_body (100);
  Bench bench = { 0 };
  bench_begin (&bench);
  g_assert_true (
      haul_sink_begin (bench.sink, key_of (0), HAUL_LINES_CRLF, body->len, NULL));
  GError *reason = g_error_new (HAUL_ERROR, HAUL_ERROR_GONE, "gone");
  g_assert_true (haul_sink_fail (bench.sink, key_of (1), reason, NULL));
  g_assert_true (haul_sink_write (bench.sink, body->str, body->len, NULL));
  g_assert_true (haul_sink_end (bench.sink, NULL));
  reason = g_error_new (HAUL_ERROR, HAUL_ERROR_GONE, "gone");
  g_assert_true (haul_sink_begin (bench.sink, key_of (2), HAUL_LINES_CRLF, 9, NULL));
  g_assert_true (haul_sink_fail (bench.sink, key_of (2), reason, NULL));
  g_assert_true (sink_flush (bench.sink, NULL));
  g_assert_cmpuint (bench.failures[0], ==, 0);
  g_assert_cmpuint (bench.failures[1], ==, 1);
  g_assert_cmpuint (bench.failures[2], ==, 1);
  g_assert_cmpuint (bench.committed, ==, 1);
  bench_clear (&bench);
}

static void
test_wrong_lines (void)
{
  Bench bench = { .lines = HAUL_LINES_CRLF };
  g_autoptr (GError) error = NULL;
  bench_begin (&bench);
  g_assert_false (haul_sink_begin (bench.sink, key_of (0), HAUL_LINES_ANY, 5, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_INTERNAL);
  bench_clear (&bench);
}

static void
test_refused_begin (void)
{
  g_autoptr (GString) body = make_body (100);
  Bench bench = { .refuse_begin = 2 };
  bench_begin (&bench);
  for (guint i = 0; i < MESSAGES; i++)
    g_assert_true (send (&bench, i, body, body->len, 7));
  g_assert_true (sink_flush (bench.sink, NULL));
  g_assert_cmpuint (bench.failures[1], ==, 1);
  g_assert_cmpuint (bench.committed, ==, 2);
  bench_clear (&bench);
}

/* ---- what the other side does ---- */

static void
test_commit_fails (gconstpointer data)
{
  g_autoptr (GString) body = make_body (GPOINTER_TO_INT (data) != 0 ? 700000 : 300);
  Bench bench = { .refuse_commit = TRUE };
  bench_begin (&bench);
  gboolean ok = send (&bench, 0, body, body->len, 8192) && sink_flush (bench.sink, NULL);
  g_assert_false (ok);
  bench_end (&bench);
  /* One outcome: failed while under way, or never read. */
  g_assert_cmpuint (bench.failures[0] + bench.unread->len, ==, MESSAGES);
  bench_clear (&bench);
}

static void
test_broken_pipe (gconstpointer data)
{
  g_autoptr (GString) body = make_body (GPOINTER_TO_INT (data) != 0 ? 700000 : 300);
  g_autoptr (GError) reason = g_error_new (HAUL_ERROR, HAUL_ERROR_NETWORK, "lost");
  GPtrArray *left = NULL;
  Bench bench = { 0 };
  bench_begin (&bench);
  g_assert_true (
      haul_sink_begin (bench.sink, key_of (0), HAUL_LINES_CRLF, body->len, NULL));
  g_assert_true (haul_sink_write (bench.sink, body->str, 200, NULL));
  pipe_break (bench.pipe, reason, &left);
  for (guint i = 0; i < left->len; i++)
    pipe_release (bench.pipe, left->pdata[i]);
  gboolean ok = haul_sink_write (bench.sink, body->str + 200, body->len - 200, NULL)
                && haul_sink_end (bench.sink, NULL) && sink_flush (bench.sink, NULL);
  g_assert_false (ok);
  bench_end (&bench);
  g_assert_cmpuint (bench.failures[0] + bench.unread->len + left->len, ==, MESSAGES);
  g_ptr_array_unref (left);
  pipe_mend (bench.pipe);
  bench_clear (&bench);
}

/* The reader has given the message up when the sink is freed in its middle. */
static void
test_freed_after_release (void)
{
  g_autoptr (GString) body = make_body (700000);
  HaulItem *item = NULL;
  Bench bench = { 0 };
  bench_begin (&bench);
  g_assert_true (
      haul_sink_begin (bench.sink, key_of (0), HAUL_LINES_CRLF, body->len, NULL));
  g_assert_true (haul_sink_write (bench.sink, body->str, 600000, NULL));
  g_assert_cmpint (pipe_next (bench.pipe, FALSE, &item), ==, HAUL_FEED_ITEM);
  pipe_release (bench.pipe, item);
  bench_end (&bench);
  g_assert_cmpuint (bench.failures[0], ==, 0);
  bench_clear (&bench);
}

/* The source broke off behind a whole message: that one goes its way. */
static void
test_salvage (void)
{
  g_autoptr (GString) body = make_body (300);
  Identity identity;
  Bench bench = { 0 };
  bench_begin (&bench);
  g_assert_true (send (&bench, 0, body, body->len, 8192));
  g_assert_true (
      haul_sink_begin (bench.sink, key_of (1), HAUL_LINES_CRLF, body->len, NULL));
  g_assert_true (haul_sink_write (bench.sink, body->str, 10, NULL));
  sink_salvage (bench.sink);
  bench_end (&bench);
  g_assert_cmpuint (bench.committed, ==, 1);
  g_assert_cmpuint (bench.failures[1], ==, 1);
  g_assert_cmpuint (bench.unread->len, ==, 1);
  assert_item (&bench, body, &identity);
  bench_clear (&bench);
}

static void
test_nothing_to_salvage_without_a_state (void)
{
  g_autoptr (GString) body = make_body (300);
  Bench bench = { .refuse_commit = TRUE };
  bench_begin (&bench);
  g_assert_true (send (&bench, 0, body, body->len, 8192));
  g_assert_false (sink_flush (bench.sink, NULL));
  bench.refuse_commit = FALSE;
  sink_salvage (bench.sink);
  bench_end (&bench);
  g_assert_cmpuint (bench.committed, ==, 0);
  bench_clear (&bench);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_data_func ("/sink/cuts/size-as-it-comes", GINT_TO_POINTER (FALSE),
                        test_cuts);
  g_test_add_data_func ("/sink/cuts/size-needed-first", GINT_TO_POINTER (TRUE),
                        test_cuts);
  g_test_add_data_func ("/sink/source/wrong-length-small", GINT_TO_POINTER (0),
                        test_wrong_length);
  g_test_add_data_func ("/sink/source/wrong-length-big", GINT_TO_POINTER (1),
                        test_wrong_length);
  g_test_add_func ("/sink/source/unknown-keys-are-swallowed", test_unknown_key);
  g_test_add_func ("/sink/source/another-key-fails-in-mid-message", test_other_key_fails);
  g_test_add_func ("/sink/source/lines-the-plan-forbids", test_wrong_lines);
  g_test_add_func ("/sink/source/refused-at-begin-fails-once", test_refused_begin);
  g_test_add_data_func ("/sink/commit/fails-small", GINT_TO_POINTER (0),
                        test_commit_fails);
  g_test_add_data_func ("/sink/commit/fails-big", GINT_TO_POINTER (1), test_commit_fails);
  g_test_add_data_func ("/sink/pipe/broken-small", GINT_TO_POINTER (0), test_broken_pipe);
  g_test_add_data_func ("/sink/pipe/broken-big", GINT_TO_POINTER (1), test_broken_pipe);
  g_test_add_func ("/sink/salvage/whole-messages-go-their-way", test_salvage);
  g_test_add_func ("/sink/salvage/not-when-the-state-failed",
                   test_nothing_to_salvage_without_a_state);
  g_test_add_func ("/sink/pipe/freed-after-the-reader-gave-up", test_freed_after_release);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The queue of events: order, copies, bounds, ticks, and its end.
 */
#include "engine/events.h"

#include <string.h>

#define POSTERS 4
#define POSTS   5000

/* Receiver: what a test's callbacks see. */
typedef struct
{
  Events *events;
  guint received;
  guint ticks;
  guint ticks_wanted; /* close after so many */
  guint to_post;      /* events that the receiver itself posts at the first event */
  guint64 next[POSTERS];
} Receiver;

static void
check_copy (const Event *event, gpointer user_data)
{
  static const guint8 key[] = { 0, 1, 2 };
  Receiver *receiver = user_data;

  g_assert_cmpint (event->kind, ==, EVENT_ACTION);
  g_assert_cmpint (event->action, ==, ACTION_COPY);
  g_assert_cmpstr (event->account, ==, "acme");
  g_assert_cmpstr (event->folder, ==, "INBOX");
  g_assert_null (event->destination);
  g_assert_cmpstr (event->text, ==, "");
  g_assert_cmpmem (event->key.data, event->key.length, key, sizeof key);
  g_assert_cmpuint (event->bytes, ==, 12);
  g_assert_cmpuint (event->progress->planned_messages, ==, 7);
  g_assert_cmpuint (event->progress->done_bytes, ==, 9);
  receiver->received++;
}

static void
test_copies (void)
{
  Events *events = events_new ();
  char account[] = "acme", folder[] = "INBOX", text[] = "";
  guint8 key[] = { 0, 1, 2 };
  Progress progress = { .planned_messages = 7, .done_bytes = 9 };
  const Event event = { .kind = EVENT_ACTION,
                        .account = account,
                        .folder = folder,
                        .text = text,
                        .action = ACTION_COPY,
                        .key = { key, sizeof key },
                        .bytes = 12,
                        .progress = &progress };
  Receiver receiver = { 0 };

  events_post (events, &event);
  memset (account, 'x', 4);
  memset (folder, 'x', 5);
  memset (text, 'x', 1);
  memset (key, 'x', 3);
  progress.planned_messages = 0;
  events_close (events);
  events_deliver (events, check_copy, NULL, &receiver);
  g_assert_cmpuint (receiver.received, ==, 1);
  events_free (events);
}

static void
count_in_order (const Event *event, gpointer user_data)
{
  Receiver *receiver = user_data;
  guint poster = event->key.data[0];

  g_assert_cmpuint (event->bytes, ==, receiver->next[poster]);
  receiver->next[poster]++;
  receiver->received++;
}

typedef struct
{
  Events *events;
  guint8 number;
} Poster;

static gpointer
post_many (gpointer data)
{
  Poster *poster = data;
  for (guint i = 0; i < POSTS; i++)
    {
      const Event event = {
        .kind = EVENT_NOTICE, .text = "n", .key = { &poster->number, 1 }, .bytes = i
      };
      events_post (poster->events, &event);
    }
  return NULL;
}

static gpointer
post_from_all (gpointer data)
{
  Events *events = data;
  GThread *threads[POSTERS];
  Poster posters[POSTERS];

  for (guint8 i = 0; i < POSTERS; i++)
    {
      posters[i] = (Poster){ events, i };
      threads[i] = g_thread_new ("poster", post_many, &posters[i]);
    }
  for (guint i = 0; i < POSTERS; i++)
    g_thread_join (threads[i]);
  events_close (events);
  return NULL;
}

static void
test_order (void)
{
  Receiver receiver = { .events = events_new () };
  GThread *thread = g_thread_new ("posters", post_from_all, receiver.events);

  events_deliver (receiver.events, count_in_order, NULL, &receiver);
  g_thread_join (thread);
  g_assert_cmpuint (receiver.received, ==, POSTERS * POSTS);
  events_free (receiver.events);
}

static void
count_tick (gpointer user_data)
{
  Receiver *receiver = user_data;
  if (++receiver->ticks == receiver->ticks_wanted)
    events_close (receiver->events);
}

static void
test_ticks (void)
{
  Receiver receiver = { .events = events_new (), .ticks_wanted = 3 };
  gint64 began_us = g_get_monotonic_time ();

  events_deliver (receiver.events, NULL, count_tick, &receiver);
  g_assert_cmpuint (receiver.ticks, ==, 3);
  g_assert_cmpint (g_get_monotonic_time () - began_us, >=, 3 * G_USEC_PER_SEC / 5);
  events_free (receiver.events);
}

static void
post_inside (const Event *event, gpointer user_data)
{
  Receiver *receiver = user_data;
  receiver->received++;
  for (; receiver->to_post > 0; receiver->to_post--)
    events_post (receiver->events, event);
}

static void
test_receiver_may_post (void)
{
  Receiver receiver = { .events = events_new (), .to_post = 2 * EVENTS_QUEUED_MAX };
  const Event event = { .kind = EVENT_NOTICE, .text = "n" };

  events_post (receiver.events, &event);
  receiver.ticks_wanted = 1;
  events_deliver (receiver.events, post_inside, count_tick, &receiver);
  g_assert_cmpuint (receiver.received, ==, 1 + 2 * EVENTS_QUEUED_MAX);
  events_free (receiver.events);
}

static gpointer
post_past_limit (gpointer data)
{
  Events *events = data;
  const Event event = { .kind = EVENT_NOTICE, .text = "n" };
  for (guint i = 0; i < EVENTS_QUEUED_MAX + 10; i++)
    events_post (events, &event);
  return NULL;
}

static void
test_close_frees_posters (void)
{
  Events *events = events_new ();
  GThread *thread = g_thread_new ("poster", post_past_limit, events);

  events_close (events);
  g_thread_join (thread);
  events_deliver (events, NULL, NULL, NULL);
  events_free (events);
}

static void
test_post_after_close (void)
{
  Events *events = events_new ();
  Receiver receiver = { 0 };
  const Event event = { .kind = EVENT_NOTICE, .text = "n" };

  events_close (events);
  events_post (events, &event);
  events_deliver (events, post_inside, NULL, &receiver);
  g_assert_cmpuint (receiver.received, ==, 0);
  events_free (events);
}

static void
test_free_undelivered (void)
{
  Events *events = events_new ();
  const Event event = { .kind = EVENT_FAILURE, .account = "a", .text = "t" };

  events_post (events, &event);
  events_post (events, &event);
  events_free (events);
  events_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/engine/events/copies-what-is-posted", test_copies);
  g_test_add_func ("/engine/events/keeps-the-order-of-each-poster", test_order);
  g_test_add_func ("/engine/events/ticks-while-nothing-happens", test_ticks);
  g_test_add_func ("/engine/events/receiver-may-post", test_receiver_may_post);
  g_test_add_func ("/engine/events/close-frees-waiting-posters",
                   test_close_frees_posters);
  g_test_add_func ("/engine/events/post-after-close-is-dropped", test_post_after_close);
  g_test_add_func ("/engine/events/free-accepts-undelivered", test_free_undelivered);
  return g_test_run ();
}

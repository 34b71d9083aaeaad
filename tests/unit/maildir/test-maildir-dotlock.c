/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lock files: taken, waited for, stale, orphaned.
 */
#include "dotlock.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "maildir-world.h"

#define LOCK "dovecot-uidlist.lock"

static gpointer
open_store (World *world)
{
  world_folder (world, "");
  return world_open (world, HAUL_ROLE_DESTINATION);
}

static void
test_take_and_drop (void)
{
  g_autoptr (World) world = world_new ();
  MaildirSession *session = open_store (world);
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  g_autofree char *names = NULL;

  g_assert_true (maildir_dotlock_take (session, session->root_fd, LOCK, &error));
  text = world_get (world, LOCK);
  g_assert_true (g_str_has_prefix (text, "mailhaul "));
  maildir_dotlock_drop (session->root_fd, LOCK);
  names = world_names (world, "");
  g_assert_cmpstr (names, ==, "cur new tmp");
  world->backend->close (session);
}

static void
test_stale (void)
{
  g_autoptr (World) world = world_new ();
  MaildirSession *session = open_store (world);
  g_autoptr (GError) error = NULL;
  g_autofree char *orphan = NULL;
  pid_t child = fork ();

  if (child == 0)
    _exit (0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  orphan = g_strdup_printf ("mailhaul %d %s\n", (int) child, session->host);
  world_put (world, LOCK, orphan);
  g_assert_true (maildir_dotlock_take (session, session->root_fd, LOCK, &error));
  world_put (world, LOCK, orphan);
  maildir_dotlock_clean (session, session->root_fd, LOCK);
  g_clear_pointer (&orphan, g_free);
  orphan = world_get (world, LOCK);
  g_assert_null (orphan);
  world_put (world, LOCK, "123:other.host");
  maildir_dotlock_clean (session, session->root_fd, LOCK);
  orphan = world_get (world, LOCK);
  g_assert_nonnull (orphan);
  world->backend->close (session);
}

/* Holds the lock until there is somebody waiting for it. */
static gpointer
drop_soon (gpointer data)
{
  const MaildirSession *session = data;

  g_thread_yield ();
  maildir_dotlock_drop (session->root_fd, LOCK);
  return NULL;
}

static void
test_waits (void)
{
  g_autoptr (World) world = world_new ();
  MaildirSession *session = open_store (world);
  g_autoptr (GError) error = NULL;
  GThread *thread = NULL;

  world_put (world, LOCK, "dovecot");
  thread = g_thread_new ("holder", drop_soon, session);
  g_assert_true (maildir_dotlock_take (session, session->root_fd, LOCK, &error));
  g_assert_no_error (error);
  g_thread_join (thread);
  world->backend->close (session);
}

static void
test_stopped_while_waiting (void)
{
  g_autoptr (World) world = world_new ();
  MaildirSession *session = open_store (world);
  g_autoptr (GError) error = NULL;
  gint64 start = g_get_monotonic_time ();

  world_put (world, LOCK, "dovecot");
  g_cancellable_cancel (world->cancellable);
  g_assert_false (maildir_dotlock_take (session, session->root_fd, LOCK, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
  g_assert_cmpint (g_get_monotonic_time () - start, <, MAILDIR_LOCK_WAIT_US);
  world->backend->close (session);
}

static void
test_held_for_ever (void)
{
  g_autoptr (World) world = world_new ();
  g_autoptr (GPtrArray) mails = mails_for ("INBOX", 2);
  MaildirSession *session = open_store (world);
  g_autoptr (GError) error = NULL;
  g_autofree char *tmp = NULL;

  session->lock_wait_us = G_USEC_PER_SEC / 20;
  world_put (world, LOCK, "dovecot");
  for (guint i = 0; i < mails->len; i++)
    ((Mail *) g_ptr_array_index (mails, i))->keywords = g_strsplit ("word", " ", -1);
  world_store (world, session, mails, NULL, &error);
  g_assert_no_error (error);
  for (guint i = 0; i < mails->len; i++)
    {
      Mail *mail = g_ptr_array_index (mails, i);

      g_assert_error (mail->error, HAUL_ERROR, HAUL_ERROR_BUSY);
      g_assert_cmpint (haul_error_scope (mail->error), ==, HAUL_SCOPE_FOLDER);
    }
  tmp = world_names (world, "tmp");
  g_assert_cmpstr (tmp, ==, "");
  world->backend->close (session);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/dotlock/take-and-drop", test_take_and_drop);
  g_test_add_func ("/maildir/dotlock/left-by-the-dead", test_stale);
  g_test_add_func ("/maildir/dotlock/waits-for-another", test_waits);
  g_test_add_func ("/maildir/dotlock/stopped-while-waiting", test_stopped_while_waiting);
  g_test_add_func ("/maildir/dotlock/held-for-ever-is-busy", test_held_for_ever);
  return g_test_run ();
}

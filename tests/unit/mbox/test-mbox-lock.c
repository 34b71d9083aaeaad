/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Locks: against another open file, against dotlocks living, old and orphaned, and a file
 * that is replaced while we wait. Test thread.
 */
#include "mbox-world.h"

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <utime.h>

#define SHORT_US (60 * 1000)

static MboxLockRequest
request_for (MboxLockMode mode, gboolean write)
{
  return (MboxLockRequest){ .mode = mode, .write = write, .wait_us = SHORT_US };
}

/* Takes and gives back; the code of the error, or -1. */
static int
try_lock (MboxWorld *world, MboxLockMode mode, gboolean write)
{
  g_autoptr (GError) error = NULL;
  MboxLock lock = { 0 };
  MboxLockRequest request = request_for (mode, write);
  g_autoptr (MboxFile) file = mbox_lock_open (
      &lock, world->file, write ? MBOX_FILE_WRITE : MBOX_FILE_READ, &request, &error);
  if (file == NULL)
    return error->code;
  mbox_lock_release (&lock, file);
  return -1;
}

static void
excludes (void)
{
  static const struct
  {
    gboolean first, second;
    int expect;
  } table[] = { { TRUE, TRUE, HAUL_ERROR_BUSY },
                { TRUE, FALSE, HAUL_ERROR_BUSY },
                { FALSE, TRUE, HAUL_ERROR_BUSY },
                { FALSE, FALSE, -1 } };
  for (gsize i = 0; i < G_N_ELEMENTS (table); i++)
    {
      g_autoptr (MboxWorld) world = world_new ();
      g_autoptr (GError) error = NULL;
      MboxLock lock = { 0 };
      MboxLockRequest request = request_for (MBOX_LOCK_FCNTL, table[i].first);
      world_put (world, "", -1);
      g_autoptr (MboxFile)
          file = mbox_lock_open (&lock, world->file, MBOX_FILE_WRITE, &request, &error);
      g_assert_no_error (error);
      g_assert_cmpint (try_lock (world, MBOX_LOCK_AUTO, table[i].second), ==,
                       table[i].expect);
      mbox_lock_release (&lock, file);
      g_assert_cmpint (try_lock (world, MBOX_LOCK_BOTH, table[i].second), ==, -1);
    }
}

static void
dotlock (MboxWorld *world, const char *text, gint64 age_s)
{
  g_autofree char *path = g_strconcat (world->file, ".lock", NULL);
  g_assert_true (g_file_set_contents (path, text, -1, NULL));
  struct utimbuf times = { 0 };
  times.actime = times.modtime = (time_t) (g_get_real_time () / G_USEC_PER_SEC - age_s);
  g_assert_cmpint (utime (path, &times), ==, 0);
}

static void
respects_dotlocks (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, "", -1);
  dotlock (world, "1\n", 0);
  g_assert_cmpint (try_lock (world, MBOX_LOCK_AUTO, TRUE), ==, HAUL_ERROR_BUSY);
  g_assert_cmpint (try_lock (world, MBOX_LOCK_DOTLOCK, TRUE), ==, HAUL_ERROR_BUSY);
  g_assert_cmpint (try_lock (world, MBOX_LOCK_FCNTL, TRUE), ==, -1);
  g_assert_cmpint (try_lock (world, MBOX_LOCK_NONE, TRUE), ==, -1);
  /* a reader is not kept out by one, and leaves none */
  g_assert_cmpint (try_lock (world, MBOX_LOCK_AUTO, FALSE), ==, -1);
}

static void
removes_stale_dotlocks (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  world_put (world, "", -1);
  dotlock (world, "1\n", MBOX_DOTLOCK_STALE_S + 5);
  g_assert_cmpint (try_lock (world, MBOX_LOCK_AUTO, TRUE), ==, -1);
  pid_t child = fork ();
  if (child == 0)
    _exit (0);
  g_assert_cmpint (waitpid (child, NULL, 0), ==, child);
  g_autofree char *dead = g_strdup_printf ("%d mailhaul %s\n", (int) child,
                                           g_get_host_name ());
  dotlock (world, dead, 0);
  g_assert_cmpint (try_lock (world, MBOX_LOCK_AUTO, TRUE), ==, -1);
  g_autofree char *elsewhere = g_strdup_printf ("%d mailhaul elsewhere.example\n",
                                                (int) child);
  dotlock (world, elsewhere, 0);
  g_assert_cmpint (try_lock (world, MBOX_LOCK_AUTO, TRUE), ==, HAUL_ERROR_BUSY);
}

/* The first wait is ended by us; what is locked then is the new file. */
static void
notices_a_replaced_file (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GError) error = NULL;
  world_put (world, "old", -1);
  g_autoptr (MboxFile) old = mbox_file_open (world->file, MBOX_FILE_WRITE, &error);
  g_assert_no_error (error);
  g_assert_true (mbox_file_is_current (old));
  world_put (world, "new", -1);
  g_assert_false (mbox_file_is_current (old));
}

static void
cancelled (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GError) error = NULL;
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  MboxLock lock = { 0 };
  MboxLockRequest request = request_for (MBOX_LOCK_AUTO, TRUE);
  request.wait_us = G_GINT64_CONSTANT (3600000000);
  request.cancellable = cancellable;
  world_put (world, "", -1);
  dotlock (world, "1\n", 0);
  g_cancellable_cancel (cancellable);
  g_assert_null (mbox_lock_open (&lock, world->file, MBOX_FILE_WRITE, &request, &error));
  g_assert_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/mbox/lock/keeps-writers-out", excludes);
  g_test_add_func ("/mbox/lock/respects-dotlocks", respects_dotlocks);
  g_test_add_func ("/mbox/lock/removes-stale-dotlocks", removes_stale_dotlocks);
  g_test_add_func ("/mbox/lock/notices-a-replaced-file", notices_a_replaced_file);
  g_test_add_func ("/mbox/lock/ends-waiting-when-cancelled", cancelled);
  return g_test_run ();
}

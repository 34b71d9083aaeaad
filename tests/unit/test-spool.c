/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Spools: in memory up to their limit, beyond it in a file without a name, and a disk
 * that is full.
 */
#include "base/spool.h"

#include <signal.h>
#include <string.h>

#include <sys/resource.h>

#include <mailhaul/error.h>

static guint8
byte_at (gsize at)
{
  return (guint8) (at * 13 + (at >> 9));
}

/* Writes @length bytes in pieces of @cut. */
static gboolean
fill (Spool *spool, gsize length, gsize cut, GError **error)
{
  g_autofree guint8 *piece = g_malloc (cut);
  for (gsize at = 0; at < length; at += cut)
    {
      gsize count = MIN (cut, length - at);
      for (gsize i = 0; i < count; i++)
        piece[i] = byte_at (at + i);
      if (!spool_write (spool, piece, count, error))
        return FALSE;
    }
  return TRUE;
}

static void
assert_reads_back (Spool *spool, gsize length)
{
  g_autoptr (GError) error = NULL;
  guint8 out[7001];
  gsize at = 0, count = 0;
  do
    {
      g_assert_true (spool_read (spool, out, sizeof out, &count, &error));
      for (gsize n = 0; n < count; n++, at++)
        if (out[n] != byte_at (at))
          g_error ("byte %u of %u differs", (guint) at, (guint) length);
    }
  while (count > 0);
  g_assert_cmpuint (at, ==, length);
}

static void
test_reads_back (void)
{
  static const gsize lengths[] = { 0,
                                   1,
                                   SPOOL_MEMORY_BYTES - 1,
                                   SPOOL_MEMORY_BYTES,
                                   SPOOL_MEMORY_BYTES + 1,
                                   3 * SPOOL_MEMORY_BYTES + 5 };
  static const gsize cuts[] = { 4096, 65536, 99991 };
  for (guint i = 0; i < G_N_ELEMENTS (lengths); i++)
    for (guint k = 0; k < G_N_ELEMENTS (cuts); k++)
      {
        g_autoptr (Spool) spool = spool_new ();
        g_autoptr (GError) error = NULL;
        g_assert_true (fill (spool, lengths[i], cuts[k], &error));
        g_assert_no_error (error);
        g_assert_cmpuint (spool_size (spool), ==, lengths[i]);
        assert_reads_back (spool, lengths[i]);
      }
}

static void
test_disk_full (void)
{
  if (g_test_subprocess ())
    {
      struct rlimit limit = { 64 * 1024, 64 * 1024 };
      g_autoptr (Spool) spool = spool_new ();
      g_autoptr (GError) error = NULL;
      (void) signal (SIGXFSZ, SIG_IGN);
      g_assert_cmpint (setrlimit (RLIMIT_FSIZE, &limit), ==, 0);
      g_assert_false (fill (spool, 3 * SPOOL_MEMORY_BYTES, 65536, &error));
      g_assert_true (error->domain == HAUL_ERROR);
      g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_MESSAGE);
      return;
    }
  g_test_trap_subprocess (NULL, 0, G_TEST_SUBPROCESS_DEFAULT);
  g_test_trap_assert_passed ();
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/spool/read/gives-back-what-was-written", test_reads_back);
  g_test_add_func ("/spool/write/full-disk-fails-the-message", test_disk_full);
  return g_test_run ();
}

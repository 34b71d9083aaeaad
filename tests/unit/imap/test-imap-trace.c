/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The wire trace: what it shows, and above all what it never shows. */
#include <string.h>
#include <sys/stat.h>

#include <glib/gstdio.h>
#include <mailhaul/error.h>

#include "trace.h"

typedef struct
{
  char *directory, *path;
  ImapTrace *trace;
} Fixture;

static void
set_up (Fixture *self, gconstpointer data)
{
  (void) data;
  self->directory = g_dir_make_tmp ("mailhaul-trace-XXXXXX", NULL);
  self->path = g_build_filename (self->directory, "trace", NULL);
  self->trace = imap_trace_open (self->path, "source", NULL);
  g_assert_nonnull (self->trace);
}

static void
tear_down (Fixture *self, gconstpointer data)
{
  (void) data;
  imap_trace_close (self->trace);
  (void) g_unlink (self->path);
  (void) g_rmdir (self->directory);
  g_free (self->path);
  g_free (self->directory);
}

static char *
read_trace (Fixture *self)
{
  char *text = NULL;
  g_clear_pointer (&self->trace, imap_trace_close);
  g_assert_true (g_file_get_contents (self->path, &text, NULL, NULL));
  return text;
}

static void
send_text (Fixture *self, const char *text, gboolean secret)
{
  imap_trace_sent (self->trace, (const guint8 *) text, strlen (text), secret);
}

static void
test_secrets (Fixture *self, gconstpointer data)
{
  (void) data;
  send_text (self, "a LOGIN ", FALSE);
  send_text (self, "\"joe\"", TRUE);
  send_text (self, " ", FALSE);
  send_text (self, "\"hunter2\"", TRUE);
  send_text (self, "\r\n", FALSE);
  send_text (self, "AGpvZQBodW50ZXIy\r\n", TRUE);
  g_autofree char *text = read_trace (self);
  g_assert_nonnull (strstr (text, "C: a LOGIN [secret] [secret]\n"));
  g_assert_null (strstr (text, "hunter2"));
  g_assert_null (strstr (text, "AGpv"));
}

static void
test_challenges (Fixture *self, gconstpointer data)
{
  static const char line[] = "+ dj1Ob3RGb3JZb3U=\r\n";
  (void) data;
  imap_trace_set_private (self->trace, TRUE);
  imap_trace_received (self->trace, (const guint8 *) line, sizeof line - 1);
  imap_trace_set_private (self->trace, FALSE);
  imap_trace_received (self->trace, (const guint8 *) "+ go on\r\n", 9);
  g_autofree char *text = read_trace (self);
  g_assert_nonnull (strstr (text, "S: + [challenge]\n"));
  g_assert_null (strstr (text, "dj1"));
  g_assert_nonnull (strstr (text, "S: + go on\n"));
}

/* Bodies are counted at every split of the stream. */
static void
test_bodies (Fixture *self, gconstpointer data)
{
  static const char stream[] =
      "* 1 FETCH (UID 1 BODY[] {12}\r\nprivate\r\n:-) FLAGS ())\r\n"
      "* 2 FETCH (UID 2 BODY[] ~{4}\r\nxyz!)\r\na OK done\r\n";
  (void) data;
  for (gsize split = 0; split < sizeof stream; split++)
    {
      imap_trace_received (self->trace, (const guint8 *) stream, split);
      imap_trace_received (self->trace, (const guint8 *) stream + split,
                           sizeof stream - 1 - MIN (split, sizeof stream - 1));
    }
  imap_trace_sent_body (self->trace, 99);
  g_autofree char *text = read_trace (self);
  g_assert_null (strstr (text, "private"));
  g_assert_null (strstr (text, "xyz"));
  g_assert_nonnull (strstr (text, "S: [12 bytes]\n"));
  g_assert_nonnull (strstr (text, "S: [4 bytes]\n"));
  g_assert_nonnull (strstr (text, "S: a OK done\n"));
  g_assert_nonnull (strstr (text, "C: [99 bytes]\n"));
}

static void
test_hostile_lines (Fixture *self, gconstpointer data)
{
  g_autofree char *filled = g_strnfill (100000, 'x');
  (void) data;
  imap_trace_received (self->trace, (const guint8 *) filled, 100000);
  imap_trace_received (self->trace, (const guint8 *) "{5}\r\nMAILS\033[2J\r\n", 16);
  g_autofree char *text = read_trace (self);
  g_assert_cmpuint (strlen (text), <, 5000);
  g_assert_null (strstr (text, "MAILS"));
  g_assert_null (strchr (text, '\033'));
}

static void
test_mode (Fixture *self, gconstpointer data)
{
  struct stat info;
  (void) data;
  g_assert_cmpint (stat (self->path, &info), ==, 0);
  g_assert_cmpint (info.st_mode & 0777, ==, 0600);
}

static void
test_unwritable (void)
{
  g_autoptr (GError) error = NULL;
  g_assert_null (imap_trace_open ("/nonexistent/trace", "x", &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_NOT_FOUND);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add ("/imap/trace/never-shows-secrets", Fixture, NULL, set_up, test_secrets,
              tear_down);
  g_test_add ("/imap/trace/never-shows-challenges", Fixture, NULL, set_up,
              test_challenges, tear_down);
  g_test_add ("/imap/trace/counts-bodies-at-every-split", Fixture, NULL, set_up,
              test_bodies, tear_down);
  g_test_add ("/imap/trace/cuts-and-escapes-hostile-lines", Fixture, NULL, set_up,
              test_hostile_lines, tear_down);
  g_test_add ("/imap/trace/is-only-for-its-owner", Fixture, NULL, set_up, test_mode,
              tear_down);
  g_test_add_func ("/imap/trace/says-when-it-cannot-be-written", test_unwritable);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A child stores and is killed at each of its writes; then others may append, and the
 * recovery must leave whole messages only, lose none that had a receipt, double none, and
 * touch nobody else's. Test thread.
 */
#include "mbox-world.h"

#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../backends/mbox/note.h"

#define FOREIGN                                                                          \
  "From mda@host Mon Nov 23 22:33:52 2026\nReceived: by host\nSubject: "                 \
  "foreign\n\nforeign text\n\n"

/* Case: how a store dies. @before: what stood in the file; @after: what others append
 * between the death and the recovery, NULL: nothing. */
typedef struct
{
  const char *name;
  MboxFormat format;
  gsize piece;
  const char *before;
  const char *after;
  gsize big;
} Case;

static const Case cases[] = {
  { "new-file", MBOX_FORMAT_AUTO, 977, "", NULL, 0 },
  { "new-file-by-few-bytes", MBOX_FORMAT_AUTO, 101, "", NULL, 0 },
  { "old-file", MBOX_FORMAT_AUTO, 1500, FOREIGN, NULL, 0 },
  { "old-file-without-blank", MBOX_FORMAT_AUTO, 1,
    "From a@b Fri Nov  9 22:33:52 2001\nA: b\n\nx", NULL, 0 },
  { "mail-behind", MBOX_FORMAT_AUTO, 701, "", FOREIGN FOREIGN, 0 },
  { "mail-behind-by-few-bytes", MBOX_FORMAT_AUTO, 67, FOREIGN, FOREIGN, 0 },
  { "big", MBOX_FORMAT_AUTO, 60000, FOREIGN, NULL, 1400000 },
  { "big-with-mail-behind", MBOX_FORMAT_AUTO, 70000, "", FOREIGN, 1400000 },
  { "counted", MBOX_FORMAT_CL2, 997, FOREIGN, NULL, 0 },
  { "counted-big", MBOX_FORMAT_CL2, 60000, "", NULL, 900000 },
};

static GPtrArray *
mails_of (const Case *test, gboolean few)
{
  GPtrArray *mails = world_sample (3, few ? 4 : 12);
  if (test->big == 0)
    return mails;
  g_autoptr (GString) text = g_string_new ("Subject: big\r\n\r\n");
  while (text->len < test->big)
    g_string_append (text, "From here, a line of a big message\r\n");
  g_ptr_array_insert (mails, 2, world_mail (text->str, (gssize) text->len));
  return mails;
}

/* Runs the store in a child that dies at the @kill_after-th write. TRUE: it died. */
static gboolean
store_and_die (MboxWorld *world, const Case *test, guint kill_after)
{
  pid_t child = fork ();
  if (child == 0)
    {
      g_autoptr (GPtrArray) mails = mails_of (test, test->piece < 70);
      world_hooks (test->piece, kill_after);
      _exit (world_store (world, mails, NULL) ? 0 : 3);
    }
  int status = 0;
  g_assert_cmpint (waitpid (child, &status, 0), ==, child);
  if (WIFSIGNALED (status))
    return TRUE;
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  return FALSE;
}

static void
recover (MboxWorld *world)
{
  static const char *const inbox[] = { "INBOX", NULL };
  g_autoptr (GError) error = NULL;
  g_autoptr (GBytes) note = world_note (world);
  world_session (world, HAUL_ROLE_DESTINATION);
  gsize length = 0;
  const guint8 *data = g_bytes_get_data (note, &length);
  g_assert_true (
      mbox_session_recover (world->session, inbox, (HaulBytes){ data, length }, &error));
  g_assert_no_error (error);
}

static guint
count_text (const char *text, const char *part)
{
  guint count = 0;
  for (const char *p = text; (p = strstr (p, part)) != NULL; p++)
    count++;
  return count;
}

static WorldListing *
list (MboxWorld *world)
{
  g_autoptr (GError) error = NULL;
  WorldListing *listing = world_list (world, NULL, &error);
  g_assert_no_error (error);
  return listing;
}

/* Each message is one of ours, whole, or somebody else's. */
static guint
check_whole (MboxWorld *world, GPtrArray *mails, guint foreign)
{
  g_autoptr (WorldListing) listing = list (world);
  guint ours = 0, others = 0;
  for (guint i = 0; i < listing->mails->len; i++)
    {
      const WorldMail *have = g_ptr_array_index (listing->mails, i);
      gboolean known = FALSE;
      for (guint k = 0; k < mails->len; k++)
        known = known
                || g_bytes_equal (have->body,
                                  ((WorldMail *) g_ptr_array_index (mails, k))->body);
      ours += known;
      others += !known;
    }
  g_assert_cmpuint (others, ==, foreign);
  return ours;
}

static void
check_case (gconstpointer data)
{
  const Case *test = data;
  g_autoptr (GPtrArray) mails = mails_of (test, test->piece < 70);
  guint foreign_after = test->after ? count_text (test->after, "Subject: foreign") : 0;
  guint before = test->before[0] != '\0';
  for (guint kill_after = 1;; kill_after++)
    {
      g_autoptr (MboxWorld) world = world_new ();
      world->settings.format = test->format;
      world->settings.durability = MBOX_DURABILITY_NONE;
      world_put (world, test->before, -1);
      world_session (world, HAUL_ROLE_DESTINATION);
      gboolean died = store_and_die (world, test, kill_after);
      if (test->after != NULL)
        world_append (world, test->after);
      recover (world);
      guint ours = check_whole (world, mails, foreign_after + before);
      g_assert_cmpuint (ours, <=, mails->len);
      /* once more: nothing is left to be done */
      g_autoptr (GBytes) once = world_get (world);
      recover (world);
      g_autoptr (GBytes) twice = world_get (world);
      g_assert_true (g_bytes_equal (once, twice));
      if (!died)
        {
          g_assert_cmpuint (ours, ==, mails->len);
          break;
        }
    }
}

/* After the closing note nothing is ours to remove, whatever stands there. */
static void
closed_note (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autoptr (GPtrArray) mails = world_sample (1, 5);
  g_autoptr (GError) error = NULL;
  world_put (world, FOREIGN, -1);
  world_session (world, HAUL_ROLE_DESTINATION);
  g_assert_true (world_store (world, mails, &error));
  g_autoptr (GBytes) bytes = world_get (world);
  gsize length = g_bytes_get_size (bytes);
  world_put (world, g_bytes_get_data (bytes, NULL), (gssize) length - 7);
  recover (world);
  g_autoptr (GBytes) after = world_get (world);
  g_assert_cmpuint (g_bytes_get_size (after), ==, length - 7);
}

/* A file that was replaced, or junk for a note: hands off. */
static void
other_file (void)
{
  g_autoptr (MboxWorld) world = world_new ();
  g_autofree char *path = g_build_filename (world->directory, "note", NULL);
  world_put (world, FOREIGN "From torn", -1);
  recover (world);
  g_assert_true (g_file_set_contents (path, "MBN\1junk", 8, NULL));
  recover (world);
  MboxNote note;
  mbox_note_init (&note);
  note.open = TRUE;
  note.start = strlen (FOREIGN);
  mbox_note_add (&note, 100, 0, (const guint8 *) "From torn line\n", 15);
  g_autoptr (GBytes) encoded = mbox_note_encode (&note);
  g_assert_true (g_file_set_contents (path, g_bytes_get_data (encoded, NULL),
                                      (gssize) g_bytes_get_size (encoded), NULL));
  mbox_note_clear (&note);
  recover (world);
  g_autoptr (GBytes) after = world_get (world);
  g_assert_cmpuint (g_bytes_get_size (after), ==, strlen (FOREIGN "From torn"));
}

/* A power cut: blocks of the batch were never written. */
static void
lost_blocks (void)
{
  Case test = { .piece = G_MAXSIZE, .before = FOREIGN };
  for (gsize hole = 512; hole < 4000; hole += 256)
    {
      g_autoptr (MboxWorld) world = world_new ();
      g_autoptr (GPtrArray) mails = mails_of (&test, FALSE);
      world_put (world, FOREIGN, -1);
      world_session (world, HAUL_ROLE_DESTINATION);
      g_assert_true (store_and_die (world, &test, 2));
      g_autoptr (GBytes) bytes = world_get (world);
      gsize length = 0;
      const char *data = g_bytes_get_data (bytes, &length);
      g_assert_cmpuint (length, >, hole + 700);
      g_autofree char *damaged = g_memdup2 (data, length);
      memset (damaged + hole, 0, 700);
      FILE *file = fopen (world->file, "r+");
      g_assert_cmpuint (fwrite (damaged, 1, length, file), ==, length);
      g_assert_cmpint (fclose (file), ==, 0);
      world_append (world, FOREIGN);
      recover (world);
      guint ours = check_whole (world, mails, 2);
      g_assert_cmpuint (ours, <, mails->len);
      g_assert_cmpuint (ours, >, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/mbox/recover/killed/%s", cases[i].name);
      g_test_add_data_func (path, &cases[i], check_case);
    }
  g_test_add_func ("/mbox/recover/leaves-all-after-a-closing-note", closed_note);
  g_test_add_func ("/mbox/recover/leaves-another-file-alone", other_file);
  g_test_add_func ("/mbox/recover/removes-what-the-disk-lost", lost_blocks);
  return g_test_run ();
}

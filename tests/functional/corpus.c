/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Test mailboxes: written and read back with plain files only, so that an error of
 * mailhaul's cannot hide in its own mirror.
 */
#include "corpus.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

/* A folder of the corpus as it lies on disk. */
static const char *const folders[] = { "", ".Sent", ".Archive.2024", ".Gr&APw-n" };

static const char keyword_list[] = "0 $Forwarded\n1 $Label1\n2 Projekt_A\n";

static void
write_file (const char *path, const char *data, gsize length, gint64 date_unix)
{
  int fd = open (path, O_WRONLY | O_CREAT | O_EXCL, 0600);
  g_assert_cmpint (fd, >=, 0);
  g_assert_cmpint (write (fd, data, length), ==, (gssize) length);
  struct timespec times[2] = { { .tv_sec = date_unix }, { .tv_sec = date_unix } };
  g_assert_cmpint (futimens (fd, times), ==, 0);
  close (fd);
}

static void
make_folder (const char *path, const char *folder)
{
  const char *const parts[] = { "cur", "new", "tmp" };
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *dir = g_build_filename (path, folder, parts[i], NULL);
      g_assert_cmpint (g_mkdir_with_parents (dir, 0700), ==, 0);
    }
  g_autofree char *words = g_build_filename (path, folder, "dovecot-keywords", NULL);
  g_assert_true (g_file_set_contents (words, keyword_list, -1, NULL));
  if (*folder != '\0')
    {
      g_autofree char *mark = g_build_filename (path, folder, "maildirfolder", NULL);
      g_assert_true (g_file_set_contents (mark, "", 0, NULL));
    }
}

/* The headers and body of message number @n. */
static GString *
make_message (GRand *random, guint n)
{
  GString *text = g_string_new (NULL);
  g_string_append_printf (text, "Return-Path: <a%u@x.example>\n", n % 97);
  g_string_append_printf (text, "From: \"Person %u\" <a%u@x.example>\nTo: b@y.example\n",
                          n % 97, n % 97);
  g_string_append_printf (text, "Subject: %s number %u\n",
                          n % 7 == 3 ? "=?UTF-8?Q?Gr=C3=BC=C3=9Fe?=" : "message", n);
  if (n % 50 != 49)
    g_string_append_printf (text, "Message-ID: <%u@corpus.example>\n",
                            n % 60 == 7 ? 7 : n);
  if (n % 80 != 79)
    g_string_append_printf (text, "Date: %u Nov 2024 %02u:%02u:00 +0100\n", 1 + n % 28,
                            n % 24, n % 60);
  g_string_append (text,
                   "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\n\n");
  guint lines = 1 + (guint) g_rand_int_range (random, 0, 40);
  for (guint i = 0; i < lines; i++)
    switch (g_rand_int_range (random, 0, 12))
      {
      case 0:
        g_string_append_printf (text, "From the line %u, which is not a separator\n", i);
        break;
      case 1:
        g_string_append_printf (text, ">From quoted %u\n", i);
        break;
      case 2:
        g_string_append (text, ".\n");
        break;
      case 3:
        g_string_append (text, "\n");
        break;
      case 4:
        for (guint k = 0; k < 60; k++)
          g_string_append (text, "a long line goes on ");
        g_string_append_c (text, '\n');
        break;
      default:
        g_string_append_printf (text,
                                "Zeile %u mit Umlauten: \xc3\xa4\xc3\xb6\xc3\xbc %u\n", i,
                                g_rand_int (random));
        break;
      }
  g_string_append_printf (text, "end of %u\n", n);
  return text;
}

void
corpus_write (const char *path, guint count, guint seed)
{
  GRand *random = g_rand_new_with_seed (seed);
  for (guint i = 0; i < G_N_ELEMENTS (folders); i++)
    make_folder (path, folders[i]);
  static const char *const flag_sets[] = { "",   "S",  "RS", "FS", "DFRSTabc",
                                           "ST", "Sb", "a",  "D",  "Sc" };
  GString *before = NULL;
  for (guint n = 0; n < count; n++)
    {
      /* Every 40th message is a byte-identical double of the one before. */
      GString *text = before != NULL && n % 40 == 39 ? before : make_message (random, n);
      guint folder = n % 40 == 39 ? (n - 1) % 7 : n % 7;
      g_autofree char *name = g_strdup_printf ("%u.M%uP1Q%u.corpus:2,%s", 1700000000 + n,
                                               n, n,
                                               flag_sets[n % G_N_ELEMENTS (flag_sets)]);
      g_autofree char *file = g_build_filename (path, folders[folder < 4 ? folder : 0],
                                                "cur", name, NULL);
      write_file (file, text->str, text->len, 1600000000 + (gint64) n * 3600);
      if (before != NULL && before != text)
        g_string_free (before, TRUE);
      before = text;
    }
  if (before != NULL)
    g_string_free (before, TRUE);
  g_rand_free (random);
}

char *
corpus_digest (const char *data, gsize length)
{
  static const char *const hidden[] = { "status:",        "x-status:", "x-keywords:",
                                        "x-uid:",         "x-imap:",   "x-imapbase:",
                                        "content-length:" };
  GString *text = g_string_sized_new (length + 1);
  gboolean headers = TRUE;
  for (gsize at = 0; at < length;)
    {
      const char *end = memchr (data + at, '\n', length - at);
      gsize line = end != NULL ? (gsize) (end - data) - at : length - at;
      gsize kept = line > 0 && data[at + line - 1] == '\r' ? line - 1 : line;
      gboolean drop = FALSE;
      if (kept == 0)
        headers = FALSE;
      for (guint i = 0; headers && i < G_N_ELEMENTS (hidden); i++)
        drop |= kept >= strlen (hidden[i])
                && g_ascii_strncasecmp (data + at, hidden[i], strlen (hidden[i])) == 0;
      if (!drop)
        {
          g_string_append_len (text, data + at, (gssize) kept);
          g_string_append_c (text, '\n');
        }
      at += line + 1;
    }
  while (text->len >= 2 && text->str[text->len - 1] == '\n'
         && text->str[text->len - 2] == '\n')
    g_string_truncate (text, text->len - 1);
  char *digest = g_compute_checksum_for_data (G_CHECKSUM_SHA256,
                                              (const guchar *) text->str, text->len);
  g_string_free (text, TRUE);
  return digest;
}

/* The names behind letters a–z, of one folder. */
static char **
read_keywords (const char *path)
{
  char **words = g_new0 (char *, 27);
  g_autofree char *file = g_build_filename (path, "dovecot-keywords", NULL);
  g_autofree char *text = NULL;
  for (guint i = 0; i < 26; i++)
    words[i] = g_strdup ("");
  if (!g_file_get_contents (file, &text, NULL, NULL))
    return words;
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **line = lines; *line != NULL; line++)
    {
      g_auto (GStrv) parts = g_strsplit (*line, " ", 2);
      guint64 index = 0;
      if (parts[0] == NULL || parts[1] == NULL
          || !g_ascii_string_to_unsigned (parts[0], 10, 0, 25, &index, NULL))
        continue;
      g_free (words[index]);
      words[index] = g_strdup (parts[1]);
    }
  return words;
}

static int
compare_words (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* "FS|$Forwarded Work" for the letters of a file name. */
static char *
describe_flags (const char *letters, char **words)
{
  GString *flags = g_string_new (NULL);
  g_autoptr (GPtrArray) names = g_ptr_array_new ();
  for (const char *p = letters; *p != '\0'; p++)
    if (*p == 'P')
      g_ptr_array_add (names, (char *) "$Forwarded");
    else if (*p >= 'A' && *p <= 'Z')
      g_string_append_c (flags, *p);
    else if (*p >= 'a' && *p <= 'z')
      g_ptr_array_add (names, words[*p - 'a']);
  g_ptr_array_sort (names, compare_words);
  g_string_append_c (flags, '|');
  for (guint i = 0; i < names->len; i++)
    g_string_append_printf (flags, "%s ", (char *) names->pdata[i]);
  return g_string_free (flags, FALSE);
}

static void
read_folder (GHashTable *corpus, const char *path, const char *folder)
{
  const char *const parts[] = { "cur", "new" };
  g_autofree char *base = g_build_filename (path, folder, NULL);
  g_auto (GStrv) words = read_keywords (base);
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    {
      g_autofree char *dir = g_build_filename (base, parts[i], NULL);
      g_autoptr (GDir) entries = g_dir_open (dir, 0, NULL);
      const char *name;
      while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
        {
          g_autofree char *file = g_build_filename (dir, name, NULL);
          g_autofree char *data = NULL;
          gsize length = 0;
          GStatBuf info;
          g_assert_true (g_file_get_contents (file, &data, &length, NULL));
          g_assert_cmpint (g_stat (file, &info), ==, 0);
          const char *letters = strstr (name, ":2,");
          g_autofree char *flags = describe_flags (letters != NULL ? letters + 3 : "",
                                                   words);
          g_autofree char *digest = corpus_digest (data, length);
          char *key = g_strdup_printf ("%s|%s|%" G_GINT64_FORMAT "|%s", folder, flags,
                                       (gint64) info.st_mtime, digest);
          guint count = GPOINTER_TO_UINT (g_hash_table_lookup (corpus, key));
          g_hash_table_insert (corpus, key, GUINT_TO_POINTER (count + 1));
        }
    }
}

GHashTable *
corpus_read (const char *path)
{
  GHashTable *corpus = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  read_folder (corpus, path, "");
  g_autoptr (GDir) entries = g_dir_open (path, 0, NULL);
  const char *name;
  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
    if (name[0] == '.')
      read_folder (corpus, path, name);
  return corpus;
}

guint
corpus_count (GHashTable *corpus)
{
  guint total = 0;
  GHashTableIter iter;
  gpointer count;
  g_hash_table_iter_init (&iter, corpus);
  while (g_hash_table_iter_next (&iter, NULL, &count))
    total += GPOINTER_TO_UINT (count);
  return total;
}

void
corpus_assert_equal (GHashTable *expected, GHashTable *found, const char *label)
{
  guint lost = 0, surplus = 0;
  GHashTableIter iter;
  gpointer key, count;
  g_hash_table_iter_init (&iter, expected);
  while (g_hash_table_iter_next (&iter, &key, &count))
    {
      guint other = GPOINTER_TO_UINT (g_hash_table_lookup (found, key));
      if (other < GPOINTER_TO_UINT (count) && lost++ < 3)
        g_test_message ("%s: lost %s", label, (char *) key);
    }
  g_hash_table_iter_init (&iter, found);
  while (g_hash_table_iter_next (&iter, &key, &count))
    {
      guint other = GPOINTER_TO_UINT (g_hash_table_lookup (expected, key));
      if (other < GPOINTER_TO_UINT (count) && surplus++ < 3)
        g_test_message ("%s: surplus %s", label, (char *) key);
    }
  g_assert_cmpuint (lost, ==, 0);
  g_assert_cmpuint (surplus, ==, 0);
  g_assert_cmpuint (corpus_count (found), ==, corpus_count (expected));
}

char *
corpus_tmp_dir (const char *where)
{
  char *path = g_build_filename (where != NULL ? where : g_get_tmp_dir (),
                                 "mailhaul-test-XXXXXX", NULL);
  g_assert_nonnull (g_mkdtemp (path));
  return path;
}

void
corpus_remove (const char *path)
{
  g_autoptr (GDir) entries = g_dir_open (path, 0, NULL);
  const char *name;
  while (entries != NULL && (name = g_dir_read_name (entries)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      if (g_file_test (child, G_FILE_TEST_IS_DIR)
          && !g_file_test (child, G_FILE_TEST_IS_SYMLINK))
        corpus_remove (child);
      else
        g_unlink (child);
    }
  g_rmdir (path);
}

/* All that comes out of @fd until it ends, or until @deadline_us (0: none) has passed. */
static void
collect_output (int fd, pid_t pid, gint64 deadline_us, GString *out)
{
  for (;;)
    {
      struct pollfd poller = { .fd = fd, .events = POLLIN };
      gint64 left_us = deadline_us != 0 ? deadline_us - g_get_monotonic_time () : 0;
      if (deadline_us != 0 && left_us <= 0)
        {
          kill (pid, SIGKILL);
          deadline_us = 0;
          continue;
        }
      int ready = poll (&poller, 1, deadline_us != 0 ? (int) (left_us / 1000) + 1 : -1);
      if (ready <= 0)
        continue;
      char buffer[4096];
      gssize n = read (fd, buffer, sizeof buffer);
      if (n <= 0)
        return;
      g_string_append_len (out, buffer, n);
    }
}

ProgramResult
program_run (const char *const *arguments, gint64 kill_us)
{
  const char *program = g_getenv ("MAILHAUL_PROGRAM");
  g_assert_nonnull (program);
  g_autoptr (GPtrArray) argv = g_ptr_array_new ();
  g_ptr_array_add (argv, (char *) program);
  for (const char *const *p = arguments; *p != NULL; p++)
    g_ptr_array_add (argv, (char *) *p);
  g_ptr_array_add (argv, NULL);

  int pipes[2];
  g_assert_cmpint (pipe (pipes), ==, 0);
  pid_t pid = fork ();
  g_assert_cmpint (pid, >=, 0);
  if (pid == 0)
    {
      dup2 (pipes[1], 1);
      dup2 (pipes[1], 2);
      close (pipes[0]);
      close (pipes[1]);
      execv (program, (char **) argv->pdata);
      _exit (127);
    }
  close (pipes[1]);
  GString *out = g_string_new (NULL);
  collect_output (pipes[0], pid, kill_us != 0 ? g_get_monotonic_time () + kill_us : 0,
                  out);
  close (pipes[0]);

  struct rusage usage;
  int status = 0;
  while (wait4 (pid, &status, 0, &usage) < 0 && errno == EINTR)
    ;
  ProgramResult result = { .status = WIFEXITED (status) ? WEXITSTATUS (status) : -1,
                           .out = g_string_free (out, FALSE),
                           .rss_kib = (guint64) usage.ru_maxrss };
  return result;
}

void
program_result_clear (ProgramResult *self)
{
  g_clear_pointer (&self->out, g_free);
}

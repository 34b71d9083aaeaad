/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Plays a hazard: a copy between the scripted server and a Maildir by the real program,
 * twice, and an independent comparison of both sides. Runs on the test's thread.
 */
#include "hazard.h"

#include <string.h>

#include <glib/gstdio.h>

#include "corpus.h"
#include "imap-script.h"

/* A run that is not over by then hangs. */
#define RUN_US ((gint64) 60 * G_USEC_PER_SEC)

/* Play: one hazard at work, between a server and a Maildir. */
typedef struct
{
  const Hazard *hazard;
  ImapScript *server;
  char *dir;
  char *maildir;
} Play;

/* Pair: two of them, from server to server. */
typedef struct
{
  Play source, destination;
  char *dir;
} Pair;

static void
mail_free (gpointer data)
{
  HazardMail *mail = data;
  g_free (mail->folder);
  g_free (mail->body);
  g_free (mail->flags);
  g_free (mail);
}

static guint
number (const char *text)
{
  guint64 value = 0;
  g_assert_true (g_ascii_string_to_unsigned (text, 10, 0, 1000000, &value, NULL));
  return (guint) value;
}

/* read_mail: "FOLDER BODY [FLAGS]"; INBOX is the Maildir itself. */
static void
read_mail (Hazard *self, char *const *words)
{
  HazardMail *mail = g_new0 (HazardMail, 1);
  mail->folder = g_strdup (strcmp (words[0], "INBOX") == 0 ? "" : words[0]);
  mail->body = g_strdup (words[1]);
  mail->flags = g_strdup (words[2] != NULL ? words[2] : "");
  g_ptr_array_add (self->mails, mail);
}

static void
read_line (Hazard *self, const char *line)
{
  gsize length = strcspn (line, " ");
  g_autofree char *key = g_strndup (line, length);
  const char *rest = line + length + (line[length] == ' ' ? 1 : 0);
  g_auto (GStrv) words = g_strsplit (rest, " ", -1);
  if (strcmp (key, "exit") == 0)
    self->exit = (int) number (rest);
  else if (strcmp (key, "again") == 0)
    self->again = (int) number (rest);
  else if (strcmp (key, "corpus") == 0)
    self->corpus = number (rest);
  else if (strcmp (key, "missing") == 0)
    self->missing = strcmp (rest, "some") == 0 ? HAZARD_SOME : number (rest);
  else if (strcmp (key, "kept") == 0)
    self->kept = number (rest);
  else if (strcmp (key, "differ") == 0)
    self->differ = number (rest);
  else if (strcmp (key, "mail") == 0)
    read_mail (self, words);
  else if (strcmp (key, "option") == 0)
    g_ptr_array_add (self->options, g_strdup (rest));
  else if (strcmp (key, "argument") == 0)
    g_ptr_array_add (self->arguments, g_strdup (rest));
  else if (strcmp (key, "between") == 0)
    g_ptr_array_add (self->between, g_strdup (rest));
  else if (strcmp (key, "says") == 0)
    g_ptr_array_add (self->says, g_strdup (rest));
  else if (strcmp (key, "lost") == 0)
    g_ptr_array_add (self->lost, g_strdup (rest));
  else if (strcmp (key, "dates") == 0)
    self->dates = TRUE;
  else if (strcmp (key, "resend") == 0)
    self->resend = TRUE;
  else if (strcmp (key, "folder") == 0)
    {
      char *space = strrchr (rest, ' ');
      g_assert_nonnull (space);
      g_ptr_array_add (self->folders, g_strndup (rest, (gsize) (space - rest)));
      g_ptr_array_add (self->folders, g_strdup (space + 1));
    }
  else
    g_error ("%s: no such line: %s", self->path, line);
}

Hazard *
hazard_read (const char *path)
{
  g_autoptr (GError) error = NULL;
  g_autofree char *text = NULL;
  Hazard *self = g_new0 (Hazard, 1);
  self->path = g_strdup (path);
  self->name = g_path_get_basename (path);
  *strrchr (self->name, '.') = '\0';
  g_autofree char *folder = g_path_get_dirname (path);
  self->source = g_str_has_suffix (folder, "/source");
  self->mails = g_ptr_array_new_with_free_func (mail_free);
  GPtrArray **const lists[] = { &self->options, &self->arguments, &self->between,
                                &self->says,    &self->folders,   &self->lost };
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    *lists[i] = g_ptr_array_new_with_free_func (g_free);
  g_file_get_contents (path, &text, NULL, &error);
  g_assert_no_error (error);
  g_auto (GStrv) lines = g_strsplit (text, "\n", -1);
  for (char **at = lines; *at != NULL; at++)
    if (g_str_has_prefix (*at, "#: "))
      read_line (self, *at + 3);
  return self;
}

void
hazard_free (Hazard *self)
{
  if (self == NULL)
    return;
  GPtrArray *const lists[] = { self->mails, self->options, self->arguments, self->between,
                               self->says,  self->folders, self->lost };
  for (guint i = 0; i < G_N_ELEMENTS (lists); i++)
    g_ptr_array_unref (lists[i]);
  g_free (self->path);
  g_free (self->name);
  g_free (self);
}

/* fill_source: the Maildir that is to be copied. */
static void
fill_source (const Play *self)
{
  const Hazard *hazard = self->hazard;
  corpus_write (self->maildir, hazard->corpus, 1);
  for (guint i = 0; i < hazard->mails->len; i++)
    {
      const HazardMail *mail = g_ptr_array_index (hazard->mails, i);
      g_autofree char *name = g_strdup_printf ("%u.M%uP2Q%u.hazard:2,%s", 1710000000 + i,
                                               i, i, mail->flags);
      g_autofree char *dir = g_build_filename (self->maildir, mail->folder, "cur", NULL);
      g_autofree char *file = g_build_filename (dir, name, NULL);
      g_autoptr (GBytes) body = imap_script_body (self->server, mail->body);
      g_autoptr (GError) error = NULL;
      g_assert_nonnull (body);
      g_mkdir_with_parents (dir, 0700);
      gsize size;
      const char *data = g_bytes_get_data (body, &size);
      g_file_set_contents (file, size > 0 ? data : "", (gssize) size, &error);
      g_assert_no_error (error);
    }
}

/* folder_of: where the mailbox lies on disk. (transfer full) */
static char *
folder_of (const Hazard *hazard, const char *mailbox)
{
  for (guint i = 0; i + 1 < hazard->folders->len; i += 2)
    if (strcmp (g_ptr_array_index (hazard->folders, i), mailbox) == 0)
      return g_strdup (g_ptr_array_index (hazard->folders, i + 1));
  if (g_ascii_strcasecmp (mailbox, "INBOX") == 0)
    return g_strdup ("");
  char *folder = g_strconcat (".", mailbox, NULL);
  return g_strdelimit (folder, "/", '.');
}

/* flags_of: "FS|$Forwarded Work ", as corpus_read() says it. (transfer full) */
static char *
flags_of (const char *flags)
{
  static const char *const names[] = { "\\Draft", "\\Flagged", "\\Answered", "\\Seen",
                                       "\\Deleted" };
  GString *out = g_string_new (NULL);
  g_auto (GStrv) words = g_strsplit (flags, " ", -1);
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    for (char **at = words; *at != NULL; at++)
      if (g_ascii_strcasecmp (*at, names[i]) == 0)
        g_string_append_c (out, "DFRST"[i]);
  g_string_append_c (out, '|');
  for (char **at = words; *at != NULL; at++)
    if (**at != '\\' && **at != '\0')
      g_string_append_printf (out, "%s ", *at);
  return g_string_free (out, FALSE);
}

static void
count_one (GHashTable *corpus, char *key)
{
  guint count = GPOINTER_TO_UINT (g_hash_table_lookup (corpus, key));
  g_hash_table_insert (corpus, key, GUINT_TO_POINTER (count + 1));
}

static gboolean
is_lost (const Hazard *hazard, const char *mailbox, guint32 uid)
{
  g_autofree char *name = g_strdup_printf ("%s %u", mailbox, uid);
  for (guint i = 0; i < hazard->lost->len; i++)
    if (strcmp (g_ptr_array_index (hazard->lost, i), name) == 0)
      return TRUE;
  return FALSE;
}

/* read_server: what lies there, as corpus_read() says it. (transfer full) */
static GHashTable *
read_server (const Play *self)
{
  GHashTable *corpus = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  g_auto (GStrv) mailboxes = imap_script_mailboxes (self->server);
  for (char **at = mailboxes; *at != NULL; at++)
    {
      g_autofree char *folder = folder_of (self->hazard, *at);
      g_autoptr (GPtrArray) messages = imap_script_messages (self->server, *at);
      for (guint i = 0; i < messages->len; i++)
        {
          const ImapScriptMessage *message = g_ptr_array_index (messages, i);
          if (is_lost (self->hazard, *at, message->uid))
            continue;
          gsize size;
          const char *data = g_bytes_get_data (message->body, &size);
          g_autofree char *flags = flags_of (message->flags);
          g_autofree char *digest = corpus_digest (size > 0 ? data : "", size);
          count_one (corpus, g_strdup_printf ("%s|%s|%" G_GINT64_FORMAT "|%s", folder,
                                              flags, message->date, digest));
        }
    }
  return corpus;
}

/* without_dates: the third part of each key is the date. (transfer full) */
static GHashTable *
without_dates (GHashTable *corpus)
{
  GHashTable *out = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  GHashTableIter iter;
  gpointer key, count;
  g_hash_table_iter_init (&iter, corpus);
  while (g_hash_table_iter_next (&iter, &key, &count))
    {
      char *copy = g_strdup (key);
      char *digest = strrchr (copy, '|');
      g_autofree char *last = g_strdup (digest);
      *digest = '\0';
      *strrchr (copy, '|') = '\0';
      char *shorter = g_strconcat (copy, last, NULL);
      g_free (copy);
      for (guint i = GPOINTER_TO_UINT (count); i > 1; i--)
        count_one (out, g_strdup (shorter));
      count_one (out, shorter);
    }
  return out;
}

/* surplus: how many of @some are not in @others; the first are shown. */
static guint
surplus (GHashTable *some, GHashTable *others, const char *label)
{
  guint total = 0;
  GHashTableIter iter;
  gpointer key, count;
  g_hash_table_iter_init (&iter, some);
  while (g_hash_table_iter_next (&iter, &key, &count))
    {
      guint other = GPOINTER_TO_UINT (g_hash_table_lookup (others, key));
      if (other >= GPOINTER_TO_UINT (count))
        continue;
      if (total < 3)
        g_test_message ("%s: %s", label, (char *) key);
      total += GPOINTER_TO_UINT (count) - other;
    }
  return total;
}

static void
compare (const Play *self, const char *moment, guint kept)
{
  const Hazard *hazard = self->hazard;
  g_autoptr (GHashTable) server = read_server (self);
  g_autoptr (GHashTable) disk = corpus_read (self->maildir);
  if (!hazard->dates)
    {
      GHashTable *const both[] = { server, disk };
      server = without_dates (both[0]);
      disk = without_dates (both[1]);
      g_hash_table_unref (both[0]);
      g_hash_table_unref (both[1]);
    }
  GHashTable *expected = hazard->source ? server : disk;
  GHashTable *found = hazard->source ? disk : server;
  g_test_message ("%s: %u messages at the source, %u at the destination", moment,
                  corpus_count (expected), corpus_count (found));
  guint lost = surplus (expected, found, "lost");
  guint extra = surplus (found, expected, "surplus");
  g_assert_cmpuint (extra, ==, hazard->differ + kept);
  if (hazard->missing == HAZARD_SOME)
    g_assert_cmpuint (lost, >, hazard->differ);
  else
    g_assert_cmpuint (lost, ==, hazard->differ + hazard->missing);
}

static void
add_options (const Play *self, GPtrArray *argv, const char *side)
{
  g_autofree char *option = g_strdup_printf ("--%s-option", side);
  g_ptr_array_add (argv, g_strdup (option));
  g_ptr_array_add (argv, g_strdup ("tls=none"));
  for (guint i = 0; i < self->hazard->options->len; i++)
    {
      g_ptr_array_add (argv, g_strdup (option));
      g_ptr_array_add (argv, g_strdup (g_ptr_array_index (self->hazard->options, i)));
    }
}

static void
add_arguments (const Hazard *hazard, GPtrArray *argv)
{
  for (guint i = 0; i < hazard->arguments->len; i++)
    g_ptr_array_add (argv, g_strdup (g_ptr_array_index (hazard->arguments, i)));
}

static char *
address_of (const Play *self)
{
  return g_strdup_printf ("imap://user@127.0.0.1:%u/", imap_script_port (self->server));
}

/* show: what was said, for the reader of a failure. */
static void
show (const Play *self)
{
  g_autofree char *transcript = imap_script_transcript (self->server);
  g_autofree char *failures = imap_script_failures (self->server);
  g_test_message ("%s\n%s", transcript, failures != NULL ? failures : "");
}

/* begin: "copy SOURCE DESTINATION" (both taken over). (transfer full) */
static GPtrArray *
begin (char *source, char *destination, const char *dir)
{
  GPtrArray *argv = g_ptr_array_new_with_free_func (g_free);
  g_ptr_array_add (argv, g_strdup ("copy"));
  g_ptr_array_add (argv, source);
  g_ptr_array_add (argv, destination);
  g_ptr_array_add (argv, g_strdup ("--state"));
  g_ptr_array_add (argv, g_build_filename (dir, "state", NULL));
  g_ptr_array_add (argv, g_strdup ("--progress=none"));
  return argv;
}

/* end: runs it; asserts its exit code unless the caller wants to. (transfer full) */
static char *
end (GPtrArray *argv, int *out_code)
{
  g_ptr_array_add (argv, NULL);
  ProgramResult result = program_run ((const char *const *) argv->pdata, RUN_US);
  g_test_message ("exit %d:\n%s", result.status, result.out);
  char *out = g_steal_pointer (&result.out);
  *out_code = result.status;
  program_result_clear (&result);
  return out;
}

/* run: one copy; asserts its exit code. (transfer full) */
static char *
run (const Play *self, int code)
{
  const Hazard *hazard = self->hazard;
  char *maildir = g_strconcat ("maildir:", self->maildir, NULL);
  g_autoptr (GPtrArray) argv = hazard->source
                                   ? begin (address_of (self), maildir, self->dir)
                                   : begin (maildir, address_of (self), self->dir);
  int status = 0;
  add_options (self, argv, hazard->source ? "source" : "destination");
  add_arguments (hazard, argv);
  char *out = end (argv, &status);
  if (status != code)
    show (self);
  g_assert_cmpint (status, ==, code);
  return out;
}

void
hazard_run (const Hazard *self)
{
  g_autoptr (GError) error = NULL;
  Play play = { .hazard = self, .server = imap_script_start (self->path, &error) };
  g_assert_no_error (error);
  play.dir = corpus_tmp_dir (NULL);
  play.maildir = g_build_filename (play.dir, "Maildir", NULL);
  if (!self->source)
    fill_source (&play);
  g_autofree char *first = run (&play, self->exit);
  for (guint i = 0; i < self->says->len; i++)
    {
      const char *part = g_ptr_array_index (self->says, i);
      if (strstr (first, part) == NULL)
        g_test_message ("it does not say: %s", part);
      g_assert_nonnull (strstr (first, part));
    }
  if (self->exit == self->again)
    compare (&play, "after the first run", 0);
  guint appends = imap_script_count (play.server, "APPEND *");
  for (guint i = 0; i < self->between->len; i++)
    imap_script_change (play.server, g_ptr_array_index (self->between, i));
  g_autofree char *second = run (&play, self->again);
  compare (&play, "after the second run", self->kept);
  if (self->exit == 0 && !self->resend)
    g_assert_cmpuint (imap_script_count (play.server, "APPEND *"), ==, appends);
  imap_script_assert_ok (play.server);
  imap_script_free (play.server);
  corpus_remove (play.dir);
  g_free (play.dir);
  g_free (play.maildir);
}

static void
run_pair (const Pair *self)
{
  int status = 0;
  g_autoptr (GPtrArray) argv = begin (address_of (&self->source),
                                      address_of (&self->destination), self->dir);
  add_options (&self->source, argv, "source");
  add_options (&self->destination, argv, "destination");
  g_free (end (argv, &status));
  if (status != 0)
    {
      show (&self->source);
      show (&self->destination);
    }
  g_assert_cmpint (status, ==, 0);
  g_autoptr (GHashTable) source = read_server (&self->source);
  g_autoptr (GHashTable) destination = read_server (&self->destination);
  g_assert_cmpuint (surplus (source, destination, "lost"), ==, 0);
  g_assert_cmpuint (surplus (destination, source, "surplus"), ==, 0);
}

void
hazard_run_pair (const Hazard *source, const Hazard *destination)
{
  g_autoptr (GError) error = NULL;
  Pair pair = { .source = { .hazard = source },
                .destination = { .hazard = destination } };
  Play *const plays[] = { &pair.source, &pair.destination };
  pair.dir = corpus_tmp_dir (NULL);
  for (guint i = 0; i < G_N_ELEMENTS (plays); i++)
    {
      plays[i]->server = imap_script_start (plays[i]->hazard->path, &error);
      g_assert_no_error (error);
    }
  run_pair (&pair);
  guint appends = imap_script_count (pair.destination.server, "APPEND *");
  run_pair (&pair);
  g_assert_cmpuint (imap_script_count (pair.destination.server, "APPEND *"), ==, appends);
  for (guint i = 0; i < G_N_ELEMENTS (plays); i++)
    {
      imap_script_assert_ok (plays[i]->server);
      imap_script_free (plays[i]->server);
    }
  corpus_remove (pair.dir);
  g_free (pair.dir);
}

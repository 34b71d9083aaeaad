/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes and runs the engine's test world; what is expected stands in the tests. The main
 * thread.
 */
#include "engine-world.h"

#include <string.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include <mailhaul/error.h>

/* BIG_BYTES: more than a message may have to be whole before it leaves. */
#define BIG_BYTES (700 * 1024)
/* FAST_DIRECTORY: where a sync to the disk costs nothing. */
#define FAST_DIRECTORY "/dev/shm"

static void
remove_tree (const char *path)
{
  g_autoptr (GDir) dir = g_dir_open (path, 0, NULL);
  const char *name;
  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (path, name, NULL);
      remove_tree (child);
    }
  g_remove (path);
}

void
add_mail (MemoryStore *store, HaulPath path, guint number, gsize bytes)
{
  g_autoptr (GError) error = NULL;
  GString *text = g_string_new (NULL);
  g_string_printf (text,
                   "Message-ID: <%s-%u@example.org>\r\nSubject: mail %u\r\n"
                   "From: a@example.org\r\n\r\n",
                   path[0], number, number);
  for (guint line = 0; text->len < bytes; line++)
    g_string_append_printf (text, "line %u of mail %u\r\n", line, number);
  g_autoptr (MemoryMessage)
      message = memory_message_new (g_string_free_to_bytes (text), HAUL_LINES_CRLF,
                                    number % 3 == 0 ? HAUL_FLAG_SEEN : 0, "");
  message->known = MEMORY_HAS_DATE;
  message->date_unix = 1000000000 + number;
  MemoryPut put = { path, message };
  g_assert_true (memory_store_put (store, &put, 1, &error));
  g_assert_no_error (error);
}

const char *const inbox[] = { "INBOX", NULL };
const char *const work[] = { "Work", NULL };
const char *const deep[] = { "Work", "Deep", NULL };

World *
world_new (gboolean big)
{
  g_autoptr (GError) error = NULL;
  World *self = g_new0 (World, 1);
  /* Files here are written again and again and need not outlive the machine. */
  self->directory = g_build_filename (
      access (FAST_DIRECTORY, W_OK | X_OK) == 0 ? FAST_DIRECTORY : g_get_tmp_dir (),
      "mailhaul-engine-XXXXXX", NULL);
  g_assert_nonnull (g_mkdtemp (self->directory));
  self->registry = registry_new (NULL);
  registry_add_backend (self->registry, fault_backend_get (), &error);
  g_assert_no_error (error);
  registry_add_backend (self->registry, memory_backend_get (), &error);
  g_assert_no_error (error);
  self->source = memory_store_new ("source");
  self->destination = memory_store_new ("destination");
  self->source_control = fault_control_new ("source");
  self->destination_control = fault_control_new ("destination");
  self->source_options = self->destination_options = "";
  memory_store_create (self->source, inbox, 0, 0);
  memory_store_create (self->source, work, 0, 0);
  memory_store_create (self->source, deep, 0, 0);
  for (guint i = 0; i < 5; i++)
    add_mail (self->source, inbox, i, 200);
  add_mail (self->source, work, 10, 3000);
  if (big)
    add_mail (self->source, work, 11, BIG_BYTES);
  add_mail (self->source, work, 12, 100);
  add_mail (self->source, deep, 13, 100);
  return self;
}

void
world_free (World *self)
{
  registry_free (self->registry);
  memory_store_unref (self->source);
  memory_store_unref (self->destination);
  fault_control_free (self->source_control);
  fault_control_free (self->destination_control);
  remove_tree (self->directory);
  g_free (self->directory);
  g_clear_object (&self->stop);
  g_clear_object (&self->cancel);
  g_free (self);
}

/* The fault backend over the store; @plain: the in-memory one itself, whose options may
 * change from run to run. */
static JobElement *
element (const char *store, const char *options, gboolean plain)
{
  g_autofree char *with = g_strdup_printf ("store=%s %s", store, options);
  g_auto (GStrv) words = NULL;
  if (!plain)
    {
      JobElement *self = job_element_new ("fault", 0);
      job_element_add (self, "with", with);
      job_element_add (self, "control", store);
      return self;
    }
  JobElement *self = job_element_new ("memory", 0);
  g_assert_true (g_shell_parse_argv (with, NULL, &words, NULL));
  for (guint i = 0; words[i] != NULL; i++)
    {
      char *equals = strchr (words[i], '=');
      *equals = '\0';
      job_element_add (self, words[i], equals + 1);
    }
  return self;
}

EngineResult *
world_run (World *self)
{
  g_autofree char *state = g_build_filename (self->directory, "state", NULL);
  g_autoptr (Job) job = job_new_for_pair ("test", self->directory, state);
  g_clear_pointer (&job->source, job_element_free);
  g_clear_pointer (&job->destination, job_element_free);
  job->source = element ("source", self->source_options, FALSE);
  job->destination = element ("destination", self->destination_options, self->plain);
  EngineRequest request = { .job = job,
                            .registry = self->registry,
                            .mode = self->mode,
                            .retry_unit_us = self->retry_unit_us > 0 ? self->retry_unit_us
                                                                     : 1000,
                            .idle_us = self->idle_us,
                            .event = self->event,
                            .event_data = self->event_data,
                            .actions = self->event != NULL,
                            .stop = self->stop,
                            .cancel = self->cancel };
  if (self->adjust != NULL)
    self->adjust (job, &request, self->adjust_data);
  return engine_run (&request);
}

void
arm (FaultControl *control, guint64 at, HaulErrorCode code, HaulErrorScope scope)
{
  FaultPlan plan = {
    .action = at > 0 ? FAULT_ERROR : FAULT_NOTHING, .at = at, .code = code, .scope = scope
  };
  fault_control_arm (control, &plan);
}

void
disarm (World *self)
{
  arm (self->source_control, 0, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION);
  arm (self->destination_control, 0, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION);
}

static int
compare_lines (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

/* All bodies of all folders, sorted: "Work/Deep <digest>". */
char *
contents (MemoryStore *store)
{
  g_autoptr (GPtrArray) folders = memory_store_list (store);
  g_autoptr (GPtrArray) lines = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; i < folders->len; i++)
    {
      MemoryFolder *folder = folders->pdata[i];
      g_autofree char *text = haul_path_to_text ((HaulPath) folder->path);
      g_autoptr (GPtrArray)
          messages = memory_store_messages (store, (HaulPath) folder->path, 0, NULL);
      for (guint k = 0; k < messages->len; k++)
        {
          MemoryMessage *message = messages->pdata[k];
          g_autofree char *sum = g_compute_checksum_for_bytes (G_CHECKSUM_SHA256,
                                                               message->body);
          g_ptr_array_add (lines, g_strdup_printf ("%s %.12s", text, sum));
        }
    }
  g_ptr_array_sort (lines, compare_lines);
  g_ptr_array_add (lines, NULL);
  return g_strjoinv ("\n", (char **) lines->pdata);
}

AccountResult *
account (EngineResult *result)
{
  g_assert_cmpuint (result->accounts->len, ==, 1);
  return result->accounts->pdata[0];
}

void
assert_balanced (EngineResult *result, const char *place)
{
  const AccountResult *self = account (result);
  for (guint i = 0; i < self->folders->len; i++)
    {
      const FolderResult *folder = self->folders->pdata[i];
      if (!ledger_balances (&folder->ledger))
        {
          const Ledger *l = &folder->ledger;
          g_error ("%s: %s: seen %d copied %d present %d matched %d gone %d failed %d",
                   place, folder->source, (int) l->seen, (int) l->copied,
                   (int) l->present, (int) l->matched, (int) l->gone, (int) l->failed);
        }
    }
}

void
assert_second_run_completes (World *self, const char *place)
{
  disarm (self);
  g_autoptr (EngineResult) second = world_run (self);
  if (second->exit_code != EXIT_CODE_DONE)
    g_error ("%s: the second run ended with %d: %s", place, second->exit_code,
             account (second)->error != NULL ? account (second)->error->message : "-");
  assert_balanced (second, place);
  g_autofree char *theirs = contents (self->destination);
  g_autofree char *ours = contents (self->source);
  if (strcmp (theirs, ours) != 0)
    g_error ("%s: expected\n%s\nfound\n%s", place, ours, theirs);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the stores of a scenario, changes them as the file says, runs the engine over
 * them, and compares. What is done in which order is the runner's. The main thread.
 */
#include "world.h"

#include <string.h>

#include <glib/gstdio.h>

#include "fault-backend.h"
#include "memory-backend.h"
#include "model/identity.h"

#define RETRY_UNIT_US 1000

const Variant *
world_variants (void)
{
  static const Variant variants[] = {
    { .name = "plain", .source = "", .destination = "" },
    { "keyless", "", "without='keys delivery-id'", FALSE },
    { "markless", "without='token mark scan-from'",
      "without='keys delivery-id scan-from mark token'", FALSE },
    { "unordered", "without=ordered-keys window=3",
      "without=ordered-keys window=3 batch=3 again=4", FALSE },
    { "delta", "delta=true", "delta=true debris=true", FALSE },
    { "wire", "without='any-lines exact-size' chunk=9973",
      "without='any-lines exact-size' needs-size=true batch=1", FALSE },
    { "sizeless", "without=size", "needs-size=true", FALSE },
    { "single", "single-session=true", "single-session=true", FALSE },
    { "unstable", "without=stable-keys", "", TRUE },
    { "to-imap", "", "", .imap_destination = TRUE },
    { "from-imap", "", "", .imap_source = TRUE },
    { "imap", "", "", .imap_source = TRUE, .imap_destination = TRUE },
    { .name = NULL },
  };

  return variants;
}

/* ---- accounts ---- */

static char *
users_file (const World *self)
{
  return g_build_filename (self->directory, "users", NULL);
}

static void
note_born (const ImapRow *row, gpointer user_data)
{
  if (row->content == NULL)
    g_hash_table_insert (user_data, g_strdup (row->folder),
                         (gpointer) (row->subscribed ? "subscribed" : ""));
}

/* take_accounts: new ones, written down for the child that is to be killed. */
static void
take_accounts (World *self)
{
  const gboolean wanted[2] = { self->variant->imap_source,
                               self->variant->imap_destination };
  g_autofree char *file = users_file (self);
  g_autofree char *text = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < G_N_ELEMENTS (wanted); i++)
    if (wanted[i])
      {
        self->users[i] = imap_side_account (self->side);
        imap_side_read (self->side, self->users[i], note_born, self->born);
      }
  text = g_strdup_printf ("%s %s", self->users[0] != NULL ? self->users[0] : "",
                          self->users[1] != NULL ? self->users[1] : "");
  g_file_set_contents (file, text, -1, &error);
  g_assert_no_error (error);
}

static void
find_accounts (World *self)
{
  g_autofree char *file = users_file (self);
  g_autofree char *text = NULL;
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) error = NULL;

  g_file_get_contents (file, &text, NULL, &error);
  g_assert_no_error (error);
  words = g_strsplit (text, " ", 2);
  self->users[0] = self->variant->imap_source ? g_strdup (words[0]) : NULL;
  self->users[1] = self->variant->imap_destination ? g_strdup (words[1]) : NULL;
}

static void
use_imap (World *self)
{
  g_autoptr (GError) error = NULL;
  const HaulBackend *imap = registry_backend (self->registry, "imap", &error);

  g_assert_no_error (error);
  if (self->control != NULL)
    fault_control_set_over (self->control, imap);
  if (self->side != NULL)
    take_accounts (self);
  else
    find_accounts (self);
}

const char *
world_user (const World *self, gboolean source)
{
  return self->users[source ? 0 : 1];
}

World *
world_new (Scenario *scenario, const Variant *variant, const char *directory,
           const char *control, ImapSide *side)
{
  World *self = g_new0 (World, 1);
  g_autoptr (GError) error = NULL;

  self->scenario = scenario;
  self->variant = variant;
  self->directory = g_strdup (directory);
  self->control = control;
  self->side = side;
  self->born = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->registry = registry_new (NULL);
  self->expected = g_ptr_array_new_with_free_func (g_free);
  registry_add_backend (self->registry, memory_backend_get (), &error);
  g_assert_no_error (error);
  registry_add_backend (self->registry, fault_backend_get (), &error);
  g_assert_no_error (error);
  if (variant->imap_source || variant->imap_destination)
    use_imap (self);
  return self;
}

void
world_free (World *self)
{
  if (self == NULL)
    return;
  registry_free (self->registry);
  g_ptr_array_unref (self->expected);
  g_hash_table_unref (self->born);
  g_free (self->users[0]);
  g_free (self->users[1]);
  g_free (self->directory);
  g_free (self);
}

void
world_remove (const char *directory)
{
  g_autoptr (GDir) dir = g_dir_open (directory, 0, NULL);
  const char *name;

  while (dir != NULL && (name = g_dir_read_name (dir)) != NULL)
    {
      g_autofree char *child = g_build_filename (directory, name, NULL);

      world_remove (child);
    }
  g_remove (directory);
}

char *
world_store_file (const World *self, gboolean source)
{
  return g_build_filename (self->directory, source ? "source.log" : "destination.log",
                           NULL);
}

/* ---- changing the stores ---- */

static void
add_messages (World *self, MemoryStore *store, const Command *command)
{
  const MailSpec *mail = scenario_mail (self->scenario, command->message->name);
  g_autoptr (GError) error = NULL;
  guint i;

  for (i = 0; i < command->message->count; i++)
    {
      g_autoptr (MemoryMessage) message = memory_message_new (
          scenario_body (mail), mail->lf ? HAUL_LINES_ANY : HAUL_LINES_CRLF,
          command->message->flags, command->message->keywords);
      MemoryPut put = { (HaulPath) command->path, message };

      message->known = MEMORY_HAS_DATE;
      message->date_unix = command->message->date_unix;
      memory_store_put (store, &put, 1, &error);
      g_assert_no_error (error);
    }
}

/* is_mail: @message has the bytes of the mail, in either form of its lines. */
static gboolean
is_mail (const MemoryMessage *message, const char *content)
{
  g_autoptr (ContentDigest) digest = content_digest_new (FALSE);
  guint8 sum[DIGEST_LENGTH];
  gsize length = 0;
  gconstpointer data = g_bytes_get_data (message->body, &length);

  content_digest_update (digest, data, length);
  content_digest_finish (digest, sum);
  return memcmp (sum, content, DIGEST_LENGTH) == 0;
}

void
world_mail_content (const MailSpec *mail, guint8 *out)
{
  g_autoptr (ContentDigest) digest = content_digest_new (FALSE);
  g_autoptr (GBytes) body = scenario_body (mail);
  gsize length = 0;
  gconstpointer data = g_bytes_get_data (body, &length);

  content_digest_update (digest, data, length);
  content_digest_finish (digest, out);
}

/* change_messages: removes, or gives new flags to, the messages of one name. */
static void
change_messages (World *self, MemoryStore *store, const Command *command)
{
  HaulPath path = (HaulPath) command->path;
  g_autoptr (GPtrArray) messages = memory_store_messages (store, path, 0, NULL);
  guint8 content[DIGEST_LENGTH];
  g_autoptr (GError) error = NULL;
  guint i, done = 0;

  world_mail_content (scenario_mail (self->scenario, command->message->name), content);
  for (i = 0; messages != NULL && i < messages->len; i++)
    {
      const MemoryMessage *old = g_ptr_array_index (messages, i);
      g_autoptr (MemoryMessage) new = NULL;
      MemoryPut put = { path, NULL };

      if (!is_mail (old, (const char *) content)
          || (command->kind == COMMAND_REMOVE && done == command->message->count))
        continue;
      done++;
      if (command->kind == COMMAND_REMOVE)
        {
          memory_store_drop (store, path, old->number);
          continue;
        }
      new = memory_message_copy (old);
      new->flags = command->message->flags;
      g_free (new->keywords);
      new->keywords = g_strdup (command->message->keywords);
      put.message = new;
      memory_store_put (store, &put, 1, &error);
      g_assert_no_error (error);
    }
  if (done == 0)
    g_error ("%s:%u: there is no message '%s'", self->scenario->file, command->line,
             command->message->name);
}

static void
change_store (World *self, MemoryStore *store, const Command *command)
{
  HaulPath path = (HaulPath) command->path;

  switch (command->kind)
    {
    case COMMAND_FOLDER:
      memory_store_create (store, path, command->attributes, command->special_use);
      break;
    case COMMAND_MESSAGE:
      add_messages (self, store, command);
      break;
    case COMMAND_REMOVE:
    case COMMAND_SET:
      change_messages (self, store, command);
      break;
    case COMMAND_RENUMBER:
      memory_store_renumber (store, path);
      break;
    case COMMAND_DELETE_FOLDER:
      memory_store_remove (store, path);
      break;
    case COMMAND_RENAME_FOLDER:
      memory_store_rename (store, path, (HaulPath) command->to);
      break;
    }
}

void
world_forget (World *self)
{
  g_autofree char *state = g_build_filename (self->directory, "state", NULL);

  world_remove (state);
}

void
world_change (World *self, const Step *step)
{
  g_autofree char *file = NULL;
  const char *user = world_user (self, step->kind == STEP_SOURCE);
  g_autoptr (MemoryStore) store = NULL;
  g_autoptr (GError) error = NULL;
  guint i;

  if (step->kind == STEP_FORGET)
    {
      world_forget (self);
      return;
    }
  if (user != NULL)
    {
      for (i = 0; i < step->commands->len; i++)
        imap_side_change (self->side, user, self->scenario,
                          g_ptr_array_index (step->commands, i));
      return;
    }
  file = world_store_file (self, step->kind == STEP_SOURCE);
  store = memory_store_open (file, TRUE, &error);
  g_assert_no_error (error);
  for (i = 0; i < step->commands->len; i++)
    change_store (self, store, g_ptr_array_index (step->commands, i));
}

/* ---- the job ---- */

static void
add_options (GString *text, GPtrArray *options)
{
  guint i;

  for (i = 0; i < options->len; i++)
    {
      const Option *option = g_ptr_array_index (options, i);
      g_autofree char *value = g_shell_quote (option->value);

      g_string_append_printf (text, " %s=%s", option->name, value);
    }
}

/* side_element: the backend of one side: the in-memory one, or the fault backend over it.
 */
static JobElement *
side_element (const World *self, gboolean source)
{
  const char *user = world_user (self, source);
  g_autofree char *file = world_store_file (self, source);
  g_autofree char *quoted = g_shell_quote (file);
  g_autofree char *account = user != NULL ? imap_side_options (user) : NULL;
  g_autoptr (GString) text = g_string_new (account);
  g_auto (GStrv) words = NULL;
  JobElement *element;
  guint i;

  if (user == NULL)
    g_string_append_printf (text, "file=%s %s", quoted,
                            source ? self->variant->source : self->variant->destination);
  add_options (text, source ? self->scenario->source_options
                            : self->scenario->destination_options);
  if (self->control != NULL)
    {
      element = job_element_new ("fault", 0);
      job_element_add (element, "over", user != NULL ? "imap" : "memory");
      job_element_add (element, "with", text->str);
      job_element_add (element, "control", self->control);
      return element;
    }
  element = job_element_new (user != NULL ? "imap" : "memory", 0);
  if (!g_shell_parse_argv (text->str, NULL, &words, NULL))
    g_error ("%s: options: %s", self->scenario->file, text->str);
  for (i = 0; words[i] != NULL; i++)
    {
      char *equals = strchr (words[i], '=');

      *equals = '\0';
      job_element_add (element, words[i], equals + 1);
    }
  return element;
}

static int
choice (const World *self, const Option *option, const char *const *names)
{
  int i;

  for (i = 0; names[i] != NULL; i++)
    if (strcmp (names[i], option->value) == 0)
      return i;
  g_error ("%s: sync %s=%s: no such value", self->scenario->file, option->name,
           option->value);
}

static void
set_sync (const World *self, Job *job, const Option *option)
{
  static const char *const flags[] = { "merge", "source", "new-only", NULL };
  static const char *const deletions[] = { "none", "delivered", "mirror", NULL };
  static const char *const truth[] = { "false", "true", NULL };
  static const char *const mode[] = { "expunge", "trash", NULL };
  static const char *const duplicates[] = { "keep", "one", NULL };
  static const char *const verify[] = { "none", "size", "headers", "content", NULL };
  static const char *const connections[] = { "0", "1", "2", "3", "4", NULL };

  if (strcmp (option->name, "flags") == 0)
    job->flags = (JobFlags) choice (self, option, flags);
  else if (strcmp (option->name, "deletions") == 0)
    job->deletions = (JobDeletions) choice (self, option, deletions);
  else if (strcmp (option->name, "deletion-mode") == 0)
    job->deletion_trash = choice (self, option, mode) == 1;
  else if (strcmp (option->name, "allow-foreign-deletions") == 0)
    job->allow_foreign_deletions = choice (self, option, truth) == 1;
  else if (strcmp (option->name, "allow-empty-source") == 0)
    job->allow_empty_source = choice (self, option, truth) == 1;
  else if (strcmp (option->name, "max-deletions") == 0)
    {
      g_free (job->max_deletions);
      job->max_deletions = g_strdup (option->value);
    }
  else if (strcmp (option->name, "source-after-copy") == 0)
    {
      g_free (job->source_after_copy);
      job->source_after_copy = g_strdup (option->value);
    }
  else if (strcmp (option->name, "duplicates") == 0)
    job->duplicates = (JobDuplicates) choice (self, option, duplicates);
  else if (strcmp (option->name, "verify") == 0)
    job->verify = (JobVerify) choice (self, option, verify);
  else if (strcmp (option->name, "connections") == 0)
    job->connection_limit = (guint) choice (self, option, connections);
  else
    g_error ("%s: sync %s: no such attribute", self->scenario->file, option->name);
}

static Job *
make_job (const World *self)
{
  g_autofree char *state = g_build_filename (self->directory, "state", NULL);
  Job *job = job_new_for_pair ("scenario", self->directory, state);
  guint i, k;

  g_clear_pointer (&job->source, job_element_free);
  g_clear_pointer (&job->destination, job_element_free);
  job->source = side_element (self, TRUE);
  job->destination = side_element (self, FALSE);
  for (i = 0; i < self->scenario->filters->len; i++)
    {
      const FilterSpec *filter = g_ptr_array_index (self->scenario->filters, i);
      JobElement *element = job_element_new (filter->plugin, 0);

      for (k = 0; k < filter->options->len; k++)
        {
          const Option *option = g_ptr_array_index (filter->options, k);

          job_element_add (element, option->name, option->value);
        }
      g_ptr_array_add (job->filters, element);
    }
  /* A verification is another reading of both sides; a scenario asks for it by name. */
  job->verify = JOB_VERIFY_NONE;
  for (i = 0; i < self->scenario->sync->len; i++)
    set_sync (self, job, g_ptr_array_index (self->scenario->sync, i));
  return job;
}

/* ---- running ---- */

gint
compare_text (gconstpointer a, gconstpointer b)
{
  return strcmp (*(const char *const *) a, *(const char *const *) b);
}

static void
note_event (const Event *event, gpointer user_data)
{
  static const char *const names[] = {
    [ACTION_CREATE_FOLDER] = "create",
    [ACTION_SUBSCRIBE] = "subscribe",
    [ACTION_COPY] = "copy",
    [ACTION_MATCH] = "match",
    [ACTION_SKIP] = "skip",
    [ACTION_FLAGS] = "flags",
    [ACTION_MOVE] = "move",
    [ACTION_DELETE] = "delete",
    [ACTION_DELETE_FOLDER] = "delete-folder",
    [ACTION_DELETE_SOURCE] = "delete-source",
  };
  Actions *actions = user_data;
  HaulBytes key = event->key;

  if (event->kind != EVENT_ACTION || actions == NULL)
    return;
  if (actions->keyless)
    key = HAUL_NO_BYTES;
  g_ptr_array_add (actions->lines,
                   g_strdup_printf ("%s %s -> %s key %.*s %s", names[event->action],
                                    event->folder != NULL ? event->folder : "",
                                    event->destination != NULL ? event->destination : "",
                                    (int) key.length,
                                    key.data != NULL ? (const char *) key.data : "",
                                    event->text != NULL ? event->text : ""));
}

EngineResult *
world_run (World *self, EngineMode mode, Actions *actions,
           void (*hook) (gpointer user_data), gpointer user_data)
{
  g_autoptr (Job) job = make_job (self);
  g_autoptr (Problems) problems = problems_new ();
  EngineRequest request = { .job = job, .registry = self->registry, .mode = mode };
  EngineResult *result;

  if (!engine_check (job, self->registry, problems))
    g_error ("%s: %s", self->scenario->file, problems_get (problems, 0)->text);
  if (actions != NULL)
    actions->keyless = self->variant->loose;
  request.event = note_event;
  request.event_data = actions;
  request.actions = actions != NULL;
  request.retry_unit_us = RETRY_UNIT_US;
  request.commit_hook = hook;
  request.commit_data = user_data;
  result = engine_run (&request);
  if (actions != NULL)
    g_ptr_array_sort (actions->lines, compare_text);
  return result;
}

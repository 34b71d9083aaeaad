/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The engine as a whole over two in-memory stores with faults: whatever breaks, nothing
 * is lost, nothing is doubled, and the books balance.
 */
#include "engine/engine.h"

#include <string.h>

#include <glib/gstdio.h>

#include <mailhaul/error.h>

#include "fault-backend.h"
#include "memory-backend.h"

/* BIG_BYTES: more than a message may have to be whole before it leaves. */
#define BIG_BYTES (700 * 1024)
#define STEPS_MAX 5000

typedef struct
{
  char *directory;
  Registry *registry;
  MemoryStore *source, *destination;
  FaultControl *source_control, *destination_control;
  const char *source_options, *destination_options;
  gboolean plain; /* no faults at the destination */
  EventFunc event;
  gpointer event_data;
  GCancellable *stop, *cancel;
} World;

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

static void
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

static const char *const inbox[] = { "INBOX", NULL };
static const char *const work[] = { "Work", NULL };
static const char *const deep[] = { "Work", "Deep", NULL };

static World *
world_new (gboolean big)
{
  g_autoptr (GError) error = NULL;
  World *self = g_new0 (World, 1);
  self->directory = g_dir_make_tmp ("mailhaul-engine-XXXXXX", &error);
  g_assert_no_error (error);
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

static void
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

static EngineResult *
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
                            .mode = ENGINE_RUN,
                            .retry_unit_us = 1000,
                            .event = self->event,
                            .event_data = self->event_data,
                            .actions = self->event != NULL,
                            .stop = self->stop,
                            .cancel = self->cancel };
  return engine_run (&request);
}

static void
arm (FaultControl *control, guint64 at, HaulErrorCode code, HaulErrorScope scope)
{
  FaultPlan plan = {
    .action = at > 0 ? FAULT_ERROR : FAULT_NOTHING, .at = at, .code = code, .scope = scope
  };
  fault_control_arm (control, &plan);
}

static void
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
static char *
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

static AccountResult *
account (EngineResult *result)
{
  g_assert_cmpuint (result->accounts->len, ==, 1);
  return result->accounts->pdata[0];
}

static void
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

static void
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

/* Where a break ends the run: before the lane has begun, or after it has done all. */
static gboolean
is_outside_of_lane (const char *place)
{
  return strstr (place, "open") != NULL || strstr (place, "list") != NULL
         || strstr (place, "create") != NULL || strstr (place, "close") != NULL
         || strstr (place, "subscribe") != NULL;
}

/* ---- every step fails once ---- */

typedef struct
{
  gboolean at_source;
  HaulErrorCode code;
  HaulErrorScope scope;
  gboolean survives; /* the run itself makes up for it */
  const char *source_options, *destination_options;
} FaultCase;

/* FALSE: the run has fewer steps than @at. */
static gboolean
fail_at (const FaultCase *self, guint64 at)
{
  World *world = world_new (TRUE);
  FaultControl *control = self->at_source ? world->source_control
                                          : world->destination_control;
  world->source_options = self->source_options;
  world->destination_options = self->destination_options;
  disarm (world);
  arm (control, at, self->code, self->scope);
  g_autoptr (EngineResult) first = world_run (world);
  gboolean fired = fault_control_fired (control) > 0;
  g_autofree char *where = fault_control_place (control);
  g_autofree char *place = g_strdup_printf ("step %u (%s)", (guint) at,
                                            where != NULL ? where : "none");
  g_test_message ("%s: exit %d", place, first->exit_code);
  assert_balanced (first, place);
  if (fired && self->survives && !is_outside_of_lane (place)
      && first->exit_code != EXIT_CODE_DONE)
    g_error ("%s: the run ended with %d: %s", place, first->exit_code,
             account (first)->error != NULL ? account (first)->error->message : "-");
  if (!fired && first->exit_code != EXIT_CODE_DONE)
    g_error ("%s: no fault and exit %d", place, first->exit_code);
  assert_second_run_completes (world, place);
  world_free (world);
  return fired;
}

static void
test_every_step (gconstpointer data)
{
  guint64 at = 1;
  while (at < STEPS_MAX && fail_at (data, at))
    at += at > 60 && !g_test_slow () ? 3 : 1;
  g_assert_cmpuint (at, >, 20);
  g_assert_cmpuint (at, <, STEPS_MAX);
}

/* ---- limits ---- */

static void
test_quota (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  world->plain = TRUE;
  world->destination_options = "quota=700";
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DESTINATION_FULL);
  assert_balanced (first, "quota");
  Ledger total = { 0 };
  account_result_total (account (first), &total);
  g_assert_cmpuint (total.seen, ==, 8);
  g_assert_cmpuint (total.copied, >, 0);
  g_assert_cmpuint (total.failed, ==, 8 - total.copied);
  world->destination_options = "";
  assert_second_run_completes (world, "quota");
  world_free (world);
}

static void
test_quota_and_refused_once (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  world->plain = TRUE;
  world->destination_options = "quota=700 again=2 batch=1";
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DESTINATION_FULL);
  assert_balanced (first, "quota and again");
  world->destination_options = "";
  assert_second_run_completes (world, "quota and again");
  world_free (world);
}

static void
test_refused_once (void)
{
  World *world = world_new (TRUE);
  disarm (world);
  world->destination_options = "again=2";
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_DONE);
  assert_balanced (first, "again");
  assert_second_run_completes (world, "again");
  world_free (world);
}

static void
test_too_big (void)
{
  World *world = world_new (TRUE);
  disarm (world);
  world->plain = TRUE;
  world->destination_options = "max-message=100000";
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_SOME_FAILED);
  assert_balanced (first, "too big");
  g_assert_cmpuint (account (first)->failures->len, ==, 1);
  world->destination_options = "";
  assert_second_run_completes (world, "too big");
  world_free (world);
}

/* ---- outages that last, then end ---- */

static void
test_lasting_outage (gconstpointer data)
{
  gboolean at_source = GPOINTER_TO_INT (data);
  World *world = world_new (TRUE);
  disarm (world);
  FaultPlan plan = { .action = FAULT_ERROR,
                     .at = 18,
                     .lasting = TRUE,
                     .code = HAUL_ERROR_NETWORK,
                     .scope = HAUL_SCOPE_SESSION };
  fault_control_arm (at_source ? world->source_control : world->destination_control,
                     &plan);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==,
                   at_source ? EXIT_CODE_SOURCE_UNREACHABLE
                             : EXIT_CODE_DESTINATION_UNREACHABLE);
  assert_balanced (first, "outage");
  assert_second_run_completes (world, "outage");
  world_free (world);
}

/* ---- stops ---- */

typedef struct
{
  GCancellable *cancellable;
  guint copies_left;
} Stopper;

static void
on_event (const Event *event, gpointer user_data)
{
  Stopper *self = user_data;
  if (event->kind == EVENT_ACTION && event->action == ACTION_COPY && self->copies_left > 0
      && --self->copies_left == 0)
    g_cancellable_cancel (self->cancellable);
}

static void
test_stop (gconstpointer data)
{
  gboolean hard = GPOINTER_TO_INT (data);
  World *world = world_new (TRUE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  Stopper stopper = { cancellable, 3 };
  disarm (world);
  world->event = on_event;
  world->event_data = &stopper;
  world->destination_options = "batch=1";
  if (hard)
    world->cancel = g_object_ref (cancellable);
  else
    world->stop = g_object_ref (cancellable);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_INTERRUPTED);
  world->event = NULL;
  g_clear_object (&world->stop);
  g_clear_object (&world->cancel);
  assert_second_run_completes (world, "stop");
  world_free (world);
}

static void
test_stopped_before (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  world->stop = g_cancellable_new ();
  g_cancellable_cancel (world->stop);
  g_autoptr (EngineResult) first = world_run (world);
  g_assert_cmpint (first->exit_code, ==, EXIT_CODE_INTERRUPTED);
  g_clear_object (&world->stop);
  assert_second_run_completes (world, "stopped before");
  world_free (world);
}

/* ---- folders ---- */

static void
test_container_becomes_folder (void)
{
  World *world = world_new (FALSE);
  disarm (world);
  memory_store_create (world->destination, deep, 0, 0); /* and Work, not selectable */
  assert_second_run_completes (world, "container");
  world_free (world);
}

#define LOST_SESSION HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION, TRUE
#define LOST_FOLDER  HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER, FALSE
#define BUSY_FOLDER  HAUL_ERROR_BUSY, HAUL_SCOPE_FOLDER, TRUE
#define LOST_ACCOUNT HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT, FALSE

int
main (int argc, char **argv)
{
  static const FaultCase cases[] = {
    { TRUE, LOST_SESSION, "", "" },
    { FALSE, LOST_SESSION, "", "" },
    { TRUE, LOST_SESSION, "without=size window=3", "needs-size=true batch=3" },
    { FALSE, LOST_SESSION, "", "batch=1 without='keys delivery-id'" },
    { FALSE, LOST_SESSION, "", "batch=2 again=2" },
    { TRUE, LOST_SESSION, "", "batch=2 again=2" },
    { TRUE, LOST_FOLDER, "", "" },
    { FALSE, LOST_FOLDER, "", "" },
    { TRUE, BUSY_FOLDER, "", "" },
    { TRUE, LOST_ACCOUNT, "", "" },
    { FALSE, LOST_ACCOUNT, "", "" },
  };
  static const char *const names[] = {
    "source-lost",
    "destination-lost",
    "source-lost-sizeless",
    "destination-lost-blind",
    "destination-lost-again",
    "source-lost-again",
    "source-folder-refused",
    "destination-folder-refused",
    "source-folder-busy",
    "source-login-refused",
    "destination-login-refused",
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (cases); i++)
    {
      g_autofree char *path = g_strdup_printf ("/engine/every-step/%s", names[i]);
      g_test_add_data_func (path, &cases[i], test_every_step);
    }
  g_test_add_func ("/engine/folders/container-gets-mail", test_container_becomes_folder);
  g_test_add_func ("/engine/limits/full-destination-stops-the-folder", test_quota);
  g_test_add_func ("/engine/limits/full-while-some-wait-for-another-offer",
                   test_quota_and_refused_once);
  g_test_add_func ("/engine/limits/refused-once-is-offered-again", test_refused_once);
  g_test_add_func ("/engine/limits/too-big-fails-alone", test_too_big);
  g_test_add_data_func ("/engine/outage/destination-stays-away", GINT_TO_POINTER (FALSE),
                        test_lasting_outage);
  g_test_add_data_func ("/engine/outage/source-stays-away", GINT_TO_POINTER (TRUE),
                        test_lasting_outage);
  g_test_add_data_func ("/engine/stop/soft-in-mid-folder", GINT_TO_POINTER (FALSE),
                        test_stop);
  g_test_add_data_func ("/engine/stop/hard-in-mid-folder", GINT_TO_POINTER (TRUE),
                        test_stop);
  g_test_add_func ("/engine/stop/before-the-beginning", test_stopped_before);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs each scenario file in seven ways: as it stands; each run twice; without state;
 * each run after a dry run that must say the same; killed at each commit of the state,
 * and at steps of the backends, and resumed; failing at each step of a backend and run
 * again. A run that is to be killed is a process of its own: this program again, with
 * --child.
 */
#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <glib/gstdio.h>

#include "fault-backend.h"
#include "world.h"

/* A scenario whose way has no end by itself is broken off after so many rounds. */
#define ROUNDS_MAX 2000
/* Where SIGKILL and errors are tried at each point of a run, a variant takes each so
 * many-th, starting with its own number, so that all variants together take all;
 * MAILHAUL_TEST_THOROUGH=1 makes each variant take all. */
#define POINTS_STRIDE 9
/* The same over IMAP, and how many points are tried. */
#define IMAP_STRIDE 13
#define IMAP_ROUNDS 2
/* Files here are written again and again and need not outlive the machine. */
#define FAST_DIRECTORY "/dev/shm"

/* Case: one test. */
typedef struct
{
  const char *file;
  const Variant *variant;
  guint first;    /* point of a run */
  guint stride;   /* to the next */
  guint rounds;   /* so many points at most */
  ImapSide *side; /* NULL: both sides are in memory */
} Case;

/* Fault: one kind of error that the fault backend reports. */
typedef struct
{
  HaulErrorCode code;
  HaulErrorScope scope;
} Fault;

static char *
make_directory (void)
{
  const char *parent = access (FAST_DIRECTORY, W_OK | X_OK) == 0 ? FAST_DIRECTORY
                                                                 : g_get_tmp_dir ();
  char *directory = g_build_filename (parent, "mailhaul-scenario-XXXXXX", NULL);

  g_assert_nonnull (g_mkdtemp (directory));
  return directory;
}

static Scenario *
read_case (const Case *self)
{
  g_autoptr (GError) error = NULL;
  Scenario *scenario = scenario_read (self->file, &error);

  g_assert_no_error (error);
  return scenario;
}

static Actions
actions_new (void)
{
  return (Actions){ g_ptr_array_new_with_free_func (g_free), FALSE };
}

/* ---- as it stands, twice, and after a dry run ---- */

static void
run_as_it_stands (gconstpointer data)
{
  g_autoptr (Scenario) scenario = read_case (data);
  g_autofree char *directory = make_directory ();
  g_autoptr (World) world = world_new (scenario, ((const Case *) data)->variant,
                                       directory, NULL, ((const Case *) data)->side);
  guint i;

  for (i = 0; i < scenario->steps->len; i++)
    {
      const Step *step = g_ptr_array_index (scenario->steps, i);
      g_autoptr (EngineResult) result = NULL;

      if (step->kind != STEP_RUN)
        {
          world_change (world, step);
          continue;
        }
      result = world_run (world, ENGINE_RUN, NULL, NULL, NULL);
      world_expect (world, step);
      world_check_exit (world, step, result, "run");
      world_check_counts (world, step, result);
      world_compare (world, step, "run");
    }
  world_remove (directory);
}

/* is_work: the action changes something; what is left out or found there does not. */
static gboolean
is_work (const char *line)
{
  return !g_str_has_prefix (line, "skip ") && !g_str_has_prefix (line, "match ");
}

static void
run_again (World *world, const Step *step)
{
  Actions actions = actions_new ();
  g_autoptr (EngineResult) result = NULL;
  guint i;

  result = world_run (world, ENGINE_RUN, &actions, NULL, NULL);
  world_check_exit (world, step, result, "second run");
  world_compare (world, step, "second run");
  for (i = 0; i < actions.lines->len; i++)
    if (is_work (g_ptr_array_index (actions.lines, i)))
      {
        g_test_message ("%s:%u: second run: did something: %s", world->scenario->file,
                        step->line, (char *) g_ptr_array_index (actions.lines, i));
        g_test_fail ();
      }
  g_ptr_array_unref (actions.lines);
}

static void
run_twice (gconstpointer data)
{
  g_autoptr (Scenario) scenario = read_case (data);
  g_autofree char *directory = make_directory ();
  g_autoptr (World) world = world_new (scenario, ((const Case *) data)->variant,
                                       directory, NULL, ((const Case *) data)->side);
  guint i;

  for (i = 0; i < scenario->steps->len; i++)
    {
      const Step *step = g_ptr_array_index (scenario->steps, i);
      g_autoptr (EngineResult) result = NULL;

      if (step->kind != STEP_RUN)
        {
          world_change (world, step);
          continue;
        }
      result = world_run (world, ENGINE_RUN, NULL, NULL, NULL);
      world_expect (world, step);
      if (step->exit_code == 0)
        run_again (world, step);
    }
  world_remove (directory);
}

static void
run_dry (World *world, const Step *step)
{
  Actions planned = actions_new ();
  Actions done = actions_new ();
  g_autoptr (GHashTable) snapshot = world_snapshot (world);
  g_autoptr (EngineResult) dry = NULL;
  g_autoptr (EngineResult) result = NULL;
  g_autofree char *when = g_strdup_printf ("%s:%u: dry run", world->scenario->file,
                                           step->line);

  dry = world_run (world, ENGINE_DRY_RUN, &planned, NULL, NULL);
  world_untouched (world, snapshot, when);
  result = world_run (world, ENGINE_RUN, &done, NULL, NULL);
  world_expect (world, step);
  world_compare (world, step, "run after a dry run");
  if (step->exit_code == 0)
    {
      world_check_exit (world, step, dry, when);
      compare_lines (planned.lines, done.lines, when);
    }
  g_ptr_array_unref (planned.lines);
  g_ptr_array_unref (done.lines);
}

static void
run_after_dry_run (gconstpointer data)
{
  g_autoptr (Scenario) scenario = read_case (data);
  g_autofree char *directory = make_directory ();
  g_autoptr (World) world = world_new (scenario, ((const Case *) data)->variant,
                                       directory, NULL, ((const Case *) data)->side);
  guint i;

  for (i = 0; i < scenario->steps->len; i++)
    {
      const Step *step = g_ptr_array_index (scenario->steps, i);

      if (step->kind == STEP_RUN)
        run_dry (world, step);
      else
        world_change (world, step);
    }
  world_remove (directory);
}

/* ---- killed and resumed ---- */

static void
kill_at_commit (gpointer user_data)
{
  guint64 *left = user_data;

  if (--*left == 0)
    kill (getpid (), SIGKILL);
}

/* child: one run in the folder of its parent, killed at commit or step @at. */
static int
child (char **arguments)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Scenario) scenario = scenario_read (arguments[0], &error);
  const Variant *variant = world_variants ();
  g_autoptr (FaultControl) control = fault_control_new ("scenario");
  g_autoptr (World) world = NULL;
  g_autoptr (EngineResult) result = NULL;
  FaultPlan plan = { .action = FAULT_NOTHING };
  gboolean at_step = strcmp (arguments[3], "step") == 0;
  guint64 at = g_ascii_strtoull (arguments[4], NULL, 10);

  g_assert_no_error (error);
  while (strcmp (variant->name, arguments[1]) != 0)
    variant++;
  if (at_step)
    plan = (FaultPlan){ .action = FAULT_KILL, .at = at };
  fault_control_arm (control, &plan);
  world = world_new (scenario, variant, arguments[2], "scenario", NULL);
  result = world_run (world, ENGINE_RUN, NULL, at_step ? NULL : kill_at_commit, &at);
  g_clear_pointer (&world, world_free);
  return 0;
}

/* run_child: TRUE when the child was killed, FALSE when it got to its end. */
static gboolean
run_child (const Case *self, const char *directory, const char *point, guint64 at)
{
  g_autofree char *number = g_strdup_printf ("%" G_GUINT64_FORMAT, at);
  const char *arguments[] = { "/proc/self/exe", "--child",
                              self->file,       self->variant->name,
                              directory,        point,
                              number,           NULL };
  g_autoptr (GError) error = NULL;
  int status = 0;

  g_spawn_sync (NULL, (char **) arguments, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL,
                &status, &error);
  g_assert_no_error (error);
  if (WIFSIGNALED (status) && WTERMSIG (status) == SIGKILL)
    return TRUE;
  g_assert_true (WIFEXITED (status));
  g_assert_cmpint (WEXITSTATUS (status), ==, 0);
  return FALSE;
}

/* kill_round: the whole scenario, each run killed at its @at-th point and resumed. FALSE
 * when no run has so many points. */
static gboolean
kill_round (const Case *self, Scenario *scenario, const char *point, guint64 at)
{
  g_autofree char *directory = make_directory ();
  g_autoptr (FaultControl) control = fault_control_new ("scenario");
  g_autoptr (World)
      world = world_new (scenario, self->variant, directory, "scenario", self->side);
  g_autofree char *when = g_strdup_printf ("killed at %s %" G_GUINT64_FORMAT, point, at);
  gboolean killed = FALSE;
  guint i;

  for (i = 0; i < scenario->steps->len; i++)
    {
      const Step *step = g_ptr_array_index (scenario->steps, i);
      g_autoptr (EngineResult) result = NULL;

      if (step->kind != STEP_RUN)
        {
          world_change (world, step);
          continue;
        }
      killed = run_child (self, directory, point, at) || killed;
      result = world_run (world, ENGINE_RUN, NULL, NULL, NULL);
      world_expect (world, step);
      world_check_exit (world, step, result, when);
      world_compare (world, step, when);
    }
  g_clear_pointer (&world, world_free);
  world_remove (directory);
  return killed;
}

static void
kill_everywhere (const Case *self, const char *point)
{
  g_autoptr (Scenario) scenario = read_case (self);
  guint64 at = self->first;
  guint left = self->rounds;

  while (left-- > 0 && kill_round (self, scenario, point, at) && !g_test_failed ())
    {
      at += self->stride;
      g_assert_cmpuint (at, <, ROUNDS_MAX);
    }
}

static void
run_killed (gconstpointer data)
{
  kill_everywhere (data, "commit");
}

static void
run_killed_in_backend (gconstpointer data)
{
  kill_everywhere (data, "step");
}

/* ---- failing and run again ---- */

static gboolean
fault_round (const Case *self, Scenario *scenario, FaultControl *control,
             const FaultPlan *plan)
{
  g_autofree char *directory = make_directory ();
  g_autoptr (World)
      world = world_new (scenario, self->variant, directory, "scenario", self->side);
  static const FaultPlan none = { .action = FAULT_NOTHING };
  gboolean fired = FALSE;
  guint i;

  for (i = 0; i < scenario->steps->len; i++)
    {
      const Step *step = g_ptr_array_index (scenario->steps, i);
      g_autoptr (EngineResult) broken = NULL;
      g_autoptr (EngineResult) result = NULL;
      g_autofree char *place = NULL;
      g_autofree char *when = NULL;

      if (step->kind != STEP_RUN)
        {
          world_change (world, step);
          continue;
        }
      fault_control_arm (control, plan);
      broken = world_run (world, ENGINE_RUN, NULL, NULL, NULL);
      fired = fired || fault_control_fired (control) > 0;
      place = fault_control_place (control);
      when = g_strdup_printf ("%s at step %" G_GUINT64_FORMAT " (%s)",
                              haul_error_code_name (plan->code), plan->at,
                              place != NULL ? place : "never");
      fault_control_arm (control, &none);
      result = world_run (world, ENGINE_RUN, NULL, NULL, NULL);
      world_expect (world, step);
      world_check_exit (world, step, result, when);
      world_compare (world, step, when);
      if (g_test_failed ())
        result_describe (broken, "the run that failed");
    }
  g_clear_pointer (&world, world_free);
  world_remove (directory);
  return fired;
}

static void
run_failing (gconstpointer data)
{
  static const Fault faults[] = { { HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION },
                                  { HAUL_ERROR_IO, HAUL_SCOPE_ACCOUNT },
                                  { HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER } };
  const Case *self = data;
  g_autoptr (Scenario) scenario = read_case (self);
  g_autoptr (FaultControl) control = fault_control_new ("scenario");
  FaultPlan plan = { .action = FAULT_ERROR, .at = self->first };
  guint round;

  for (round = 0; round < MIN (ROUNDS_MAX, self->rounds) && !g_test_failed (); round++)
    {
      const Fault *fault = &faults[(self->first + round) % G_N_ELEMENTS (faults)];

      plan.code = fault->code;
      plan.scope = fault->scope;
      if (!fault_round (self, scenario, control, &plan))
        break;
      if (self->stride > 1 || round % G_N_ELEMENTS (faults) == G_N_ELEMENTS (faults) - 1)
        plan.at += self->stride;
    }
  g_assert_cmpuint (round, <, ROUNDS_MAX);
}

/* ---- the state lost after each run ---- */

/* What a run left whole is found again by what it is; nothing is copied twice. */
static void
forget_after_run (World *world, const Step *step)
{
  Actions actions = actions_new ();
  g_autoptr (EngineResult) result = NULL;
  guint i;

  world_forget (world);
  result = world_run (world, ENGINE_RUN, &actions, NULL, NULL);
  world_check_exit (world, step, result, "run without state");
  world_compare (world, step, "run without state");
  for (i = 0; i < actions.lines->len; i++)
    if (g_str_has_prefix (g_ptr_array_index (actions.lines, i), "copy "))
      {
        g_test_message ("%s:%u: run without state: %s", world->scenario->file, step->line,
                        (char *) g_ptr_array_index (actions.lines, i));
        g_test_fail ();
      }
  g_ptr_array_unref (actions.lines);
}

static void
run_and_forget (gconstpointer data)
{
  g_autoptr (Scenario) scenario = read_case (data);
  g_autofree char *directory = make_directory ();
  g_autoptr (World) world = world_new (scenario, ((const Case *) data)->variant,
                                       directory, NULL, ((const Case *) data)->side);
  gboolean alike = TRUE; /* the destination has all that the source has, and no more */
  guint i;

  for (i = 0; i < scenario->steps->len; i++)
    {
      const Step *step = g_ptr_array_index (scenario->steps, i);
      g_autoptr (EngineResult) result = NULL;

      if (step->kind != STEP_RUN)
        {
          world_change (world, step);
          continue;
        }
      result = world_run (world, ENGINE_RUN, NULL, NULL, NULL);
      world_expect (world, step);
      alike = step->expect == EXPECT_SOURCE || (step->expect == EXPECT_SAME && alike);
      if (alike)
        forget_after_run (world, step);
      else
        world_compare (world, step, "run after one without state");
    }
  world_remove (directory);
}

/* ---- the program ---- */

/* fits_imap: a server takes no options of the in-memory backend, and has special uses
 * of its own, for folders of the same name. */
static gboolean
fits_imap (const Scenario *scenario, const Variant *variant)
{
  guint i, k;

  if ((variant->imap_source && scenario->source_options->len > 0)
      || (variant->imap_destination && scenario->destination_options->len > 0))
    return FALSE;
  for (i = 0; i < scenario->steps->len; i++)
    {
      const Step *step = g_ptr_array_index (scenario->steps, i);

      for (k = 0; step->kind == STEP_SOURCE && k < step->commands->len; k++)
        {
          const Command *command = g_ptr_array_index (step->commands, k);

          if (variant->imap_source && command->special_use != 0
              && haul_special_use_from_name (command->path[0]) != command->special_use)
            return FALSE;
        }
    }
  return TRUE;
}

static gboolean
wants_variant (const Scenario *scenario, const Variant *variant)
{
  gboolean imap = variant->imap_source || variant->imap_destination;

  if (imap != imap_side_wanted () || (imap && !fits_imap (scenario, variant)))
    return FALSE;
  return scenario->variants == NULL
         || g_strv_contains ((const char *const *) scenario->variants, variant->name);
}

/* choose_points: where runs of this case are killed or fail. Over IMAP it is a few, as
 * what follows waits some seconds for the server; the file's name says which. */
static void
choose_points (Case *self, gboolean thorough)
{
  guint number = (guint) (self->variant - world_variants ());
  g_autofree char *base = g_path_get_basename (self->file);

  self->first = thorough ? 1 : number + 1;
  self->stride = thorough ? 1 : POINTS_STRIDE;
  self->rounds = ROUNDS_MAX;
  if (!imap_side_wanted () || thorough)
    return;
  self->first = 1 + (g_str_hash (base) + number * IMAP_STRIDE / 3) % IMAP_STRIDE;
  self->stride = IMAP_STRIDE;
  self->rounds = IMAP_ROUNDS;
}

static void
add_way (const Case *self, const char *way, GTestDataFunc func)
{
  g_autofree char *base = g_path_get_basename (self->file);
  g_autofree char *path = NULL;

  if (strchr (base, '.') != NULL)
    *strchr (base, '.') = '\0';
  path = g_strdup_printf ("/scenario/%s/%s/%s", base, self->variant->name, way);
  g_test_add_data_func (path, self, func);
}

static gboolean
add_file (const char *file, GPtrArray *cases, ImapSide *side)
{
  g_autoptr (GError) error = NULL;
  g_autoptr (Scenario) scenario = scenario_read (file, &error);
  gboolean thorough = g_strcmp0 (g_getenv ("MAILHAUL_TEST_THOROUGH"), "1") == 0;
  const Variant *variant;

  if (scenario == NULL)
    {
      g_printerr ("%s\n", error->message);
      return FALSE;
    }
  for (variant = world_variants (); variant->name != NULL; variant++)
    {
      Case *one = g_new0 (Case, 1);

      g_ptr_array_add (cases, one);
      one->file = file;
      one->variant = variant;
      one->side = side;
      choose_points (one, thorough);
      if (!wants_variant (scenario, variant))
        continue;
      add_way (one, "a-run-does-what-is-expected", run_as_it_stands);
      add_way (one, "a-second-run-does-nothing", run_twice);
      add_way (one, "a-lost-state-costs-no-copy", run_and_forget);
      add_way (one, "a-dry-run-says-what-the-run-does", run_after_dry_run);
      add_way (one, "a-run-killed-at-any-commit-resumes", run_killed);
      add_way (one, "a-run-killed-in-a-backend-resumes", run_killed_in_backend);
      add_way (one, "a-run-that-failed-anywhere-is-made-good", run_failing);
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  g_autoptr (GPtrArray) cases = g_ptr_array_new_with_free_func (g_free);
  g_autoptr (ImapSide) side = NULL;
  int i;

  if (argc == 7 && strcmp (argv[1], "--child") == 0)
    return child (argv + 2);
  g_test_init (&argc, &argv, NULL);
  /* A back-off or a notice is no failure here. */
  g_log_set_always_fatal (G_LOG_FATAL_MASK);
  if (imap_side_wanted ())
    side = imap_side_new ();
  for (i = 1; i < argc; i++)
    if (!add_file (argv[i], cases, side))
      return 2;
  return g_test_run ();
}

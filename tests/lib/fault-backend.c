/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Passes calls on to the in-memory backend and makes the chosen step go wrong. The
 * counter is shared by all sessions and has its own lock; all else runs on the session's
 * thread.
 */
#include "fault-backend.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <mailhaul/error.h>

#include "base/option-table.h"
#include "memory-backend.h"

struct _FaultControl
{
  char *name;
  pthread_mutex_t lock;
  pthread_cond_t never; /* nobody signals it: a wait ends by its deadline */
  FaultPlan plan;
  guint64 steps;
  guint64 counted; /* of those at the plan's place */
  guint64 fired;
  char *place;
  GString *calls;
  gint opens;    /* atomic: that ended, well or not, since a meeting was asked for */
  guint meeting; /* opens that a scan waits for; 0: none */
  FaultControl *meets[2];  /* of these; may be NULL */
  const HaulBackend *over; /* beside the in-memory ones; may be NULL */
};

typedef struct
{
  FaultControl *control; /* borrowed from the table */
  const HaulBackend *over;
  gpointer settings; /* of `over` */
  gpointer session;  /* of `over` */
} FaultSession;

/* The controls that this process has; a test's state may be mutable. */
static pthread_mutex_t table_lock = PTHREAD_MUTEX_INITIALIZER;
static GHashTable *table = NULL;

/* MEET_S: so long sessions are waited for at most; a test that needs longer has failed.
 */
#define MEET_S 60

/* Signalled whenever the opening of a session of any control has ended. */
static pthread_mutex_t meet_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t open_ended = PTHREAD_COND_INITIALIZER;

static const HaulOptionSpec fault_options[] = {
  HAUL_OPT_STRING (FaultSettings, over, "over", "memory", HAUL_OPT_NONE,
                   "Backend that calls are passed on to"),
  HAUL_OPT_STRING (FaultSettings, with, "with", "", HAUL_OPT_IDENTITY,
                   "Options of that backend"),
  HAUL_OPT_STRING (FaultSettings, control, "control", NULL, HAUL_OPT_REQUIRED,
                   "Name of the control that the test holds"),
  HAUL_OPT_END,
};

/* ---- the control ---- */

FaultControl *
fault_control_new (const char *name)
{
  FaultControl *self = g_new0 (FaultControl, 1);
  pthread_condattr_t attributes;

  self->name = g_strdup (name);
  self->calls = g_string_new (NULL);
  pthread_mutex_init (&self->lock, NULL);
  pthread_condattr_init (&attributes);
  pthread_condattr_setclock (&attributes, CLOCK_MONOTONIC);
  pthread_cond_init (&self->never, &attributes);
  pthread_condattr_destroy (&attributes);
  pthread_mutex_lock (&table_lock);
  if (table == NULL)
    table = g_hash_table_new (g_str_hash, g_str_equal);
  g_assert_false (g_hash_table_contains (table, name));
  g_hash_table_insert (table, self->name, self);
  pthread_mutex_unlock (&table_lock);
  return self;
}

void
fault_control_free (FaultControl *self)
{
  if (self == NULL)
    return;
  pthread_mutex_lock (&table_lock);
  g_hash_table_remove (table, self->name);
  if (g_hash_table_size (table) == 0)
    g_clear_pointer (&table, g_hash_table_unref);
  pthread_mutex_unlock (&table_lock);
  pthread_cond_destroy (&self->never);
  pthread_mutex_destroy (&self->lock);
  g_string_free (self->calls, TRUE);
  g_free (self->place);
  g_free (self->name);
  g_free (self);
}

static FaultControl *
control_find (const char *name)
{
  FaultControl *self;

  pthread_mutex_lock (&table_lock);
  self = table != NULL ? g_hash_table_lookup (table, name) : NULL;
  pthread_mutex_unlock (&table_lock);
  return self;
}

void
fault_control_set_over (const char *control, const HaulBackend *over)
{
  FaultControl *self = control_find (control);

  g_assert_nonnull (self);
  pthread_mutex_lock (&self->lock);
  self->over = over;
  pthread_mutex_unlock (&self->lock);
}

/* backend_over: what calls of a session with @settings are passed on to. */
static const HaulBackend *
backend_over (FaultControl *self, const FaultSettings *settings)
{
  const HaulBackend *over;

  if (g_strcmp0 (settings->over, "memory-plain") == 0)
    return memory_backend_get_plain ();
  pthread_mutex_lock (&self->lock);
  over = self->over;
  pthread_mutex_unlock (&self->lock);
  if (over != NULL && g_strcmp0 (settings->over, over->name) == 0)
    return over;
  return memory_backend_get ();
}

void
fault_control_arm (FaultControl *self, const FaultPlan *plan)
{
  pthread_mutex_lock (&self->lock);
  self->plan = *plan;
  self->steps = 0;
  self->counted = 0;
  self->fired = 0;
  g_string_truncate (self->calls, 0);
  g_clear_pointer (&self->place, g_free);
  pthread_mutex_unlock (&self->lock);
}

guint64
fault_control_steps (FaultControl *self)
{
  guint64 steps;

  pthread_mutex_lock (&self->lock);
  steps = self->steps;
  pthread_mutex_unlock (&self->lock);
  return steps;
}

guint64
fault_control_fired (FaultControl *self)
{
  guint64 fired;

  pthread_mutex_lock (&self->lock);
  fired = self->fired;
  pthread_mutex_unlock (&self->lock);
  return fired;
}

char *
fault_control_place (FaultControl *self)
{
  char *place;

  pthread_mutex_lock (&self->lock);
  place = g_strdup (self->place);
  pthread_mutex_unlock (&self->lock);
  return place;
}

char *
fault_control_calls (FaultControl *self)
{
  char *calls;

  pthread_mutex_lock (&self->lock);
  calls = g_strdup (self->calls->str);
  pthread_mutex_unlock (&self->lock);
  return calls;
}

/* With the lock held. */
static void
wait_locked (FaultControl *self)
{
  gint64 until = g_get_monotonic_time () + self->plan.delay_us;
  struct timespec deadline = { .tv_sec = until / G_USEC_PER_SEC,
                               .tv_nsec = (until % G_USEC_PER_SEC) * 1000 };

  while (pthread_cond_timedwait (&self->never, &self->lock, &deadline) != ETIMEDOUT)
    ;
}

void
fault_control_meet (FaultControl *self, guint count, FaultControl *one,
                    FaultControl *other)
{
  self->meeting = count;
  self->meets[0] = one;
  self->meets[1] = other;
  for (gsize i = 0; i < G_N_ELEMENTS (self->meets); i++)
    if (self->meets[i] != NULL)
      g_atomic_int_set (&self->meets[i]->opens, 0);
}

static gboolean
have_met (FaultControl *self)
{
  for (gsize i = 0; i < G_N_ELEMENTS (self->meets); i++)
    if (self->meets[i] != NULL
        && g_atomic_int_get (&self->meets[i]->opens) < (gint) self->meeting)
      return FALSE;
  return TRUE;
}

static void
meet (FaultControl *self)
{
  struct timespec deadline;
  int waited = 0;

  clock_gettime (CLOCK_REALTIME, &deadline);
  deadline.tv_sec += MEET_S;
  pthread_mutex_lock (&meet_lock);
  while (!have_met (self) && waited == 0)
    waited = pthread_cond_timedwait (&open_ended, &meet_lock, &deadline);
  pthread_mutex_unlock (&meet_lock);
  if (!have_met (self))
    g_error ("%u sessions did not come to be opened", self->meeting);
}

static void
count_open (FaultControl *self)
{
  pthread_mutex_lock (&meet_lock);
  g_atomic_int_inc (&self->opens);
  pthread_cond_broadcast (&open_ended);
  pthread_mutex_unlock (&meet_lock);
}

static gboolean
is_place (const char *place, const char *when, const char *what)
{
  gsize length = strlen (when);

  return strncmp (place, when, length) == 0 && place[length] == ' '
         && strcmp (place + length + 1, what) == 0;
}

/* note_call: "list", "enter(Work/Deep)". */
static void
note_call (GString *calls, const char *what, HaulPath path)
{
  g_autofree char *text = path != NULL ? haul_path_to_text (path) : NULL;
  g_string_append_printf (calls, "%s%s", calls->len > 0 ? " " : "", what);
  if (text != NULL)
    g_string_append_printf (calls, "(%s)", text);
}

/* step_at: counts one step and lets the fault happen if it is the one; @path: what the
 * call is about, or NULL. */
static gboolean
step_at (FaultControl *self, const char *when, const char *what, HaulPath path,
         GError **error)
{
  FaultPlan plan;
  gboolean due, counts;

  pthread_mutex_lock (&self->lock);
  self->steps++;
  plan = self->plan;
  counts = plan.place == NULL || is_place (plan.place, when, what);
  self->counted += counts ? 1 : 0;
  due = plan.action != FAULT_NOTHING && counts
        && (self->counted == plan.at || (plan.lasting && self->counted > plan.at));
  if (strcmp (when, "before") == 0)
    note_call (self->calls, what, path);
  if (due)
    {
      self->fired++;
      g_free (self->place);
      self->place = g_strdup_printf ("%s %s", when, what);
      if (plan.action == FAULT_KILL)
        kill (getpid (), SIGKILL);
      if (plan.action == FAULT_DELAY)
        wait_locked (self);
    }
  pthread_mutex_unlock (&self->lock);
  if (due && plan.action == FAULT_ERROR)
    return haul_error_set (error, plan.code, plan.scope,
                           "%s %s: the test wants it to fail", when, what);
  return TRUE;
}

static gboolean
step (FaultControl *self, const char *when, const char *what, GError **error)
{
  return step_at (self, when, what, NULL, error);
}

static gboolean
fault_probe (MemoryStep at, gpointer user_data, GError **error)
{
  static const char *const names[] = {
    [MEMORY_STEP_PLAN] = "plan",       [MEMORY_STEP_BEGIN] = "begin",
    [MEMORY_STEP_WRITE] = "write",     [MEMORY_STEP_END] = "end",
    [MEMORY_STEP_NEXT] = "next",       [MEMORY_STEP_READ] = "read",
    [MEMORY_STEP_COMMIT] = "commit",   [MEMORY_STEP_COMMITTED] = "committed",
    [MEMORY_STEP_RECEIPT] = "receipt", [MEMORY_STEP_RECORD] = "record",
  };

  return step (user_data, "at", names[at], error);
}

/* ---- sessions ---- */

static gpointer
inner_settings (const HaulBackend *over, const char *text, GError **error)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (GArray) values = g_array_new (FALSE, FALSE, sizeof (OptionValue));
  g_auto (GStrv) words = NULL;
  OptionPlace place = { .owner = over->name };
  gpointer settings;
  gint i, count = 0;

  if (text[0] != '\0' && !g_shell_parse_argv (text, &count, &words, error))
    return NULL;
  for (i = 0; i < count; i++)
    {
      char *equals = strchr (words[i], '=');
      OptionValue value = { words[i], equals != NULL ? equals + 1 : "" };

      if (equals != NULL)
        *equals = '\0';
      g_array_append_val (values, value);
    }
  settings = option_table_parse (over->options, over->settings_size,
                                 (const OptionValue *) values->data, values->len, &place,
                                 problems);
  if (settings == NULL)
    haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "options of '%s': %s",
                    over->name, problems_get (problems, 0)->text);
  return settings;
}

static void
fault_close (gpointer session)
{
  FaultSession *self = session;

  if (self->session != NULL)
    {
      step (self->control, "before", "close", NULL);
      self->over->close (self->session);
      step (self->control, "after", "close", NULL);
    }
  option_table_free (self->over->options, self->settings);
  g_free (self);
}

static gpointer
fault_open (const HaulOpen *open, GError **error)
{
  const FaultSettings *settings = open->settings;
  FaultSession *self = g_new0 (FaultSession, 1);
  HaulOpen inner = *open;

  self->control = control_find (settings->control);
  g_assert_nonnull (self->control);
  self->over = backend_over (self->control, settings);
  self->settings = inner_settings (self->over, settings->with, error);
  inner.settings = self->settings;
  if (self->settings != NULL && step (self->control, "before", "open", error))
    self->session = self->over->open (&inner, error);
  gboolean opened = self->session != NULL && step (self->control, "after", "open", error);
  count_open (self->control);
  if (!opened)
    {
      fault_close (self);
      return NULL;
    }
  if (self->over == memory_backend_get () || self->over == memory_backend_get_plain ())
    memory_session_set_probe (self->session, fault_probe, self->control);
  return self;
}

static guint32
fault_caps (gpointer session)
{
  FaultSession *self = session;

  return self->over->caps != NULL ? self->over->caps (self->session) : 0;
}

static guint
fault_sessions (gpointer session)
{
  FaultSession *self = session;

  return self->over->sessions != NULL ? self->over->sessions (self->session) : 0;
}

/*
 * FAULT_CALL: the step before, the call, and the step after; a callback that the other
 * backend lacks is unsupported.
 */
#define FAULT_CALL(member, ...)                                                          \
  FaultSession *self = session;                                                          \
                                                                                         \
  if (self->over->member == NULL)                                                        \
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,             \
                           #member ": unsupported");                                     \
  return step (self->control, "before", #member, error)                                  \
         && self->over->member (self->session, __VA_ARGS__)                              \
         && step (self->control, "after", #member, error)

static gboolean
fault_idle (gpointer session, gint64 max_us, GError **error)
{
  FaultSession *self = session;

  return step (self->control, "before", "idle", error)
         && (self->over->idle == NULL || self->over->idle (self->session, max_us, error))
         && step (self->control, "after", "idle", error);
}

static gboolean
fault_list (gpointer session, HaulFolderFunc func, gpointer user_data, GError **error)
{
  FAULT_CALL (list, func, user_data, error);
}

static gboolean
fault_create (gpointer session, const HaulFolder *folders, gsize count,
              HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  FAULT_CALL (create, folders, count, func, user_data, error);
}

static gboolean
fault_rename (gpointer session, HaulPath from, HaulPath to, GError **error)
{
  FAULT_CALL (rename, from, to, error);
}

static gboolean
fault_remove (gpointer session, HaulPath path, GError **error)
{
  FAULT_CALL (remove, path, error);
}

static gboolean
fault_subscribe (gpointer session, HaulPath path, gboolean subscribed, GError **error)
{
  FAULT_CALL (subscribe, path, subscribed, error);
}

static gboolean
fault_enter (gpointer session, HaulPath path, HaulEnterMode mode,
             HaulFolderStatus *out_status, GError **error)
{
  FaultSession *self = session;

  if (!step_at (self->control, "before", "enter", path, error))
    return FALSE;
  return self->over->enter (self->session, path, mode, out_status, error)
         && step (self->control, "after", "enter", error);
}

static gboolean
fault_leave (gpointer session, GError **error)
{
  FaultSession *self = session;

  return step (self->control, "before", "leave", error)
         && (self->over->leave == NULL || self->over->leave (self->session, error))
         && step (self->control, "after", "leave", error);
}

static gboolean
fault_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
            GError **error)
{
  meet (((FaultSession *) session)->control);
  FAULT_CALL (scan, scan, out_result, error);
}

static gboolean
fault_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error)
{
  FAULT_CALL (fetch, plan, sink, error);
}

static gboolean
fault_store (gpointer session, HaulFeed *feed, GError **error)
{
  FAULT_CALL (store, feed, error);
}

static gboolean
fault_update (gpointer session, const HaulChange *changes, gsize count,
              HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  FAULT_CALL (update, changes, count, func, user_data, error);
}

static gboolean
fault_expunge (gpointer session, const HaulBytes *keys, gsize count,
               HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  FAULT_CALL (expunge, keys, count, func, user_data, error);
}

static gboolean
fault_move (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
            HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  FAULT_CALL (move, to, keys, count, func, user_data, error);
}

static gboolean
fault_copy (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
            HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  FAULT_CALL (copy, to, keys, count, func, user_data, error);
}

static gboolean
fault_recover (gpointer session, HaulPath path, HaulBytes note, GError **error)
{
  FaultSession *self = session;

  if (!step_at (self->control, "before", "recover", path, error))
    return FALSE;
  return (self->over->recover == NULL
          || self->over->recover (self->session, path, note, error))
         && step (self->control, "after", "recover", error);
}

static const HaulBackend fault_backend = {
  HAUL_BACKEND_HEADER,
  .name = "fault",
  .summary = "Another backend with a fault in it, for tests",
  .options = fault_options,
  .settings_size = sizeof (FaultSettings),
  .open = fault_open,
  .close = fault_close,
  .caps = fault_caps,
  .idle = fault_idle,
  .list = fault_list,
  .create = fault_create,
  .rename = fault_rename,
  .remove = fault_remove,
  .subscribe = fault_subscribe,
  .enter = fault_enter,
  .leave = fault_leave,
  .scan = fault_scan,
  .fetch = fault_fetch,
  .store = fault_store,
  .update = fault_update,
  .expunge = fault_expunge,
  .recover = fault_recover,
  .sessions = fault_sessions,
  .move = fault_move,
  .copy = fault_copy,
};

const HaulBackend *
fault_backend_get (void)
{
  return &fault_backend;
}

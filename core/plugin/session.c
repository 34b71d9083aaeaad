/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Session: the only way from the engine into a backend. Holds a backend to its contract:
 * FALSE if and only if an error is set, outputs on success only, one result per folder
 * and key, nothing after an error that ends the session. Decides nothing about errors.
 */
#include "session.h"

#include <string.h>

#include <mailhaul/error.h>

#include "base/text.h"
#include "plugin/plugin-check.h"

/* FACTS_LIMIT: a mailbox has a few dozen facts; more is a plugin that does not end. */
#define FACTS_LIMIT 1000

struct _Session
{
  const HaulBackend *backend;
  gpointer session; /* the backend's own */
  guint32 caps;
  gboolean ended; /* an error of session scope came: only close follows */
};

/* ---- the rules ---- */

/* Always returns FALSE. */
static gboolean
blame (Session *self, const char *callback, const char *what, GError **error)
{
  self->ended = TRUE;
  return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                         "%s of the plugin broke the contract: %s", callback, what);
}

/* Hands on what @callback answered, when it is one of the two answers that there are.
 * Takes ownership of @answer. */
static gboolean
settle (Session *self, const char *callback, gboolean result, GError *answer,
        GError **error)
{
  g_autoptr (GError) own = answer;

  if (result && own == NULL)
    return TRUE;
  if (!result && own == NULL)
    {
      g_autofree char *name = g_strdup_printf ("%s: %s", self->backend->name, callback);
      return blame (self, name, "it failed without an error", error);
    }
  if (result)
    {
      g_autofree char *name = g_strdup_printf ("%s: %s", self->backend->name, callback);
      g_autofree char *what = g_strdup_printf ("it succeeded with an error: %s",
                                               own->message);
      return blame (self, name, what, error);
    }
  if (haul_error_scope (own) >= HAUL_SCOPE_SESSION)
    self->ended = TRUE;
  g_propagate_error (error, g_steal_pointer (&own));
  return FALSE;
}

/* Before each call: the session stands and the backend can. */
static gboolean
may_call (Session *self, const char *callback, gboolean present, GError **error)
{
  if (self->ended)
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "%s: %s was to be called in a session that an error ended",
                           self->backend->name, callback);
  if (!present)
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "%s: the backend does not support '%s'", self->backend->name,
                           callback);
  return TRUE;
}

/* ---- the session ---- */

gboolean
session_backend_has_role (const HaulBackend *backend, HaulRole role)
{
  return plugin_backend_lacks (backend, role) == NULL;
}

Session *
session_open (const HaulBackend *backend, const HaulOpen *open, GError **error)
{
  g_autoptr (GError) answer = NULL;
  const char *lacking = plugin_backend_lacks (backend, open->role);

  if (lacking != NULL)
    {
      haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_JOB,
                      "%s: the backend cannot be a %s (it lacks '%s')", backend->name,
                      open->role == HAUL_ROLE_SOURCE ? "source" : "destination", lacking);
      return NULL;
    }

  g_autofree Session *self = g_new0 (Session, 1);
  self->backend = backend;
  self->session = backend->open (open, &answer);
  gboolean opened = self->session != NULL;
  if (!settle (self, "open", opened, g_steal_pointer (&answer), error))
    {
      if (opened)
        backend->close (self->session);
      return NULL;
    }
  self->caps = backend->caps != NULL ? backend->caps (self->session) : 0;
  return g_steal_pointer (&self);
}

void
session_close (Session *self)
{
  if (self == NULL)
    return;
  self->backend->close (self->session);
  g_free (self);
}

guint32
session_caps (const Session *self)
{
  return self->caps;
}

gboolean
session_has_ended (const Session *self)
{
  return self->ended;
}

const HaulBackend *
session_backend (const Session *self)
{
  return self->backend;
}

gboolean
session_idle (Session *self, gint64 max_us, GError **error)
{
  GError *answer = NULL;

  if (!may_call (self, "idle", TRUE, error))
    return FALSE;
  if (self->backend->idle == NULL)
    return TRUE;
  gboolean result = self->backend->idle (self->session, max_us, &answer);
  return settle (self, "idle", result, answer, error);
}

/* Describing: a describe under way. */
typedef struct
{
  HaulFactFunc func;
  gpointer user_data;
  guint count;
  const char *fault; /* how the plugin broke the contract, static; NULL: not yet */
} Describing;

static void
describe_fact (const char *key, const char *text, gpointer user_data)
{
  Describing *describing = user_data;

  if (describing->fault != NULL)
    return;
  if (key == NULL || text == NULL || !plugin_name_is_sane (key))
    describing->fault = "a fact without a text or a key of lower-case letters";
  else if (++describing->count > FACTS_LIMIT)
    describing->fault = "more than " G_STRINGIFY (FACTS_LIMIT) " facts";
  if (describing->fault != NULL)
    return;
  g_autofree char *line = text_to_line (g_strdup (text));
  describing->func (key, line, describing->user_data);
}

gboolean
session_describe (Session *self, HaulFactFunc func, gpointer user_data, GError **error)
{
  Describing describing = { .func = func, .user_data = user_data };
  GError *answer = NULL;

  if (!may_call (self, "describe", TRUE, error))
    return FALSE;
  if (self->backend->describe == NULL)
    return TRUE;
  gboolean result = self->backend->describe (self->session, describe_fact, &describing,
                                             &answer);
  if (!settle (self, "describe", result, answer, error))
    return FALSE;
  if (describing.fault == NULL)
    return TRUE;
  g_autofree char *name = g_strdup_printf ("%s: describe", self->backend->name);
  return blame (self, name, describing.fault, error);
}

guint
session_sessions (Session *self)
{
  if (self->backend->sessions == NULL
      || (session_caps (self) & HAUL_CAP_SINGLE_SESSION) != 0)
    return 1;
  return MAX (self->backend->sessions (self->session), 1);
}

/* ---- folders ---- */

/* Visit: passes the engine's visitor only what keeps the contract. */
typedef struct
{
  Session *self;
  HaulFolderFunc func;
  gpointer user_data;
} Visit;

static gboolean
path_is_sane (HaulPath path)
{
  if (path == NULL || path[0] == NULL)
    return FALSE;
  for (gsize i = 0; path[i] != NULL; i++)
    if (*path[i] == '\0' || !g_utf8_validate (path[i], -1, NULL))
      return FALSE;
  return TRUE;
}

static gboolean
visit_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  const Visit *visit = user_data;
  HaulFolder whole = HAUL_FOLDER_INIT;

  /* A backend of older headers has a shorter struct. */
  memcpy (&whole, folder, MIN (folder->struct_size, sizeof whole));
  whole.struct_size = sizeof whole;
  if (!path_is_sane (whole.path))
    return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                           "%s: list of the plugin broke the contract: a path with an "
                           "empty name or not in UTF-8",
                           visit->self->backend->name);
  return visit->func (&whole, visit->user_data, error);
}

gboolean
session_list (Session *self, HaulFolderFunc func, gpointer user_data, GError **error)
{
  Visit visit = { self, func, user_data };
  GError *answer = NULL;

  if (!may_call (self, "list", self->backend->list != NULL, error))
    return FALSE;
  gboolean result = self->backend->list (self->session, visit_folder, &visit, &answer);
  return settle (self, "list", result, answer, error);
}

/* Tally: counts results on their way to the engine. */
typedef struct
{
  HaulFolderResultFunc folder_func;
  HaulChangeResultFunc change_func;
  gpointer user_data;
  gsize count;
} Tally;

static void
tally_folder (HaulPath path, const GError *error, gpointer user_data)
{
  Tally *tally = user_data;

  tally->count++;
  tally->folder_func (path, error, tally->user_data);
}

static void
tally_change (HaulBytes key, HaulBytes new_key, const GError *error, gpointer user_data)
{
  Tally *tally = user_data;

  tally->count++;
  tally->change_func (key, new_key, error, tally->user_data);
}

/* As settle(); a success must also have given @expected results. */
static gboolean
settle_tally (Session *self, const char *callback, gboolean result, const Tally *tally,
              gsize expected, GError *answer, GError **error)
{
  if (!settle (self, callback, result, answer, error))
    return FALSE;
  if (tally->count == expected)
    return TRUE;

  g_autofree char *name = g_strdup_printf ("%s: %s", self->backend->name, callback);
  g_autofree char *what = g_strdup_printf ("%" G_GSIZE_FORMAT
                                           " results for %" G_GSIZE_FORMAT " requests",
                                           tally->count, expected);
  return blame (self, name, what, error);
}

gboolean
session_create (Session *self, const HaulFolder *folders, gsize count,
                HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  Tally tally = { .folder_func = func, .user_data = user_data };
  GError *answer = NULL;

  if (!may_call (self, "create", self->backend->create != NULL, error))
    return FALSE;
  gboolean result = self->backend->create (self->session, folders, count, tally_folder,
                                           &tally, &answer);
  return settle_tally (self, "create", result, &tally, count, answer, error);
}

gboolean
session_remove (Session *self, HaulPath path, GError **error)
{
  GError *answer = NULL;

  if (!may_call (self, "remove", self->backend->remove != NULL, error))
    return FALSE;
  gboolean result = self->backend->remove (self->session, path, &answer);
  return settle (self, "remove", result, answer, error);
}

gboolean
session_rename (Session *self, HaulPath from, HaulPath to, GError **error)
{
  GError *answer = NULL;

  if (!may_call (self, "rename", self->backend->rename != NULL, error))
    return FALSE;
  gboolean result = self->backend->rename (self->session, from, to, &answer);
  return settle (self, "rename", result, answer, error);
}

gboolean
session_spell (Session *self, HaulPath path, char ***out_path, GError **error)
{
  g_auto (GStrv) spelled = NULL;
  GError *answer = NULL;

  if (!may_call (self, "spell", TRUE, error))
    return FALSE;
  if (self->backend->spell == NULL)
    {
      *out_path = haul_path_copy (path);
      return TRUE;
    }
  gboolean result = self->backend->spell (self->session, path, &spelled, &answer);
  if (!settle (self, "spell", result, answer, error))
    return FALSE;
  if (!path_is_sane ((HaulPath) spelled))
    {
      g_autofree char *name = g_strdup_printf ("%s: spell", self->backend->name);
      return blame (self, name, "a path with an empty name or not in UTF-8", error);
    }
  *out_path = g_steal_pointer (&spelled);
  return TRUE;
}

gboolean
session_subscribe (Session *self, HaulPath path, gboolean subscribed, GError **error)
{
  GError *answer = NULL;

  if (!may_call (self, "subscribe", self->backend->subscribe != NULL, error))
    return FALSE;
  gboolean result = self->backend->subscribe (self->session, path, subscribed, &answer);
  return settle (self, "subscribe", result, answer, error);
}

gboolean
session_enter (Session *self, HaulPath path, HaulEnterMode mode,
               HaulFolderStatus *out_status, GError **error)
{
  HaulFolderStatus status = { 0 };
  GError *answer = NULL;

  if (!may_call (self, "enter", self->backend->enter != NULL, error))
    return FALSE;
  /* A backend that is asked for nothing may put the opening off. */
  gboolean result = self->backend->enter (self->session, path, mode,
                                          out_status != NULL ? &status : NULL, &answer);
  if (!settle (self, "enter", result, answer, error))
    return FALSE;
  if (out_status != NULL)
    *out_status = status;
  return TRUE;
}

gboolean
session_leave (Session *self, GError **error)
{
  GError *answer = NULL;

  if (!may_call (self, "leave", TRUE, error))
    return FALSE;
  if (self->backend->leave == NULL)
    return TRUE;
  gboolean result = self->backend->leave (self->session, &answer);
  return settle (self, "leave", result, answer, error);
}

gboolean
session_recover (Session *self, HaulPath path, HaulBytes note, GError **error)
{
  GError *answer = NULL;

  if (!may_call (self, "recover", TRUE, error))
    return FALSE;
  if (self->backend->recover == NULL)
    return TRUE;
  gboolean result = self->backend->recover (self->session, path, note, &answer);
  return settle (self, "recover", result, answer, error);
}

/* ---- messages ---- */

/* Scan: a scan under way. */
typedef struct
{
  Session *self;
  const HaulScan *scan;
} Scan;

static gboolean
scan_refuse_key (const Scan *scan, GError **error)
{
  return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                         "%s: scan of the plugin broke the contract: a record "
                         "without its size or its key",
                         scan->self->backend->name);
}

static gboolean
scan_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  const Scan *scan = user_data;
  HaulRecord whole = HAUL_RECORD_INIT;

  if (record->struct_size < G_STRUCT_OFFSET (HaulRecord, flags)
      || record->key.length == 0)
    return scan_refuse_key (scan, error);
  if (record->struct_size >= sizeof whole)
    return scan->scan->record (record, scan->scan->user_data, error);
  /* A backend of older headers has a shorter struct. */
  memcpy (&whole, record, record->struct_size);
  whole.struct_size = sizeof whole;
  return scan->scan->record (&whole, scan->scan->user_data, error);
}

static gboolean
scan_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  const Scan *scan = user_data;

  if (key.length == 0)
    return scan_refuse_key (scan, error);
  return scan->scan->vanished (key, scan->scan->user_data, error);
}

gboolean
session_scan (Session *self, const HaulScan *scan, HaulScanResult *out_result,
              GError **error)
{
  Scan under_way = { self, scan };
  HaulScan request = *scan;
  HaulScanResult scanned = { .struct_size = sizeof scanned };
  GError *answer = NULL;

  if (!may_call (self, "scan", self->backend->scan != NULL, error))
    return FALSE;
  request.record = scan->record != NULL ? scan_record : NULL;
  request.vanished = scan->vanished != NULL ? scan_vanished : NULL;
  request.user_data = &under_way;
  gboolean result = self->backend->scan (self->session, &request, &scanned, &answer);
  if (!settle (self, "scan", result, answer, error))
    return FALSE;
  if (out_result != NULL)
    *out_result = scanned;
  return TRUE;
}

gboolean
session_fetch (Session *self, HaulPlan *plan, HaulSink *sink, GError **error)
{
  GError *answer = NULL;

  if (!may_call (self, "fetch", self->backend->fetch != NULL, error))
    return FALSE;
  gboolean result = self->backend->fetch (self->session, plan, sink, &answer);
  return settle (self, "fetch", result, answer, error);
}

gboolean
session_store (Session *self, HaulFeed *feed, GError **error)
{
  GError *answer = NULL;

  if (!may_call (self, "store", self->backend->store != NULL, error))
    return FALSE;
  gboolean result = self->backend->store (self->session, feed, &answer);
  return settle (self, "store", result, answer, error);
}

gboolean
session_update (Session *self, const HaulChange *changes, gsize count,
                HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  Tally tally = { .change_func = func, .user_data = user_data };
  GError *answer = NULL;

  if (!may_call (self, "update", self->backend->update != NULL, error))
    return FALSE;
  gboolean result = self->backend->update (self->session, changes, count, tally_change,
                                           &tally, &answer);
  return settle_tally (self, "update", result, &tally, count, answer, error);
}

gboolean
session_expunge (Session *self, const HaulBytes *keys, gsize count,
                 HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  Tally tally = { .change_func = func, .user_data = user_data };
  GError *answer = NULL;

  if (!may_call (self, "expunge", self->backend->expunge != NULL, error))
    return FALSE;
  gboolean result = self->backend->expunge (self->session, keys, count, tally_change,
                                            &tally, &answer);
  return settle_tally (self, "expunge", result, &tally, count, answer, error);
}

gboolean
session_move (Session *self, HaulPath to, const HaulBytes *keys, gsize count,
              HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  Tally tally = { .change_func = func, .user_data = user_data };
  GError *answer = NULL;

  if (!may_call (self, "move", self->backend->move != NULL, error))
    return FALSE;
  gboolean result = self->backend->move (self->session, to, keys, count, tally_change,
                                         &tally, &answer);
  return settle_tally (self, "move", result, &tally, count, answer, error);
}

gboolean
session_copy (Session *self, HaulPath to, const HaulBytes *keys, gsize count,
              HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  Tally tally = { .change_func = func, .user_data = user_data };
  GError *answer = NULL;

  if (!may_call (self, "copy", self->backend->copy != NULL, error))
    return FALSE;
  gboolean result = self->backend->copy (self->session, to, keys, count, tally_change,
                                         &tally, &answer);
  return settle_tally (self, "copy", result, &tally, count, answer, error);
}

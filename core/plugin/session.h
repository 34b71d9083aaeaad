/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Checked calls into a backend: an absent callback gives its documented default, a
 * callback that breaks "FALSE if and only if error" is turned into HAUL_ERROR_INTERNAL
 * naming the plugin. One thread per session.
 */
#pragma once

#include <mailhaul/backend.h>

/* Session: an open session of a backend. */
typedef struct _Session Session;

/* session_open: @open and what it points to must stand until session_close(). */
Session *session_open (const HaulBackend *backend, const HaulOpen *open, GError **error);
/* session_close: accepts NULL. */
void session_close (Session *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Session, session_close)
/* session_caps: HaulCaps. */
guint32 session_caps (const Session *self);
/* session_has_ended: an error of session scope came: only session_close() is left. */
gboolean session_has_ended (const Session *self);
/* session_backend: (transfer none). */
const HaulBackend *session_backend (const Session *self);
/* session_has_role: the callbacks of @role are all there. */
gboolean session_backend_has_role (const HaulBackend *backend, HaulRole role);

/* The rest are the callbacks of HaulBackend, under the same rules. */
gboolean session_idle (Session *self, gint64 max_us, GError **error);
gboolean session_list (Session *self, HaulFolderFunc func, gpointer user_data,
                       GError **error);
gboolean session_create (Session *self, const HaulFolder *folders, gsize count,
                         HaulFolderResultFunc func, gpointer user_data, GError **error);
gboolean session_subscribe (Session *self, HaulPath path, gboolean subscribed,
                            GError **error);
gboolean session_enter (Session *self, HaulPath path, HaulEnterMode mode,
                        HaulFolderStatus *out_status, GError **error);
gboolean session_leave (Session *self, GError **error);
gboolean session_scan (Session *self, const HaulScan *scan, HaulScanResult *out_result,
                       GError **error);
gboolean session_fetch (Session *self, HaulPlan *plan, HaulSink *sink, GError **error);
gboolean session_store (Session *self, HaulFeed *feed, GError **error);
gboolean session_update (Session *self, const HaulChange *changes, gsize count,
                         HaulChangeResultFunc func, gpointer user_data, GError **error);
gboolean session_expunge (Session *self, const HaulBytes *keys, gsize count,
                          HaulChangeResultFunc func, gpointer user_data, GError **error);
gboolean session_move (Session *self, HaulPath to, const HaulBytes *keys, gsize count,
                       HaulChangeResultFunc func, gpointer user_data, GError **error);
gboolean session_copy (Session *self, HaulPath to, const HaulBytes *keys, gsize count,
                       HaulChangeResultFunc func, gpointer user_data, GError **error);
/* session_spell: absent: *@out_path is a copy of @path. */
gboolean session_spell (Session *self, HaulPath path, char ***out_path, GError **error);
/* session_remove: an empty folder; HAUL_ERROR_UNSUPPORTED when absent. */
gboolean session_remove (Session *self, HaulPath path, GError **error);
gboolean session_rename (Session *self, HaulPath from, HaulPath to, GError **error);
/* session_sessions: how many sessions like this one may be open at once; 1 or more. */
guint session_sessions (Session *self);
gboolean session_describe (Session *self, HaulFactFunc func, gpointer user_data,
                           GError **error);
gboolean session_recover (Session *self, HaulPath path, HaulBytes note, GError **error);

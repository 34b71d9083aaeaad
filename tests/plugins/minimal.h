/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The callbacks of a backend that does nothing, for plugins that are broken elsewhere.
 */
#pragma once

#include <mailhaul/backend.h>
#include <mailhaul/error.h>
#include <mailhaul/filter.h>

/* Minimal: settings of two members. */
typedef struct
{
  guint window;
  char *host;
} Minimal;

/* minimal_open: gives a session to be freed by minimal_close(). */
static inline gpointer
minimal_open (const HaulOpen *open, GError **error)
{
  return g_new0 (Minimal, 1);
}

/* minimal_close: frees it. */
static inline void
minimal_close (gpointer session)
{
  g_free (session);
}

/* minimal_list: lists nothing. */
static inline gboolean
minimal_list (gpointer session, HaulFolderFunc func, gpointer user_data, GError **error)
{
  return TRUE;
}

/* minimal_enter: enters whatever it is given. */
static inline gboolean
minimal_enter (gpointer session, HaulPath path, HaulEnterMode mode,
               HaulFolderStatus *out_status, GError **error)
{
  return TRUE;
}

/* minimal_scan: finds nothing. */
static inline gboolean
minimal_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
              GError **error)
{
  return TRUE;
}

/* minimal_fetch: delivers nothing. */
static inline gboolean
minimal_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error)
{
  return TRUE;
}

/* minimal_create: creates nothing. */
static inline gboolean
minimal_create (gpointer session, const HaulFolder *folders, gsize count,
                HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  return TRUE;
}

/* minimal_store: takes nothing. */
static inline gboolean
minimal_store (gpointer session, HaulFeed *feed, GError **error)
{
  return TRUE;
}

/* minimal_folder: keeps every folder. */
static inline gboolean
minimal_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
                GError **error)
{
  return TRUE;
}

/* minimal_transform_begin: leaves every message as it is. */
static inline gpointer
minimal_transform_begin (gconstpointer instance, const HaulMessage *message,
                         GError **error)
{
  return NULL;
}

/* minimal_transform_push: is never called. */
static inline gboolean
minimal_transform_push (gpointer transform, const guint8 *data, gsize length,
                        HaulTransformOut *out, GError **error)
{
  return TRUE;
}

/* minimal_transform_finish: is never called. */
static inline gboolean
minimal_transform_finish (gpointer transform, HaulTransformOut *out, GError **error)
{
  return TRUE;
}

/* minimal_transform_free: is never called. */
static inline void
minimal_transform_free (gpointer transform)
{
}

/* MINIMAL_SOURCE: all callbacks of a source. */
#define MINIMAL_SOURCE                                                                   \
  .open = minimal_open, .close = minimal_close, .list = minimal_list,                    \
  .enter = minimal_enter, .scan = minimal_scan, .fetch = minimal_fetch

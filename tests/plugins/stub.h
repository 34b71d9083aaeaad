/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The callbacks of a backend that does nothing, for plugins that are broken elsewhere.
 */
#pragma once

#include <mailhaul/backend.h>
#include <mailhaul/error.h>
#include <mailhaul/filter.h>

/* Stub: settings of two members. */
typedef struct
{
  guint window;
  char *host;
} Stub;

static inline gpointer
stub_open (const HaulOpen *open, GError **error)
{
  return g_new0 (Stub, 1);
}

static inline void
stub_close (gpointer session)
{
  g_free (session);
}

static inline gboolean
stub_list (gpointer session, HaulFolderFunc func, gpointer user_data, GError **error)
{
  return TRUE;
}

static inline gboolean
stub_enter (gpointer session, HaulPath path, HaulEnterMode mode,
            HaulFolderStatus *out_status, GError **error)
{
  return TRUE;
}

static inline gboolean
stub_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
           GError **error)
{
  return TRUE;
}

static inline gboolean
stub_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error)
{
  return TRUE;
}

static inline gboolean
stub_create (gpointer session, const HaulFolder *folders, gsize count,
             HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  return TRUE;
}

static inline gboolean
stub_store (gpointer session, HaulFeed *feed, GError **error)
{
  return TRUE;
}

static inline gboolean
stub_folder (gconstpointer instance, const HaulFolder *folder, HaulFolderEdit *edit,
             GError **error)
{
  return TRUE;
}

static inline gpointer
stub_transform_begin (gconstpointer instance, const HaulMessage *message, GError **error)
{
  return NULL;
}

static inline gboolean
stub_transform_push (gpointer transform, const guint8 *data, gsize length,
                     HaulTransformOut *out, GError **error)
{
  return TRUE;
}

static inline gboolean
stub_transform_finish (gpointer transform, HaulTransformOut *out, GError **error)
{
  return TRUE;
}

static inline void
stub_transform_free (gpointer transform)
{
}

/* STUB_SOURCE: all callbacks of a source. */
#define STUB_SOURCE                                                                      \
  .open = stub_open, .close = stub_close, .list = stub_list, .enter = stub_enter,        \
  .scan = stub_scan, .fetch = stub_fetch

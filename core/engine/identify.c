/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Identities by scan and by fetch. On the thread of the session that it is given.
 */
#include "engine/identify.h"

#include "engine/sink.h"

typedef struct
{
  IdentifyFunc func;
  gpointer user_data;
} ScanContext;

static gboolean
on_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  ScanContext *context = user_data;
  Identity identity = { 0 };
  if (record->known & HAUL_RECORD_HEADERS)
    identity_set_headers (&identity, record->headers.data, record->headers.length);
  if (record->known & HAUL_RECORD_SIZE)
    {
      identity.size_bytes = record->size_bytes;
      identity.known |= IDENTITY_SIZE;
    }
  return context->func (record, &identity, context->user_data, error);
}

static gboolean
on_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  return TRUE;
}

gboolean
identify_scan (Session *session, guint32 needs, HaulBytes from, IdentifyFunc func,
               gpointer user_data, GError **error)
{
  ScanContext context = { func, user_data };
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = needs,
                    .from = from,
                    .record = on_record,
                    .vanished = on_vanished,
                    .user_data = &context };
  HaulScanResult result = { .struct_size = sizeof result };
  return session_scan (session, &scan, &result, error);
}

typedef struct
{
  const IdentifyRequest *request;
  guint at;
  GError *error; /* one that breaks more than a message */
} FetchContext;

static gboolean
next_key (gpointer user_data, HaulPlanItem *out_item, guint *out_index)
{
  FetchContext *context = user_data;
  if (context->at >= context->request->count)
    return FALSE;
  *out_index = context->at;
  out_item->key = context->request->keys[context->at++];
  out_item->size_bytes = HAUL_SIZE_UNKNOWN;
  return TRUE;
}

static void
on_failed (guint index, GError *reason, gpointer user_data)
{
  FetchContext *context = user_data;
  if (haul_error_scope (reason) >= HAUL_SCOPE_FOLDER && context->error == NULL)
    context->error = reason;
  else
    g_error_free (reason);
}

static void
on_identified (guint index, const Identity *identity, gpointer user_data)
{
  FetchContext *context = user_data;
  context->request->identities[index] = *identity;
}

static Transform *
on_preview (guint index, guint64 size_bytes, gpointer user_data)
{
  const IdentifyRequest *request = ((FetchContext *) user_data)->request;
  return request->preview (index, size_bytes, request->user_data);
}

static void
on_delivered (guint index, const Identity *delivered, gpointer user_data)
{
  FetchContext *context = user_data;
  context->request->delivered[index] = *delivered;
}

gboolean
identify_fetch (Session *session, const HaulBytes *keys, guint count,
                Identity *identities, GError **error)
{
  IdentifyRequest request = { .keys = keys, .count = count, .identities = identities };
  return identify_fetch_through (session, &request, error);
}

gboolean
identify_fetch_through (Session *session, const IdentifyRequest *request, GError **error)
{
  gboolean through = request->preview != NULL;
  const SinkHooks hooks = { .failed = on_failed,
                            .identified = on_identified,
                            .preview = through ? on_preview : NULL,
                            .delivered = on_delivered };
  if (request->count == 0)
    return TRUE;
  FetchContext context = { .request = request };
  SinkTarget target = { 0 };
  HaulPlan *plan = plan_new (through ? HAUL_LINES_CRLF : HAUL_LINES_ANY, next_key,
                             &context);
  HaulSink *sink = sink_new (plan, &target, &hooks, &context);
  gboolean ok = session_fetch (session, plan, sink, error);
  sink_free (sink, NULL, NULL);
  plan_free (plan);
  if (ok && context.error != NULL)
    {
      g_propagate_error (error, context.error);
      return FALSE;
    }
  g_clear_error (&context.error);
  return ok;
}

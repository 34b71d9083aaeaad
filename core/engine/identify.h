/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads who messages are, from their headers by a scan or from their whole content by a
 * fetch that keeps nothing.
 */
#pragma once

#include "engine/filter-chain.h"
#include "model/identity.h"
#include "plugin/session.h"

/* IdentifyFunc: one message; @record and @identity stand during the call. */
typedef gboolean (*IdentifyFunc) (const HaulRecord *record, const Identity *identity,
                                  gpointer user_data, GError **error);

/* identify_scan: scans the entered folder from @from (empty: all) with @needs and, if
 * HAUL_NEED_HEADERS is among them, the headers' identity; without, @identity knows at
 * most the size. */
gboolean identify_scan (Session *session, guint32 needs, HaulBytes from,
                        IdentifyFunc func, gpointer user_data, GError **error);

/*
 * identify_fetch: reads the @count messages @keys of the entered folder whole and
 * completes
 * @identities (as many). A message that is gone or cannot be read keeps an identity
 * without IDENTITY_CONTENT.
 */
gboolean identify_fetch (Session *session, const HaulBytes *keys, guint count,
                         Identity *identities, GError **error);

/* IdentifyRequest: messages of the entered folder that are read whole. */
typedef struct
{
  const HaulBytes *keys;
  guint count;
  Identity *identities; /* @count: as identify_fetch() completes them */
  Identity *delivered; /* @count: what filters would make of them; known 0: they leave the
                          message as it is, or nobody can tell */
  /* The transform for message @at (transfer full); NULL: none. */
  Transform *(*preview) (guint at, guint64 size_bytes, gpointer user_data);
  gpointer user_data;
} IdentifyRequest;

/* identify_fetch_through: identify_fetch() that also says what filters would make of the
 * messages. */
gboolean identify_fetch_through (Session *session, const IdentifyRequest *request,
                                 GError **error);

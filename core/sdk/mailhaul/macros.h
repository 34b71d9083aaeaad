/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What every other header of the SDK needs: visibility, the version of the contract, and
 * a borrowed view of bytes.
 */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/* HAUL_API: marks a function that libmailhaul exports; everything else is hidden. */
#define HAUL_API __attribute__ ((visibility ("default")))

/*
 * HAUL_API_VERSION: the contract between core and plugin. It grows only when a plugin
 * built for an older one would misbehave; what is merely new is found by a NULL callback
 * or by a capability that is absent.
 */
#define HAUL_API_VERSION 1u

/*
 * HaulBytes: a borrowed view of bytes. A view never owns memory; who hands one over says
 * how long it stands. An empty view (length 0) means "none".
 */
typedef struct
{
  const guint8 *data;
  gsize length;
} HaulBytes;

/* HAUL_NO_BYTES: the empty view. */
#define HAUL_NO_BYTES ((HaulBytes){ NULL, 0 })

/* HAUL_SIZE_UNKNOWN: stands for a size that nobody knows yet. */
#define HAUL_SIZE_UNKNOWN G_MAXUINT64

G_END_DECLS

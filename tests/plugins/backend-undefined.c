/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls a function that no mailhaul has.
 */
#include "minimal.h"

HAUL_API int haul_function_of_the_far_future (void);

static guint32
undefined_caps (gpointer session)
{
  return (guint32) haul_function_of_the_far_future ();
}

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER, .name = "undefined",    .summary = "Broken on purpose",
  MINIMAL_SOURCE,      .caps = undefined_caps,
};

HAUL_DEFINE_BACKEND (undefined, backend)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Does not say what it is.
 */
#include "minimal.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "no-summary",
  .settings_size = sizeof (Minimal),
  MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (no_summary, backend)

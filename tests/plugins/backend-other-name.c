/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Calls itself otherwise than its file.
 */
#include "minimal.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "something-else",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Minimal),
  MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (other_name, backend)

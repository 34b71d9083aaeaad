/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stores, but cannot create a folder.
 */
#include "minimal.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "half-destination",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Minimal),
  MINIMAL_SOURCE,
  .store = minimal_store,
};

HAUL_DEFINE_BACKEND (half_destination, backend)

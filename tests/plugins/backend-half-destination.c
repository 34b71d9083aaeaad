/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Stores, but cannot create a folder.
 */
#include "stub.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "half-destination",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Stub),
  STUB_SOURCE,
  .store = stub_store,
};

HAUL_DEFINE_BACKEND (half_destination, backend)

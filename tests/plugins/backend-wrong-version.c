/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Made for a version of the interface that is not there yet.
 */
#include "minimal.h"

static const HaulBackend backend = {
  .struct_size = sizeof (HaulBackend),
  .api_version = 7,
  .name = "wrong-version",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Minimal),
  MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (wrong_version, backend)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Says that its struct ends after the version.
 */
#include "minimal.h"

static const HaulBackend backend = {
  .struct_size = 8,
  .api_version = HAUL_API_VERSION,
  .name = "size-of-eight",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Minimal),
  MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (size_of_eight, backend)

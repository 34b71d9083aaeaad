/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Forgot HAUL_BACKEND_HEADER, and with it the version.
 */
#include "minimal.h"

static const HaulBackend backend = {
  .name = "version-zero",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Minimal),
  MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (version_zero, backend)

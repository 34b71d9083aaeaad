/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Forgot HAUL_BACKEND_HEADER, and with it the version.
 */
#include "stub.h"

static const HaulBackend backend = {
  .name = "version-zero",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Stub),
  STUB_SOURCE,
};

HAUL_DEFINE_BACKEND (version_zero, backend)

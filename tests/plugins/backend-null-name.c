/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Has no name.
 */
#include "minimal.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = NULL,
  .summary = "Broken on purpose",
  .settings_size = sizeof (Minimal),
  MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (null_name, backend)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exports its struct under another plugin's name.
 */
#include "minimal.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "no-symbol",
  .summary = "Broken on purpose",
  MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (another, backend)

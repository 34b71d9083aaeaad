/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backend that is whole; its name has a '-', its symbol a '_'.
 */
#include "minimal.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "good-one",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Minimal),
  MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (good_one, backend)

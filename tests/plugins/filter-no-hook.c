/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A filter that does nothing.
 */
#include "minimal.h"

static const HaulFilter filter = {
  HAUL_FILTER_HEADER,
  .name = "no-hook",
  .summary = "Broken on purpose",
  .settings_size = 0,
};

HAUL_DEFINE_FILTER (no_hook, filter)

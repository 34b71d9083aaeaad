/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Has a default outside its own range.
 */
#include "minimal.h"

static const HaulOptionSpec options[] = {
  HAUL_OPT_UINT (Minimal, window, "window", "4096", "1", "1024", "commands",
                 HAUL_OPT_NONE, "Commands in flight"),
  HAUL_OPT_END
};

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "bad-default",
  .summary = "Broken on purpose",
  .options = options,
  .settings_size = sizeof (Minimal),
  MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (bad_default, backend)

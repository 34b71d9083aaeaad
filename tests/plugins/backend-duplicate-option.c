/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Has two options of one name.
 */
#include "minimal.h"

static const HaulOptionSpec options[] = {
  HAUL_OPT_STRING (Minimal, host, "host", NULL, HAUL_OPT_NONE, "Server"),
  HAUL_OPT_STRING (Minimal, host, "host", NULL, HAUL_OPT_NONE, "Server again"),
  HAUL_OPT_END
};

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER, .name = "duplicate-option",        .summary = "Broken on purpose",
  .options = options,  .settings_size = sizeof (Minimal), MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (duplicate_option, backend)

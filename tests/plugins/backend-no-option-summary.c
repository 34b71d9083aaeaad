/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Has an option that nobody can understand.
 */
#include "minimal.h"

static const HaulOptionSpec options[] = {
  HAUL_OPT_STRING (Minimal, host, "host", NULL, HAUL_OPT_NONE, NULL), HAUL_OPT_END
};

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER, .name = "no-option-summary",       .summary = "Broken on purpose",
  .options = options,  .settings_size = sizeof (Minimal), MINIMAL_SOURCE,
};

HAUL_DEFINE_BACKEND (no_option_summary, backend)

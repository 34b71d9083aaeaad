/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Has an option that nobody can understand.
 */
#include "stub.h"

static const HaulOptionSpec options[] = {
  HAUL_OPT_STRING (Stub, host, "host", NULL, HAUL_OPT_NONE, NULL), HAUL_OPT_END
};

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER, .name = "no-option-summary",    .summary = "Broken on purpose",
  .options = options,  .settings_size = sizeof (Stub), STUB_SOURCE,
};

HAUL_DEFINE_BACKEND (no_option_summary, backend)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lacks a callback without which nothing can be ended.
 */
#include "minimal.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "no-close",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Minimal),
  .open = minimal_open,
  .list = minimal_list,
  .enter = minimal_enter,
  .scan = minimal_scan,
  .fetch = minimal_fetch,
};

HAUL_DEFINE_BACKEND (no_close, backend)

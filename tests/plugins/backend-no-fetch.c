/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lacks a callback that every backend needs.
 */
#include "minimal.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "no-fetch",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Minimal),
  .open = minimal_open,
  .close = minimal_close,
  .list = minimal_list,
  .enter = minimal_enter,
  .scan = minimal_scan,
};

HAUL_DEFINE_BACKEND (no_fetch, backend)

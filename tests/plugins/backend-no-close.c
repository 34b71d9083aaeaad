/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lacks a callback without which nothing can be ended.
 */
#include "stub.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "no-close",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Stub),
  .open = stub_open,
  .list = stub_list,
  .enter = stub_enter,
  .scan = stub_scan,
  .fetch = stub_fetch,
};

HAUL_DEFINE_BACKEND (no_close, backend)

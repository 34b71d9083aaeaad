/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lacks a callback that every backend needs.
 */
#include "stub.h"

static const HaulBackend backend = {
  HAUL_BACKEND_HEADER,
  .name = "no-fetch",
  .summary = "Broken on purpose",
  .settings_size = sizeof (Stub),
  .open = stub_open,
  .close = stub_close,
  .list = stub_list,
  .enter = stub_enter,
  .scan = stub_scan,
};

HAUL_DEFINE_BACKEND (no_fetch, backend)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A filter that changes bodies and does not say so.
 */
#include "stub.h"

static const HaulFilter filter = {
  HAUL_FILTER_HEADER,
  .name = "undeclared",
  .summary = "Broken on purpose",
  .transform_begin = stub_transform_begin,
  .transform_push = stub_transform_push,
  .transform_finish = stub_transform_finish,
  .transform_free = stub_transform_free,
};

HAUL_DEFINE_FILTER (undeclared, filter)

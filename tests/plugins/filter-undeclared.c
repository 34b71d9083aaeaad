/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A filter that changes bodies and does not say so.
 */
#include "minimal.h"

static const HaulFilter filter = {
  HAUL_FILTER_HEADER,
  .name = "undeclared",
  .summary = "Broken on purpose",
  .transform_begin = minimal_transform_begin,
  .transform_push = minimal_transform_push,
  .transform_finish = minimal_transform_finish,
  .transform_free = minimal_transform_free,
};

HAUL_DEFINE_FILTER (undeclared, filter)

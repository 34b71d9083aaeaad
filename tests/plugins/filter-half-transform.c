/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A filter that begins a transform and cannot end it.
 */
#include "minimal.h"

static const HaulFilter filter = {
  HAUL_FILTER_HEADER,
  .name = "half-transform",
  .summary = "Broken on purpose",
  .effects = HAUL_FILTER_CHANGES_SIZE,
  .transform_begin = minimal_transform_begin,
  .transform_push = minimal_transform_push,
  .transform_free = minimal_transform_free,
};

HAUL_DEFINE_FILTER (half_transform, filter)

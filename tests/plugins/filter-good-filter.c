/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A filter that is whole and keeps everything.
 */
#include "minimal.h"

static const HaulFilter filter = {
  HAUL_FILTER_HEADER,
  .name = "good-filter",
  .summary = "Broken on purpose",
  .folder = minimal_folder,
};

HAUL_DEFINE_FILTER (good_filter, filter)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A filter whose instances nobody frees.
 */
#include "minimal.h"

static gpointer
make (gconstpointer settings, GError **error)
{
  return g_new0 (Minimal, 1);
}

static const HaulFilter filter = {
  HAUL_FILTER_HEADER, .name = "no-destroy",     .summary = "Broken on purpose",
  .create = make,     .folder = minimal_folder,
};

HAUL_DEFINE_FILTER (no_destroy, filter)

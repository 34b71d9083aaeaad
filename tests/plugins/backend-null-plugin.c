/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Exports the right symbol, which gives nothing.
 */
#include "minimal.h"

HAUL_API const HaulBackend *haul_backend_null_plugin_get (void);

const HaulBackend *
haul_backend_null_plugin_get (void)
{
  return NULL;
}

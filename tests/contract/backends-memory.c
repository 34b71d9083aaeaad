/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contract test of the build tree also knows the backends of the test library.
 */
#include "harness.h"
#include "memory-backend.h"

gboolean
contract_add_backends (Registry *registry, GError **error)
{
  return registry_add_backend (registry, memory_backend_get (), error)
         && registry_add_backend (registry, memory_backend_get_plain (), error);
}

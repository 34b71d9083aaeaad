/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The installed contract test has no backend of its own.
 */
#include "harness.h"

gboolean
contract_add_backends (Registry *registry, GError **error)
{
  return TRUE;
}

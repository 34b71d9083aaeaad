/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin as it was built with older headers, whose struct ended after `store`: what
 * came later must read as absent, whatever lies there.
 */
#include "minimal.h"

#include <stddef.h>

static void
never_call (void)
{
  g_error ("a callback behind the end of the struct was called");
}

static const HaulBackend older = {
  .struct_size = offsetof (HaulBackend, update),
  .api_version = 1,
  .name = "older",
  .summary = "Made with older headers",
  .settings_size = sizeof (Minimal),
  MINIMAL_SOURCE,
  .create = minimal_create,
  .store = minimal_store,
  .update = (gpointer) never_call,
  .expunge = (gpointer) never_call,
  .recover = (gpointer) never_call,
};

HAUL_DEFINE_BACKEND (older, older)

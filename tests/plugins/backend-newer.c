/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plugin as it will be built with newer headers, whose struct goes on: what this
 * mailhaul does not know must not be read.
 */
#include "minimal.h"

typedef struct
{
  HaulBackend known;
  gpointer later[4];
} NewerBackend;

static const NewerBackend newer = {
  .known = { .struct_size = sizeof (NewerBackend),
             .api_version = 1,
             .name = "newer",
             .summary = "Made with newer headers",
             .settings_size = sizeof (Minimal),
             MINIMAL_SOURCE },
  .later = { minimal_open, minimal_open, minimal_open, minimal_open },
};

HAUL_DEFINE_BACKEND (newer, newer.known)

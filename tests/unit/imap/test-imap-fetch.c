/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Fetches against a scripted server: every planned message delivered whole, or failed
 * once, whatever the server does. */
#include <string.h>

#include "source-world.h"

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  return g_test_run ();
}

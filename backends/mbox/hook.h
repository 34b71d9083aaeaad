/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Where a test may cut writes short or kill the process. In the plugin these do nothing;
 * the static test variant is built with MBOX_TEST_HOOKS and defines them itself.
 */
#pragma once

#include <glib.h>

#ifdef MBOX_TEST_HOOKS

/* mbox_hook_write_size: how many of the next @length bytes (at least 1) are written at
 * once. */
gsize mbox_hook_write_size (gsize length);
/* mbox_hook_written: called after each write and each sync. */
void mbox_hook_written (void);

#else

static inline gsize
mbox_hook_write_size (gsize length)
{
  return length;
}

static inline void
mbox_hook_written (void)
{
}

#endif

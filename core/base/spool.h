/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A message set aside whole: in memory up to a limit, beyond it in a file without a name.
 * Used only where the size of a message is not known before its bytes.
 */
#pragma once

#include <glib.h>

/* SPOOL_MEMORY_BYTES: up to here a spool stays in memory; almost all mail is smaller. */
#define SPOOL_MEMORY_BYTES (1024 * 1024)

/* Spool: written once, then read once from the start; one thread at a time. */
typedef struct _Spool Spool;

/* spool_new: (transfer full). */
Spool *spool_new (void);
/* spool_free: accepts NULL. */
void spool_free (Spool *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Spool, spool_free)
/* spool_write: appends. FALSE with HAUL_ERROR_IO (message scope) or QUOTA: disk full. */
gboolean spool_write (Spool *self, const void *data, gsize length, GError **error);
/* spool_size: bytes written. */
guint64 spool_size (const Spool *self);
/* spool_read: the next up to @length bytes into @out; *@out_read 0 at the end. */
gboolean spool_read (Spool *self, guint8 *out, gsize length, gsize *out_read,
                     GError **error);

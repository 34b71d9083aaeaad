/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Bytes that wait until it is known what becomes of them: in memory, many of them in a
 * file without a name. For filters; one thread.
 */
#pragma once

#include <glib.h>

/* HOLD_MEMORY_BYTES: up to here in memory, which most parts of mail do not reach. */
#define HOLD_MEMORY_BYTES (256 * 1024)

/* Hold: written, then read from the start, then empty again. */
typedef struct _Hold Hold;

/* hold_new: (transfer full). */
Hold *hold_new (void);
/* hold_free: accepts NULL. */
void hold_free (Hold *self);
/* hold_write: appends. FALSE with HAUL_ERROR_IO or QUOTA, message scope. */
gboolean hold_write (Hold *self, const guint8 *data, gsize length, GError **error);
/* hold_length: bytes held. */
guint64 hold_length (const Hold *self);
/* HoldFunc: takes the next bytes; FALSE with @error set ends it. */
typedef gboolean (*HoldFunc) (const guint8 *data, gsize length, gpointer user_data,
                              GError **error);
/* hold_give: hands all of it to @func (NULL: to nobody) and is empty after. */
gboolean hold_give (Hold *self, HoldFunc func, gpointer user_data, GError **error);

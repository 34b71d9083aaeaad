/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SHA-256 behind one function set; the only user of OpenSSL beside core/net/tls.c.
 */
#pragma once

#include <glib.h>

#define DIGEST_LENGTH 32

/* Digest: one running SHA-256; one thread. */
typedef struct _Digest Digest;

/* digest_new: (transfer full), free with digest_free(). */
Digest *digest_new (void);
/* digest_reset: starts anew. */
void digest_reset (Digest *self);
/* digest_update: the next bytes. */
void digest_update (Digest *self, const void *data, gsize length);
/* digest_finish: writes DIGEST_LENGTH bytes and leaves @self to be reset or freed. */
void digest_finish (Digest *self, guint8 *out);
/* digest_free: accepts NULL. */
void digest_free (Digest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Digest, digest_free)

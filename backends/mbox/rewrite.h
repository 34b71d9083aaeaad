/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Carrying out edits that do not fit in place: a new file beside the old one, made
 * durable and renamed over it, so that at any moment one whole mbox has the name.
 */
#pragma once

#include "file.h"
#include "moves.h"

/*
 * mbox_rewrite: applies @edits (sorted, not overlapping) to @file, which is locked for
 * writing; @buffer: MBOX_BUFFER_BYTES. The temporary file is .NAME.mailhaul-tmp; mode
 * and, where allowed, owner are kept. On success @file is the old, nameless file. On
 * error the old file is as it was.
 */
gboolean mbox_rewrite (MboxFile *file, const GArray *edits, guint8 *buffer,
                       GCancellable *cancellable, GError **error);

/* mbox_rewrite_clean: removes a temporary file that a dead process left beside @path. */
void mbox_rewrite_clean (const char *path);

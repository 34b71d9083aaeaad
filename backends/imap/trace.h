/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A wire trace for bug reports: every line of both directions with a time stamp; bodies
 * as their length only, secrets as "[secret]". Sessions of one process may share a file.
 */
#pragma once

#include <glib.h>

typedef struct _ImapTrace ImapTrace;

/* Appends to @path (made with mode 0600). @name stands in front of each line. (transfer
 * full); NULL with HAUL_ERROR_IO, account scope. */
ImapTrace *imap_trace_open (const char *path, const char *name, GError **error);

/* Accepts NULL. */
void imap_trace_close (ImapTrace *self);

/* Bytes that came, as the parser is about to see them. Literals are counted, not shown.
 */
void imap_trace_received (ImapTrace *self, const guint8 *data, gsize length);

/* Bytes of a command that go out; @secret: only that there were some. */
void imap_trace_sent (ImapTrace *self, const guint8 *data, gsize length, gboolean secret);

/* @length bytes of a body go out. */
void imap_trace_sent_body (ImapTrace *self, guint64 length);

/* Whether "+" lines are part of a login: they are not shown, since what a server says
 * there lets everybody guess passwords at leisure (RFC 5802 §9). */
void imap_trace_set_private (ImapTrace *self, gboolean is_private);

/* A remark of the session: "TLSv1.3, …". */
void imap_trace_note (ImapTrace *self, const char *text);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The tokens of one response as a tree in two flat arrays, reused from response to
 * response. */
#pragma once

#include "bounds.h"
#include "text.h"

typedef enum
{
  IMAP_ARG_ATOM,
  IMAP_ARG_STRING, /* quoted or literal */
  IMAP_ARG_NIL,
  IMAP_ARG_LIST,
} ImapArgType;

/* One node; children of a list are the nodes from its own index + 1 up to `next`. */
typedef struct
{
  ImapArgType type;
  guint32 next;   /* index of the following sibling */
  guint32 offset; /* of the bytes */
  guint32 length;
} ImapArg;

/* The tree. `damaged` says that a limit, an unclosed list or a stray ")" was met. */
typedef struct
{
  GArray *nodes;
  GByteArray *bytes;
  guint32 open[IMAP_LIMIT_NESTING];
  guint depth;
  gboolean damaged;
} ImapArgs;

/* Walks over the children of one list, or over the top level. */
typedef struct
{
  const ImapArgs *args;
  guint32 at;
  guint32 end;
} ImapArgsIter;

/* An empty tree. Free with imap_args_free(). */
ImapArgs *imap_args_new (void);

/* Accepts NULL. */
void imap_args_free (ImapArgs *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapArgs, imap_args_free)

/* Empties the tree; strings borrowed from it are gone. */
void imap_args_reset (ImapArgs *self);

/* Adds a leaf with a copy of @length bytes. Beyond the limits it only marks the tree
 * damaged. */
void imap_args_add (ImapArgs *self, ImapArgType type, const guint8 *data, gsize length);

/* Opens a list; FALSE if it would be nested too deeply (the caller must skip it). */
gboolean imap_args_open (ImapArgs *self);

/* Closes the innermost list; a stray one only marks the tree damaged. */
void imap_args_close (ImapArgs *self);

/* Closes whatever is open, at the end of the response. */
void imap_args_finish (ImapArgs *self);

/* An iterator over the top level. */
ImapArgsIter imap_args_iter (const ImapArgs *self);

/* An iterator over the children of node @index; empty if it is no list. */
ImapArgsIter imap_args_iter_list (const ImapArgs *self, guint32 index);

/* Advances; FALSE at the end, and then @out_index is not written. */
gboolean imap_args_iter_next (ImapArgsIter *iter, guint32 *out_index);

/* The type of node @index. */
ImapArgType imap_args_type (const ImapArgs *self, guint32 index);

/* The bytes of node @index, borrowed until the tree is changed; NIL and lists have no
 * data. */
ImapString imap_args_string (const ImapArgs *self, guint32 index);

/* As imap_args_string(), but NIL gives the bytes that the server wrote: a mailbox may be
 * named NIL (hazard 6). */
ImapString imap_args_name (const ImapArgs *self, guint32 index);

/* The number in node @index; FALSE if it is none (see imap_number_parse()). */
gboolean imap_args_number (const ImapArgs *self, guint32 index, guint64 *out_value);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the command builder share; nobody else includes this. */
#pragma once

#include "command.h"

typedef enum
{
  PART_BYTES,
  PART_BODY,  /* one literal */
  PART_CHAIN, /* CATENATE (TEXT {4096+} ... TEXT {n+} ...), made while it is sent */
} PartKind;

typedef struct
{
  PartKind kind;
  guint start; /* BYTES: in `bytes` */
  guint length;
  guint message;
  guint64 size;
  gboolean await;
  gboolean secret;
} Part;

struct _ImapCommand
{
  gchar *tag;
  ImapWire wire;
  GByteArray *bytes;
  GArray *parts; /* of Part */
  GError *error;
  gboolean finished;
  gboolean await_next;
  gboolean secret;
  gboolean nonsync;
  gboolean waiting;
  guint line_ends;  /* bytes CR and LF that we wrote ourselves */
  gsize line_bytes; /* since the last line end */
  guint message_count;
  guint64 body_bytes;
  guint at_part;
  guint64 at_offset;
  gboolean in_chunk;
  GString *scratch;
};

/* Keeps the first error. */
void imap_command_refuse (ImapCommand *self, const gchar *message);

/* Adds raw bytes that were checked before. */
void imap_command_put (ImapCommand *self, const gchar *data, gsize length);

/* Adds a blank if one is needed before an argument that starts with @next. */
void imap_command_put_blank (ImapCommand *self, gchar next);

/* Adds "{size}" or "{size+}", after @prefix, and the line end. */
void imap_command_put_literal (ImapCommand *self, const gchar *prefix, guint64 size,
                               gboolean nonsync);

/* Adds a part without bytes of its own. */
void imap_command_put_part (ImapCommand *self, PartKind kind, guint message,
                            guint64 size);

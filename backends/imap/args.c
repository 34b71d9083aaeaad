/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Keeps the tokens of one response in two growing arrays within the limits, and answers
 * questions about them. Knows no keyword. Belongs to the session's thread. */
#include "args.h"

/* Above this the byte array is given back after the response. */
#define KEEP_BYTES ((guint) 256 * 1024)

ImapArgs *
imap_args_new (void)
{
  ImapArgs *self = g_new0 (ImapArgs, 1);

  self->nodes = g_array_new (FALSE, FALSE, sizeof (ImapArg));
  self->bytes = g_byte_array_new ();
  return self;
}

void
imap_args_free (ImapArgs *self)
{
  if (self == NULL)
    return;
  g_array_unref (self->nodes);
  g_byte_array_unref (self->bytes);
  g_free (self);
}

void
imap_args_reset (ImapArgs *self)
{
  if (self->bytes->len > KEEP_BYTES)
    {
      g_byte_array_unref (self->bytes);
      self->bytes = g_byte_array_new ();
    }
  g_byte_array_set_size (self->bytes, 0);
  g_array_set_size (self->nodes, 0);
  self->depth = 0;
  self->damaged = FALSE;
}

static const ImapArg *
node_at (const ImapArgs *self, guint32 index)
{
  return &g_array_index (self->nodes, ImapArg, index);
}

static gboolean
add_node (ImapArgs *self, ImapArgType type, gsize length)
{
  ImapArg node = { .type = type, .offset = self->bytes->len, .length = (guint32) length };

  if (self->nodes->len >= IMAP_LIMIT_RESPONSE_TOKENS
      || length > IMAP_LIMIT_RESPONSE_BYTES - self->bytes->len)
    {
      self->damaged = TRUE;
      return FALSE;
    }
  node.next = self->nodes->len + 1;
  g_array_append_val (self->nodes, node);
  return TRUE;
}

void
imap_args_add (ImapArgs *self, ImapArgType type, const guint8 *data, gsize length)
{
  if (!add_node (self, type, length + 1))
    return;
  g_array_index (self->nodes, ImapArg, self->nodes->len - 1).length = (guint32) length;
  if (length > 0)
    g_byte_array_append (self->bytes, data, (guint) length);
  g_byte_array_append (self->bytes, (const guint8 *) "", 1);
}

gboolean
imap_args_open (ImapArgs *self)
{
  if (self->depth == IMAP_LIMIT_NESTING || !add_node (self, IMAP_ARG_LIST, 0))
    {
      self->damaged = TRUE;
      return FALSE;
    }
  self->open[self->depth++] = self->nodes->len - 1;
  return TRUE;
}

void
imap_args_close (ImapArgs *self)
{
  if (self->depth == 0)
    {
      self->damaged = TRUE;
      return;
    }
  guint32 index = self->open[--self->depth];
  g_array_index (self->nodes, ImapArg, index).next = self->nodes->len;
}

void
imap_args_finish (ImapArgs *self)
{
  if (self->depth > 0)
    self->damaged = TRUE;
  while (self->depth > 0)
    imap_args_close (self);
}

ImapArgsIter
imap_args_iter (const ImapArgs *self)
{
  return (ImapArgsIter){ self, 0, self->nodes->len };
}

ImapArgsIter
imap_args_iter_list (const ImapArgs *self, guint32 index)
{
  const ImapArg *node = node_at (self, index);

  return (ImapArgsIter){ self, index + 1,
                         node->type == IMAP_ARG_LIST ? node->next : index + 1 };
}

gboolean
imap_args_iter_next (ImapArgsIter *iter, guint32 *out_index)
{
  if (iter->at >= iter->end)
    return FALSE;
  *out_index = iter->at;
  iter->at = node_at (iter->args, iter->at)->next;
  return TRUE;
}

ImapArgType
imap_args_type (const ImapArgs *self, guint32 index)
{
  return node_at (self, index)->type;
}

ImapString
imap_args_string (const ImapArgs *self, guint32 index)
{
  ImapArgType type = node_at (self, index)->type;

  if (type == IMAP_ARG_NIL)
    return (ImapString){ NULL, 0 };
  return imap_args_name (self, index);
}

ImapString
imap_args_name (const ImapArgs *self, guint32 index)
{
  const ImapArg *node = node_at (self, index);

  if (node->type == IMAP_ARG_LIST)
    return (ImapString){ NULL, 0 };
  return (ImapString){ (const gchar *) self->bytes->data + node->offset, node->length };
}

gboolean
imap_args_number (const ImapArgs *self, guint32 index, guint64 *out_value)
{
  return imap_number_parse (imap_args_string (self, index), out_value);
}

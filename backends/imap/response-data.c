/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Makes events from the collected arguments of untagged responses other than FETCH and
 * SEARCH. Strict about what a caller relies on, deaf to everything else; leaves names
 * undecoded and sets unexpanded. Belongs to the session's thread. */
#include "response-private.h"

#include <string.h>

static ImapArgsIter
begin (ImapResponse *self)
{
  imap_response_strings_begin (self, self->args->nodes->len);
  return imap_args_iter (self->args);
}

/* The next node if it is a list. */
static gboolean
next_list (ImapArgsIter *iter, guint32 *out_node)
{
  ImapArgsIter look = *iter;
  guint32 node;

  if (!imap_args_iter_next (&look, &node)
      || imap_args_type (iter->args, node) != IMAP_ARG_LIST)
    return FALSE;
  *iter = look;
  *out_node = node;
  return TRUE;
}

gboolean
imap_response_make_strings (ImapResponse *self, ImapEvent *event)
{
  ImapArgsIter iter = begin (self);

  event->type = (ImapEventType) self->keyword->detail;
  event->strings = imap_response_strings (self, &iter);
  return TRUE;
}

gboolean
imap_response_make_flags (ImapResponse *self, ImapEvent *event)
{
  ImapArgsIter iter = begin (self);
  guint32 node;

  if (!next_list (&iter, &node))
    return FALSE;
  iter = imap_args_iter_list (self->args, node);
  event->type = IMAP_EVENT_FLAGS;
  event->strings = imap_response_strings (self, &iter);
  return TRUE;
}

gboolean
imap_response_make_id (ImapResponse *self, ImapEvent *event)
{
  ImapArgsIter iter = begin (self);
  guint32 node;

  event->type = IMAP_EVENT_ID;
  event->strings = (ImapStrings){ NULL, 0 };
  if (!next_list (&iter, &node))
    return TRUE;
  iter = imap_args_iter_list (self->args, node);
  event->strings = imap_response_strings (self, &iter);
  return event->strings.count % 2 == 0;
}

gboolean
imap_response_make_number (ImapResponse *self, ImapEvent *event)
{
  event->type = (ImapEventType) self->keyword->detail;
  event->number = self->number;
  return event->type != IMAP_EVENT_EXPUNGE || self->number > 0;
}

/* A delimiter is one character; NIL and "" mean that names are flat. */
static gchar
delimiter_of (ImapString text)
{
  return text.length > 0 ? text.data[0] : '\0';
}

static void
add_namespaces (ImapResponse *self, guint32 list, ImapNamespaceKind kind)
{
  ImapArgsIter iter = imap_args_iter_list (self->args, list);
  guint32 node;

  while (imap_args_iter_next (&iter, &node))
    {
      ImapArgsIter inner = imap_args_iter_list (self->args, node);
      guint32 prefix;
      guint32 delimiter;
      if (!imap_args_iter_next (&inner, &prefix)
          || !imap_args_iter_next (&inner, &delimiter))
        continue;
      ImapNamespace item = { kind, imap_args_name (self->args, prefix),
                             delimiter_of (imap_args_string (self->args, delimiter)) };
      g_array_append_val (self->extra, item);
    }
}

static void
renew_extra (ImapResponse *self, guint element_size)
{
  g_clear_pointer (&self->extra, g_array_unref);
  self->extra = g_array_new (FALSE, FALSE, element_size);
}

gboolean
imap_response_make_namespace (ImapResponse *self, ImapEvent *event)
{
  ImapArgsIter iter = begin (self);
  guint32 node;

  renew_extra (self, sizeof (ImapNamespace));
  for (guint kind = IMAP_NAMESPACE_PERSONAL; kind <= IMAP_NAMESPACE_SHARED; kind++)
    {
      if (!imap_args_iter_next (&iter, &node))
        return FALSE;
      add_namespaces (self, node, (ImapNamespaceKind) kind);
    }
  event->type = IMAP_EVENT_NAMESPACE;
  event->namespaces.items = (const ImapNamespace *) (gconstpointer) self->extra->data;
  event->namespaces.count = self->extra->len;
  return TRUE;
}

/* Extended data of LIST (RFC 5258 section 6): pairs of a name and a value, in a list. */
static void
fill_list_extended (ImapResponse *self, guint32 list, ImapListData *out)
{
  ImapArgsIter iter = imap_args_iter_list (self->args, list);
  guint32 name;
  guint32 value;

  while (imap_args_iter_next (&iter, &name) && imap_args_iter_next (&iter, &value))
    {
      ImapString tag = imap_args_string (self->args, name);
      ImapArgsIter inner = imap_args_iter_list (self->args, value);
      guint32 first;
      if (imap_string_is (tag, "CHILDINFO"))
        out->child_info = imap_response_strings (self, &inner);
      else if (imap_string_is (tag, "OLDNAME") && imap_args_iter_next (&inner, &first))
        out->old_name = imap_args_name (self->args, first);
    }
}

gboolean
imap_response_make_list (ImapResponse *self, ImapEvent *event)
{
  ImapArgsIter iter = begin (self);
  ImapListData list = { .kind = (ImapListKind) self->keyword->detail };
  guint32 node;

  if (!next_list (&iter, &node))
    return FALSE;
  ImapArgsIter attributes = imap_args_iter_list (self->args, node);
  list.attributes = imap_response_strings (self, &attributes);

  if (!imap_args_iter_next (&iter, &node)
      || imap_args_type (self->args, node) == IMAP_ARG_LIST)
    return FALSE;
  list.delimiter = delimiter_of (imap_args_string (self->args, node));

  if (!imap_args_iter_next (&iter, &node)
      || imap_args_type (self->args, node) == IMAP_ARG_LIST)
    return FALSE;
  list.name = imap_args_name (self->args, node);

  if (next_list (&iter, &node))
    fill_list_extended (self, node, &list);
  event->type = IMAP_EVENT_LIST;
  event->list = list;
  return TRUE;
}

static const gchar *const status_names[IMAP_STATUS_ITEM_COUNT] = {
  "MESSAGES",      "RECENT", "UIDNEXT", "UIDVALIDITY", "UNSEEN",
  "HIGHESTMODSEQ", "SIZE",   "DELETED", "APPENDLIMIT"
};

/* A value that makes no sense (0 or more than 32 bits for UIDs, "-1", "9.37e+06") is
 * unknown. */
static void
fill_status_item (ImapStatusData *out, guint item, ImapString value)
{
  gboolean is_uid = item == IMAP_STATUS_UIDNEXT || item == IMAP_STATUS_UIDVALIDITY;
  guint64 number;
  guint32 uid;

  if (!imap_number_parse (value, &number)
      || (is_uid && !imap_number_parse_uid (value, &uid)))
    return;
  out->known |= 1u << item;
  out->values[item] = number;
}

static void
fill_status (ImapResponse *self, ImapArgsIter iter, ImapStatusData *out)
{
  guint32 name;
  guint32 value;

  while (imap_args_iter_next (&iter, &name) && imap_args_iter_next (&iter, &value))
    {
      ImapString key = imap_args_string (self->args, name);
      ImapArgsIter inner = imap_args_iter_list (self->args, value);
      for (guint i = 0; i < IMAP_STATUS_ITEM_COUNT; i++)
        if (imap_string_is (key, status_names[i]))
          fill_status_item (out, i, imap_args_string (self->args, value));
      if (imap_string_is (key, "MAILBOXID") && imap_args_iter_next (&inner, &value))
        out->mailbox_id = imap_args_string (self->args, value);
      else if (imap_string_is (key, "X-GUID"))
        out->mailbox_id = imap_args_string (self->args, value);
    }
}

gboolean
imap_response_make_mailbox_status (ImapResponse *self, ImapEvent *event)
{
  ImapArgsIter iter = begin (self);
  ImapStatusData status = { .known = 0 };
  guint32 node;

  if (!imap_args_iter_next (&iter, &node)
      || imap_args_type (self->args, node) == IMAP_ARG_LIST)
    return FALSE;
  status.name = imap_args_name (self->args, node);
  if (!next_list (&iter, &node))
    return FALSE;
  fill_status (self, imap_args_iter_list (self->args, node), &status);
  event->type = IMAP_EVENT_MAILBOX_STATUS;
  event->status = status;
  return TRUE;
}

gboolean
imap_response_make_vanished (ImapResponse *self, ImapEvent *event)
{
  ImapArgsIter iter = begin (self);
  guint32 node;

  event->type = IMAP_EVENT_VANISHED;
  event->vanished.earlier = FALSE;
  if (next_list (&iter, &node))
    {
      ImapArgsIter inner = imap_args_iter_list (self->args, node);
      event->vanished.earlier = imap_strings_contain (
          imap_response_strings (self, &inner), "EARLIER");
    }
  if (!imap_args_iter_next (&iter, &node))
    return FALSE;
  event->vanished.uids = imap_args_string (self->args, node);
  return event->vanished.uids.data != NULL;
}

static void
fill_partial (ImapResponse *self, guint32 list, ImapEsearchData *out)
{
  ImapArgsIter iter = imap_args_iter_list (self->args, list);
  guint32 node;

  if (imap_args_iter_next (&iter, &node))
    out->partial_range = imap_args_string (self->args, node);
  if (imap_args_iter_next (&iter, &node))
    out->partial = imap_args_string (self->args, node);
}

/* FALSE if the value of an item that callers rely on is unusable. */
static gboolean
fill_esearch_item (ImapResponse *self, ImapString name, guint32 value,
                   ImapEsearchData *out)
{
  ImapString text = imap_args_string (self->args, value);

  if (imap_string_is (name, "MIN"))
    return imap_number_parse_uid (text, &out->min);
  if (imap_string_is (name, "MAX"))
    return imap_number_parse_uid (text, &out->max);
  if (imap_string_is (name, "COUNT"))
    return out->has_count = imap_number_parse (text, &out->count);
  if (imap_string_is (name, "MODSEQ"))
    out->has_modseq = imap_number_parse (text, &out->modseq);
  else if (imap_string_is (name, "ALL"))
    out->all = text;
  else if (imap_string_is (name, "PARTIAL"))
    fill_partial (self, value, out);
  return TRUE;
}

gboolean
imap_response_make_esearch (ImapResponse *self, ImapEvent *event)
{
  ImapArgsIter iter = begin (self);
  ImapEsearchData esearch = { .uid = FALSE };
  guint32 node;
  guint32 value;

  if (next_list (&iter, &node))
    {
      ImapArgsIter inner = imap_args_iter_list (self->args, node);
      ImapStrings correlator = imap_response_strings (self, &inner);
      if (correlator.count == 2 && imap_string_is (correlator.items[0], "TAG"))
        esearch.tag = correlator.items[1];
    }
  while (imap_args_iter_next (&iter, &node))
    {
      ImapString name = imap_args_string (self->args, node);
      if (imap_string_is (name, "UID"))
        esearch.uid = TRUE;
      else if (!imap_args_iter_next (&iter, &value)
               || !fill_esearch_item (self, name, value, &esearch))
        return FALSE;
    }
  event->type = IMAP_EVENT_ESEARCH;
  event->esearch = esearch;
  return TRUE;
}

gboolean
imap_response_make_quota (ImapResponse *self, ImapEvent *event)
{
  ImapArgsIter iter = begin (self);
  guint32 node;

  renew_extra (self, sizeof (ImapQuotaResource));
  if (!imap_args_iter_next (&iter, &node))
    return FALSE;
  event->type = IMAP_EVENT_QUOTA;
  ImapString root = imap_args_name (self->args, node);
  if (!next_list (&iter, &node))
    return FALSE;

  iter = imap_args_iter_list (self->args, node);
  ImapStrings triples = imap_response_strings (self, &iter);
  for (guint i = 0; i + 2 < triples.count; i += 3)
    {
      ImapQuotaResource item = { .resource = triples.items[i] };
      if (imap_number_parse (triples.items[i + 1], &item.usage)
          && imap_number_parse (triples.items[i + 2], &item.limit))
        g_array_append_val (self->extra, item);
    }
  event->quota.root = root;
  event->quota.resources = (const ImapQuotaResource *) (gconstpointer) self->extra->data;
  event->quota.count = self->extra->len;
  return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* FETCH and UIDFETCH lines: items in any order, bodies streamed where they stand, unknown
 * items skipped by structure. Merging the lines of one message and dropping what was not
 * asked for is the session's. Belongs to the session's thread. */
#include "response-private.h"

#include <string.h>

#include "datetime.h"

#define NO_NODE G_MAXUINT32

static const FetchItemInfo items[] = {
  { "UID", FETCH_KIND_NUMBER, IMAP_FETCH_UID },
  { "FLAGS", FETCH_KIND_LIST, IMAP_FETCH_FLAGS },
  { "INTERNALDATE", FETCH_KIND_DATE, IMAP_FETCH_INTERNALDATE },
  { "RFC822.SIZE", FETCH_KIND_NUMBER, IMAP_FETCH_SIZE },
  { "MODSEQ", FETCH_KIND_NUMBER, IMAP_FETCH_MODSEQ },
  { "X-GM-MSGID", FETCH_KIND_NUMBER, IMAP_FETCH_GM_MSGID },
  { "X-GM-THRID", FETCH_KIND_NUMBER, IMAP_FETCH_GM_THRID },
  { "X-GM-LABELS", FETCH_KIND_LIST, IMAP_FETCH_GM_LABELS },
  { "X-GUID", FETCH_KIND_STRING, IMAP_FETCH_GUID },
  { "EMAILID", FETCH_KIND_STRING, IMAP_FETCH_EMAILID },
  { "DIGEST.SHA1", FETCH_KIND_STRING, IMAP_FETCH_SHA1 },
  { "RFC822", FETCH_KIND_BODY, IMAP_FETCH_BODY },
  { "RFC822.HEADER", FETCH_KIND_BODY, IMAP_FETCH_BODY },
  { "RFC822.TEXT", FETCH_KIND_BODY, IMAP_FETCH_BODY },
};

static const FetchItemInfo body_item = { "BODY[", FETCH_KIND_BODY, IMAP_FETCH_BODY };
static const FetchItemInfo unknown_item = { "", FETCH_KIND_UNKNOWN, 0 };

void
imap_response_fetch_begin (ImapResponse *self, gboolean uid_fetch)
{
  FetchLine *fetch = &self->fetch;

  fetch->phase = FETCH_OPEN;
  fetch->item = NULL;
  fetch->skip_depth = 0;
  fetch->flags_node = fetch->labels_node = NO_NODE;
  fetch->guid_node = fetch->email_id_node = fetch->sha1_node = NO_NODE;
  fetch->data = (ImapFetchData){ .number = self->number, .uid_fetch = uid_fetch };
  if (uid_fetch && self->number > 0)
    {
      fetch->data.uid = self->number;
      fetch->data.known = fetch->data.named = IMAP_FETCH_UID;
    }
}

/* Takes BODY[section]<origin> or BINARY[section]<origin> apart; FALSE if it is not one.
 */
static gboolean
read_body_name (FetchLine *fetch, ImapString name)
{
  const gchar *start = memchr (name.data, '[', name.length);
  const gchar *end = memrchr (name.data, ']', name.length);

  if (start == NULL || end == NULL || end < start)
    return FALSE;
  if (!imap_string_starts (name, "BODY") && !imap_string_starts (name, "BINARY"))
    return FALSE;
  fetch->body = (ImapBodyData){ .binary = imap_string_starts (name, "BINARY") };
  g_string_truncate (fetch->section, 0);
  g_string_append_len (fetch->section, start + 1, end - start - 1);

  const gchar *origin = end + 1;
  const gchar *name_end = name.data + name.length;
  if (origin == name_end || *origin != '<')
    return TRUE;
  const gchar *digits_end = ++origin;
  while (digits_end < name_end && g_ascii_isdigit (*digits_end))
    digits_end++;
  ImapString digits = { origin, (gsize) (digits_end - origin) };
  fetch->body.partial = imap_number_parse (digits, &fetch->body.origin);
  return TRUE;
}

static void
begin_item (ImapResponse *self, const ImapToken *token)
{
  FetchLine *fetch = &self->fetch;
  ImapString name = { (const gchar *) token->data, token->length };

  fetch->phase = FETCH_VALUE;
  fetch->item = &unknown_item;
  if (token->damaged)
    fetch->data.damaged = TRUE;
  else if (read_body_name (fetch, name))
    fetch->item = &body_item;
  for (guint i = 0; i < G_N_ELEMENTS (items); i++)
    if (imap_string_is (name, items[i].name))
      fetch->item = &items[i];
  if (fetch->item->kind == FETCH_KIND_BODY && fetch->item != &body_item)
    {
      fetch->body = (ImapBodyData){ .binary = FALSE };
      const gchar *part = strchr (fetch->item->name, '.');
      g_string_assign (fetch->section, part == NULL ? "" : part + 1);
    }
  imap_lexer_set_discard (self->lexer, fetch->item->kind == FETCH_KIND_UNKNOWN);
}

static void
end_item (ImapResponse *self)
{
  self->fetch.phase = FETCH_NAME;
  imap_lexer_set_discard (self->lexer, FALSE);
}

/* A number may stand in a list of its own: MODSEQ (5), EMAILID (M1). */
static ImapString
single_value (const ImapArgs *args, guint32 node)
{
  ImapArgsIter iter = imap_args_iter_list (args, node);

  if (imap_args_type (args, node) == IMAP_ARG_LIST && !imap_args_iter_next (&iter, &node))
    return (ImapString){ NULL, 0 };
  return imap_args_string (args, node);
}

static void
take_number (ImapFetchData *data, ImapFetchItem bit, ImapString text)
{
  guint64 number;
  guint32 uid;

  if (bit == IMAP_FETCH_UID)
    {
      if (!imap_number_parse_uid (text, &uid))
        return;
      data->uid = uid;
    }
  if (!imap_number_parse (text, &number))
    return;
  data->known |= bit;
  if (bit == IMAP_FETCH_SIZE)
    data->size = number;
  else if (bit == IMAP_FETCH_MODSEQ)
    data->modseq = number;
  else if (bit == IMAP_FETCH_GM_MSGID)
    data->gm_msgid = number;
  else if (bit == IMAP_FETCH_GM_THRID)
    data->gm_thrid = number;
}

static void
take_string (FetchLine *fetch, guint32 node)
{
  fetch->data.known |= fetch->item->bit;
  if (fetch->item->bit == IMAP_FETCH_GUID)
    fetch->guid_node = node;
  else if (fetch->item->bit == IMAP_FETCH_EMAILID)
    fetch->email_id_node = node;
  else
    fetch->sha1_node = node;
}

static void
take_list (ImapResponse *self, guint32 node)
{
  FetchLine *fetch = &self->fetch;
  ImapArgType type = imap_args_type (self->args, node);

  if (type != IMAP_ARG_LIST && type != IMAP_ARG_NIL)
    return;
  fetch->data.known |= fetch->item->bit;
  if (fetch->item->bit == IMAP_FETCH_FLAGS)
    fetch->flags_node = node;
  else
    fetch->labels_node = node;
}

/* The value of a wanted item is complete in the tree. */
static void
take_value (ImapResponse *self)
{
  FetchLine *fetch = &self->fetch;
  guint32 node = fetch->value_node;

  end_item (self);
  fetch->data.named |= fetch->item->bit;
  if (node >= self->args->nodes->len)
    return;
  ImapString text = single_value (self->args, node);
  switch (fetch->item->kind)
    {
    case FETCH_KIND_NUMBER:
      take_number (&fetch->data, fetch->item->bit, text);
      break;
    case FETCH_KIND_DATE:
      if (imap_datetime_parse (text, &fetch->data.internaldate,
                               &fetch->data.zone_minutes))
        fetch->data.known |= IMAP_FETCH_INTERNALDATE;
      break;
    case FETCH_KIND_LIST:
      take_list (self, node);
      break;
    case FETCH_KIND_STRING:
      if (text.data != NULL)
        take_string (fetch, node);
      break;
    case FETCH_KIND_BODY:
    case FETCH_KIND_UNKNOWN:
      break;
    }
}

static void
fill_body (ImapResponse *self, guint64 size, ImapEvent *event)
{
  FetchLine *fetch = &self->fetch;

  fetch->body.number = fetch->data.number;
  fetch->body.uid = fetch->data.uid;
  fetch->body.size = size;
  fetch->body.section = (ImapString){ fetch->section->str, fetch->section->len };
  fetch->data.known |= IMAP_FETCH_BODY;
  fetch->data.named |= IMAP_FETCH_BODY;
  event->type = IMAP_EVENT_BODY_BEGIN;
  event->body = fetch->body;
}

static gboolean
fill_body_end (ImapResponse *self, ImapEvent *event)
{
  event->type = IMAP_EVENT_BODY_END;
  event->body = self->fetch.body;
  return TRUE;
}

gboolean
imap_response_fetch_replay (ImapResponse *self, ImapEvent *event)
{
  FetchLine *fetch = &self->fetch;

  if (fetch->replay_step == REPLAY_NONE)
    return FALSE;
  if (fetch->replay_step == REPLAY_END)
    {
      fetch->replay_step = REPLAY_NONE;
      return fill_body_end (self, event);
    }
  fetch->replay_step = REPLAY_END;
  event->type = IMAP_EVENT_BODY_DATA;
  event->text = (ImapString){ fetch->replay->str, fetch->replay->len };
  return TRUE;
}

/* The value of BODY[...]: literal, quoted, NIL or missing. */
static gboolean
take_body_value (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  FetchLine *fetch = &self->fetch;

  if (token->type == IMAP_TOKEN_LITERAL_BEGIN)
    {
      imap_lexer_use_literal (self->lexer, IMAP_LITERAL_STREAM);
      fill_body (self, token->size, event);
      fetch->phase = FETCH_BODY;
      return TRUE;
    }
  end_item (self);
  if (token->type == IMAP_TOKEN_QUOTED && !token->damaged)
    {
      g_string_truncate (fetch->replay, 0);
      g_string_append_len (fetch->replay, (const gchar *) token->data,
                           (gssize) token->length);
      fetch->replay_step = token->length > 0 ? REPLAY_DATA : REPLAY_END;
      fill_body (self, token->length, event);
      return TRUE;
    }
  fetch->data.known |= IMAP_FETCH_BODY_NIL;
  if (token->type == IMAP_TOKEN_ATOM)
    begin_item (self, token);
  return FALSE;
}

static void
begin_skip (FetchLine *fetch)
{
  fetch->phase = FETCH_SKIP;
  fetch->skip_depth = 1;
}

static void
take_unknown_value (ImapResponse *self, const ImapToken *token)
{
  if (token->type == IMAP_TOKEN_OPEN)
    begin_skip (&self->fetch);
  else if (token->type != IMAP_TOKEN_LITERAL_BEGIN
           && token->type != IMAP_TOKEN_LITERAL_DATA)
    end_item (self);
}

static void
take_wanted_value (ImapResponse *self, const ImapToken *token)
{
  FetchLine *fetch = &self->fetch;

  if (token->type == IMAP_TOKEN_LITERAL_BEGIN)
    {
      imap_lexer_use_literal (self->lexer, IMAP_LITERAL_BUFFER);
      return;
    }
  if (fetch->phase == FETCH_VALUE)
    fetch->value_node = self->args->nodes->len;
  if (imap_response_collect (self->args, token))
    fetch->phase = FETCH_LIST;
  else if (token->type == IMAP_TOKEN_OPEN)
    {
      guint64 depth = self->args->depth + 1;
      imap_args_finish (self->args);
      imap_lexer_set_discard (self->lexer, TRUE);
      begin_skip (fetch);
      fetch->skip_depth = depth;
      return;
    }
  if (self->args->depth == 0)
    take_value (self);
}

static gboolean
take_value_token (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  FetchLine *fetch = &self->fetch;

  if (token->type == IMAP_TOKEN_CLOSE && fetch->phase == FETCH_VALUE)
    {
      if (fetch->item->kind == FETCH_KIND_BODY)
        fetch->data.known |= IMAP_FETCH_BODY_NIL;
      end_item (self);
      fetch->phase = FETCH_TAIL;
      return FALSE;
    }
  if (fetch->item->kind == FETCH_KIND_BODY && token->type == IMAP_TOKEN_OPEN)
    {
      fetch->data.known |= IMAP_FETCH_BODY_NIL;
      begin_skip (fetch);
      return FALSE;
    }
  if (fetch->item->kind == FETCH_KIND_BODY)
    return take_body_value (self, token, event);
  if (fetch->item->kind == FETCH_KIND_UNKNOWN)
    take_unknown_value (self, token);
  else
    take_wanted_value (self, token);
  return FALSE;
}

static void
take_name_token (ImapResponse *self, const ImapToken *token)
{
  FetchLine *fetch = &self->fetch;

  if (token->type == IMAP_TOKEN_ATOM)
    begin_item (self, token);
  else if (token->type == IMAP_TOKEN_CLOSE)
    fetch->phase = FETCH_TAIL;
  else if (token->type == IMAP_TOKEN_OPEN)
    begin_skip (fetch);
}

static void
take_skip_token (ImapResponse *self, const ImapToken *token)
{
  FetchLine *fetch = &self->fetch;

  if (token->type == IMAP_TOKEN_OPEN)
    fetch->skip_depth++;
  else if (token->type == IMAP_TOKEN_CLOSE)
    fetch->skip_depth--;
  if (fetch->skip_depth == 0)
    end_item (self);
}

static ImapStrings
node_strings (ImapResponse *self, guint32 node)
{
  if (node == NO_NODE)
    return (ImapStrings){ NULL, 0 };
  ImapArgsIter iter = imap_args_iter_list (self->args, node);
  return imap_response_strings (self, &iter);
}

static ImapString
node_string (const ImapResponse *self, guint32 node)
{
  return node == NO_NODE ? (ImapString){ NULL, 0 } : single_value (self->args, node);
}

static gboolean
end_line (ImapResponse *self, ImapEvent *event)
{
  FetchLine *fetch = &self->fetch;
  ImapFetchData *data = &fetch->data;

  event->type = IMAP_EVENT_MALFORMED;
  if (fetch->phase == FETCH_OPEN)
    return TRUE;
  imap_args_finish (self->args);
  data->damaged = data->damaged || self->args->damaged || fetch->phase != FETCH_TAIL;
  data->suspect = imap_lexer_take_suspect (self->lexer);
  imap_response_strings_begin (self, self->args->nodes->len);
  data->flags = node_strings (self, fetch->flags_node);
  data->gm_labels = node_strings (self, fetch->labels_node);
  data->guid = node_string (self, fetch->guid_node);
  data->email_id = node_string (self, fetch->email_id_node);
  data->sha1 = node_string (self, fetch->sha1_node);
  event->type = IMAP_EVENT_FETCH;
  event->fetch = *data;
  return TRUE;
}

static gboolean
take_body_token (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  if (token->type == IMAP_TOKEN_LITERAL_END)
    {
      end_item (self);
      return fill_body_end (self, event);
    }
  event->type = IMAP_EVENT_BODY_DATA;
  event->text = (ImapString){ (const gchar *) token->data, token->length };
  return TRUE;
}

gboolean
imap_response_fetch_token (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  FetchLine *fetch = &self->fetch;

  if (token->type == IMAP_TOKEN_CRLF)
    return end_line (self, event);
  switch (fetch->phase)
    {
    case FETCH_OPEN:
      if (token->type == IMAP_TOKEN_OPEN)
        fetch->phase = FETCH_NAME;
      return FALSE;
    case FETCH_NAME:
      take_name_token (self, token);
      return FALSE;
    case FETCH_VALUE:
    case FETCH_LIST:
      return take_value_token (self, token, event);
    case FETCH_SKIP:
      take_skip_token (self, token);
      return FALSE;
    case FETCH_BODY:
      return take_body_token (self, token, event);
    case FETCH_TAIL:
      return FALSE;
    }
  return FALSE;
}

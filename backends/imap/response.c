/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The state machine over the tokens of response lines: finds out what a line is, sends
 * its tokens to the tree, to FETCH or to SEARCH, and skips by structure what it does not
 * know. The meaning of arguments is in response-data.c, of FETCH items in
 * response-fetch.c, of response codes in response-code.c. Belongs to the session's
 * thread. */
#include "response-private.h"

static const ResponseKeyword keywords[] = {
  { "OK", FALSE, RESPONSE_STATE, NULL, IMAP_STATE_OK },
  { "NO", FALSE, RESPONSE_STATE, NULL, IMAP_STATE_NO },
  { "BAD", FALSE, RESPONSE_STATE, NULL, IMAP_STATE_BAD },
  { "BYE", FALSE, RESPONSE_STATE, NULL, IMAP_STATE_BYE },
  { "PREAUTH", FALSE, RESPONSE_STATE, NULL, IMAP_STATE_PREAUTH },
  { "FETCH", TRUE, RESPONSE_FETCH, NULL, FALSE },
  { "UIDFETCH", TRUE, RESPONSE_FETCH, NULL, TRUE },
  { "SEARCH", FALSE, RESPONSE_SEARCH, NULL, 0 },
  { "LIST", FALSE, RESPONSE_COLLECT, imap_response_make_list, IMAP_LIST_LIST },
  { "LSUB", FALSE, RESPONSE_COLLECT, imap_response_make_list, IMAP_LIST_LSUB },
  { "XLIST", FALSE, RESPONSE_COLLECT, imap_response_make_list, IMAP_LIST_XLIST },
  { "STATUS", FALSE, RESPONSE_COLLECT, imap_response_make_mailbox_status, 0 },
  { "EXISTS", TRUE, RESPONSE_COLLECT, imap_response_make_number, IMAP_EVENT_EXISTS },
  { "RECENT", TRUE, RESPONSE_COLLECT, imap_response_make_number, IMAP_EVENT_RECENT },
  { "EXPUNGE", TRUE, RESPONSE_COLLECT, imap_response_make_number, IMAP_EVENT_EXPUNGE },
  { "VANISHED", FALSE, RESPONSE_COLLECT, imap_response_make_vanished, 0 },
  { "ESEARCH", FALSE, RESPONSE_COLLECT, imap_response_make_esearch, 0 },
  { "FLAGS", FALSE, RESPONSE_COLLECT, imap_response_make_flags, 0 },
  { "CAPABILITY", FALSE, RESPONSE_COLLECT, imap_response_make_strings,
    IMAP_EVENT_CAPABILITY },
  { "ENABLED", FALSE, RESPONSE_COLLECT, imap_response_make_strings, IMAP_EVENT_ENABLED },
  { "QUOTAROOT", FALSE, RESPONSE_COLLECT, imap_response_make_strings,
    IMAP_EVENT_QUOTAROOT },
  { "QUOTA", FALSE, RESPONSE_COLLECT, imap_response_make_quota, 0 },
  { "ID", FALSE, RESPONSE_COLLECT, imap_response_make_id, 0 },
  { "NAMESPACE", FALSE, RESPONSE_COLLECT, imap_response_make_namespace, 0 },
};

/* A tag or keyword longer than this is none; only its beginning is kept for the log. */
#define KEEP_WORD_BYTES ((gsize) 256)

ImapResponse *
imap_response_new (void)
{
  ImapResponse *self = g_new0 (ImapResponse, 1);

  self->lexer = imap_lexer_new ();
  self->tag = g_string_new (NULL);
  self->word = g_string_new (NULL);
  self->args = imap_args_new ();
  self->code_args = imap_args_new ();
  self->strings = g_array_new (FALSE, FALSE, sizeof (ImapString));
  self->search.numbers = g_array_new (FALSE, FALSE, sizeof (guint32));
  self->fetch.section = g_string_new (NULL);
  self->fetch.replay = g_string_new (NULL);
  return self;
}

void
imap_response_free (ImapResponse *self)
{
  if (self == NULL)
    return;
  imap_lexer_free (self->lexer);
  g_string_free (self->tag, TRUE);
  g_string_free (self->word, TRUE);
  imap_args_free (self->args);
  imap_args_free (self->code_args);
  g_array_unref (self->strings);
  g_clear_pointer (&self->extra, g_array_unref);
  g_array_unref (self->search.numbers);
  g_string_free (self->fetch.section, TRUE);
  g_string_free (self->fetch.replay, TRUE);
  g_free (self);
}

gboolean
imap_response_is_idle (const ImapResponse *self)
{
  return self->state == RESPONSE_LINE && !self->partial;
}

void
imap_response_strings_begin (ImapResponse *self, guint capacity)
{
  g_array_set_size (self->strings, capacity);
  g_array_set_size (self->strings, 0);
}

ImapStrings
imap_response_strings (ImapResponse *self, ImapArgsIter *iter)
{
  guint start = self->strings->len;
  guint32 node;

  while (imap_args_iter_next (iter, &node))
    {
      ImapString text = imap_args_string (iter->args, node);
      if (imap_args_type (iter->args, node) != IMAP_ARG_LIST)
        g_array_append_val (self->strings, text);
    }
  guint count = self->strings->len - start;
  if (count == 0)
    return (ImapStrings){ NULL, 0 };
  return (ImapStrings){ &g_array_index (self->strings, ImapString, start), count };
}

gboolean
imap_response_collect (ImapArgs *args, const ImapToken *token)
{
  args->damaged = args->damaged || token->damaged;
  switch (token->type)
    {
    case IMAP_TOKEN_OPEN:
      return imap_args_open (args);
    case IMAP_TOKEN_CLOSE:
      imap_args_close (args);
      return TRUE;
    case IMAP_TOKEN_ATOM:
      imap_args_add (args, IMAP_ARG_ATOM, token->data, token->length);
      return TRUE;
    case IMAP_TOKEN_NIL:
      imap_args_add (args, IMAP_ARG_NIL, token->data, token->length);
      return TRUE;
    case IMAP_TOKEN_QUOTED:
    case IMAP_TOKEN_LITERAL:
      imap_args_add (args, IMAP_ARG_STRING, token->data, token->length);
      return TRUE;
    case IMAP_TOKEN_MORE:
    case IMAP_TOKEN_ERROR:
    case IMAP_TOKEN_STAR:
    case IMAP_TOKEN_PLUS:
    case IMAP_TOKEN_LITERAL_BEGIN:
    case IMAP_TOKEN_LITERAL_DATA:
    case IMAP_TOKEN_LITERAL_END:
    case IMAP_TOKEN_CODE_END:
    case IMAP_TOKEN_TEXT:
    case IMAP_TOKEN_CRLF:
      return TRUE;
    }
  return TRUE;
}

static void
keep_word (GString *word, const ImapToken *token)
{
  g_string_truncate (word, 0);
  if (token->length > 0)
    g_string_append_len (word, (const gchar *) token->data,
                         (gssize) MIN (token->length, KEEP_WORD_BYTES));
}

static void
enter (ImapResponse *self, ResponseState state, ImapLexMode mode)
{
  self->state = state;
  imap_lexer_set_mode (self->lexer, mode);
}

static void
begin_line (ImapResponse *self)
{
  enter (self, RESPONSE_LINE, IMAP_LEX_LINE);
  imap_lexer_set_discard (self->lexer, FALSE);
  imap_lexer_take_suspect (self->lexer);
  self->partial = FALSE;
  self->malformed = FALSE;
  self->keyword = NULL;
  self->top_count = 0;
}

static void
skip_rest (ImapResponse *self, gboolean malformed)
{
  self->malformed = malformed;
  imap_lexer_set_discard (self->lexer, TRUE);
  enter (self, RESPONSE_SKIP, IMAP_LEX_DATA);
}

/* Ends a line that gives no typed event. */
static gboolean
end_without_data (ImapResponse *self, ImapEvent *event)
{
  event->type = self->malformed ? IMAP_EVENT_MALFORMED : IMAP_EVENT_UNKNOWN;
  event->text = (ImapString){ self->word->str, self->word->len };
  begin_line (self);
  return TRUE;
}

/* How the next argument of a response in the tree is written. */
static ImapLexMode
argument_mode (const ImapResponse *self)
{
  if (self->args->depth > 0)
    return IMAP_LEX_DATA;
  if (self->keyword->interpret == imap_response_make_list)
    return self->top_count == 1   ? IMAP_LEX_DELIMITER
           : self->top_count == 2 ? IMAP_LEX_NAME
                                  : IMAP_LEX_DATA;
  if (self->keyword->interpret == imap_response_make_mailbox_status)
    return self->top_count == 0 ? IMAP_LEX_NAME : IMAP_LEX_DATA;
  return IMAP_LEX_DATA;
}

static void
begin_response (ImapResponse *self, const ImapToken *word, gboolean numbered)
{
  ImapString name = { (const gchar *) word->data, word->length };

  keep_word (self->word, word);
  imap_args_reset (self->args);
  for (guint i = 0; i < G_N_ELEMENTS (keywords) && self->keyword == NULL; i++)
    if (keywords[i].numbered == numbered && imap_string_is (name, keywords[i].name))
      self->keyword = &keywords[i];
  if (self->keyword == NULL)
    {
      skip_rest (self, FALSE);
      return;
    }
  if (self->keyword->state == RESPONSE_STATE)
    {
      self->status = (ImapState) self->keyword->detail;
      g_string_truncate (self->tag, 0);
      enter (self, RESPONSE_STATE, IMAP_LEX_TEXT);
      return;
    }
  enter (self, self->keyword->state, argument_mode (self));
  g_array_set_size (self->search.numbers, 0);
  self->search.in_list = self->search.bad = self->search.has_modseq = FALSE;
  if (self->state == RESPONSE_FETCH)
    imap_response_fetch_begin (self, self->keyword->detail);
}

/* "* [COPYUID ...]" without OK is sent by some (hazard 17). */
static void
begin_bare_code (ImapResponse *self)
{
  self->status = IMAP_STATE_OK;
  g_string_truncate (self->tag, 0);
  enter (self, RESPONSE_STATE, IMAP_LEX_TEXT);
}

static gboolean
take_line_start (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  if (token->type == IMAP_TOKEN_CRLF)
    {
      begin_line (self);
      return FALSE;
    }
  keep_word (self->word, token);
  if (token->type == IMAP_TOKEN_STAR)
    enter (self, RESPONSE_UNTAGGED, IMAP_LEX_WORD);
  else if (token->type == IMAP_TOKEN_PLUS)
    enter (self, RESPONSE_CONTINUE, IMAP_LEX_TEXT);
  else if (token->type == IMAP_TOKEN_ATOM)
    {
      keep_word (self->tag, token);
      enter (self, RESPONSE_TAGGED, IMAP_LEX_WORD);
    }
  else
    enter (self, RESPONSE_SKIP_LINE, IMAP_LEX_TEXT);
  return FALSE;
}

static gboolean
take_word (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  ImapString word = { (const gchar *) token->data, token->length };
  guint64 number;

  if (token->type == IMAP_TOKEN_CRLF)
    return end_without_data (self, event);
  if (token->type != IMAP_TOKEN_ATOM)
    skip_rest (self, FALSE);
  else if (self->state == RESPONSE_UNTAGGED && word.length == 0)
    begin_bare_code (self);
  else if (self->state == RESPONSE_UNTAGGED && imap_number_parse (word, &number))
    {
      self->number = number <= G_MAXUINT32 ? (guint32) number : 0;
      enter (self, RESPONSE_NUMBERED, IMAP_LEX_WORD);
    }
  else
    begin_response (self, token, self->state == RESPONSE_NUMBERED);
  return FALSE;
}

static gboolean
take_tagged (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  static const gchar *const states[] = { "OK", "NO", "BAD" };
  ImapString word = { (const gchar *) token->data, token->length };

  if (token->type == IMAP_TOKEN_CRLF)
    return end_without_data (self, event);
  enter (self, RESPONSE_SKIP_LINE, IMAP_LEX_TEXT);
  if (token->type != IMAP_TOKEN_ATOM)
    return FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (states); i++)
    if (imap_string_is (word, states[i]))
      {
        self->status = (ImapState) (IMAP_STATE_OK + i);
        enter (self, RESPONSE_STATE, IMAP_LEX_TEXT);
      }
  return FALSE;
}

static gboolean
take_text (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  ImapString text = { token->data == NULL ? "" : (const gchar *) token->data,
                      token->length };
  ResponseState state = self->state;

  if (state == RESPONSE_SKIP_LINE)
    return end_without_data (self, event);
  event->type = IMAP_EVENT_CONTINUE;
  event->text = text;
  if (state == RESPONSE_STATE)
    imap_response_parse_text (self, text, event);
  begin_line (self);
  return TRUE;
}

static gboolean
take_argument (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  if (token->type == IMAP_TOKEN_LITERAL_BEGIN)
    {
      imap_lexer_use_literal (self->lexer, IMAP_LITERAL_BUFFER);
      return FALSE;
    }
  if (token->type != IMAP_TOKEN_CRLF)
    {
      if (!imap_response_collect (self->args, token))
        skip_rest (self, TRUE);
      else if (self->args->depth == 0)
        self->top_count++;
      if (self->state == RESPONSE_COLLECT)
        imap_lexer_set_mode (self->lexer, argument_mode (self));
      return FALSE;
    }
  imap_args_finish (self->args);
  self->malformed = self->args->damaged || !self->keyword->interpret (self, event);
  if (self->malformed)
    return end_without_data (self, event);
  begin_line (self);
  return TRUE;
}

static void
fill_search (ImapResponse *self, ImapEvent *event, gboolean more)
{
  const GArray *numbers = self->search.numbers;

  event->type = IMAP_EVENT_SEARCH;
  event->search = (ImapSearchData){
    .numbers = (const guint32 *) (gconstpointer) numbers->data,
    .count = numbers->len,
    .more = more,
    .has_modseq = self->search.has_modseq,
    .modseq = self->search.modseq
  };
}

static gboolean
end_search (ImapResponse *self, ImapEvent *event)
{
  if (self->search.in_list || self->search.bad)
    {
      self->malformed = TRUE;
      return end_without_data (self, event);
    }
  fill_search (self, event, FALSE);
  begin_line (self);
  return TRUE;
}

/* Numbers are handed over in batches; "(MODSEQ n)" may end the line. A batch that was
 * handed over stays in place until the next number comes. */
static gboolean
take_search (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  ImapString text = { (const gchar *) token->data, token->length };
  SearchLine *search = &self->search;
  guint64 value;

  if (search->numbers->len == IMAP_LIMIT_SEARCH_BATCH)
    g_array_set_size (search->numbers, 0);
  if (token->type == IMAP_TOKEN_CRLF)
    return end_search (self, event);
  if (token->type == IMAP_TOKEN_OPEN || token->type == IMAP_TOKEN_CLOSE)
    {
      search->in_list = token->type == IMAP_TOKEN_OPEN;
      return FALSE;
    }
  gboolean is_number = token->type == IMAP_TOKEN_ATOM && imap_number_parse (text, &value);
  if (search->in_list)
    {
      search->has_modseq = search->has_modseq || is_number;
      search->modseq = is_number ? value : search->modseq;
      return FALSE;
    }
  search->bad = search->bad || !is_number || value > G_MAXUINT32;
  if (!is_number || value == 0)
    return FALSE;
  guint32 number = (guint32) value;
  g_array_append_val (search->numbers, number);
  if (search->numbers->len < IMAP_LIMIT_SEARCH_BATCH)
    return FALSE;
  fill_search (self, event, TRUE);
  return TRUE;
}

static gboolean
take_fetch (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  if (!imap_response_fetch_token (self, token, event))
    return FALSE;
  if (event->type == IMAP_EVENT_MALFORMED)
    {
      self->malformed = TRUE;
      return end_without_data (self, event);
    }
  if (event->type == IMAP_EVENT_FETCH)
    begin_line (self);
  return TRUE;
}

static gboolean
take_token (ImapResponse *self, const ImapToken *token, ImapEvent *event)
{
  switch (self->state)
    {
    case RESPONSE_LINE:
      return take_line_start (self, token, event);
    case RESPONSE_UNTAGGED:
    case RESPONSE_NUMBERED:
      return take_word (self, token, event);
    case RESPONSE_TAGGED:
      return take_tagged (self, token, event);
    case RESPONSE_STATE:
    case RESPONSE_CONTINUE:
    case RESPONSE_SKIP_LINE:
      return token->type == IMAP_TOKEN_TEXT && take_text (self, token, event);
    case RESPONSE_COLLECT:
      return take_argument (self, token, event);
    case RESPONSE_SEARCH:
      return take_search (self, token, event);
    case RESPONSE_FETCH:
      return take_fetch (self, token, event);
    case RESPONSE_SKIP:
      return token->type == IMAP_TOKEN_CRLF && end_without_data (self, event);
    }
  return FALSE;
}

ImapNext
imap_response_next (ImapResponse *self, const guint8 **data, gsize *length,
                    ImapEvent *out_event, GError **error)
{
  if (imap_response_fetch_replay (self, out_event))
    return IMAP_NEXT_EVENT;
  while (TRUE)
    {
      ImapToken token;
      self->partial = self->partial || *length > 0;
      ImapTokenType type = imap_lexer_next (self->lexer, data, length, &token, error);
      if (type == IMAP_TOKEN_MORE)
        return IMAP_NEXT_MORE;
      if (type == IMAP_TOKEN_ERROR)
        return IMAP_NEXT_ERROR;
      if (take_token (self, &token, out_event))
        return IMAP_NEXT_EVENT;
    }
}

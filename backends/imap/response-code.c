/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Splits the text after OK, NO, BAD, BYE or PREAUTH into response code and words. The
 * code is tokenised by a lexer of its own, so that quotes, lists and "]" inside it are
 * understood; what cannot be tokenised is skipped up to "] " (hazard 18). Belongs to the
 * session's thread. */
#include "response-private.h"

#include <string.h>

static const struct
{
  const gchar *name;
  ImapCode code;
} codes[] = {
  { "ALERT", IMAP_CODE_ALERT },
  { "ALREADYEXISTS", IMAP_CODE_ALREADYEXISTS },
  { "APPENDUID", IMAP_CODE_APPENDUID },
  { "AUTHENTICATIONFAILED", IMAP_CODE_AUTHENTICATIONFAILED },
  { "AUTHORIZATIONFAILED", IMAP_CODE_AUTHORIZATIONFAILED },
  { "BADCHARSET", IMAP_CODE_BADCHARSET },
  { "BADEVENT", IMAP_CODE_BADEVENT },
  { "BADURL", IMAP_CODE_BADURL },
  { "CANNOT", IMAP_CODE_CANNOT },
  { "CAPABILITY", IMAP_CODE_CAPABILITY },
  { "CLIENTBUG", IMAP_CODE_CLIENTBUG },
  { "CLOSED", IMAP_CODE_CLOSED },
  { "COMPRESSIONACTIVE", IMAP_CODE_COMPRESSIONACTIVE },
  { "CONTACTADMIN", IMAP_CODE_CONTACTADMIN },
  { "COPYUID", IMAP_CODE_COPYUID },
  { "CORRUPTION", IMAP_CODE_CORRUPTION },
  { "EXPIRED", IMAP_CODE_EXPIRED },
  { "EXPUNGEISSUED", IMAP_CODE_EXPUNGEISSUED },
  { "HASCHILDREN", IMAP_CODE_HASCHILDREN },
  { "HIGHESTMODSEQ", IMAP_CODE_HIGHESTMODSEQ },
  { "INPROGRESS", IMAP_CODE_INPROGRESS },
  { "INUSE", IMAP_CODE_INUSE },
  { "LIMIT", IMAP_CODE_LIMIT },
  { "MAILBOXID", IMAP_CODE_MAILBOXID },
  { "MESSAGELIMIT", IMAP_CODE_MESSAGELIMIT },
  { "MODIFIED", IMAP_CODE_MODIFIED },
  { "NOMODSEQ", IMAP_CODE_NOMODSEQ },
  { "NONEXISTENT", IMAP_CODE_NONEXISTENT },
  { "NOPERM", IMAP_CODE_NOPERM },
  { "NOTSAVED", IMAP_CODE_NOTSAVED },
  { "OVERQUOTA", IMAP_CODE_OVERQUOTA },
  { "PARSE", IMAP_CODE_PARSE },
  { "PERMANENTFLAGS", IMAP_CODE_PERMANENTFLAGS },
  { "PRIVACYREQUIRED", IMAP_CODE_PRIVACYREQUIRED },
  { "READ-ONLY", IMAP_CODE_READ_ONLY },
  { "READ-WRITE", IMAP_CODE_READ_WRITE },
  { "REFERRAL", IMAP_CODE_REFERRAL },
  { "SAVELIMIT", IMAP_CODE_SAVELIMIT },
  { "SERVERBUG", IMAP_CODE_SERVERBUG },
  { "THROTTLED", IMAP_CODE_THROTTLED },
  { "TOOBIG", IMAP_CODE_TOOBIG },
  { "TOOFEW", IMAP_CODE_TOOFEW },
  { "TOOMANY", IMAP_CODE_TOOMANY },
  { "TRYCREATE", IMAP_CODE_TRYCREATE },
  { "UIDNEXT", IMAP_CODE_UIDNEXT },
  { "UIDNOTSTICKY", IMAP_CODE_UIDNOTSTICKY },
  { "UIDREQUIRED", IMAP_CODE_UIDREQUIRED },
  { "UIDVALIDITY", IMAP_CODE_UIDVALIDITY },
  { "UNAVAILABLE", IMAP_CODE_UNAVAILABLE },
  { "UNKNOWN-CTE", IMAP_CODE_UNKNOWN_CTE },
  { "UNSEEN", IMAP_CODE_UNSEEN },
  { "USEATTR", IMAP_CODE_USEATTR },
};

static ImapCode
lookup_code (ImapString name)
{
  for (guint i = 0; i < G_N_ELEMENTS (codes); i++)
    if (imap_string_is (name, codes[i].name))
      return codes[i].code;
  return IMAP_CODE_UNKNOWN;
}

/* Codes whose first number is 1 to 2^32-1; for these 0 and more mean "unknown" (hazard
 * 13). */
static gboolean
counts_uids (ImapCode code)
{
  return code == IMAP_CODE_UIDNEXT || code == IMAP_CODE_UIDVALIDITY
         || code == IMAP_CODE_UNSEEN;
}

static void
fill_uids (ImapCodeData *out, ImapString first, ImapString second, ImapString third)
{
  if (out->code == IMAP_CODE_MODIFIED)
    out->uids = first;
  if (out->code != IMAP_CODE_APPENDUID && out->code != IMAP_CODE_COPYUID)
    return;
  if (!imap_number_parse_uid (first, &out->uidvalidity))
    return;
  out->uids = out->code == IMAP_CODE_APPENDUID ? second : third;
  if (out->code == IMAP_CODE_COPYUID)
    out->source_uids = second;
}

static void
fill_strings (ImapResponse *self, ImapCodeData *out, ImapArgsIter iter)
{
  ImapArgsIter look = iter;
  guint32 node;

  if (out->code == IMAP_CODE_PERMANENTFLAGS && imap_args_iter_next (&look, &node)
      && imap_args_type (iter.args, node) == IMAP_ARG_LIST)
    iter = imap_args_iter_list (iter.args, node);
  if (out->code != IMAP_CODE_PERMANENTFLAGS && out->code != IMAP_CODE_CAPABILITY)
    return;
  imap_response_strings_begin (self, iter.args->nodes->len);
  out->strings = imap_response_strings (self, &iter);
}

static void
fill_code (ImapResponse *self, ImapCodeData *out)
{
  ImapArgsIter iter = imap_args_iter (self->code_args);
  ImapString values[3] = { { NULL, 0 }, { NULL, 0 }, { NULL, 0 } };
  guint32 node;
  guint32 uid;

  out->args = self->code_args;
  out->code = IMAP_CODE_UNKNOWN;
  if (!imap_args_iter_next (&iter, &node))
    return;
  out->name = imap_args_name (self->code_args, node);
  out->code = lookup_code (out->name);
  if (out->damaged)
    return;

  ImapArgsIter rest = iter;
  for (guint i = 0; i < G_N_ELEMENTS (values) && imap_args_iter_next (&iter, &node); i++)
    values[i] = imap_args_string (self->code_args, node);
  out->text = values[0];
  out->has_number = imap_number_parse (values[0], &out->number);
  if (counts_uids (out->code) && !imap_number_parse_uid (values[0], &uid))
    out->has_number = FALSE;
  if (!out->has_number)
    out->number = 0;
  out->has_number2 = imap_number_parse (values[1], &out->number2);
  fill_uids (out, values[0], values[1], values[2]);
  fill_strings (self, out, rest);
}

/* Feeds (@data, @length) to @lexer; TRUE at the end of the code, and then *@data stands
 * behind it. @broken is set when it cannot end any more. */
static gboolean
read_code_part (ImapLexer *lexer, ImapArgs *args, const guint8 **data, gsize *length,
                gboolean *broken)
{
  while (!*broken)
    {
      ImapToken token;
      imap_lexer_set_mode (lexer, args->depth == 0 ? IMAP_LEX_CODE : IMAP_LEX_DATA);
      ImapTokenType type = imap_lexer_next (lexer, data, length, &token, NULL);
      if (type == IMAP_TOKEN_MORE)
        return FALSE;
      if (type == IMAP_TOKEN_CODE_END)
        return !args->damaged;
      if (type == IMAP_TOKEN_LITERAL_BEGIN)
        imap_lexer_use_literal (lexer, IMAP_LITERAL_BUFFER);
      *broken = type == IMAP_TOKEN_ERROR || type == IMAP_TOKEN_CRLF
                || !imap_response_collect (args, &token) || args->damaged;
    }
  return FALSE;
}

/* Tokenises the code at the start of @text, which begins with "["; the length that it
 * takes, or 0 if it is not well-formed. */
static gsize
read_code (ImapArgs *args, ImapString text)
{
  g_autoptr (ImapLexer) lexer = imap_lexer_new ();
  const guint8 *data = (const guint8 *) text.data + 1;
  const guint8 *line_end = (const guint8 *) "\r\n";
  gsize length = text.length - 1;
  gsize line_end_length = 2;
  gboolean broken = FALSE;

  imap_args_reset (args);
  if (read_code_part (lexer, args, &data, &length, &broken))
    return text.length - length;
  /* A quote at the very end needs one more byte to be understood, but "]" does not. */
  read_code_part (lexer, args, &line_end, &line_end_length, &broken);
  return 0;
}

/* The length of a code that is not well-formed: up to "] " or a final "]"; keeps its
 * name. 0 if there is no "]": the words, which may hold a throttle hint, then stay whole.
 */
static gsize
skip_code (ImapArgs *args, ImapString text)
{
  gssize end = imap_text_find (text, "] ");
  gsize name_end = 1;

  while (name_end < text.length && strchr (" ]()\"", text.data[name_end]) == NULL)
    name_end++;
  imap_args_reset (args);
  imap_args_add (args, IMAP_ARG_ATOM, (const guint8 *) text.data + 1, name_end - 1);
  if (end >= 0)
    return (gsize) end + 1;
  return text.data[text.length - 1] == ']' ? text.length : 0;
}

void
imap_response_parse_text (ImapResponse *self, ImapString text, ImapEvent *event)
{
  ImapStateData *out = &event->state;
  gsize used = 0;

  event->type = IMAP_EVENT_STATE;
  *out = (ImapStateData){ .state = self->status };
  if (self->tag->len > 0)
    out->tag = (ImapString){ self->tag->str, self->tag->len };
  out->greeting = !self->greeted && self->tag->len == 0;
  self->greeted = TRUE;

  if (text.length > 0 && text.data[0] == '[')
    {
      used = read_code (self->code_args, text);
      out->code.damaged = used == 0;
      if (used == 0)
        used = skip_code (self->code_args, text);
      fill_code (self, &out->code);
    }
  if (used < text.length && used > 0 && text.data[used] == ' ')
    used++;
  out->text = (ImapString){ text.data + used, text.length - used };
}

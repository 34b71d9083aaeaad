/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a server says becomes data that outlives the parser, and an error with code and
 * scope: RFC 5530 codes first, then the words of servers that have none. Pure. */
#include "reply.h"

#include <string.h>

#include "throttle.h"

/* Longer words help nobody; Exchange appends kilobytes of diagnostics. */
#define TEXT_LIMIT_CHARS 300

char *
imap_printable (ImapString text)
{
  if (text.data == NULL)
    return g_strdup ("");
  g_autofree char *valid = g_utf8_make_valid (text.data, (gssize) text.length);
  GString *out = g_string_new (NULL);
  guint count = 0;
  for (const char *at = valid; *at != '\0'; at = g_utf8_next_char (at))
    {
      gunichar c = g_utf8_get_char (at);
      if (++count > TEXT_LIMIT_CHARS)
        {
          g_string_append (out, "…");
          break;
        }
      g_string_append_unichar (out, g_unichar_isprint (c) ? c : ' ');
    }
  g_strstrip (out->str);
  return g_string_free (out, FALSE);
}

static char *
copy_string (ImapString text)
{
  return text.data == NULL ? NULL : g_strndup (text.data, text.length);
}

static gboolean
code_is_busy (const ImapCodeData *code)
{
  return code->code == IMAP_CODE_THROTTLED;
}

void
imap_reply_copy (ImapReplyCopy *self, const ImapStateData *state, ImapTagged how)
{
  *self = (ImapReplyCopy){ 0 };
  gint64 ms = 0;
  ImapThrottle throttle = imap_throttle_parse (state->text, &ms);
  self->text = imap_printable (state->text);
  self->uids = copy_string (state->code.uids);
  self->source_uids = copy_string (state->code.source_uids);
  self->code_name = state->code.code == IMAP_CODE_NONE
                        ? NULL
                        : imap_printable (state->code.name);
  self->reply = (ImapReply){
    .how = how,
    .state = state->state,
    .code = state->code.code,
    .code_damaged = state->code.damaged,
    .has_number = state->code.has_number,
    .number = state->code.number,
    .uidvalidity = state->code.uidvalidity,
    .uids = self->uids,
    .source_uids = self->source_uids,
    .text = self->text,
    .code_name = self->code_name,
    .busy = throttle != IMAP_THROTTLE_NONE || code_is_busy (&state->code),
    .busy_us = throttle == IMAP_THROTTLE_TIMED ? ms * 1000 : 0,
  };
}

void
imap_reply_clear (ImapReplyCopy *self)
{
  g_free (self->text);
  g_free (self->uids);
  g_free (self->source_uids);
  g_free (self->code_name);
  *self = (ImapReplyCopy){ 0 };
}

/* What a code or a phrase means. */
typedef struct
{
  ImapCode code;
  const char *words; /* in lower case; NULL: only the code counts */
  HaulErrorCode error;
  HaulErrorScope scope; /* at least */
} Meaning;

static const Meaning meanings[] = {
  { IMAP_CODE_AUTHENTICATIONFAILED, NULL, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT },
  { IMAP_CODE_AUTHORIZATIONFAILED, NULL, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT },
  { IMAP_CODE_EXPIRED, NULL, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT },
  { IMAP_CODE_PRIVACYREQUIRED, NULL, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT },
  { IMAP_CODE_UNAVAILABLE, NULL, HAUL_ERROR_BUSY, HAUL_SCOPE_MESSAGE },
  { IMAP_CODE_INUSE, NULL, HAUL_ERROR_BUSY, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_OVERQUOTA, NULL, HAUL_ERROR_QUOTA, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_TOOBIG, NULL, HAUL_ERROR_TOO_BIG, HAUL_SCOPE_MESSAGE },
  { IMAP_CODE_NOPERM, NULL, HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_READ_ONLY, NULL, HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONEXISTENT, NULL, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_TRYCREATE, NULL, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_ALREADYEXISTS, NULL, HAUL_ERROR_EXISTS, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_EXPUNGEISSUED, NULL, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE },
  { IMAP_CODE_CORRUPTION, NULL, HAUL_ERROR_CORRUPT, HAUL_SCOPE_MESSAGE },
  { IMAP_CODE_SERVERBUG, NULL, HAUL_ERROR_PROTOCOL, HAUL_SCOPE_MESSAGE },
  { IMAP_CODE_CONTACTADMIN, NULL, HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "quota", HAUL_ERROR_QUOTA, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "mailbox is full", HAUL_ERROR_QUOTA, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "no space left", HAUL_ERROR_QUOTA, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "disk full", HAUL_ERROR_QUOTA, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "too large", HAUL_ERROR_TOO_BIG, HAUL_SCOPE_MESSAGE },
  { IMAP_CODE_NONE, "too big", HAUL_ERROR_TOO_BIG, HAUL_SCOPE_MESSAGE },
  { IMAP_CODE_NONE, "maximum size", HAUL_ERROR_TOO_BIG, HAUL_SCOPE_MESSAGE },
  { IMAP_CODE_NONE, "message size exceeds", HAUL_ERROR_TOO_BIG, HAUL_SCOPE_MESSAGE },
  { IMAP_CODE_NONE, "not connected", HAUL_ERROR_BUSY, HAUL_SCOPE_SESSION },
  { IMAP_CODE_NONE, "server unavailable", HAUL_ERROR_BUSY, HAUL_SCOPE_SESSION },
  { IMAP_CODE_NONE, "already exists", HAUL_ERROR_EXISTS, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "doesn't exist", HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "does not exist", HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "unknown mailbox", HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "unable to open this mailbox", HAUL_ERROR_NOT_FOUND,
    HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "no such", HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "permission", HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER },
  { IMAP_CODE_NONE, "access denied", HAUL_ERROR_PERMISSION, HAUL_SCOPE_FOLDER },
};

static const Meaning *
find_meaning (const ImapReply *reply)
{
  ImapString text = { reply->text, strlen (reply->text) };
  for (guint i = 0; i < G_N_ELEMENTS (meanings); i++)
    {
      const Meaning *meaning = &meanings[i];
      if (meaning->words == NULL ? reply->code == meaning->code
                                 : reply->code == IMAP_CODE_NONE
                                       && imap_text_find (text, meaning->words) >= 0)
        return meaning;
    }
  return NULL;
}

gboolean
imap_reply_error (const ImapReply *reply, HaulErrorScope scope, const char *what,
                  GError **error)
{
  const char *state = reply->state == IMAP_STATE_BAD   ? "BAD"
                      : reply->state == IMAP_STATE_BYE ? "BYE"
                      : reply->state == IMAP_STATE_NO  ? "NO"
                                                       : "OK";
  g_autofree char *code = reply->code_name == NULL
                              ? g_strdup ("")
                              : g_strdup_printf ("[%s] ", reply->code_name);
  /* What is refused as malformed will be so next time; that a message is, is its own. */
  HaulErrorCode error_code = reply->state == IMAP_STATE_BAD && scope > HAUL_SCOPE_MESSAGE
                                 ? HAUL_ERROR_PROTOCOL
                                 : HAUL_ERROR_REJECTED;
  const Meaning *meaning = find_meaning (reply);
  if (reply->busy)
    {
      error_code = HAUL_ERROR_BUSY;
      scope = MAX (scope, HAUL_SCOPE_SESSION);
    }
  else if (meaning != NULL)
    {
      error_code = meaning->error;
      scope = MAX (scope, meaning->scope);
    }
  GError *local = NULL;
  (void) haul_error_set (&local, error_code, scope, "%s: %s %s%s", what, state, code,
                         reply->text);
  if (reply->busy_us > 0)
    haul_error_set_delay_us (local, reply->busy_us);
  g_propagate_error (error, local);
  return FALSE;
}

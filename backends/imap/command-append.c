/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Messages of an APPEND: which kind of literal, and everything that a server could refuse
 * with BAD checked before the first byte is sent, because after {n+} a BAD makes it
 * execute the body (imap.md 2.8). Which messages share a command is the caller's. Belongs
 * to the session's thread. */
#include "command-private.h"

#include "bounds.h"

typedef enum
{
  APPEND_WAIT,
  APPEND_NONSYNC,
  APPEND_CHAIN,
} AppendForm;

static AppendForm
choose_form (const ImapCommand *self, const ImapAppendMessage *message,
             const ImapAppendPolicy *policy)
{
  gboolean plain = !message->has_nul && !message->utf8;

  if (policy->first && self->message_count == 0)
    return APPEND_WAIT;
  if (policy->wait_from_bytes > 0 && message->size >= policy->wait_from_bytes)
    return APPEND_WAIT;
  switch (self->wire.literals)
    {
    case IMAP_LITERALS_PLUS:
      return APPEND_NONSYNC;
    case IMAP_LITERALS_MINUS:
      if (message->size <= IMAP_LIMIT_LITERAL_MINUS_BYTES)
        return APPEND_NONSYNC;
      return self->wire.catenate && plain ? APPEND_CHAIN : APPEND_WAIT;
    case IMAP_LITERALS_SYNC:
      return APPEND_WAIT;
    }
  return APPEND_WAIT;
}

/* Why @message cannot be sent; NULL if it can. */
static const gchar *
find_obstacle (const ImapCommand *self, const ImapAppendMessage *message,
               const ImapAppendPolicy *policy)
{
  if (message->size == 0)
    return "message is empty";
  if (message->size > IMAP_LIMIT_LITERAL_BYTES - self->body_bytes)
    return "message is too large";
  if (policy->limit_bytes > 0 && message->size > policy->limit_bytes)
    return "message is larger than the server's APPENDLIMIT";
  if (self->message_count > 0 && !self->wire.multiappend)
    return "server cannot take several messages in one APPEND";
  if (self->message_count >= IMAP_LIMIT_APPEND_BATCH)
    return "too many messages in one APPEND";
  if (message->has_nul && !self->wire.binary)
    return "message holds NUL bytes and the server has no BINARY";
  if (message->utf8 && !self->wire.utf8)
    return "message has 8-bit headers and UTF8=ACCEPT is not enabled";
  return NULL;
}

void
imap_command_add_message (ImapCommand *self, const ImapAppendMessage *message,
                          const ImapAppendPolicy *policy)
{
  const gchar *obstacle = find_obstacle (self, message, policy);

  if (obstacle != NULL)
    {
      imap_command_refuse (self, obstacle);
      return;
    }
  if (message->flags != NULL && message->flags[0] != NULL)
    imap_command_add_flags (self, message->flags);
  if (message->has_date)
    imap_command_add_date (self, message->date, message->zone_minutes);

  AppendForm form = choose_form (self, message, policy);
  guint index = self->message_count++;
  self->body_bytes += message->size;
  if (form == APPEND_CHAIN)
    {
      self->nonsync = TRUE;
      imap_command_put_part (self, PART_CHAIN, index, message->size);
      return;
    }
  if (message->utf8)
    imap_command_add_words (self, "UTF8 (");
  else
    imap_command_put_blank (self, '{');
  gboolean literal8 = message->has_nul || message->utf8;
  imap_command_put_literal (self, literal8 ? "~" : "", message->size,
                            form == APPEND_NONSYNC);
  imap_command_put_part (self, PART_BODY, index, message->size);
  if (message->utf8)
    imap_command_put (self, ")", 1);
}

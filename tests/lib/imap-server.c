/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One connection of the scripted server on its own thread: reads commands with their
 * literals, asks the script, else finds the honest handler, which is in imap-server-*.c,
 * and sends its reply.
 */
#include "imap-server.h"

#include <string.h>

/* Largest literal that is kept in memory. */
#define LITERAL_BYTES ((guint64) 1024 * 1024 * 1024)
/* A literal that is no message: a name or a password. */
#define NAME_LITERAL_BYTES ((guint64) 65536)
/* Dovecot disconnects after so many. */
#define MOST_BADS 20

const char *
session_capability (const Session *self)
{
  if (self->capability != NULL)
    return self->capability;
  return self->authenticated ? self->script->capability : self->script->capability_early;
}

gboolean
session_has (const Session *self, const char *name)
{
  const char *line = session_capability (self);
  gsize length = strlen (name);
  for (const char *at = line; (at = strcasestr (at, name)) != NULL; at += length)
    {
      gboolean start = at == line || at[-1] == ' ';
      if (start
          && (at[length] == '\0' || at[length] == ' '
              || (at[length] == '=' && strchr (name, '=') == NULL)))
        return TRUE;
    }
  return FALSE;
}

void
session_violation (Session *self, const char *why, const char *text)
{
  script_note_failure (self->server, 0, "connection %u: the client: %s: %s", self->number,
                       why, text);
}

void
session_greet (Session *self)
{
  const char *text = self->script->greeting != NULL ? self->script->greeting
                                                    : "scripted server";
  g_autoptr (GString) line = g_string_new ("* OK ");
  if (self->script->capability_in_greeting)
    g_string_append_printf (line, "[CAPABILITY %s] ", session_capability (self));
  g_string_append (line, text);
  session_say (self, line->str, line->len);
}

/* announced: begins the count of the literal's bytes. */
static void
announced (Session *self, const Command *command)
{
  const Token *token = &g_array_index (command->tokens, Token, command->tokens->len - 1);
  self->literal_left = token->size;
  g_byte_array_set_size (self->literal, 0);
}

gboolean
session_take_literal (Session *self, guint64 length)
{
  gsize take = (gsize) MIN (length, self->literal_left);
  if (!wire_take (&self->wire, take, self->literal))
    {
      self->done = TRUE;
      return FALSE;
    }
  self->literal_left -= take;
  return TRUE;
}

/* take_all: the literal is complete and becomes the token's. */
static gboolean
take_all (Session *self, Command *command)
{
  Token *token = command_last (command);
  if (!session_take_literal (self, self->literal_left))
    return FALSE;
  gsize size = self->literal->len;
  token->bytes = g_bytes_new (self->literal->data, size);
  if (size == 0 || memchr (self->literal->data, 0, size) == NULL)
    token->text = g_strndup ((const char *) self->literal->data, size);
  g_autofree char *note = g_strdup_printf ("{%" G_GSIZE_FORMAT " bytes}", size);
  session_log (self, 'C', note, strlen (note));
  return TRUE;
}

void
session_swallow (Session *self, Command *command)
{
  gboolean lf;
  g_autoptr (GString) line = g_string_new (NULL);
  for (;;)
    {
      if (!take_all (self, command))
        return;
      if (!wire_line (&self->wire, line, &lf))
        {
          self->done = TRUE;
          return;
        }
      session_log (self, 'C', line->str, line->len);
      if (!command_add_line (command, line->str, line->len))
        return;
      announced (self, command);
      if (command_last (command)->sync)
        return;
    }
}

/* tagged_now: a tagged reply before the command has ended. */
static void
tagged_now (Session *self, const Command *command, const char *text)
{
  g_autofree char *line = g_strconcat (command->tag, " ", text, NULL);
  session_say (self, line, strlen (line));
}

/* literal_allowed: whether the capabilities let the client send it unasked. */
static gboolean
literal_allowed (Session *self, const Command *command, const Token *token)
{
  g_autofree char *text = command_text (command);
  gboolean minus = session_has (self, "LITERAL-") || session_has (self, "IMAP4rev2");
  if (token->sync || session_has (self, "LITERAL+") || (minus && token->size <= 4096))
    return TRUE;
  session_violation (self, "a non-synchronising literal that was not allowed", text);
  if (minus)
    {
      session_say (self, "* BYE [TOOBIG] literal too large", 32);
      wire_close (&self->wire, FALSE);
    }
  else
    tagged_now (self, command, "BAD non-synchronising literals are not supported");
  return FALSE;
}

/* offer: what the script, or an honest server, says to an announced literal. TRUE: the
 * literal is to be read. FALSE: the command has been dealt with. */
static gboolean
offer (Session *self, Command *command)
{
  const Token *token = command_last (command);
  gboolean swallow = FALSE, sync = token->sync;
  if (!literal_allowed (self, command, token))
    return FALSE;
  self->accepted = FALSE;
  if (play_rule (self, command, TRUE))
    return self->accepted;
  pthread_mutex_lock (&self->server->lock);
  g_autofree char *refused = append_check (self, command, &swallow);
  gboolean large = token->size > LITERAL_BYTES
                   || (*refused == '\0' && token->size > NAME_LITERAL_BYTES
                       && g_array_index (command->tokens, Token, 0).text != NULL
                       && g_ascii_strcasecmp (
                              g_array_index (command->tokens, Token, 0).text, "APPEND")
                              != 0);
  pthread_mutex_unlock (&self->server->lock);
  if (large)
    {
      g_free (refused);
      refused = g_strdup ("BAD the literal is too large");
    }
  if (*refused == '\0')
    {
      if (sync)
        session_say (self, "+ OK", 4);
      return TRUE;
    }
  g_autofree char *text = command_text (command);
  if (g_str_has_prefix (refused, "BAD"))
    session_violation (self, refused + 4, text);
  tagged_now (self, command, refused);
  if (swallow && !sync)
    session_swallow (self, command);
  return FALSE;
}

/* read_on: lines and literals until the command is complete, or a literal is announced
 * and only a part was wanted. */
static gboolean
read_on (Session *self, Command *command)
{
  gboolean bare_lf;
  g_autoptr (GString) line = g_string_new (NULL);
  for (;;)
    {
      if (!wire_line (&self->wire, line, &bare_lf))
        {
          self->done = TRUE;
          return FALSE;
        }
      session_log (self, 'C', line->str, line->len);
      gboolean literal = command_add_line (command, line->str, line->len);
      if ((bare_lf || line->len > self->script->line_limit) && command->why_bad == NULL)
        command->why_bad = g_strdup (bare_lf ? "a line without CR"
                                             : "a line beyond the limit");
      if (!literal || command->why_bad != NULL)
        return TRUE;
      announced (self, command);
      if (self->want_part)
        return TRUE;
      if (!offer (self, command) || !take_all (self, command))
        return FALSE;
    }
}

static void
note_command (Session *self, const Command *command)
{
  pthread_mutex_lock (&self->server->lock);
  g_ptr_array_add (self->server->commands, command_text (command));
  pthread_mutex_unlock (&self->server->lock);
}

Command *
session_read (Session *self)
{
  g_autoptr (Command) command = command_new (self->utf8);
  if (self->wire.ghost_us >= 0)
    wire_delay (&self->wire, self->wire.ghost_us);
  if (!read_on (self, command))
    return NULL;
  note_command (self, command);
  return g_steal_pointer (&command);
}

Command *
session_read_part (Session *self)
{
  self->want_part = TRUE;
  Command *command = session_read (self);
  self->want_part = FALSE;
  return command;
}

gboolean
session_read_rest (Session *self, Command *command)
{
  if (!take_all (self, command) || !read_on (self, command))
    return FALSE;
  note_command (self, command);
  return TRUE;
}

/* When a command may come. */
typedef enum
{
  STATE_ANY,
  STATE_BEFORE_LOGIN,
  STATE_LOGGED_IN,
  STATE_SELECTED,
} State;

static const struct
{
  const char *name;
  State state;
  Handler handler;
} commands[] = {
  { "CAPABILITY", STATE_ANY, serve_capability },
  { "NOOP", STATE_ANY, serve_noop },
  { "LOGOUT", STATE_ANY, serve_logout },
  { "ID", STATE_ANY, serve_id },
  { "LOGIN", STATE_BEFORE_LOGIN, serve_login },
  { "AUTHENTICATE", STATE_BEFORE_LOGIN, serve_authenticate },
  { "ENABLE", STATE_LOGGED_IN, serve_enable },
  { "NAMESPACE", STATE_LOGGED_IN, serve_namespace },
  { "LIST", STATE_LOGGED_IN, serve_list },
  { "LSUB", STATE_LOGGED_IN, serve_lsub },
  { "STATUS", STATE_LOGGED_IN, serve_status },
  { "CREATE", STATE_LOGGED_IN, serve_create },
  { "DELETE", STATE_LOGGED_IN, serve_delete },
  { "RENAME", STATE_LOGGED_IN, serve_rename },
  { "SUBSCRIBE", STATE_LOGGED_IN, serve_subscribe },
  { "UNSUBSCRIBE", STATE_LOGGED_IN, serve_unsubscribe },
  { "GETQUOTAROOT", STATE_LOGGED_IN, serve_quota_root },
  { "APPEND", STATE_LOGGED_IN, serve_append },
  { "SELECT", STATE_LOGGED_IN, serve_select },
  { "EXAMINE", STATE_LOGGED_IN, serve_examine },
  { "CLOSE", STATE_SELECTED, serve_close },
  { "UNSELECT", STATE_SELECTED, serve_unselect },
  { "EXPUNGE", STATE_SELECTED, serve_expunge },
  { "FETCH", STATE_SELECTED, serve_fetch },
  { "SEARCH", STATE_SELECTED, serve_search },
  { "UID FETCH", STATE_SELECTED, serve_uid_fetch },
  { "UID SEARCH", STATE_SELECTED, serve_uid_search },
  { "UID STORE", STATE_SELECTED, serve_uid_store },
  { "UID COPY", STATE_SELECTED, serve_uid_copy },
  { "UID MOVE", STATE_SELECTED, serve_uid_move },
  { "UID EXPUNGE", STATE_SELECTED, serve_uid_expunge },
};

static gboolean
may_come (const Session *self, State state)
{
  switch (state)
    {
    case STATE_ANY:
      return TRUE;
    case STATE_BEFORE_LOGIN:
      return !self->authenticated;
    case STATE_LOGGED_IN:
      return self->authenticated;
    case STATE_SELECTED:
      return self->selected != NULL;
    }
  return FALSE;
}

/* find: the handler for what stands at @reader, which then is behind the name. */
static const char *
find (const Session *self, Reader *reader, Handler *out_handler, gboolean *out_quiet)
{
  const char *word;
  if (!read_atom (reader, &word))
    return "no command";
  g_autofree char *name = g_strdup (word);
  if (g_ascii_strcasecmp (name, "UID") == 0 && read_space (reader)
      && read_atom (reader, &word))
    {
      g_free (name);
      name = g_strconcat ("UID ", word, NULL);
    }
  for (guint i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      if (g_ascii_strcasecmp (commands[i].name, name) != 0)
        continue;
      if (!may_come (self, commands[i].state))
        return "not in this state";
      *out_handler = commands[i].handler;
      /* RFC 3501 5.2, 7.4.1: no EXPUNGE while these run. */
      *out_quiet = strstr (commands[i].name, "FETCH") != NULL
                   || strstr (commands[i].name, "STORE") != NULL
                   || strstr (commands[i].name, "SEARCH") != NULL;
      return NULL;
    }
  return "no such command";
}

void
session_execute (Session *self, const Command *command)
{
  Handler handler = NULL;
  gboolean quiet = FALSE;
  Reader reader = { command, 0 };
  reply_clear (self);
  const char *why = command->why_bad != NULL ? command->why_bad
                                             : find (self, &reader, &handler, &quiet);
  if (why == NULL && handler == serve_authenticate)
    why = handler (self, &reader) ? NULL : "malformed arguments";
  else if (why == NULL)
    {
      pthread_mutex_lock (&self->server->lock);
      gboolean opens = handler == serve_select || handler == serve_examine;
      if (!handler (self, &reader))
        {
          reply_clear (self);
          why = "malformed arguments";
        }
      else if (!opens)
        session_sync (self, !quiet);
      self->server->changes++;
      pthread_mutex_unlock (&self->server->lock);
    }
  if (why == NULL)
    return;
  g_autofree char *text = command_text (command);
  /* Behind a SELECT that was refused it had left before the client could know. */
  if (handler != NULL || self->selected != NULL || !self->behind_opening)
    session_violation (self, why, text);
  reply_tagged (self, "BAD %s", why);
  if (++self->bads >= MOST_BADS)
    {
      reply_line (self, "* BYE too many bad commands");
      self->reply.close = TRUE;
    }
}

Command *
session_serve (Session *self, const char *until)
{
  while (!self->done)
    {
      g_autoptr (Command) command = session_read (self);
      if (command == NULL)
        continue;
      g_autofree char *text = command_text (command);
      self->behind_opening = self->opening;
      self->opening = g_str_has_prefix (text, "SELECT ")
                      || g_str_has_prefix (text, "EXAMINE ");
      if (until != NULL && imap_match (until, text, NULL))
        return g_steal_pointer (&command);
      if (play_rule (self, command, FALSE))
        continue;
      session_execute (self, command);
      session_send_reply (self, command->tag);
    }
  return NULL;
}

static void
session_clear (Session *self)
{
  pthread_mutex_lock (&self->server->lock);
  self->server->trips += self->wire.trips;
  pthread_mutex_unlock (&self->server->lock);
  wire_clear (&self->wire);
  g_free (self->selected);
  g_free (self->capability);
  g_array_unref (self->view);
  g_byte_array_unref (self->literal);
  reply_clear (self);
  g_ptr_array_unref (self->reply.lines);
}

void
session_run (ImapScript *script, int fd, guint number)
{
  Session self = { .server = script, .script = &script->script, .number = number };
  wire_init (&self.wire, fd, script->stop_fds[0]);
  self.wire.settle_us = script->script.settle_us;
  self.view = g_array_new (FALSE, FALSE, sizeof (guint32));
  self.literal = g_byte_array_new ();
  self.reply.lines = g_ptr_array_new ();
  if (!play_connection (&self))
    {
      session_greet (&self);
      session_serve (&self, NULL);
    }
  wire_flush (&self.wire);
  session_clear (&self);
}

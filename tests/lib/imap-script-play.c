/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The steps of a script: says, expects, waits, breaks things, or lets the honest server
 * answer, bent or not. Runs on the connection's thread; counters are under the lock.
 */
#include "imap-script-play.h"

#include <string.h>

/* Playing: one section at work. */
typedef struct
{
  Session *session;
  const GPtrArray *steps;
  guint at;
  Command *command; /* the current one; NULL: none yet */
  Command *owned;   /* ... if the section has read it */
  Command *pending; /* read, but "C?:" did not want it */
  gboolean partial; /* only up to its literal */
  Names names;
  GPtrArray *answers; /* changes of the next answer; of Step */
  gboolean failed;
} Playing;

static void
fail_step (Playing *self, const Step *step, const char *expected, const char *got)
{
  self->failed = TRUE;
  script_note_failure (self->session->server, step->line,
                       "connection %u: expected %s, got %s", self->session->number,
                       expected, got);
}

/* use: the command is the current one from now on; owned if it was read here. */
static void
use (Playing *self, Command *command, gboolean owned)
{
  if (self->owned != NULL && self->owned != command)
    command_free (self->owned);
  self->owned = owned ? command : NULL;
  self->command = command;
  self->names.tag = command->tag;
  if (self->names.tag_count < EXPAND_TAGS)
    self->names.tags[self->names.tag_count++] = g_strdup (command->tag);
}

static Command *
next_command (Playing *self)
{
  if (self->pending != NULL)
    return g_steal_pointer (&self->pending);
  while (!self->session->done)
    {
      Command *command = session_read (self->session);
      if (command != NULL)
        return command;
    }
  return NULL;
}

/* step_expect: one command; *out_matched says whether it is the right one. */
static Command *
step_expect (Playing *self, const Step *step)
{
  if (self->partial)
    {
      self->partial = FALSE;
      Command *rest = g_steal_pointer (&self->owned);
      if (session_read_rest (self->session, rest))
        return rest;
      command_free (rest);
      return NULL;
    }
  return step->type == STEP_EXPECT_PART ? session_read_part (self->session)
                                        : next_command (self);
}

static void
expect (Playing *self, const Step *step)
{
  g_autoptr (Command) command = step_expect (self, step);
  if (command == NULL)
    {
      if (step->type != STEP_EXPECT_MAYBE)
        fail_step (self, step, step->text, "the end of the connection");
      return;
    }
  g_autofree char *text = command_text (command);
  gboolean fits = command->why_bad == NULL
                  && imap_match (step->text, text, self->names.captures);
  if (!fits && step->type == STEP_EXPECT_MAYBE)
    {
      self->pending = g_steal_pointer (&command);
      return;
    }
  if (!fits)
    {
      fail_step (self, step, step->text, text);
      return;
    }
  self->partial = step->type == STEP_EXPECT_PART;
  use (self, g_steal_pointer (&command), TRUE);
}

/* expect_any: as many commands as there are "C*:" in a row, in any order; their tags are
 * numbered as the lines are. */
static void
expect_any (Playing *self)
{
  guint first = self->at, count = 0;
  gboolean met[EXPAND_TAGS] = { FALSE };
  guint base = self->names.tag_count;
  while (first + count < self->steps->len && base + count < EXPAND_TAGS
         && ((Step *) g_ptr_array_index (self->steps, first + count))->type
                == STEP_EXPECT_ANY)
    count++;
  self->at = first + count - 1;
  for (guint i = 0; i < count && !self->failed; i++)
    {
      g_autoptr (Command) command = next_command (self);
      g_autofree char *text = command != NULL ? command_text (command)
                                              : g_strdup ("the end");
      guint j = 0;
      while (
          j < count
          && (met[j] || command == NULL
              || !imap_match (((Step *) g_ptr_array_index (self->steps, first + j))->text,
                              text, self->names.captures)))
        j++;
      if (j == count)
        {
          fail_step (self, g_ptr_array_index (self->steps, first), "one of the C*: lines",
                     text);
          return;
        }
      met[j] = TRUE;
      g_free (self->names.tags[base + j]);
      self->names.tags[base + j] = g_strdup (command->tag);
      self->names.tag_count = MAX (self->names.tag_count, base + j + 1);
    }
}

static void
expect_line (Playing *self, const Step *step)
{
  gboolean lf;
  g_autoptr (GString) line = g_string_new (NULL);
  if (!wire_line (&self->session->wire, line, &lf))
    {
      self->session->done = TRUE;
      fail_step (self, step, step->text, "the end of the connection");
      return;
    }
  session_log (self->session, 'C', line->str, line->len);
  if (!imap_match (step->text, line->str, self->names.captures))
    fail_step (self, step, step->text, line->str);
}

/* step_take: "all", "N", or "-N": all but N. */
static void
take (Playing *self, const Step *step)
{
  gint64 count = 0;
  const char *word = step->words[0] != NULL ? step->words[0] : "";
  guint64 left = self->session->literal_left;
  if (strcmp (word, "all") == 0)
    count = (gint64) left;
  else if (!g_ascii_string_to_signed (word, 10, -(gint64) left, G_MAXINT64, &count, NULL))
    {
      fail_step (self, step, "a count that fits", word);
      return;
    }
  if (count < 0 || g_str_has_prefix (word, "-"))
    count = (gint64) left + count;
  if (!session_take_literal (self->session, (guint64) count))
    fail_step (self, step, "bytes of the literal", "the end of the connection");
}

/* literal_is: "@expect-literal N equals BODY". */
static void
literal_is (Playing *self, const Step *step)
{
  guint64 wanted = 0;
  guint seen = 0;
  if (g_strv_length (step->words) != 3
      || !g_ascii_string_to_unsigned (step->words[0], 10, 1, 1000, &wanted, NULL)
      || self->command == NULL)
    {
      fail_step (self, step, "a command, a number, 'equals' and a body", step->text);
      return;
    }
  g_autoptr (GBytes) body = script_body (self->session->script, step->words[2]);
  for (guint i = 0; i < self->command->tokens->len; i++)
    {
      const Token *token = &g_array_index (self->command->tokens, Token, i);
      if (token->type != TOKEN_LITERAL || token->bytes == NULL || ++seen != wanted)
        continue;
      if (body == NULL || !g_bytes_equal (body, token->bytes))
        fail_step (self, step, step->words[2], "other bytes");
      return;
    }
  fail_step (self, step, step->words[2], "no such literal");
}

/* answer: lets the honest server do the current command; bent by what was said. */
static void
answer (Playing *self, const Step *step, gboolean untagged, gboolean tagged)
{
  Session *session = self->session;
  if (self->command == NULL || self->partial)
    {
      fail_step (self, step, "a complete command to answer", "none");
      return;
    }
  for (guint i = 0; i < self->answers->len; i++)
    answer_style (session, g_ptr_array_index (self->answers, i));
  session_execute (session, self->command);
  for (guint i = 0; i < self->answers->len; i++)
    answer_bend (session, &self->names, g_ptr_array_index (self->answers, i));
  g_ptr_array_set_size (self->answers, 0);
  if (untagged)
    session_send_reply (session, tagged ? self->command->tag : NULL);
  else
    reply_clear (session);
  memset (&session->style, 0, sizeof session->style);
}

static void
say (Playing *self, const char *before, const char *text)
{
  g_autoptr (GString) line = script_expand (self->session, &self->names, text);
  g_string_prepend (line, before);
  session_say (self->session, line->str, line->len);
}

static void
say_tagged (Playing *self, const char *word, const char *text)
{
  g_autofree char *before = g_strdup_printf (
      "%s %s ", self->names.tag != NULL ? self->names.tag : "*", word);
  say (self, before, text);
}

static void
change (Playing *self, const Step *step)
{
  g_autofree char *why = NULL;
  pthread_mutex_lock (&self->session->server->lock);
  gboolean good = script_change (self->session->script, step->text, step->words, &why);
  pthread_mutex_unlock (&self->session->server->lock);
  if (!good)
    fail_step (self, step, "a change that is possible", why);
}

/* swallow: refused, but read; the command is then of no use. */
static void
swallow (Playing *self, const Step *step)
{
  if (self->command == NULL)
    fail_step (self, step, "a command", "none");
  else
    session_swallow (self->session, self->command);
}

/* plus: the announced literal is wanted. */
static void
plus (Playing *self)
{
  const Token *token = self->command != NULL ? command_last (self->command) : NULL;
  self->session->accepted = TRUE;
  if (token != NULL && token->sync && self->session->literal_left == token->size)
    session_say (self->session, "+ OK", 4);
}

static void
serve (Playing *self, const Step *step)
{
  const char *until = g_str_has_prefix (step->text, "until ")
                          ? step->text + strlen ("until ")
                          : NULL;
  Command *command = session_serve (self->session, until);
  if (command != NULL)
    {
      g_autofree char *text = command_text (command);
      imap_match (until, text, self->names.captures);
      use (self, command, TRUE);
    }
  else if (until != NULL)
    fail_step (self, step, until, "the end of the connection");
}

static void
set_capability (Playing *self, const Step *step)
{
  g_free (self->session->capability);
  self->session->capability = g_strdup (step->text);
}

/* break_wire: steps that hurt the connection; FALSE: it is another step. */
static gboolean
break_wire (Playing *self, const Step *step)
{
  Wire *wire = &self->session->wire;
  const char *second = step->words[0] != NULL && step->words[1] != NULL ? step->words[1]
                                                                        : "";
  if (step->type == STEP_DELAY)
    wire_delay (wire, step->number);
  else if (step->type == STEP_STALL)
    wire_stall (wire, step->number);
  else if (step->type == STEP_CLOSE || step->type == STEP_RESET)
    wire_close (wire, step->type == STEP_RESET);
  else if (step->type == STEP_GHOST)
    wire_vanish (wire, step->number);
  else if (step->type == STEP_CUT)
    {
      wire_flush (wire);
      wire->cut_reset = strcmp (second, "reset") == 0;
      wire->cut_after_bytes = step->number;
      if (step->number == 0)
        wire_close (wire, wire->cut_reset);
    }
  else if (step->type == STEP_PAUSE)
    {
      wire_flush (wire);
      wire->pause_after_bytes = step->number;
      if (!script_duration (second, &wire->pause_us))
        fail_step (self, step, "a duration", second);
    }
  else
    return FALSE;
  return TRUE;
}

/* talk: steps that say or expect something; FALSE: it is another step. */
static gboolean
talk (Playing *self, const Step *step)
{
  if (step->type == STEP_SEND)
    say (self, "", step->text);
  else if (step->type == STEP_RAW)
    {
      g_autoptr (GString) text = script_expand (self->session, &self->names, step->text);
      session_raw (self->session, text->str, text->len);
    }
  else if (step->type == STEP_OK)
    say_tagged (self, "OK", step->text);
  else if (step->type == STEP_NO)
    say_tagged (self, "NO", step->text);
  else if (step->type == STEP_BAD)
    say_tagged (self, "BAD", step->text);
  else if (step->type == STEP_BYE)
    say (self, "* BYE ", step->text);
  else if (step->type == STEP_GREET)
    session_greet (self->session);
  else if (step->type == STEP_EXPECT_ANY)
    expect_any (self);
  else if (step->type == STEP_EXPECT_LINE)
    expect_line (self, step);
  else if (step->type == STEP_EXPECT || step->type == STEP_EXPECT_MAYBE
           || step->type == STEP_EXPECT_PART)
    expect (self, step);
  else
    return FALSE;
  return TRUE;
}

static void
other (Playing *self, const Step *step)
{
  if (step->type == STEP_TAKE)
    take (self, step);
  else if (step->type == STEP_LITERAL_IS)
    literal_is (self, step);
  else if (step->type == STEP_DEFAULT)
    answer (self, step, TRUE, TRUE);
  else if (step->type == STEP_UNTAGGED)
    answer (self, step, TRUE, FALSE);
  else if (step->type == STEP_EXECUTE)
    answer (self, step, FALSE, FALSE);
  else if (step->type == STEP_DROP_TAGGED)
    {
      answer (self, step, TRUE, FALSE);
      wire_close (&self->session->wire, FALSE);
    }
  else if (step->type == STEP_ACCEPT)
    plus (self);
  else if (step->type == STEP_SWALLOW)
    swallow (self, step);
  else if (step->type == STEP_SERVE)
    serve (self, step);
  else if (step->type == STEP_CAPABILITY)
    set_capability (self, step);
  else if (step->type == STEP_CHANGE)
    change (self, step);
  else
    g_ptr_array_add (self->answers, (Step *) step);
}

static void
play (Playing *self)
{
  const Step *step = NULL;
  self->answers = g_ptr_array_new ();
  for (self->at = 0; self->at < self->steps->len && !self->failed; self->at++)
    {
      step = g_ptr_array_index (self->steps, self->at);
      if (!talk (self, step) && !break_wire (self, step))
        other (self, step);
    }
  if (self->answers->len > 0 && !self->failed)
    answer (self, step, TRUE, TRUE);
  g_ptr_array_unref (self->answers);
  names_clear (&self->names);
  if (self->failed)
    wire_close (&self->session->wire, FALSE);
  command_free (self->owned);
  command_free (self->pending);
}

/* names_uid: whether the set behind "UID COMMAND " holds the rule's UID. */
static gboolean
names_uid (const Rule *rule, const char *text)
{
  g_auto (GStrv) words = g_strsplit (text, " ", 4);
  if (rule->uid == 0)
    return TRUE;
  if (g_strv_length (words) < 3)
    return FALSE;
  g_autoptr (GArray) set = set_parse (words[2], G_MAXUINT32);
  return set != NULL && set_has (set, rule->uid);
}

/* choose: the first rule that fits and is due; counts all that fit. (transfer none) */
static Rule *
choose (Session *self, const char *text, gboolean at_literal)
{
  Rule *chosen = NULL;
  for (guint i = 0; i < self->script->rules->len; i++)
    {
      Rule *rule = g_ptr_array_index (self->script->rules, i);
      if (rule->at_literal != at_literal
          || (rule->connection != 0 && rule->connection != self->number)
          || !imap_match (rule->pattern, text, NULL) || !names_uid (rule, text))
        continue;
      guint count = ++rule->matched;
      gboolean due = (rule->nth == 0 || count == rule->nth)
                     && (rule->first == 0 || count <= rule->first) && count > rule->after;
      if (chosen == NULL && due)
        chosen = rule;
    }
  if (chosen != NULL)
    chosen->fired++;
  return chosen;
}

gboolean
play_rule (Session *self, Command *command, gboolean at_literal)
{
  g_autofree char *text = command_text (command);
  pthread_mutex_lock (&self->server->lock);
  const Rule *rule = command->why_bad == NULL ? choose (self, text, at_literal) : NULL;
  pthread_mutex_unlock (&self->server->lock);
  if (rule == NULL)
    return FALSE;
  Playing playing = { .session = self, .steps = rule->steps };
  imap_match (rule->pattern, text, playing.names.captures);
  use (&playing, command, FALSE);
  play (&playing);
  return TRUE;
}

gboolean
play_connection (Session *self)
{
  Play *chosen = NULL;
  pthread_mutex_lock (&self->server->lock);
  for (guint i = 0; i < self->script->plays->len; i++)
    {
      Play *one = g_ptr_array_index (self->script->plays, i);
      if (one->number == self->number || (one->number == 0 && chosen == NULL))
        chosen = one;
      if (one->number == self->number)
        break;
    }
  if (chosen != NULL)
    chosen->fired++;
  pthread_mutex_unlock (&self->server->lock);
  if (chosen == NULL)
    return FALSE;
  Playing playing = { .session = self, .steps = chosen->steps };
  play (&playing);
  return TRUE;
}

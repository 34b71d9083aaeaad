/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One connection of the scripted server: the small honest server and what scripts change
 * about it. A session belongs to its thread; functions named "under the lock" are called
 * with the server's lock held.
 */
#pragma once

#include "imap-script-private.h"
#include "imap-server-command.h"
#include "imap-server-wire.h"

/* Style: how a script bends the answers to FETCH ("@answer ..."). */
typedef struct
{
  gboolean split;      /* a line for each item */
  gboolean flags_last; /* FLAGS after bodies */
  gboolean no_uid;
  gboolean lower;           /* item names in lower case */
  const char *literal_form; /* after the number: "}" if NULL */
  gboolean bare_lf;
  gint64 literal_shift; /* added to announced lengths */
  gint64 size_factor;   /* of RFC822.SIZE; 0: honest */
} Style;

/* Reply: what the honest server says; lines have no CRLF at their end. */
typedef struct
{
  GPtrArray *lines; /* of GString */
  char *tagged;     /* "OK done" */
  gboolean close;   /* after it */
} Reply;

typedef struct
{
  ImapScript *server;
  Script *script;
  guint number; /* of the connection, from 1 */
  Wire wire;
  gboolean authenticated;
  char *selected; /* name of the mailbox; NULL: none */
  gboolean read_only;
  /* The command, or the one before it, is SELECT or EXAMINE. */
  gboolean opening, behind_opening;
  guint32 uidvalidity; /* of the selected mailbox, when it was selected */
  GArray *view;        /* its UIDs as the client knows them, of guint32 */
  guint64 seen_modseq; /* changes up to here were told */
  gboolean condstore, qresync, utf8;
  char *capability; /* set by a script in this connection; NULL: the usual */
  Style style;
  Reply reply;
  guint64 literal_left; /* of the announced literal, not yet taken */
  GByteArray *literal;  /* ... what was taken */
  gboolean want_part;   /* stop reading at an announced literal */
  gboolean accepted;    /* ... by a script */
  gboolean done;        /* the client is gone, or the server wants no more */
  guint bads;
} Session;

/* session_say: a line to the client, CRLF added; at once in the transcript. */
void session_say (Session *self, const char *data, gsize length);
/* session_raw: bytes to the client, as they are. */
void session_raw (Session *self, const char *data, gsize length);
/* session_capability: those in force, separated by spaces. (transfer none) */
const char *session_capability (const Session *self);
/* session_has: whether the capability in force has that word. */
gboolean session_has (const Session *self, const char *name);
/* session_violation: the client did what RFC 3501 forbids. Not under the lock. */
void session_violation (Session *self, const char *why, const char *text);
/* session_execute: does @command, answers in self->reply. Not under the lock. */
void session_execute (Session *self, const Command *command);
/* session_send_reply: sends self->reply with @tag (NULL: untagged lines only). */
void session_send_reply (Session *self, const char *tag);
/* session_greet: the usual greeting. */
void session_greet (Session *self);
/* session_read: the next command, with its literals; NULL: it was dealt with already, or
 * (self->done) there is none. (transfer full) */
Command *session_read (Session *self);
/* session_read_part: up to the announcement of its first literal. */
Command *session_read_part (Session *self);
/* session_read_rest: the rest of such a command. FALSE: it did not come. */
gboolean session_read_rest (Session *self, Command *command);
/* session_take_literal: up to @length bytes of the announced literal. FALSE: the client
 * ended before. */
gboolean session_take_literal (Session *self, guint64 length);
/* session_swallow: the rest of a refused command with all its literals. */
void session_swallow (Session *self, Command *command);
/* session_serve: the honest server with the script's rules, until the client goes or a
 * command matches @until (NULL: none), which is then returned unanswered. */
Command *session_serve (Session *self, const char *until);
/* session_log: a line of the transcript; @who is 'C' or 'S'. */
void session_log (Session *self, char who, const char *text, gsize length);

/* play_rule: the rule for @command (or its announced literal), if there is one, and
 * plays it. */
gboolean play_rule (Session *self, Command *command, gboolean at_literal);
/* play_connection: the section for this connection. FALSE: there is none. */
gboolean play_connection (Session *self);

/* reply_line: one more untagged line. (transfer none) */
GString *reply_line (Session *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* reply_tagged: "OK ...", "NO ..." or "BAD ..."; the first one counts. */
void reply_tagged (Session *self, const char *format, ...) G_GNUC_PRINTF (2, 3);
/* reply_clear: nothing was said. */
void reply_clear (Session *self);
/* reply_box: the selected mailbox, or NULL after a NO or BAD was made. */
Box *reply_box (Session *self, gboolean for_writing);
/* reply_string: a mailbox name or such, quoted or as a literal. */
void reply_string (GString *out, const char *text);
/* session_sync: tells of what changed in the selected mailbox; under the lock. */
void session_sync (Session *self, gboolean may_expunge);
/* session_leave: no mailbox is selected. */
void session_leave (Session *self);
/* view_number: sequence number of a UID; 0: the client does not know it. */
guint view_number (const Session *self, guint32 uid);
/* box_star: what "*" means in a set of UIDs. */
guint32 box_star (const Box *box);

/* Each runs one command under the lock: @reader is behind its name. FALSE: the grammar
 * is broken, nothing was done; else self->reply has a tagged line. */
typedef gboolean (*Handler) (Session *self, Reader *reader);

/* serve_capability: the command CAPABILITY. */
gboolean serve_capability (Session *self, Reader *reader);
/* serve_noop: the command NOOP. */
gboolean serve_noop (Session *self, Reader *reader);
/* serve_logout: the command LOGOUT. */
gboolean serve_logout (Session *self, Reader *reader);
/* serve_id: the command ID. */
gboolean serve_id (Session *self, Reader *reader);
/* serve_enable: the command ENABLE. */
gboolean serve_enable (Session *self, Reader *reader);
/* serve_login: the command LOGIN. */
gboolean serve_login (Session *self, Reader *reader);
/* serve_authenticate: the command AUTHENTICATE. */
gboolean serve_authenticate (Session *self, Reader *reader);
/* serve_list: the command LIST. */
gboolean serve_list (Session *self, Reader *reader);
/* serve_lsub: the command LSUB. */
gboolean serve_lsub (Session *self, Reader *reader);
/* serve_status: the command STATUS. */
gboolean serve_status (Session *self, Reader *reader);
/* serve_create: the command CREATE. */
gboolean serve_create (Session *self, Reader *reader);
/* serve_delete: the command DELETE. */
gboolean serve_delete (Session *self, Reader *reader);
/* serve_rename: the command RENAME. */
gboolean serve_rename (Session *self, Reader *reader);
/* serve_subscribe: the command SUBSCRIBE. */
gboolean serve_subscribe (Session *self, Reader *reader);
/* serve_unsubscribe: the command UNSUBSCRIBE. */
gboolean serve_unsubscribe (Session *self, Reader *reader);
/* serve_namespace: the command NAMESPACE. */
gboolean serve_namespace (Session *self, Reader *reader);
/* serve_quota_root: the command GETQUOTAROOT. */
gboolean serve_quota_root (Session *self, Reader *reader);
/* serve_select: the command SELECT. */
gboolean serve_select (Session *self, Reader *reader);
/* serve_examine: the command EXAMINE. */
gboolean serve_examine (Session *self, Reader *reader);
/* serve_close: the command CLOSE. */
gboolean serve_close (Session *self, Reader *reader);
/* serve_unselect: the command UNSELECT. */
gboolean serve_unselect (Session *self, Reader *reader);
/* serve_expunge: the command EXPUNGE. */
gboolean serve_expunge (Session *self, Reader *reader);
/* serve_uid_expunge: the command UID EXPUNGE. */
gboolean serve_uid_expunge (Session *self, Reader *reader);
/* serve_uid_store: the command UID STORE. */
gboolean serve_uid_store (Session *self, Reader *reader);
/* serve_uid_copy: the command UID COPY. */
gboolean serve_uid_copy (Session *self, Reader *reader);
/* serve_uid_move: the command UID MOVE. */
gboolean serve_uid_move (Session *self, Reader *reader);
/* serve_fetch: the command FETCH. */
gboolean serve_fetch (Session *self, Reader *reader);
/* serve_uid_fetch: the command UID FETCH. */
gboolean serve_uid_fetch (Session *self, Reader *reader);
/* serve_search: the command SEARCH. */
gboolean serve_search (Session *self, Reader *reader);
/* serve_uid_search: the command UID SEARCH. */
gboolean serve_uid_search (Session *self, Reader *reader);
/* serve_append: the command APPEND. */
gboolean serve_append (Session *self, Reader *reader);

/* append_check: what an honest server says to an APPEND whose last literal is announced
 * only; under the lock. "" : it wants it; else the tagged line, and *out_swallow says
 * whether it goes on to read what it refused. (transfer full) */
char *append_check (Session *self, const Command *command, gboolean *out_swallow);

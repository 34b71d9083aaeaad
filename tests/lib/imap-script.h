/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * An IMAP server for tests that runs in threads of the test and does what a script says;
 * where the script says nothing, it is a small, strict and honest server. The language is
 * described in docs/internals/testing-imap.md. All functions are for the test's thread.
 */
#pragma once

#include <glib.h>

typedef struct _ImapScript ImapScript;

/* ImapScriptMessage: one message of a mailbox as it lies there. Owned by its array. */
typedef struct
{
  guint32 uid;
  char *flags; /* separated by spaces, sorted; "" if none */
  gint64 date; /* seconds since 1970; G_MININT64: none was given, the server took "now" */
  int zone_minutes;
  GBytes *body;
} ImapScriptMessage;

/* imap_script_start: plays @path_or_text (a text holds a line end, a path does not) on
 * 127.0.0.1 until imap_script_stop(). NULL with G_FILE_ERROR, or G_IO_ERROR whose message
 * begins with the number of the script's bad line. Free with imap_script_free(). */
ImapScript *imap_script_start (const char *path_or_text, GError **error);

/* imap_script_start_with: the same; every "@{NAME}" of the script is replaced first by
 * what follows NAME in @variables (NAME, value, NAME, value, NULL). */
ImapScript *imap_script_start_with (const char *path_or_text,
                                    const char *const *variables, GError **error);

/* imap_script_port: where it listens. */
guint imap_script_port (const ImapScript *self);

/* imap_script_stop: ends all connections at once, whatever they wait for, and joins the
 * threads. What follows can be asked before and after it. May be called again. */
void imap_script_stop (ImapScript *self);

/* imap_script_free: stops and frees; accepts NULL. */
void imap_script_free (ImapScript *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapScript, imap_script_free)

/* imap_script_failures: what went against the script, a line each with the number of the
 * script's line: expectations that were not met, rules that never fired, and violations
 * of the grammar by the client. NULL when there is nothing. (transfer full) */
char *imap_script_failures (ImapScript *self);

/* imap_script_assert_ok: stops, and fails the test with failures and transcript unless
 * all went as the script says. */
void imap_script_assert_ok (ImapScript *self);

/* imap_script_transcript: all that was said, "1 C: …", "1 S: …" (connection's number
 * first); bodies are shown as {n}, nothing else is left out. (transfer full) */
char *imap_script_transcript (ImapScript *self);

/* imap_script_count: complete commands so far that match @pattern. */
guint imap_script_count (ImapScript *self, const char *pattern);

/* imap_script_connections: accepted so far. */
guint imap_script_connections (ImapScript *self);

/* imap_script_round_trips: how often a client spoke again only after it had been
 * answered, over all connections. Exact only with "@settle". */
guint imap_script_round_trips (ImapScript *self);

/* imap_script_mailboxes: the names as on the wire, sorted. (transfer full) */
char **imap_script_mailboxes (ImapScript *self);

/* imap_script_subscribed: whether that mailbox is there and subscribed. */
gboolean imap_script_subscribed (ImapScript *self, const char *mailbox);

/* imap_script_messages: of that mailbox in the order of their UIDs: an array of
 * ImapScriptMessage; NULL: there is no such mailbox. (transfer full) */
GPtrArray *imap_script_messages (ImapScript *self, const char *mailbox);

/* imap_script_change: does what a line of a script such as "@deliver INBOX body=NAME"
 * says, now. Asserts that it is possible. */
void imap_script_change (ImapScript *self, const char *line);

/* imap_script_body: the body that the script calls @name; NULL if none. (transfer full)
 */
GBytes *imap_script_body (ImapScript *self, const char *name);

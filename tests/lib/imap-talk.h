/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A client of the scripted server that says exactly what it is told. */
#pragma once

#include <gio/gio.h>

#include "imap-script.h"

/* Talk: a client that says exactly what it is told. */
typedef struct
{
  ImapScript *server;
  GSocketConnection *connection;
  GString *heard;
} Talk;

/* talk_start: a server for @script, and the first connection to it. */
Talk talk_start (const char *script);
/* talk_connect: one more; it takes the place of the one before. */
void talk_connect (Talk *self);
/* talk_clear: ends both. */
void talk_clear (Talk *self);
/* talk_say_bytes, talk_say: sends them as they are. */
void talk_say_bytes (Talk *self, const char *data, gsize length);
void talk_say (Talk *self, const char *text);
/* talk_hear: until a line begins with @start (NULL: until the end); all that came.
 * (transfer none) */
const char *talk_hear (Talk *self, const char *start);
/* talk_log_in: past the greeting and LOGIN. */
void talk_log_in (Talk *self);
/* talk_has: asserts that @part stands in @text. */
void talk_has (const char *text, const char *part);
/* talk_no_failures: stops the server; all went as its script says. */
void talk_no_failures (Talk *self);
/* talk_fails_with: stops the server; the failures hold @part. */
void talk_fails_with (Talk *self, const char *part);

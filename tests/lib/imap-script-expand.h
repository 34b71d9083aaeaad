/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Texts that a script sends, with what they stand for. */
#pragma once

#include "imap-server.h"

/* Most commands of one section whose tags can be named. */
#define EXPAND_TAGS 64u

/* Names: what "$..." may mean at one moment. */
typedef struct
{
  const char *tag; /* NULL: none */
  char *tags[EXPAND_TAGS];
  guint tag_count;
  char *captures[IMAP_MATCH_CAPTURES];
} Names;

/* names_clear: frees the members. */
void names_clear (Names *self);

/* script_expand: escapes; $tag, $swaptag, $tagN, $N, $literal(NAME+k), $bytes(NAME),
 * $size(NAME), $uidvalidity(MAILBOX), $uidnext(MAILBOX); any other "$" is itself.
 * (transfer full) */
GString *script_expand (Session *session, const Names *names, const char *text);

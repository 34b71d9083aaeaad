/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Copies of a server's state responses, and what they mean as errors. */
#pragma once

#include "connection.h"

/* An owned ImapReply. */
typedef struct
{
  ImapReply reply;
  char *text, *uids, *source_uids, *code_name;
} ImapReplyCopy;

/* Copies @state, with what its code and words say of throttling. */
void imap_reply_copy (ImapReplyCopy *self, const ImapStateData *state, ImapTagged how);

/* Frees what is inside. */
void imap_reply_clear (ImapReplyCopy *self);

/* @text as printable UTF-8 of a bounded length. (transfer full) */
char *imap_printable (ImapString text);

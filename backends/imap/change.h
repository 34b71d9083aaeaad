/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flags of messages of the selected folder. Belongs to the session's thread. */
#pragma once

#include "append.h"
#include "change-group.h"
#include "session.h"

/* What became of one change. */
typedef struct
{
  gboolean gone;  /* there is no such message */
  GError *error;  /* a system flag did not stick; NULL: all is well */
  char **missing; /* keywords that the folder does not take; NULL: none */
} ImapChangeOutcome;

/* Frees what is inside. */
void imap_change_outcome_clear (ImapChangeOutcome *self);

/* The rules of the selected folder, or of any whose flags are known. */
ImapFlagRules imap_flag_rules (const ImapSession *self, const ImapMailbox *mailbox);

/* Remembers that @mailbox does not take @keyword. */
void imap_mailbox_refuse_keyword (ImapMailbox *mailbox, const char *keyword);

/*
 * Makes @changes in the folder that is selected for writing: grouped, pipelined, and
 * looked at afterwards. @out_outcomes: one for each, in order. FALSE: the session is
 * lost.
 */
gboolean imap_change_apply (ImapSession *self, const ImapChange *changes, guint count,
                            ImapChangeOutcome *out_outcomes, GError **error);

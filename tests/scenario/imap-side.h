/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Accounts of a real IMAP server as the sides of a scenario. They are filled and read by
 * tests/scenario/imap_side.py, which shares no code with mailhaul, over a socket that
 * imap-on-server.py hands down. The main thread.
 */
#pragma once

#include "scenario.h"

/* ImapSide: the link to that program. */
typedef struct _ImapSide ImapSide;

/* ImapRow: what is told of a folder (@content NULL) or a message. */
typedef struct
{
  const char *folder;
  gboolean subscribed;
  const char *status; /* of the folder, as text */
  const char *uid;
  const char *content; /* imap_side_content() of the message */
  const char *flags;   /* "flagged,seen" */
  const char *keywords;
  gint64 date_unix;
} ImapRow;

/* ImapRowFunc: takes one row; its strings stand during the call. */
typedef void (*ImapRowFunc) (const ImapRow *row, gpointer user_data);

/* imap_side_wanted: this process was started by imap-on-server.py. */
gboolean imap_side_wanted (void);
/* imap_side_makes_parents: the server cannot have a folder without its parents. */
gboolean imap_side_makes_parents (void);
/* imap_side_new: (transfer full). Only where imap_side_wanted(), once. */
ImapSide *imap_side_new (void);
/* imap_side_free: accepts NULL. */
void imap_side_free (ImapSide *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapSide, imap_side_free)
/* imap_side_account: the name of a new account. (transfer full) */
char *imap_side_account (ImapSide *self);
/* imap_side_change: carries out one line of a scenario; what the server refuses ends the
 * program with the line's number. */
void imap_side_change (ImapSide *self, const char *user, Scenario *scenario,
                       const Command *command);
/* imap_side_read: all folders that can be selected, and their messages. */
void imap_side_read (ImapSide *self, const char *user, ImapRowFunc func,
                     gpointer user_data);
/* imap_side_content: the digest by which rows name the content of a mail. (transfer full)
 */
char *imap_side_content (const MailSpec *mail);
/* imap_side_options: of the backend "imap" for @user, as a shell splits them. (transfer
 * full) */
char *imap_side_options (const char *user);

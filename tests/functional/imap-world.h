/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Copies between accounts on real servers, and a look at both sides without mailhaul
 * (tests/lib/imap-compare.py). Needs MAILHAUL_SERVERS. Main thread.
 */
#pragma once

#include "cli-call.h"
#include "mail-server.h"

/* Account: one side of a copy: account "u" and @user of a server, or else something
 * local. */
typedef struct
{
  MailServer *server; /* NULL: @local */
  guint user;
  const char *local;   /* "maildir:PATH" or "mbox:PATH", below the test's directory */
  const char *options; /* "NAME=VALUE|…" for the backend; NULL: none */
} Account;

/* account_fill: tests/lib/imap-fill.py does @task ("hard", "bulk 120 1", "change", …).
 * (transfer full): what it said. */
char *account_fill (const Account *account, const char *task);
/* account_copy: runs `mailhaul copy` between them, with @more arguments (NULL: none), the
 * state in "state-NAME" and the report in "report-NAME.json" of the fixture's directory,
 * where NAME is of this pair. Clear with called_clear(). */
Called account_copy (const Fixture *fixture, const Account *source,
                     const Account *destination, const char *more);
/* account_copy_line: the arguments of that call, for cli_start(). (transfer full) */
char *account_copy_line (const Fixture *fixture, const Account *source,
                         const Account *destination, const char *more);
/* account_forget: removes the state of this pair. */
void account_forget (const Fixture *fixture, const Account *source,
                     const Account *destination);
/* account_assert_equal: the same mail, folders and subscriptions, but for what the report
 * of the pair's last copy names (if @named) and the kinds of difference in @ignored
 * (NULL: none; separated by spaces). */
void account_assert_equal (const Fixture *fixture, const Account *expected,
                           const Account *found, gboolean named, const char *ignored);
/* account_assert_status: the call ended so; else shows all that it said. */
void account_assert_status (const Called *called, int status, const char *what);

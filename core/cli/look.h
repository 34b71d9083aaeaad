/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What `mailhaul check --connect` finds out about one mailbox, and how it is told.
 */
#pragma once

#include "cli/cli.h"

typedef struct _JsonBuilder JsonBuilder;

/* Fact: what a backend said of its peer. */
typedef struct
{
  char *key;
  char *text;
} Fact;

/* Look: one side of one account as it was found. */
typedef struct
{
  HaulRole role;
  char *backend;   /* as the job names it */
  char *identity;  /* which mailbox; NULL: the job did not say it rightly */
  char *preset;    /* NULL: none */
  gboolean opened; /* then caps and facts are known */
  gboolean listed; /* then the numbers are known */
  guint32 caps;
  GPtrArray *facts; /* of Fact */
  GPtrArray *notes; /* of char *: what the preset says of this side */
  guint folders;
  gboolean counted, sized; /* every folder came with its messages, its bytes */
  guint64 messages, bytes;
  gint64 open_us, list_us; /* how long it took */
  GError *error;           /* why it ended early, or NULL */
  Problems *problems;      /* mistakes in the job */
  ExitCode exit_code;
} Look;

/* LookRequest: where to look. Borrowed. */
typedef struct
{
  const Job *job;
  const JobAccount *account;
  Registry *registry;
  GCancellable *cancellable; /* may be NULL */
} LookRequest;

/* look_at: opens one side, asks and lists; changes nothing there. Any thread, once all
 * plugins of the job are loaded. (transfer full), look_free() */
Look *look_at (const LookRequest *request, HaulRole role);
/* look_free: accepts NULL. */
void look_free (Look *self);

/* look_print: for people, on standard output. */
void look_print (const Look *self);
/* look_print_error: on standard error, what ended it and what to do; nothing if all is
 * well. @account: its name. */
void look_print_error (const Look *self, const char *account);
/* look_add_json: as an object of its own. */
void look_add_json (const Look *self, JsonBuilder *builder);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One hazard of IMAP: a script of the scripted server, whose "#:" lines say what mailhaul
 * has to make of it; docs/internals/testing-imap.md has the list of these lines.
 */
#pragma once

#include <glib.h>

/* Mail: a message that the source Maildir is given, a body of the script. */
typedef struct
{
  char *folder; /* on disk: "" or ".Name" */
  char *body;
  char *flags; /* letters */
} HazardMail;

/* HAZARD_SOME: at least one, as time will have it. */
#define HAZARD_SOME G_MAXUINT

/* Hazard: what a script's "#:" lines say. */
typedef struct
{
  char *path;      /* of the script */
  char *name;      /* without folder and suffix */
  gboolean source; /* the server is the source; else the destination */
  int exit, again; /* codes of the first and the second run */
  guint corpus;    /* messages of a made-up source Maildir */
  GPtrArray *mails;
  GPtrArray *options;   /* NAME=VALUE of the IMAP side */
  GPtrArray *arguments; /* of the program */
  GPtrArray *between;   /* changes of the server between the runs */
  GPtrArray *says;      /* parts of what the first run prints */
  GPtrArray *folders;   /* wire name, folder on disk, … */
  GPtrArray *lost;      /* "MAILBOX UID" that cannot be copied */
  guint kept;           /* of the first run that the source no longer has */
  guint
      missing;  /* messages that the destination does not take; HAZARD_SOME: any number */
  guint differ; /* messages whose bytes or flags are changed */
  gboolean dates;  /* dates must be equal, too */
  gboolean resend; /* the second run may send again */
} Hazard;

/* hazard_read: asserts that the lines are understood. Free with hazard_free(). */
Hazard *hazard_read (const char *path);
/* hazard_free: accepts NULL. */
void hazard_free (Hazard *self);
/* hazard_run: starts the server, runs the program twice, compares both sides. */
void hazard_run (const Hazard *self);
/* hazard_run_pair: the same from one server to another, each with its script: both runs
 * end well, and both servers then hold the same. */
void hazard_run_pair (const Hazard *source, const Hazard *destination);

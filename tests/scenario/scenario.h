/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A scenario file in memory; README.md has the format.
 */
#pragma once

#include <gio/gio.h>

/* MailSpec: a message by name: what its bytes are made from. */
typedef struct
{
  char *name;
  char *headers;  /* name that the header fields are made from */
  char *id;       /* name that the Message-ID is made from; NULL: it has none */
  char *body;     /* name that the body is made from */
  gsize size;     /* of the wire form, at least */
  gboolean dated; /* has a Date field */
  char *field;    /* one more, at the end of the header, as a filter leaves it; or NULL */
  gboolean hide;  /* its Message-ID is called X-Message-ID, likewise */
  gboolean lf;    /* lies in the store with LF */
} MailSpec;

/* MessageSpec: one line `message` or `set`. */
typedef struct
{
  char *name;
  guint count;
  guint32 flags;
  char *keywords; /* canonical set */
  gint64 date_unix;
} MessageSpec;

/* CommandKind: what a line does to a store, or what it expects of one. */
typedef enum
{
  COMMAND_FOLDER,        /* make it and go into it */
  COMMAND_MESSAGE,       /* add messages */
  COMMAND_REMOVE,        /* remove messages of a name */
  COMMAND_SET,           /* new flags for all messages of a name */
  COMMAND_RENUMBER,      /* the folder gets new keys */
  COMMAND_DELETE_FOLDER, /* with its messages */
  COMMAND_RENAME_FOLDER, /* with its children */
} CommandKind;

/* Command: one line of a section. */
typedef struct
{
  CommandKind kind;
  guint line;
  char **path; /* of the folder that it is about */
  char **to;   /* rename */
  guint32 attributes;
  guint32 special_use;
  MessageSpec *message; /* may be NULL */
} Command;

/* StepKind: what happens next in a scenario. */
typedef enum
{
  STEP_SOURCE,      /* commands for the source's store */
  STEP_DESTINATION, /* commands for the destination's store */
  STEP_FORGET,      /* the state is lost */
  STEP_RUN,         /* a run and what is expected of it */
} StepKind;

/* ExpectKind: where the expected destination is written. */
typedef enum
{
  EXPECT_LISTED, /* in the commands of the step */
  EXPECT_SOURCE, /* it is as the source */
  EXPECT_SAME,   /* as the run before left it */
} ExpectKind;

/* SCENARIO_COUNTS: how many names `counts` knows. */
#define SCENARIO_COUNTS 8
/* SCENARIO_ANY: a count that is not checked. */
#define SCENARIO_ANY G_MAXUINT64

/* Step: one section of a scenario. */
typedef struct
{
  StepKind kind;
  guint line;
  GPtrArray *commands; /* of Command; for a run: the expected folders */
  ExpectKind expect;
  guint64 counts[SCENARIO_COUNTS]; /* in the order of scenario_count_names() */
  int exit_code;
} Step;

/* Option: NAME=VALUE, cut in two. */
typedef struct
{
  char *name;
  char *value;
} Option;

/* FilterSpec: one filter of the chain. */
typedef struct
{
  char *plugin;
  GPtrArray *options; /* of Option */
} FilterSpec;

/* Scenario: everything. Immutable once read. */
typedef struct
{
  char *file;
  GHashTable *mails;              /* name → MailSpec */
  GPtrArray *sync;                /* of Option: attributes of <sync> */
  GPtrArray *filters;             /* of FilterSpec */
  GPtrArray *source_options;      /* of Option */
  GPtrArray *destination_options; /* of Option */
  char **variants;                /* NULL: all */
  GPtrArray *steps;               /* of Step */
} Scenario;

/* scenario_read: (transfer full), scenario_free(). The error names file and line. */
Scenario *scenario_read (const char *file, GError **error);
/* scenario_new: empty. (transfer full) */
Scenario *scenario_new (const char *file);
/* scenario_free: accepts NULL. */
void scenario_free (Scenario *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Scenario, scenario_free)
/* scenario_count_names: "copied", "matched", …, NULL-terminated (static). */
const char *const *scenario_count_names (void);
/* scenario_mail: the mail of that name, made with defaults when no line describes it.
 * (transfer none) */
const MailSpec *scenario_mail (Scenario *self, const char *name);
/* scenario_body: the bytes of a mail in the form that it lies in. (transfer full) */
GBytes *scenario_body (const MailSpec *mail);
/* scenario_date: the INTERNALDATE of a mail that has no other. */
gint64 scenario_date (const char *name);
/* scenario_mail_new: of that name, with defaults. (transfer full) */
MailSpec *scenario_mail_new (const char *name);
/* scenario_option_free, scenario_command_free: for the arrays that hold them. */
void scenario_option_free (gpointer data);
/* See scenario_option_free(). */
void scenario_command_free (gpointer data);

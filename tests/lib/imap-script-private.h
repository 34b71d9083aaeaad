/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The parts of the scripted server among themselves: what a script says, and who holds
 * what. */
#pragma once

#include <pthread.h>

#include <glib.h>

#include "imap-script-match.h"
#include "imap-script.h"
#include "imap-server-store.h"

/* What is done at one line of a script. */
typedef enum
{
  STEP_SEND,         /* S: text */
  STEP_RAW,          /* @raw text */
  STEP_EXPECT,       /* C: pattern, a whole command */
  STEP_EXPECT_ANY,   /* C*: pattern, as its neighbours in any order */
  STEP_EXPECT_MAYBE, /* C?: pattern, or the next step's */
  STEP_EXPECT_PART,  /* C-: pattern, up to the announcement of a literal */
  STEP_EXPECT_LINE,  /* L: pattern, a line that is no command */
  STEP_TAKE,         /* @take N|all|-N of the announced literal */
  STEP_LITERAL_IS,   /* @expect-literal N equals BODY */
  STEP_DEFAULT,      /* @default */
  STEP_UNTAGGED,     /* @untagged */
  STEP_EXECUTE,      /* @execute */
  STEP_DROP_TAGGED,  /* @drop-tagged */
  STEP_OK,           /* @ok text, @no text, @bad text: tagged */
  STEP_NO,
  STEP_BAD,
  STEP_BYE,        /* @bye text */
  STEP_DELAY,      /* @delay 100ms */
  STEP_STALL,      /* @stall [100ms] */
  STEP_CLOSE,      /* @close */
  STEP_RESET,      /* @reset */
  STEP_CUT,        /* @cut N [reset] */
  STEP_PAUSE,      /* @pause N 100ms */
  STEP_GHOST,      /* @ghost 100ms */
  STEP_ACCEPT,     /* @accept: the announced literal */
  STEP_SWALLOW,    /* @swallow: the rest of the refused command */
  STEP_GREET,      /* @greet: the usual greeting */
  STEP_SERVE,      /* @serve [until PATTERN]: the mini server takes over */
  STEP_ANSWER,     /* @answer ...: change of the default answer */
  STEP_CAPABILITY, /* @capability ... from now on in this connection */
  STEP_CHANGE,     /* @deliver, @expunge, @flag, @uidvalidity, ...: of a mailbox */
} StepType;

typedef struct
{
  StepType type;
  guint line; /* of the script */
  char *text;
  char **words;  /* of what follows the directive */
  gint64 number; /* bytes, microseconds, or an index; -1: none was given */
} Step;

/* Rule: "@on PATTERN". */
typedef struct
{
  guint line;
  char *pattern;
  gboolean at_literal; /* "@on-literal": when a literal is announced */
  gboolean optional;
  guint nth, first, after; /* 0: not given */
  guint connection;        /* 0: all */
  guint uid;               /* 0: any; else the set after "UID …" must hold it */
  GPtrArray *steps;
  guint matched, fired; /* under the lock */
} Rule;

/* Play: "@connection N". */
typedef struct
{
  guint line;
  guint number; /* 0: every other one */
  gboolean optional;
  GPtrArray *steps;
  guint fired; /* under the lock */
} Play;

/* Bound: "@count PATTERN >= N" and "@never PATTERN". */
typedef struct
{
  guint line;
  char *pattern;
  guint least, most;
} Bound;

/* User: "@user NAME PASSWORD". */
typedef struct
{
  char *name;
  char *password;
} User;

/* What a server refuses to store ("@refuse ..."). */
typedef enum
{
  REFUSE_NUL = 1 << 0,
  REFUSE_BARE_LF = 1 << 1,
  REFUSE_FROM = 1 << 2,
  REFUSE_8BIT_HEADER = 1 << 3,
  REFUSE_NO_FINAL_CRLF = 1 << 4,
  REFUSE_KEYWORDS = 1 << 5,
  REFUSE_LONG_LINE = 1 << 6,
} Refuse;

/* Script: what was read; constant while it plays, but for the counters and the store. */
typedef struct
{
  char *capability;       /* after login */
  char *capability_early; /* before */
  gboolean capability_in_greeting, capability_at_login;
  char *greeting;   /* without "* OK "; NULL: the usual */
  char *delimiter;  /* "/", "." or "NIL" */
  char *namespaces; /* NULL: one personal without a prefix */
  char *id;
  gint64 settle_us;
  guint64 append_limit; /* 0: none */
  guint64 quota;        /* bytes; 0: none */
  gsize line_limit;
  guint refuse; /* bits of Refuse */
  guint long_line;
  GHashTable *bodies; /* name -> GBytes */
  GPtrArray *users, *rules, *plays, *bounds;
  Store store;
} Script;

struct _ImapScript
{
  Script script;
  int listen_fd;
  int stop_fds[2];
  guint port;
  gboolean started, stopped;
  pthread_t listener;
  pthread_mutex_t lock; /* of all below, and of the script's store and counters */
  GArray *threads;      /* of pthread_t; only the listener and, behind its end, stop */
  guint connections;
  guint trips;
  guint64 changes;     /* grows with each command, so that others look at their mailbox */
  GPtrArray *commands; /* canonical texts */
  GPtrArray *failures;
  GString *transcript;
};

/* script_read: @text to @out (cleared before by script_init). FALSE with G_IO_ERROR. */
gboolean script_read (Script *out, const char *text, GError **error);
/* script_init, script_clear: defaults; frees the members. */
void script_init (Script *self);
void script_clear (Script *self);
/* script_unescape: \r \n \t \0 \xNN and \\ to bytes. */
void script_unescape (GString *out, const char *text, gsize length);
/* script_words: separated by spaces; "quoted words", (lists) and key=value keep together.
 * (transfer full) */
char **script_words (const char *text);
/* script_change: does what a STEP_CHANGE or the head says to the store. @why is set when
 * it makes no sense. (transfer full) */
gboolean script_change (Script *self, const char *directive, char *const *words,
                        char **out_why);
/* script_body: by name, or "#N" for N made-up bytes; NULL: unknown. (transfer full) */
GBytes *script_body (const Script *self, const char *name);
/* script_duration: "100ms", "2s" in microseconds. */
gboolean script_duration (const char *text, gint64 *out_us);

/* script_note_failure: one more; any thread, takes the lock. */
void script_note_failure (ImapScript *self, guint line, const char *format, ...)
    G_GNUC_PRINTF (3, 4);

/* session_run: the life of one connection on its own thread; closes @fd. */
void session_run (ImapScript *script, int fd, guint number);

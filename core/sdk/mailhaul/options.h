/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Options of a plugin: one constant table, checked by the compiler against the settings
 * struct, from which the parser, the help, the schema, the manual page and the redaction
 * of secrets are all made.
 */
#pragma once

#include <mailhaul/macros.h>

G_BEGIN_DECLS

/* HaulOptionType: decides the C type of the member and what a job may write. */
typedef enum
{
  HAUL_OPTION_BOOL = 1, /* gboolean; true/false, yes/no, on/off, 1/0 */
  HAUL_OPTION_UINT = 2, /* guint; decimal, range in minimum/maximum, a unit */
  HAUL_OPTION_SIZE = 3, /* guint64 bytes; "50M" (10^6), "64KiB" (2^10), plain bytes */
  HAUL_OPTION_DURATION =
      4, /* gint64 µs; "500ms", "90s", "5m", "2h", "7d", "10y" (365 d) */
  HAUL_OPTION_STRING = 5,  /* char *, owned by the settings */
  HAUL_OPTION_PATH = 6,    /* char *, absolute: relative ones are relative to the job */
  HAUL_OPTION_ENUM = 7,    /* int: the index into `choices` */
  HAUL_OPTION_LIST = 8,    /* char **: blank-separated words */
  HAUL_OPTION_PATTERN = 9, /* GRegex *: PCRE2, compiled */
  HAUL_OPTION_SECRET = 10, /* HaulSecret *: NAME, NAME-file, NAME-env, NAME-command */
  HAUL_OPTION_DATE = 11,   /* gint64 Unix seconds; ISO 8601 date or date and time */
} HaulOptionType;

/* HaulOptionFlags: properties beside the type. */
typedef enum
{
  HAUL_OPT_NONE = 0,
  HAUL_OPT_REQUIRED = 1 << 0,         /* must be given */
  HAUL_OPT_DEPRECATED = 1 << 1,       /* still taken, with a warning */
  HAUL_OPT_ONLY_SOURCE = 1 << 2,      /* refused in <destination> */
  HAUL_OPT_IDENTITY = 1 << 4,         /* part of what says which mailbox this is */
  HAUL_OPT_ONLY_DESTINATION = 1 << 3, /* refused in <source> */
  HAUL_OPT_PRESET = 1 << 5, /* names a preset: the core takes what the job leaves open
                             * from presets/PLUGIN-VALUE.xml; a string, one in a table */
} HaulOptionFlags;

/* HaulSecret: a secret that the job names but never shows; opaque. */
typedef struct _HaulSecret HaulSecret;

/*
 * HaulOptionSpec: one row of the table. Written with the HAUL_OPT_… macros only. All
 * strings are static. A numeric row has a unit; every row has a summary.
 */
typedef struct
{
  const char *name;
  HaulOptionType type;
  guint32 flags;
  gsize offset;
  const char *default_text;   /* as a job would write it; NULL: zero or NULL */
  const char *minimum_text;   /* numbers: lowest value allowed; NULL: none */
  const char *maximum_text;   /* numbers: highest value allowed; NULL: none */
  const char *unit;           /* "commands", "bytes", "seconds" … */
  const char *const *choices; /* enum: NULL-terminated names */
  const char *summary;        /* one sentence without a full stop */
} HaulOptionSpec;

/* The member's C type is part of the table: a wrong one does not compile. */
#define HAUL_OPT_OFFSET(S, member, T)                                                    \
  (G_STRUCT_OFFSET (S, member) + _Generic(((S *) 0)->member, T : 0))

/* HAUL_OPT_BOOL: a row of HAUL_OPTION_BOOL: @default_ "yes", or NULL for FALSE. */
#define HAUL_OPT_BOOL(S, member, name_, default_, flags_, summary_)                      \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_BOOL, .flags = flags_,                            \
    .offset = HAUL_OPT_OFFSET (S, member, gboolean), .default_text = default_,           \
    .summary = summary_                                                                  \
  }
/* HAUL_OPT_UINT: a row of HAUL_OPTION_UINT: @unit_ names what is counted; @min_ and @max_
 * may be NULL. */
#define HAUL_OPT_UINT(S, member, name_, default_, min_, max_, unit_, flags_, summary_)   \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_UINT, .flags = flags_,                            \
    .offset = HAUL_OPT_OFFSET (S, member, guint), .default_text = default_,              \
    .minimum_text = min_, .maximum_text = max_, .unit = unit_, .summary = summary_       \
  }
/* HAUL_OPT_SIZE: a row of HAUL_OPTION_SIZE: all values as texts, "64KiB". */
#define HAUL_OPT_SIZE(S, member, name_, default_, min_, max_, flags_, summary_)          \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_SIZE, .flags = flags_,                            \
    .offset = HAUL_OPT_OFFSET (S, member, guint64), .default_text = default_,            \
    .minimum_text = min_, .maximum_text = max_, .unit = "bytes", .summary = summary_     \
  }
/* HAUL_OPT_DURATION: a row of HAUL_OPTION_DURATION: all values as texts, "90s". */
#define HAUL_OPT_DURATION(S, member, name_, default_, min_, max_, flags_, summary_)      \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_DURATION, .flags = flags_,                        \
    .offset = HAUL_OPT_OFFSET (S, member, gint64), .default_text = default_,             \
    .minimum_text = min_, .maximum_text = max_, .unit = "duration", .summary = summary_  \
  }
/* HAUL_OPT_STRING: a row of HAUL_OPTION_STRING: any text. */
#define HAUL_OPT_STRING(S, member, name_, default_, flags_, summary_)                    \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_STRING, .flags = flags_,                          \
    .offset = HAUL_OPT_OFFSET (S, member, char *), .default_text = default_,             \
    .summary = summary_                                                                  \
  }
/* HAUL_OPT_PATH: a row of HAUL_OPTION_PATH: a file or folder. */
#define HAUL_OPT_PATH(S, member, name_, default_, flags_, summary_)                      \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_PATH, .flags = flags_,                            \
    .offset = HAUL_OPT_OFFSET (S, member, char *), .default_text = default_,             \
    .summary = summary_                                                                  \
  }
/* HAUL_OPT_ENUM: a row of HAUL_OPTION_ENUM: @choices_ are the names, the member is the
 * index. */
#define HAUL_OPT_ENUM(S, member, name_, default_, choices_, flags_, summary_)            \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_ENUM, .flags = flags_,                            \
    .offset = HAUL_OPT_OFFSET (S, member, int), .default_text = default_,                \
    .choices = choices_, .summary = summary_                                             \
  }
/* HAUL_OPT_LIST: a row of HAUL_OPTION_LIST: words. */
#define HAUL_OPT_LIST(S, member, name_, default_, flags_, summary_)                      \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_LIST, .flags = flags_,                            \
    .offset = HAUL_OPT_OFFSET (S, member, char **), .default_text = default_,            \
    .summary = summary_                                                                  \
  }
/* HAUL_OPT_PATTERN: a row of HAUL_OPTION_PATTERN: a regular expression. */
#define HAUL_OPT_PATTERN(S, member, name_, default_, flags_, summary_)                   \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_PATTERN, .flags = flags_,                         \
    .offset = HAUL_OPT_OFFSET (S, member, GRegex *), .default_text = default_,           \
    .summary = summary_                                                                  \
  }
/* HAUL_OPT_SECRET: a row of HAUL_OPTION_SECRET: has no default; each of its four forms is
 * an option. */
#define HAUL_OPT_SECRET(S, member, name_, flags_, summary_)                              \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_SECRET, .flags = flags_,                          \
    .offset = HAUL_OPT_OFFSET (S, member, HaulSecret *), .summary = summary_             \
  }
/* HAUL_OPT_DATE: a row of HAUL_OPTION_DATE: the date by itself or with a time. */
#define HAUL_OPT_DATE(S, member, name_, default_, flags_, summary_)                      \
  {                                                                                      \
    .name = name_, .type = HAUL_OPTION_DATE, .flags = flags_,                            \
    .offset = HAUL_OPT_OFFSET (S, member, gint64), .default_text = default_,             \
    .unit = "date", .summary = summary_                                                  \
  }
/* HAUL_OPT_END: the last row. */
#define HAUL_OPT_END                                                                     \
  {                                                                                      \
    .name = NULL                                                                         \
  }

/*
 * haul_secret_read: the secret's bytes as text, read anew at each call from where the job
 * says (the text itself, a file without its last line end, an environment variable, the
 * first line that a command prints), so that a renewed token is seen. Blocks while a
 * command runs (at most 60 s).
 *
 * Returns: (transfer full): free with haul_secret_free_text(). NULL with
 * HAUL_ERROR_CONFIG when it cannot be had; the error never contains the secret.
 */
HAUL_API char *haul_secret_read (const HaulSecret *secret, GError **error);

/* haul_secret_free_text: wipes and frees what haul_secret_read() gave. Accepts NULL. */
HAUL_API void haul_secret_free_text (char *text);

G_END_DECLS

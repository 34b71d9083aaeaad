/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Errors: the code says what the engine should do, the scope says what is broken, and
 * both travel inside the GError. A backend maps what its peer said and never decides.
 */
#pragma once

#include <mailhaul/macros.h>

G_BEGIN_DECLS

/* HAUL_ERROR: the one error domain of mailhaul (beside G_IO_ERROR_CANCELLED). */
#define HAUL_ERROR (haul_error_quark ())

/* HaulErrorCode: what happened, in terms of what can be done about it. */
typedef enum
{
  HAUL_ERROR_CONFIG = 0,   /* the job is wrong: stop before anything is touched */
  HAUL_ERROR_AUTH = 1,     /* login refused: never retried blindly (lock-outs) */
  HAUL_ERROR_TLS = 2,      /* certificate or handshake refused */
  HAUL_ERROR_NETWORK = 3,  /* connection refused, reset or lost */
  HAUL_ERROR_TIMEOUT = 4,  /* silence beyond the limit */
  HAUL_ERROR_BUSY = 5,     /* throttled, in use, locked; may carry the peer's own delay */
  HAUL_ERROR_PROTOCOL = 6, /* the peer broke its own rules */
  HAUL_ERROR_QUOTA = 7,    /* destination full: quota or disk */
  HAUL_ERROR_TOO_BIG = 8,  /* message above the destination's limit */
  HAUL_ERROR_REJECTED = 9, /* message or command refused for its content */
  HAUL_ERROR_GONE = 10,    /* the message vanished: counted, not a failure */
  HAUL_ERROR_NOT_FOUND = 11,   /* folder or file does not exist */
  HAUL_ERROR_EXISTS = 12,      /* folder or file exists already */
  HAUL_ERROR_PERMISSION = 13,  /* access refused */
  HAUL_ERROR_IO = 14,          /* local disk or system call failed */
  HAUL_ERROR_CORRUPT = 15,     /* stored data cannot be understood */
  HAUL_ERROR_INTERNAL = 16,    /* a promise of mailhaul itself was broken */
  HAUL_ERROR_UNSUPPORTED = 17, /* asked of a plugin that cannot do it */
} HaulErrorCode;

/* HaulErrorScope: the largest thing that the error breaks. */
typedef enum
{
  HAUL_SCOPE_MESSAGE = 0,
  HAUL_SCOPE_FOLDER = 1,
  HAUL_SCOPE_SESSION = 2,
  HAUL_SCOPE_ACCOUNT = 3,
  HAUL_SCOPE_JOB = 4,
} HaulErrorScope;

/* haul_error_quark: the domain behind HAUL_ERROR. Any thread. */
HAUL_API GQuark haul_error_quark (void);

/*
 * haul_error_set: sets @error (ignored when NULL) to a new HAUL_ERROR with the
 * printf-like message, which starts in lower case and has no full stop: what was
 * attempted, on what, and what came back, the peer's words last. Any thread. Always
 * returns FALSE, so that a failure is one line: `return haul_error_set (error, …);`.
 */
HAUL_API gboolean haul_error_set (GError **error, HaulErrorCode code,
                                  HaulErrorScope scope, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/*
 * haul_error_set_errno: the same for a failed system call; the code is chosen from
 * @errno_value (ENOSPC and EDQUOT: QUOTA; ENOENT: NOT_FOUND; EACCES, EPERM, EROFS:
 * PERMISSION; EEXIST: EXISTS; else IO) and ": " with the system's text is appended.
 * Always returns FALSE.
 */
HAUL_API gboolean haul_error_set_errno (GError **error, int errno_value,
                                        HaulErrorScope scope, const char *format, ...)
    G_GNUC_PRINTF (4, 5);

/*
 * haul_error_scope: the scope inside @error; for an error of another domain
 * HAUL_SCOPE_SESSION. @error must not be NULL.
 */
HAUL_API HaulErrorScope haul_error_scope (const GError *error);

/* haul_error_set_scope: widens or narrows the scope of a HAUL_ERROR in place. */
HAUL_API void haul_error_set_scope (GError *error, HaulErrorScope scope);

/* haul_error_delay_us: how long the peer asked to be left alone, in µs; 0 when it did
 * not. */
HAUL_API gint64 haul_error_delay_us (const GError *error);

/* haul_error_set_delay_us: records the peer's own hint in a HAUL_ERROR. */
HAUL_API void haul_error_set_delay_us (GError *error, gint64 delay_us);

/* haul_error_code_name: "quota", "too-big", …: the stable name used in reports (static).
 */
HAUL_API const char *haul_error_code_name (HaulErrorCode code);

/* haul_error_scope_name: "message", "folder", … (static). */
HAUL_API const char *haul_error_scope_name (HaulErrorScope scope);

G_END_DECLS

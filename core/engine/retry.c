/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The table of retries. Who counts attempts and who waits is the lane; what an error is
 * was decided by the backend. Pure: any thread.
 */
#include "engine/retry.h"

/* G_IO_ERROR_CANCELLED by its name and number, both of which GIO promises: a pure file
 * does without the headers of a library for input and output. */
#define CANCELLED_DOMAIN "g-io-error-quark"
#define CANCELLED_CODE   19

/* RetryRule: for one scope: @again while the attempt is below @attempts, then @after. */
typedef struct
{
  guint attempts; /* 0: @after at once */
  RetryAction again;
  RetryAction after;
} RetryRule;

#define SCOPES (HAUL_SCOPE_JOB + 1)

/* What ends the thing that is broken, and nothing wider. Without its session an account
 * cannot go on. */
#define FAIL_MESSAGE                                                                     \
  {                                                                                      \
    0, RETRY_FAIL_MESSAGE, RETRY_FAIL_MESSAGE                                            \
  }
#define FAIL_FOLDER                                                                      \
  {                                                                                      \
    0, RETRY_FAIL_FOLDER, RETRY_FAIL_FOLDER                                              \
  }
#define STOP_ACCOUNT                                                                     \
  {                                                                                      \
    0, RETRY_STOP_ACCOUNT, RETRY_STOP_ACCOUNT                                            \
  }
#define STOP_JOB                                                                         \
  {                                                                                      \
    0, RETRY_STOP_JOB, RETRY_STOP_JOB                                                    \
  }
#define COUNT_GONE                                                                       \
  {                                                                                      \
    0, RETRY_COUNT_GONE, RETRY_COUNT_GONE                                                \
  }

#define AGAIN(attempts)                                                                  \
  {                                                                                      \
    attempts, RETRY_AGAIN_MESSAGE, RETRY_FAIL_MESSAGE                                    \
  }
#define RECONNECT(attempts, after)                                                       \
  {                                                                                      \
    attempts, RETRY_RECONNECT, after                                                     \
  }

/* clang-format off */
/* message, folder, session, account, job */
#define NEVER_AGAIN { FAIL_MESSAGE, FAIL_FOLDER, STOP_ACCOUNT, STOP_ACCOUNT, STOP_JOB }
#define LOCK_OUTS { STOP_ACCOUNT, STOP_ACCOUNT, STOP_ACCOUNT, STOP_ACCOUNT, STOP_JOB }
#define LOST(attempts) { AGAIN (RETRY_MESSAGE_ATTEMPTS),                                 \
    RECONNECT (attempts, RETRY_FAIL_FOLDER), RECONNECT (attempts, RETRY_STOP_ACCOUNT),   \
    RECONNECT (attempts, RETRY_STOP_ACCOUNT), STOP_JOB }

static const RetryRule rules[][SCOPES] = {
  [HAUL_ERROR_CONFIG] = NEVER_AGAIN,
  [HAUL_ERROR_AUTH] = LOCK_OUTS,
  [HAUL_ERROR_TLS] = LOCK_OUTS,
  [HAUL_ERROR_NETWORK] = LOST (RETRY_SESSION_ATTEMPTS),
  [HAUL_ERROR_TIMEOUT] = LOST (RETRY_SESSION_ATTEMPTS),
  [HAUL_ERROR_BUSY] = LOST (RETRY_BUSY_ATTEMPTS),
  [HAUL_ERROR_PROTOCOL] = { AGAIN (RETRY_PROTOCOL_ATTEMPTS),
    RECONNECT (RETRY_PROTOCOL_ATTEMPTS, RETRY_FAIL_FOLDER),
    RECONNECT (RETRY_PROTOCOL_ATTEMPTS, RETRY_FAIL_FOLDER),
    RECONNECT (RETRY_PROTOCOL_ATTEMPTS, RETRY_STOP_ACCOUNT), STOP_JOB },
  [HAUL_ERROR_QUOTA] = NEVER_AGAIN,
  [HAUL_ERROR_TOO_BIG] = NEVER_AGAIN,
  [HAUL_ERROR_REJECTED] = NEVER_AGAIN,
  [HAUL_ERROR_GONE] = { COUNT_GONE, FAIL_FOLDER, STOP_ACCOUNT, STOP_ACCOUNT, STOP_JOB },
  [HAUL_ERROR_NOT_FOUND] = NEVER_AGAIN,
  [HAUL_ERROR_EXISTS] = NEVER_AGAIN,
  [HAUL_ERROR_PERMISSION] = NEVER_AGAIN,
  [HAUL_ERROR_IO] = NEVER_AGAIN,
  [HAUL_ERROR_CORRUPT] = NEVER_AGAIN,
  [HAUL_ERROR_INTERNAL] = NEVER_AGAIN,
  [HAUL_ERROR_UNSUPPORTED] = NEVER_AGAIN,
};
/* clang-format on */

gint64
retry_delay (guint attempt, guint32 jitter, gint64 unit_us)
{
  gint64 delay = unit_us > 0 ? MIN (unit_us, RETRY_DELAY_MAX_US) : RETRY_UNIT_US;
  for (guint i = 1; i < attempt && delay < RETRY_DELAY_MAX_US; i++)
    delay = MIN (delay * 2, RETRY_DELAY_MAX_US);
  /* delay is below 2^29 and jitter below 2^32: their product fits */
  return delay - (delay / 2 * (gint64) jitter) / ((gint64) G_MAXUINT32 + 1);
}

/* A code or scope that only a newer plugin knows is nonsense to us. */
static const RetryRule *
rule_of (const GError *error)
{
  int code = error->domain == HAUL_ERROR ? error->code : HAUL_ERROR_PROTOCOL;
  int scope = (int) haul_error_scope (error);
  if (code < 0 || code >= (int) G_N_ELEMENTS (rules))
    code = HAUL_ERROR_PROTOCOL;
  if (scope < 0 || scope >= SCOPES)
    scope = HAUL_SCOPE_SESSION;
  return &rules[code][scope];
}

RetryDecision
retry_decide (const GError *error, guint attempt, guint32 jitter, gint64 unit_us)
{
  if (error->code == CANCELLED_CODE
      && g_strcmp0 (g_quark_to_string (error->domain), CANCELLED_DOMAIN) == 0)
    return (RetryDecision){ RETRY_STOP_JOB, 0 };
  const RetryRule *rule = rule_of (error);
  gint64 hint = error->domain == HAUL_ERROR ? haul_error_delay_us (error) : 0;
  if (attempt >= rule->attempts || hint > RETRY_HINT_MAX_US)
    return (RetryDecision){ rule->after, 0 };
  gint64 delay = retry_delay (MAX (attempt, 1), jitter, unit_us);
  return (RetryDecision){ rule->again, MAX (delay, hint) };
}

RetryDecision
retry_decide_first (const GError *error, guint attempt, guint32 jitter, gint64 unit_us)
{
  RetryDecision decision = retry_decide (error, attempt, jitter, unit_us);
  gboolean busy = g_error_matches (error, HAUL_ERROR, HAUL_ERROR_BUSY);
  /* Silence has cost its whole time already, and what does not answer may never: TLS is
   * spoken where none is expected, say. */
  gboolean silent = g_error_matches (error, HAUL_ERROR, HAUL_ERROR_TIMEOUT);
  guint attempts = busy ? RETRY_FIRST_BUSY_ATTEMPTS : silent ? 1 : RETRY_FIRST_ATTEMPTS;
  if (attempt >= attempts)
    return (RetryDecision){ RETRY_STOP_ACCOUNT, 0 };
  return decision;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The error domain: scope and the peer's delay live inside the GError (an extended
 * error), so they survive copying, prefixing and propagation. What to do about an error
 * is decided in core/engine/retry.c. Any thread.
 */
#include <mailhaul/error.h>

#include <errno.h>

#include "base/text.h"

typedef struct
{
  HaulErrorScope scope;
  gint64 delay_us;
} HaulErrorPrivate;

static void
haul_error_private_init (HaulErrorPrivate *self)
{
  self->scope = HAUL_SCOPE_SESSION;
  self->delay_us = 0;
}

static void
haul_error_private_copy (const HaulErrorPrivate *source, HaulErrorPrivate *destination)
{
  *destination = *source;
}

static void
haul_error_private_clear (HaulErrorPrivate *self)
{
}

G_DEFINE_EXTENDED_ERROR (HaulError, haul_error)

static void
set_error (GError **error, HaulErrorCode code, HaulErrorScope scope, char *message)
{
  g_autofree char *line = text_to_line (message);
  GError *made = g_error_new_literal (HAUL_ERROR, (int) code, line);

  haul_error_get_private (made)->scope = scope;
  g_propagate_error (error, made);
}

gboolean
haul_error_set (GError **error, HaulErrorCode code, HaulErrorScope scope,
                const char *format, ...)
{
  g_return_val_if_fail (format != NULL, FALSE);
  if (error == NULL)
    return FALSE;

  va_list arguments;
  va_start (arguments, format);
  char *message = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  set_error (error, code, scope, message);
  return FALSE;
}

static HaulErrorCode
code_of_errno (int errno_value)
{
  switch (errno_value)
    {
    case ENOSPC:
    case EDQUOT:
      return HAUL_ERROR_QUOTA;
    case ENOENT:
      return HAUL_ERROR_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
      return HAUL_ERROR_PERMISSION;
    case EEXIST:
      return HAUL_ERROR_EXISTS;
    }
  return HAUL_ERROR_IO;
}

gboolean
haul_error_set_errno (GError **error, int errno_value, HaulErrorScope scope,
                      const char *format, ...)
{
  g_return_val_if_fail (format != NULL, FALSE);
  if (error == NULL)
    return FALSE;

  va_list arguments;
  va_start (arguments, format);
  g_autofree char *attempt = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  set_error (error, code_of_errno (errno_value), scope,
             g_strdup_printf ("%s: %s", attempt, g_strerror (errno_value)));
  return FALSE;
}

HaulErrorScope
haul_error_scope (const GError *error)
{
  g_return_val_if_fail (error != NULL, HAUL_SCOPE_SESSION);
  if (error->domain != HAUL_ERROR)
    return HAUL_SCOPE_SESSION;
  return haul_error_get_private (error)->scope;
}

void
haul_error_set_scope (GError *error, HaulErrorScope scope)
{
  g_return_if_fail (error != NULL);
  if (error->domain == HAUL_ERROR)
    haul_error_get_private (error)->scope = scope;
}

gint64
haul_error_delay_us (const GError *error)
{
  g_return_val_if_fail (error != NULL, 0);
  if (error->domain != HAUL_ERROR)
    return 0;
  return haul_error_get_private (error)->delay_us;
}

void
haul_error_set_delay_us (GError *error, gint64 delay_us)
{
  g_return_if_fail (error != NULL);
  if (error->domain == HAUL_ERROR)
    haul_error_get_private (error)->delay_us = MAX (delay_us, 0);
}

const char *
haul_error_code_name (HaulErrorCode code)
{
  switch (code)
    {
    case HAUL_ERROR_CONFIG:
      return "config";
    case HAUL_ERROR_AUTH:
      return "auth";
    case HAUL_ERROR_TLS:
      return "tls";
    case HAUL_ERROR_NETWORK:
      return "network";
    case HAUL_ERROR_TIMEOUT:
      return "timeout";
    case HAUL_ERROR_BUSY:
      return "busy";
    case HAUL_ERROR_PROTOCOL:
      return "protocol";
    case HAUL_ERROR_QUOTA:
      return "quota";
    case HAUL_ERROR_TOO_BIG:
      return "too-big";
    case HAUL_ERROR_REJECTED:
      return "rejected";
    case HAUL_ERROR_GONE:
      return "gone";
    case HAUL_ERROR_NOT_FOUND:
      return "not-found";
    case HAUL_ERROR_EXISTS:
      return "exists";
    case HAUL_ERROR_PERMISSION:
      return "permission";
    case HAUL_ERROR_IO:
      return "io";
    case HAUL_ERROR_CORRUPT:
      return "corrupt";
    case HAUL_ERROR_INTERNAL:
      return "internal";
    case HAUL_ERROR_UNSUPPORTED:
      return "unsupported";
    }
  return "unknown"; /* a code of a newer plugin */
}

const char *
haul_error_scope_name (HaulErrorScope scope)
{
  switch (scope)
    {
    case HAUL_SCOPE_MESSAGE:
      return "message";
    case HAUL_SCOPE_FOLDER:
      return "folder";
    case HAUL_SCOPE_SESSION:
      return "session";
    case HAUL_SCOPE_ACCOUNT:
      return "account";
    case HAUL_SCOPE_JOB:
      return "job";
    }
  return "unknown";
}

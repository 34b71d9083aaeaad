/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Sets a damaged state file aside under a name with the time, for whoever wants to look.
 * That it is damaged is found out in schema.c. Runs on the thread that opens the state.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "state/internal.h"

/* ATTEMPTS: damaged files of one second; more means that something else is wrong. */
#define ATTEMPTS 100

static gboolean
exists (const char *base, const char *suffix)
{
  g_autofree char *path = g_strconcat (base, suffix, NULL);
  return faccessat (AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* A name at which nothing stands yet; NULL when none is found. */
static char *
free_name (const char *path)
{
  g_autoptr (GDateTime) now = g_date_time_new_now_utc ();
  g_autofree char *time = g_date_time_format (now, "%Y%m%dT%H%M%SZ");
  for (int i = 0; i < ATTEMPTS; i++)
    {
      g_autofree char *name = i == 0
                                  ? g_strdup_printf ("%s.damaged-%s", path, time)
                                  : g_strdup_printf ("%s.damaged-%s.%d", path, time, i);
      if (!exists (name, "") && !exists (name, "-wal") && !exists (name, "-shm"))
        return g_steal_pointer (&name);
    }
  return NULL;
}

static gboolean
move (const char *path, const char *name, const char *suffix, GError **error)
{
  g_autofree char *from = g_strconcat (path, suffix, NULL);
  g_autofree char *to = g_strconcat (name, suffix, NULL);
  if (rename (from, to) == 0 || errno == ENOENT)
    return TRUE;
  int number = errno;
  return haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_ACCOUNT,
                         "set the damaged state file '%s' aside as '%s': %s", from, to,
                         g_strerror (number));
}

char *
damage_set_aside (const char *path, GError **error)
{
  g_autofree char *name = free_name (path);
  if (name == NULL)
    {
      haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_ACCOUNT,
                      "set the damaged state file '%s' aside: no name is free", path);
      return NULL;
    }
  /* the journal goes first: it must never be taken for the new file's */
  if (!move (path, name, "-wal", error) || !move (path, name, "-shm", error)
      || !move (path, name, "", error))
    return NULL;
  return g_steal_pointer (&name);
}

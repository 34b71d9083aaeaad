/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads whole files within a limit: jobs, schemas, accounts, presets. On the caller's
 * thread.
 */
#include "read-file.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* READ_BYTES: of a file at a time. */
#define READ_BYTES (64 * 1024)

static gboolean
read_to_end (int fd, gsize limit, GByteArray *out)
{
  for (;;)
    {
      gsize before = out->len;
      gssize got;

      g_byte_array_set_size (out, (guint) before + READ_BYTES);
      got = read (fd, out->data + before, READ_BYTES);
      g_byte_array_set_size (out, (guint) (before + (gsize) MAX (got, 0)));
      if (got < 0 && errno == EINTR)
        continue;
      if (got <= 0)
        return got == 0;
      if (out->len > limit)
        {
          errno = EFBIG;
          return FALSE;
        }
    }
}

GByteArray *
read_file_bytes (const char *file, gsize limit)
{
  g_autoptr (GByteArray) data = g_byte_array_new ();
  int fd = open (file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  int saved;
  gboolean read_all;

  if (fd < 0)
    return NULL;
  read_all = read_to_end (fd, limit, data);
  saved = errno;
  close (fd);
  errno = saved;
  return read_all ? g_steal_pointer (&data) : NULL;
}

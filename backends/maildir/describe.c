/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a person wants to know of a Maildir before mail goes into it or comes from it.
 * Reads only. On the session's thread.
 */
#include <sys/statvfs.h>

#include <mailhaul/backend.h>

#include "session.h"

/* Fact: where facts go. */
typedef struct
{
  HaulFactFunc func;
  gpointer user_data;
} Fact;

G_GNUC_PRINTF (3, 4)
static void
say (const Fact *self, const char *key, const char *format, ...)
{
  va_list arguments;

  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  self->func (key, text, self->user_data);
}

static void
describe_format (const MaildirSession *self, const Fact *fact)
{
  if (!self->codec_known)
    {
      say (fact, "format", "none yet: the directory is made when it is needed");
      return;
    }
  say (fact, "format", "%s, folder names in %s",
       self->codec.layout == MAILDIR_LAYOUT_FS ? "Maildir, folders inside each other (fs)"
                                               : "Maildir++, folders beside each other",
       self->codec.encoding == MAILDIR_ENCODING_UTF8 ? "UTF-8" : "modified UTF-7");
}

/* The room on the disk: of the store, or of the first folder above it that exists. */
static void
describe_room (const MaildirSession *self, const Fact *fact)
{
  g_autofree char *place = g_strdup (self->settings->path);
  struct statvfs disk;

  while (statvfs (place, &disk) != 0)
    {
      char *parent = g_path_get_dirname (place);
      gboolean top = g_str_equal (parent, place);

      g_free (place);
      place = parent;
      if (top)
        return;
    }
  g_autofree char *room = g_format_size ((guint64) disk.f_bavail * disk.f_frsize);
  if (disk.f_files > 0)
    say (fact, "quota",
         "%s and %" G_GUINT64_FORMAT
         " files are free on the disk; each message is a file",
         room, (guint64) disk.f_favail);
  else
    say (fact, "quota", "%s are free on the disk", room);
}

gboolean
maildir_describe (gpointer session, HaulFactFunc func, gpointer user_data, GError **error)
{
  const MaildirSession *self = session;
  const Fact fact = { func, user_data };

  say (&fact, "address", "%s", self->settings->path);
  describe_format (self, &fact);
  if (self->role == HAUL_ROLE_SOURCE)
    return TRUE;
  describe_room (self, &fact);
  if (self->settings->durability == MAILDIR_DURABILITY_NONE)
    say (&fact, "warning",
         "durability=\"none\": what was stored last may be lost in a power cut");
  else if (self->settings->durability == MAILDIR_DURABILITY_EACH)
    say (&fact, "speed",
         "durability=\"each\" waits for the disk at every message: \"batch\" is as safe "
         "and much faster");
  return TRUE;
}

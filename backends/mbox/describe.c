/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a person wants to know of an mbox before mail goes into it or comes from it. Reads
 * only. On the session's thread.
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

static const char *
format_name (const MboxSession *self)
{
  static const char *const names[] = { NULL, "mboxo", "mboxrd", "mboxcl", "mboxcl2" };

  if (self->settings->format != MBOX_FORMAT_AUTO)
    return names[self->settings->format];
  return self->role == HAUL_ROLE_SOURCE ? "quoting of From lines found out in each file"
                                        : "mboxrd where a file is new";
}

/* The room on the disk: of the store, or of the first folder above it that exists. */
static void
describe_room (const MboxSession *self, const Fact *fact)
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
  say (fact, "quota", "%s are free on the disk", room);
}

gboolean
mbox_session_describe (gpointer session, HaulFactFunc func, gpointer user_data,
                       GError **error)
{
  const MboxSession *self = session;
  const Fact fact = { func, user_data };

  say (&fact, "address", "%s", self->settings->path);
  say (&fact, "format", "%s, %s",
       self->tree.is_tree ? "a tree of mbox files" : "one mbox file", format_name (self));
  if (self->role == HAUL_ROLE_SOURCE)
    return TRUE;
  describe_room (self, &fact);
  if (self->settings->durability == MBOX_DURABILITY_NONE)
    say (&fact, "warning",
         "durability=\"none\": what was stored last may be lost in a power cut");
  if (self->settings->format == MBOX_FORMAT_O)
    say (&fact, "fidelity",
         "format=\"mboxo\" cannot tell a quoted \"From \" from a \">From \" that was "
         "there "
         "before: \"mboxrd\" can");
  return TRUE;
}

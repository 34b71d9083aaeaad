/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads and replaces the subscription file at the top of a store; a Courier store keeps
 * Courier's. Session's thread.
 */
#include "subscribe.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "dotlock.h"
#include "files.h"
#include "subscriptions.h"
#include "tree.h"

#define DOVECOT_FILE "subscriptions"
#define DOVECOT_LOCK "subscriptions.lock"
#define COURIER_FILE "courierimapsubscribed"
#define NEW_FILE     "mailhaul.subscriptions"

/* The file as it is. */
typedef struct
{
  const char *name;
  MaildirSubscriptionKind kind;
  GPtrArray *names;
} MaildirSubscriptions;

static char
delimiter_of (const MaildirSession *self)
{
  return self->codec.layout == MAILDIR_LAYOUT_FS ? '/' : '.';
}

/* Dovecot's file if it is there; else Courier's if that is there. */
static gboolean
load (MaildirSession *self, MaildirSubscriptions *out, GError **error)
{
  g_autofree char *text = NULL;
  gsize length = 0;

  out->name = DOVECOT_FILE;
  if (!maildir_read_file (self->root_fd, DOVECOT_FILE, &text, &length, error))
    return FALSE;
  if (!text && self->codec.layout == MAILDIR_LAYOUT_PLUSPLUS)
    {
      if (!maildir_read_file (self->root_fd, COURIER_FILE, &text, &length, error))
        return FALSE;
      if (text)
        out->name = COURIER_FILE;
    }
  out->kind = text && strcmp (out->name, COURIER_FILE) == 0
                  ? MAILDIR_SUBSCRIPTIONS_COURIER
                  : maildir_subscriptions_kind (text ? text : "");
  out->names = maildir_subscriptions_parse (out->kind, text ? text : "",
                                            delimiter_of (self));
  return TRUE;
}

GHashTable *
maildir_subscriptions_read (MaildirSession *self, GError **error)
{
  MaildirSubscriptions file = { 0 };
  GHashTable *set = NULL;

  if (!load (self, &file, error))
    return NULL;
  set = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint i = 0; i < file.names->len; i++)
    g_hash_table_add (set, g_strdup (g_ptr_array_index (file.names, i)));
  g_ptr_array_unref (file.names);
  return set;
}

/* Sets or clears @path; *@changed when that changes the file. */
static gboolean
apply (MaildirSession *self, GPtrArray *names, HaulPath path, gboolean subscribed,
       gboolean *changed, GError **error)
{
  g_autofree char *directory = maildir_tree_directory (self, path, error);
  g_autofree char *name = NULL;
  guint at = 0;
  gboolean found = FALSE;

  if (!directory)
    return FALSE;
  name = maildir_layout_subscription (&self->codec, directory);
  found = g_ptr_array_find_with_equal_func (names, name, g_str_equal, &at);
  if (found == subscribed)
    return TRUE;
  if (subscribed)
    g_ptr_array_add (names, g_steal_pointer (&name));
  else
    g_ptr_array_remove_index (names, at);
  *changed = TRUE;
  return TRUE;
}

/* Under the lock. */
static gboolean
replace (MaildirSession *self, const GPtrArray *paths, gboolean subscribed,
         GError **error)
{
  MaildirSubscriptions file = { 0 };
  g_autoptr (GPtrArray) names = NULL;
  g_autofree char *text = NULL;
  gboolean changed = FALSE;
  struct stat info;

  if (!load (self, &file, error))
    return FALSE;
  names = file.names;
  for (guint i = 0; i < paths->len; i++)
    if (!apply (self, names, g_ptr_array_index (paths, i), subscribed, &changed, error))
      return FALSE;
  if (!changed)
    return TRUE;
  if (fstatat (self->root_fd, file.name, &info, 0) != 0
      && fstat (self->root_fd, &info) != 0)
    return haul_error_set_errno (error, errno, HAUL_SCOPE_ACCOUNT, "look at '%s'",
                                 self->settings->path);
  text = maildir_subscriptions_format (file.kind, names, delimiter_of (self));
  return maildir_replace_file (self->root_fd, NEW_FILE, file.name, text,
                               info.st_mode & 0666, maildir_session_syncs (self), error);
}

gboolean
maildir_subscribe_all (MaildirSession *self, const GPtrArray *paths, gboolean subscribed,
                       GError **error)
{
  gboolean done = FALSE;

  if (!maildir_dotlock_take (self, self->root_fd, DOVECOT_LOCK, error))
    return FALSE;
  done = replace (self, paths, subscribed, error);
  maildir_dotlock_drop (self->root_fd, DOVECOT_LOCK);
  return done;
}

gboolean
maildir_subscribe (gpointer session, HaulPath path, gboolean subscribed, GError **error)
{
  MaildirSession *self = session;
  g_autoptr (GPtrArray) paths = g_ptr_array_new ();
  gboolean exists = FALSE;

  if (!maildir_session_refuse_dry (self, "change a subscription", error)
      || !maildir_tree_open (self, TRUE, &exists, error))
    return FALSE;
  g_ptr_array_add (paths, (gpointer) path);
  return maildir_subscribe_all (self, paths, subscribed, error);
}

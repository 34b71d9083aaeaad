/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The listing, and entering a folder. Each folder comes with what a few system calls tell
 * of it: a change token, and whether it is empty. Session's thread.
 */
#include <errno.h>
#include <string.h>

#include "folder.h"
#include "subscribe.h"
#include "tree.h"

/* Fills in what is known of the folder without reading it; nothing on any failure. */
static void
fill_status (MaildirSession *self, const MaildirFolder *folder, HaulFolderStatus *status)
{
  MaildirStamp stamps[MAILDIR_STAMPS];

  if (maildir_folder_stamps (folder, stamps)
      && maildir_folder_token (self, stamps, self->token))
    {
      status->token = (HaulBytes){ self->token->data, self->token->len };
      status->known |= HAUL_STATUS_TOKEN;
    }
  if (maildir_folder_is_empty (folder))
    status->known |= HAUL_STATUS_MESSAGES | HAUL_STATUS_BYTES;
}

static gboolean
list_node (MaildirSession *self, const MaildirNode *node, GHashTable *subscribed,
           HaulFolderFunc func, gpointer user_data, GError **error)
{
  HaulFolder folder = HAUL_FOLDER_INIT;
  g_autofree char *name = maildir_layout_subscription (&self->codec, node->directory);
  g_autoptr (MaildirFolder) open = NULL;

  folder.path = (HaulPath) node->path;
  if (!node->selectable)
    folder.attributes |= HAUL_FOLDER_NOSELECT;
  if (g_hash_table_contains (subscribed, name))
    folder.attributes |= HAUL_FOLDER_SUBSCRIBED;
  if (node->selectable)
    open = maildir_folder_open (self, folder.path, NULL);
  if (open)
    fill_status (self, open, &folder.status);
  return func (&folder, user_data, error);
}

/* A directory in which nothing looks like mail is a wrong path rather than no mail. */
static gboolean
holds_mail (MaildirSession *self, const GPtrArray *nodes)
{
  return nodes->len > 1 || maildir_is_maildir (self->root_fd, "");
}

gboolean
maildir_list (gpointer session, HaulFolderFunc func, gpointer user_data, GError **error)
{
  MaildirSession *self = session;
  const char *path = self->settings->path;
  g_autoptr (GPtrArray) nodes = NULL;
  g_autoptr (GHashTable) subscribed = NULL;
  gboolean source = self->role == HAUL_ROLE_SOURCE;
  gboolean exists = FALSE;

  if (!maildir_tree_open (self, FALSE, &exists, error))
    return FALSE;
  if (!exists && source)
    return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_ACCOUNT,
                           "open Maildir '%s': there is no such directory", path);
  if (!exists)
    return TRUE;
  nodes = maildir_tree_read (self, error);
  if (!nodes)
    return FALSE;
  if (!holds_mail (self, nodes))
    return !source
           || haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_ACCOUNT,
                              "open Maildir '%s': it has no cur/ and holds no folder",
                              path);
  subscribed = maildir_subscriptions_read (self, error);
  if (!subscribed)
    return FALSE;
  for (guint i = 0; i < nodes->len; i++)
    if (!maildir_session_go_on (self, error)
        || !list_node (self, g_ptr_array_index (nodes, i), subscribed, func, user_data,
                       error))
      return FALSE;
  return TRUE;
}

gboolean
maildir_enter (gpointer session, HaulPath path, HaulEnterMode mode,
               HaulFolderStatus *out_status, GError **error)
{
  MaildirSession *self = session;
  HaulFolderStatus status = { 0 };
  gboolean exists = FALSE;

  g_clear_pointer (&self->entered, maildir_folder_free);
  if (!maildir_tree_open (self, FALSE, &exists, error))
    return FALSE;
  if (!exists)
    return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                           "enter folder '%s': there is no Maildir '%s'", path[0],
                           self->settings->path);
  self->entered = maildir_folder_open (self, path, error);
  if (!self->entered)
    return FALSE;
  fill_status (self, self->entered, &status);
  if (out_status)
    *out_status = status;
  return TRUE;
}

gboolean
maildir_leave (gpointer session, GError **error)
{
  MaildirSession *self = session;

  g_clear_pointer (&self->entered, maildir_folder_free);
  return TRUE;
}

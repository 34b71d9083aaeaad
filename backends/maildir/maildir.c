/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The Maildir backend: its options, its session, and the table of its callbacks, each of
 * which is in a file of its own. docs/internals/maildir.md says how they work together.
 */
#include <string.h>
#include <unistd.h>

#include <mailhaul/backend.h>

#include "folder.h"
#include "bounds.h"
#include "names.h"
#include "session.h"
#include "tree.h"

static const char *const layouts[] = { "auto", "maildir++", "fs", NULL };
static const char *const encodings[] = { "auto", "mutf-7", "utf-8", NULL };
static const char *const escapes[] = { "percent", "backslash", NULL };
static const char *const separators[] = { "colon", "semicolon", "exclamation", NULL };
static const char *const keyword_kinds[] = { "auto", "dovecot", "courier", NULL };
static const char *const durabilities[] = { "batch", "each", "none", NULL };

static const char separator_characters[] = ":;!";

static const HaulOptionSpec options[] = {
  HAUL_OPT_PATH (MaildirSettings, path, "path", NULL,
                 HAUL_OPT_REQUIRED | HAUL_OPT_IDENTITY,
                 "Top directory of the Maildir, which is the inbox"),
  HAUL_OPT_ENUM (MaildirSettings, layout, "layout", "auto", layouts, HAUL_OPT_NONE,
                 "How folders are kept: .A.B (maildir++) or A/B (fs)"),
  HAUL_OPT_ENUM (MaildirSettings, encoding, "encoding", "auto", encodings, HAUL_OPT_NONE,
                 "Encoding of folder names on disk"),
  HAUL_OPT_ENUM (MaildirSettings, escape, "escape", "percent", escapes, HAUL_OPT_NONE,
                 "How characters that cannot stand in a directory's name are written: "
                 "%2E, or \\2e as Dovecot's listescape"),
  HAUL_OPT_ENUM (MaildirSettings, separator, "info-separator", "colon", separators,
                 HAUL_OPT_NONE,
                 "Character before the flags in file names, where ':' is forbidden"),
  HAUL_OPT_ENUM (MaildirSettings, keywords, "keywords", "auto", keyword_kinds,
                 HAUL_OPT_ONLY_DESTINATION, "Whose form keywords are written in"),
  HAUL_OPT_ENUM (MaildirSettings, durability, "durability", "batch", durabilities,
                 HAUL_OPT_ONLY_DESTINATION,
                 "What is made to survive a power cut: many files at once, each file, or "
                 "none"),
  HAUL_OPT_BOOL (MaildirSettings, crlf, "crlf", "false", HAUL_OPT_ONLY_DESTINATION,
                 "Write files with CRLF line ends, as Dovecot's mail_save_crlf"),
  HAUL_OPT_END
};

gboolean
maildir_session_refuse_dry (MaildirSession *self, const char *what, GError **error)
{
  if (!self->dry_run && (self->role == HAUL_ROLE_DESTINATION || self->may_change))
    return TRUE;
  return haul_error_set (error, HAUL_ERROR_INTERNAL, HAUL_SCOPE_SESSION,
                         "%s: this session of '%s' must not write", what,
                         self->settings->path);
}

gboolean
maildir_session_syncs (const MaildirSession *self)
{
  return self->settings->durability != MAILDIR_DURABILITY_NONE;
}

gboolean
maildir_session_go_on (MaildirSession *self, GError **error)
{
  return !g_cancellable_set_error_if_cancelled (self->cancellable, error);
}

static void
maildir_close (gpointer session)
{
  MaildirSession *self = session;

  if (!self)
    return;
  maildir_folder_free (self->entered);
  maildir_folder_free (self->target);
  g_clear_pointer (&self->odd, g_hash_table_unref);
  g_free (self->codec.inbox);
  if (self->root_fd >= 0)
    close (self->root_fd);
  g_free (self->host);
  g_free (self->buffer);
  g_ptr_array_unref (self->words);
  g_byte_array_unref (self->token);
  g_free (self);
}

static gpointer
maildir_open (const HaulOpen *open, GError **error)
{
  const MaildirSettings *settings = open->settings;
  MaildirSession *self = g_new0 (MaildirSession, 1);
  gboolean exists = FALSE;

  self->settings = settings;
  self->role = open->role;
  self->may_change = open->may_change;
  self->dry_run = open->dry_run;
  self->cancellable = open->cancellable;
  self->separator = separator_characters[settings->separator];
  self->root_fd = -1;
  self->racy_ns = MAILDIR_RACY_NS;
  self->tick_ns = MAILDIR_TICK_NS;
  self->lock_wait_us = MAILDIR_LOCK_WAIT_US;
  self->owner_tag = g_random_int ();
  self->host = maildir_name_host (g_get_host_name ());
  self->buffer = g_malloc (MAILDIR_SMALL_BYTES);
  self->words = g_ptr_array_new_with_free_func (g_free);
  self->token = g_byte_array_new ();
  if (maildir_tree_open (self, FALSE, &exists, error))
    return self;
  maildir_close (self);
  return NULL;
}

static guint32
maildir_caps (gpointer session)
{
  return HAUL_CAP_STABLE_KEYS | HAUL_CAP_RETURNS_KEYS | HAUL_CAP_KEEPS_ID
         | HAUL_CAP_KEYWORDS | HAUL_CAP_ANY_LINES | HAUL_CAP_DATES
         | HAUL_CAP_SUBSCRIPTIONS | HAUL_CAP_EXACT_SIZE | HAUL_CAP_MAY_MOVE;
}

static const HaulBackend maildir_backend = {
  HAUL_BACKEND_HEADER,
  .name = "maildir",
  .summary = "Maildir or Maildir++ tree of files",
  .options = options,
  .settings_size = sizeof (MaildirSettings),
  .open = maildir_open,
  .close = maildir_close,
  .caps = maildir_caps,
  .list = maildir_list,
  .create = maildir_create,
  .rename = maildir_rename,
  .remove = maildir_remove,
  .subscribe = maildir_subscribe,
  .enter = maildir_enter,
  .leave = maildir_leave,
  .scan = maildir_scan,
  .fetch = maildir_fetch,
  .store = maildir_store,
  .update = maildir_update,
  .expunge = maildir_expunge,
  .recover = maildir_recover,
  .describe = maildir_describe,
  .move = maildir_move_messages,
  .copy = maildir_copy_messages,
  .spell = maildir_spell,
};

HAUL_DEFINE_BACKEND (maildir, maildir_backend)

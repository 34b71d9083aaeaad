/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The plugin's face: options and callbacks. What they do stands in the files of the same
 * names. Constant: any thread.
 */
#include <mailhaul/backend.h>

#include "session.h"

static const char *const formats[] = { "auto",   "mboxo",   "mboxrd",
                                       "mboxcl", "mboxcl2", NULL };
/* odd ones mean yes, even ones but the first no */
static const char *const tree_choices[] = { "auto", "true", "false", "yes", "no",
                                            "on",   "off",  "1",     "0",   NULL };
static const char *const locks[] = { "auto", "fcntl", "dotlock", "both", "none", NULL };
static const char *const durabilities[] = { "batch", "none", NULL };

static const HaulOptionSpec mbox_options[] = {
  HAUL_OPT_PATH (MboxSettings, path, "path", NULL, HAUL_OPT_REQUIRED | HAUL_OPT_IDENTITY,
                 "The mbox file, or the directory that holds a tree of them"),
  HAUL_OPT_ENUM (MboxSettings, format, "format", "auto", formats, HAUL_OPT_NONE,
                 "How lines that begin with From are quoted; auto detects it on reading "
                 "and writes mboxrd"),
  HAUL_OPT_ENUM (MboxSettings, tree, "tree", "auto", tree_choices, HAUL_OPT_NONE,
                 "Whether path is a directory of mbox files; auto means yes if it is a "
                 "directory, ends with a slash, or is new and must hold "
                 "more than the inbox"),
  HAUL_OPT_ENUM (MboxSettings, lock, "lock", "auto", locks, HAUL_OPT_NONE,
                 "How the file is locked against other programs"),
  HAUL_OPT_ENUM (MboxSettings, durability, "durability", "batch", durabilities,
                 HAUL_OPT_ONLY_DESTINATION,
                 "Whether a batch of messages is flushed to the disk before it counts as "
                 "stored"),
  HAUL_OPT_END
};

static const HaulBackend mbox_backend = {
  HAUL_BACKEND_HEADER,
  .name = "mbox",
  .summary = "mbox file or tree of mbox files",
  .options = mbox_options,
  .settings_size = sizeof (MboxSettings),
  .open = mbox_session_open,
  .close = mbox_session_close,
  .caps = mbox_session_caps,
  .list = mbox_session_list,
  .create = mbox_session_create,
  .enter = mbox_session_enter,
  .leave = mbox_session_leave,
  .scan = mbox_session_scan,
  .fetch = mbox_session_fetch,
  .store = mbox_session_store,
  .update = mbox_session_update,
  .expunge = mbox_session_expunge,
  .recover = mbox_session_recover,
  .describe = mbox_session_describe,
  .spell = mbox_session_spell,
};

HAUL_DEFINE_BACKEND (mbox, mbox_backend)

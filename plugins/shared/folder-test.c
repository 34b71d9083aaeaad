/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conditions on folders. What has a name or a special use has its children with it; a
 * pattern speaks for the paths that it matches. What a test learns (see Found) it adds
 * without a lock: any thread.
 */
#include "folder-test.h"

#include <string.h>

#include <mailhaul/error.h>

/* Found: a folder of a special use, so that its children are known when they come. */
typedef struct _Found Found;
struct _Found
{
  char **path;
  guint32 use;
  Found *next;
};

struct _FolderTest
{
  const FolderTestSettings *settings;
  char **name;
  guint32 uses;
  char *name_reason;
  char *match_reason;
  Found *found; /* a list that only grows, atomically, at its head */
};

static const char *const states[] = { "any", "true", "false", NULL };

const HaulOptionSpec folder_test_options[] = {
  HAUL_OPT_STRING (FolderTestSettings, name, "name", NULL, HAUL_OPT_NONE,
                   "Path of a folder, with its children"),
  HAUL_OPT_BOOL (FolderTestSettings, children, "children", "true", HAUL_OPT_NONE,
                 "false: name and special-use speak for the folder alone"),
  HAUL_OPT_PATTERN (FolderTestSettings, match, "match", NULL, HAUL_OPT_NONE,
                    "Regular expression: the folders whose path it matches"),
  HAUL_OPT_LIST (FolderTestSettings, special_use, "special-use", NULL, HAUL_OPT_NONE,
                 "Folders with one of these uses, with their children: all, "
                 "archive, drafts, flagged, important, junk, sent, trash"),
  HAUL_OPT_ENUM (FolderTestSettings, subscribed, "subscribed", "any", states,
                 HAUL_OPT_NONE,
                 "Folders that are subscribed (INBOX always is), or are not"),
  HAUL_OPT_ENUM (FolderTestSettings, empty, "empty", "any", states, HAUL_OPT_NONE,
                 "Folders that are known to hold no message, or the others"),
  HAUL_OPT_END
};

static void
forget (FolderTest *self)
{
  while (self->found != NULL)
    {
      Found *next = self->found->next;
      g_strfreev (self->found->path);
      g_free (self->found);
      self->found = next;
    }
}

void
folder_test_free (FolderTest *self)
{
  if (self == NULL)
    return;
  forget (self);
  g_strfreev (self->name);
  g_free (self->name_reason);
  g_free (self->match_reason);
  g_free (self);
}

static gboolean
parse_uses (const FolderTestSettings *settings, guint32 *out_uses, GError **error)
{
  guint32 uses = 0;

  for (char **word = settings->special_use; word != NULL && *word != NULL; word++)
    {
      guint32 use = haul_special_use_from_name (*word);
      if (use == 0)
        return haul_error_set (
            error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
            "\"special-use\" must be of all, archive, drafts, flagged, "
            "important, junk, sent and trash, got '%s'",
            *word);
      uses |= use;
    }
  *out_uses = uses;
  return TRUE;
}

FolderTest *
folder_test_new (const FolderTestSettings *settings, GError **error)
{
  g_autoptr (FolderTest) self = g_new0 (FolderTest, 1);

  self->settings = settings;
  if (!parse_uses (settings, &self->uses, error))
    return NULL;
  if (settings->match == NULL && settings->name == NULL && self->uses == 0
      && settings->subscribed == FOLDER_TEST_ANY && settings->empty == FOLDER_TEST_ANY)
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "give at least one of \"name\", \"match\", \"special-use\", "
                      "\"subscribed\" and \"empty\"");
      return NULL;
    }
  if (settings->match != NULL)
    self->match_reason = g_strdup_printf ("match %s",
                                          g_regex_get_pattern (settings->match));
  if (settings->name == NULL)
    return g_steal_pointer (&self);

  self->name = haul_path_from_text (settings->name, error);
  if (self->name == NULL)
    {
      g_prefix_error (error, "\"name\": ");
      return NULL;
    }
  self->name_reason = g_strdup_printf ("name %s", settings->name);
  return g_steal_pointer (&self);
}

/* Whether "name" speaks for @path. */
static gboolean
is_named (const FolderTest *self, HaulPath path)
{
  if (self->name == NULL)
    return FALSE;
  return self->settings->children ? haul_path_has_prefix (path, (HaulPath) self->name)
                                  : haul_path_equal (path, (HaulPath) self->name);
}

static gboolean
is_subscribed (const HaulFolder *folder)
{
  return (folder->attributes & HAUL_FOLDER_SUBSCRIBED) != 0
         || haul_path_is_inbox (folder->path);
}

static gboolean
is_empty (const HaulFolder *folder)
{
  const HaulFolderStatus *status = &folder->status;

  if (folder->attributes & HAUL_FOLDER_NOSELECT)
    return TRUE;
  if (status->known & HAUL_STATUS_MESSAGES)
    return status->messages == 0;
  return (status->known & HAUL_STATUS_BYTES) != 0 && status->bytes == 0;
}

void
folder_test_begin (FolderTest *self, const HaulFilterFolders *all, gboolean tell_missing)
{
  gboolean named = self->name == NULL;
  gboolean subscribed = self->settings->subscribed == FOLDER_TEST_ANY;
  guint32 uses = 0;

  forget (self);
  for (gsize i = 0; i < all->source_count; i++)
    {
      named = named || is_named (self, all->sources[i].path);
      uses |= all->sources[i].special_use;
      subscribed = subscribed || (all->sources[i].attributes & HAUL_FOLDER_SUBSCRIBED);
    }
  if (!subscribed)
    all->notice ("no folder of the source is subscribed, as far as it says",
                 all->user_data);
  if (tell_missing && !named)
    {
      g_autofree char *text = g_strdup_printf ("the source has no folder '%s' to select",
                                               self->settings->name);
      all->notice (text, all->user_data);
    }
  for (guint32 bit = 1; tell_missing && bit <= HAUL_USE_IMPORTANT; bit <<= 1)
    if (self->uses & bit & ~uses)
      {
        g_autofree char *text = g_strdup_printf (
            "the source announces no folder for %s to select",
            haul_special_use_name ((HaulSpecialUse) bit));
        all->notice (text, all->user_data);
      }
}

gboolean
folder_test_has_places (const FolderTest *self)
{
  return self->name != NULL || self->settings->match != NULL || self->uses != 0;
}

static const char *
use_reason (guint32 uses)
{
  static const char *const reasons[] = {
    "special-use all",     "special-use archive",   "special-use drafts",
    "special-use flagged", "special-use junk",      "special-use sent",
    "special-use trash",   "special-use important",
  };

  return reasons[g_bit_nth_lsf (uses, -1)];
}

/* The special use for which @path or a folder above it was found earlier; 0: none. */
static guint32
use_above (FolderTest *self, HaulPath path)
{
  const Found *found = g_atomic_pointer_get (&self->found);

  for (; found != NULL; found = found->next)
    if (haul_path_has_prefix (path, (HaulPath) found->path))
      return found->use;
  return 0;
}

static void
remember (FolderTest *self, HaulPath path, guint32 use)
{
  Found *found = g_new0 (Found, 1);

  found->path = haul_path_copy (path);
  found->use = use;
  do
    found->next = g_atomic_pointer_get (&self->found);
  while (!g_atomic_pointer_compare_and_exchange (&self->found, found->next, found));
}

/* The use that speaks for @folder; 0: none. */
static guint32
find_use (FolderTest *self, const HaulFolder *folder)
{
  guint32 use = folder->special_use & self->uses;

  if (!self->settings->children)
    return use;
  guint32 above = use_above (self, folder->path);
  if (use != 0 && above == 0)
    remember (self, folder->path, use);
  return use != 0 ? use : above;
}

gboolean
folder_test_place (FolderTest *self, const HaulFolder *folder, const char **out_reason,
                   GError **error)
{
  guint32 use = self->uses != 0 ? find_use (self, folder) : 0;

  *out_reason = NULL;
  if (use != 0)
    *out_reason = use_reason (use);
  else if (is_named (self, folder->path))
    *out_reason = self->name_reason;
  if (*out_reason != NULL || self->settings->match == NULL)
    return TRUE;

  g_autofree char *text = haul_path_to_text (folder->path);
  g_autoptr (GError) failure = NULL;
  gboolean found = g_regex_match_full (self->settings->match, text, -1, 0, 0, NULL,
                                       &failure);
  if (failure != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_FOLDER,
                           "compare '%s' with \"match\": %s", text, failure->message);
  if (found)
    *out_reason = self->match_reason;
  return TRUE;
}

/* Whether @asked speaks of something, and @is meets it (@met) or does not. */
static gboolean
tells (int asked, gboolean is, gboolean met)
{
  return asked != FOLDER_TEST_ANY && (((asked == FOLDER_TEST_TRUE) == is) == met);
}

const char *
folder_test_state (const FolderTest *self, const HaulFolder *folder, gboolean met)
{
  gboolean subscribed = is_subscribed (folder);
  gboolean empty = is_empty (folder);

  if (tells (self->settings->subscribed, subscribed, met))
    return subscribed ? "subscribed" : "not subscribed";
  if (tells (self->settings->empty, empty, met))
    return empty ? "empty" : "not empty";
  return NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conditions on folders: shared by skip-folder and select-folder. Some say which folder
 * is meant (name, match, special-use), others how it must be (subscribed, empty).
 */
#pragma once

#include <mailhaul/filter.h>

/* FolderTestSettings: the attributes of one element. */
typedef struct
{
  char *name;
  gboolean children;
  GRegex *match;
  char **special_use;
  int subscribed; /* FolderTestState */
  int empty;      /* likewise */
} FolderTestSettings;

/* FolderTestState: what is asked of a folder's state. */
typedef enum
{
  FOLDER_TEST_ANY = 0, /* not asked */
  FOLDER_TEST_TRUE = 1,
  FOLDER_TEST_FALSE = 2,
} FolderTestState;

/* FolderTest: one element. Learns the folders of a use as they come, without a lock. */
typedef struct _FolderTest FolderTest;

/* folder_test_options: the option table of every element that has conditions. */
extern const HaulOptionSpec folder_test_options[];

/* folder_test_new: (transfer full); NULL with HAUL_ERROR_CONFIG. */
FolderTest *folder_test_new (const FolderTestSettings *settings, GError **error);
/* folder_test_free: accepts NULL. */
void folder_test_free (FolderTest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FolderTest, folder_test_free)

/* folder_test_begin: forgets what was learnt, and tells when no folder of the source can
 * meet a condition; one of name or special use only with @tell_missing. */
void folder_test_begin (FolderTest *self, const HaulFilterFolders *all,
                        gboolean tell_missing);

/* folder_test_has_places: whether a condition says which folders are meant. */
gboolean folder_test_has_places (const FolderTest *self);

/*
 * folder_test_place: which of the conditions on the place @folder meets. Call it once for
 * each folder, parents first. @out_reason: static or @self's; NULL: none of them. Errors:
 * HAUL_ERROR_CONFIG when the pattern gives up on the path.
 */
gboolean folder_test_place (FolderTest *self, const HaulFolder *folder,
                            const char **out_reason, GError **error);

/*
 * folder_test_state: what @folder is of that of which the conditions on the state speak:
 * the first that it meets (@met) or does not meet: "not subscribed", "empty". NULL: none.
 * INBOX counts as subscribed; only what is known to hold no message is empty.
 */
const char *folder_test_state (const FolderTest *self, const HaulFolder *folder,
                               gboolean met);

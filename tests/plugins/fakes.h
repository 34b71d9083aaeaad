/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the engine gives to filters, in its simplest form, for tests of one filter alone.
 */
#pragma once

#include <mailhaul/filter.h>

/* _HaulFolderEdit: what a filter did to a folder. */
struct _HaulFolderEdit
{
  char *reason; /* NULL: kept */
  char *path;   /* in text form; NULL: not renamed */
  HaulCollision collision;
};

/* _HaulMessageEdit: what a filter did to a message. */
struct _HaulMessageEdit
{
  char *reason; /* NULL: kept */
  char *marks;  /* as fake_marks() writes them; NULL: not changed */
  gboolean has_date;
  gint64 date_unix;
};

/* _HaulMessage: a message as a test makes it. */
struct _HaulMessage
{
  guint64 size_bytes;
  guint32 flags;
  const char *keywords[4];
  gboolean has_date;
  gint64 date_unix;
  gint64 now_unix;
  const char *headers;
  gsize headers_length; /* 0: up to the first NUL */
};

/* FAKE_OPTIONS: the most options that one test gives. */
#define FAKE_OPTIONS 8

/* FakeOption: an attribute of the element. */
typedef struct
{
  const char *name, *value;
} FakeOption;

/* FakeFilter: a filter with its settings and instance, as in a chain of one. */
typedef struct
{
  const HaulFilter *filter;
  gpointer settings;
  gpointer instance;
} FakeFilter;

/*
 * fake_filter_new: checks the table, parses @options (ended by a NULL name), checks and
 * creates. (transfer full); NULL with @out_message (transfer full) as a person would read
 * it.
 */
FakeFilter *fake_filter_new (const HaulFilter *filter, const FakeOption *options,
                             char **out_message);
/* fake_filter_free: accepts NULL. */
void fake_filter_free (FakeFilter *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FakeFilter, fake_filter_free)

/*
 * fake_filter_folder: what becomes of the folder @path (text form) with @special_use: its
 * new path, "dropped: REASON", or "error: MESSAGE". (transfer full)
 */
char *fake_filter_folder (const FakeFilter *self, const char *path, guint32 special_use);

/* fake_filter_listed: likewise of a folder that is but for its path as @like. */
char *fake_filter_listed (const FakeFilter *self, const char *path,
                          const HaulFolder *like);

/* fake_filter_message: the reason for which @message is skipped, or NULL. (transfer full)
 */
char *fake_filter_message (const FakeFilter *self, const HaulMessage *message);

/* fake_filter_edit: all that the filter does to @message; free `reason` and `marks`. */
void fake_filter_edit (const FakeFilter *self, const HaulMessage *message,
                       HaulMessageEdit *out);

/* fake_marks: flags and keywords as one text, "\\Seen Work". (transfer full) */
char *fake_marks (guint32 flags, const char *const *keywords);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The contract between the engine and a filter: three narrow hooks with declared effects,
 * never a wrapper round a backend. An instance is used by several threads at once only
 * through callbacks that take it as const; what it learns it keeps per instance.
 */
#pragma once

#include <mailhaul/batch.h>
#include <mailhaul/options.h>

G_BEGIN_DECLS

/* HaulFilterEffects: what a filter needs and does; undeclared effects are refused. */
typedef enum
{
  HAUL_FILTER_NEEDS_HEADERS = 1 << 0, /* `message` wants the header block */
  HAUL_FILTER_CHANGES_BODY = 1 << 1,  /* `transform` changes bytes but not the size */
  HAUL_FILTER_CHANGES_SIZE = 1 << 2,  /* `transform` may change the size: it is spooled */
  /* `transform` may change a field by which messages are recognised (Message-ID, Date,
   * From, To, Cc, Subject, In-Reply-To, References): when the state is lost, more must be
   * read to find the copy. With one of the two before. */
  HAUL_FILTER_CHANGES_IDENTITY = 1 << 3,
  /* `message` changes flags by the flags alone (no header is there): it is asked again
   * for each message that was delivered before, so that a change of flags at the source
   * goes through it, too, and the merge compares like with like. */
  HAUL_FILTER_MAPS_FLAGS = 1 << 4,
} HaulFilterEffects;

/* HaulFolderEdit: collects what a filter wants of a folder. */
typedef struct _HaulFolderEdit HaulFolderEdit;
/* HaulMessageEdit: collects what a filter wants of a message. */
typedef struct _HaulMessageEdit HaulMessageEdit;
/* HaulTransformOut: where a transform writes. */
typedef struct _HaulTransformOut HaulTransformOut;

/* haul_folder_edit_drop: leave the folder out; @reason for the report, e.g. "special-use
 * junk". */
HAUL_API void haul_folder_edit_drop (HaulFolderEdit *edit, const char *reason);
/* haul_folder_edit_rename: its path at the destination; later filters see the new one. */
HAUL_API void haul_folder_edit_rename (HaulFolderEdit *edit, HaulPath path);
/* HaulCollision: what becomes of a folder when another was given the same place. */
typedef enum
{
  HAUL_COLLISION_FAIL = 0,   /* neither is copied, and both are told */
  HAUL_COLLISION_RENAME = 1, /* this one gets another name */
} HaulCollision;

/* haul_folder_edit_collision: what to do when another folder goes to the same place. */
HAUL_API void haul_folder_edit_collision (HaulFolderEdit *edit, HaulCollision collision);
/* haul_message_edit_skip: leave the message out; @reason is counted in the report. */
HAUL_API void haul_message_edit_skip (HaulMessageEdit *edit, const char *reason);
/* haul_message_edit_flags: replaces flags and keywords (@keywords may be NULL). */
HAUL_API void haul_message_edit_flags (HaulMessageEdit *edit, guint32 flags,
                                       const char *const *keywords);
/* haul_message_edit_date: replaces INTERNALDATE. */
HAUL_API void haul_message_edit_date (HaulMessageEdit *edit, gint64 date_unix);
/* haul_transform_write: the next bytes of the new message, in wire form. */
HAUL_API gboolean haul_transform_write (HaulTransformOut *out, const void *data,
                                        gsize length, GError **error);
/* haul_transform_skip: leave the message out after all; @reason is counted in the report.
 * What was written is thrown away. The message is not read again until a filter or one of
 * its options changes. */
HAUL_API void haul_transform_skip (HaulTransformOut *out, const char *reason);

/*
 * HaulFilterFolders: what there is before anything is mapped. The folders stand only
 * during the call; of their status only what came with the listing is known.
 */
typedef struct
{
  gsize struct_size;
  const HaulFolder *sources; /* parents before children */
  gsize source_count;
  const HaulFolder *destinations; /* likewise; empty: there is nothing yet */
  gsize destination_count;
  /* notice: tells the user one thing that he should know, in one line of UTF-8. */
  void (*notice) (const char *text, gpointer user_data);
  gpointer user_data;
} HaulFilterFolders;

/*
 * HaulFilter: a filter plugin. Callbacks that return gboolean return FALSE if and only if
 * @error is set; a message whose filter fails is failed, never copied unfiltered.
 */
typedef struct
{
  guint32 struct_size; /* filled in by HAUL_FILTER_HEADER */
  guint32 api_version;

  const char *name;
  const char *summary;
  const HaulOptionSpec *options;
  gsize settings_size;
  guint32 effects; /* HaulFilterEffects */

  /* check: rules across several options; no I/O. Absent: none. */
  gboolean (*check) (gconstpointer settings, GError **error);
  /* create: an instance for one place in the chain; @settings stand as long as it.
   * Absent: the settings themselves are the instance. */
  gpointer (*create) (gconstpointer settings, GError **error);
  /* destroy: frees the instance. */
  void (*destroy) (gpointer instance);

  /* folder: called once per folder, parents first; the folder's path is what earlier
   * filters made of it. Absent: keeps all. */
  gboolean (*folder) (gconstpointer instance, const HaulFolder *folder,
                      HaulFolderEdit *edit, GError **error);
  /* message: called once per new message with its metadata. Absent: keeps all. */
  gboolean (*message) (gconstpointer instance, const HaulMessage *message,
                       HaulMessageEdit *edit, GError **error);

  /* transform_begin: starts one message; NULL without @error: this one is left as it is.
   * Absent: the filter transforms nothing. */
  gpointer (*transform_begin) (gconstpointer instance, const HaulMessage *message,
                               GError **error);
  /* transform_push: the next bytes of the message, in wire form, cut anywhere. */
  gboolean (*transform_push) (gpointer transform, const guint8 *data, gsize length,
                              HaulTransformOut *out, GError **error);
  /* transform_finish: the end of the message: writes what is still held back. */
  gboolean (*transform_finish) (gpointer transform, HaulTransformOut *out,
                                GError **error);
  /* transform_free: after finish, or when the message was broken off. */
  void (*transform_free) (gpointer transform);

  /* instance_effects: which of `effects` this instance has. Absent: all of them. */
  guint32 (*instance_effects) (gconstpointer instance);

  /* begin: before the first `folder`, with both listings, on a thread that has the
   * instance for itself. It may come again with newer listings: what was learnt before is
   * void then. Absent: the filter needs neither. */
  gboolean (*begin) (gpointer instance, const HaulFilterFolders *folders, GError **error);
} HaulFilter;

/* HAUL_FILTER_HEADER: the first two members. */
#define HAUL_FILTER_HEADER                                                               \
  .struct_size = (guint32) sizeof (HaulFilter), .api_version = HAUL_API_VERSION

/* HAUL_DEFINE_FILTER: like HAUL_DEFINE_BACKEND; the file is mailhaul-filter-NAME.so. */
#define HAUL_DEFINE_FILTER(id, filter)                                                   \
  HAUL_API const HaulFilter *haul_filter_##id##_get (void);                              \
  const HaulFilter *haul_filter_##id##_get (void) { return &(filter); }

G_END_DECLS

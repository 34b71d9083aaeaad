/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filters of a job for one account, in document order: which folders and messages are
 * left out, renamed or changed, and the streams that rewrite bodies.
 */
#pragma once

#include <mailhaul/filter.h>

#include "base/spool.h"
#include "model/identity.h"
#include "model/job.h"
#include "plugin/registry.h"

/* FilterChain: instances of filters; read-only once made, shared by the lanes. */
typedef struct _FilterChain FilterChain;

/* filter_chain_new: loads the filters of @job and makes their instances with @account's
 * values. Mistakes go to @problems. (transfer full); NULL when there were errors. */
FilterChain *filter_chain_new (const Job *job, const JobAccount *account,
                               Registry *registry, Problems *problems);
/* filter_chain_free: accepts NULL. */
void filter_chain_free (FilterChain *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (FilterChain, filter_chain_free)

/* filter_chain_effects: HaulFilterEffects of all filters together. */
guint32 filter_chain_effects (const FilterChain *self);
/* filter_chain_transforms: some filter may rewrite bodies. */
gboolean filter_chain_transforms (const FilterChain *self);
/* filter_chain_hash: changes when a filter or one of its options does. */
guint64 filter_chain_hash (const FilterChain *self);

/* FolderEdits: what the filters made of a folder. @path: NULL when it is dropped; then
 * @drop_reason says why. All are the caller's. */
typedef struct
{
  char **path;
  char *drop_reason;
  HaulCollision collision;
} FolderEdits;

/* filter_chain_begin: shows both listings to the filters that want them, before the first
 * filter_chain_folder(). */
gboolean filter_chain_begin (FilterChain *self, const HaulFilterFolders *folders,
                             GError **error);
/* filter_chain_folder: what becomes of @folder; *@out is written on success only. */
gboolean filter_chain_folder (const FilterChain *self, const HaulFolder *folder,
                              FolderEdits *out, GError **error);

/* HaulMessage: what filters see; filled in by the engine. */
struct _HaulMessage
{
  HaulPath folder;
  guint64 size_bytes;
  guint32 flags;
  const char *const *keywords; /* NULL: none */
  gint64 date_unix;
  gboolean has_date;
  HaulBytes headers;
  gint64 now_unix;
};

/* MessageVerdict: what the filters made of a message. */
typedef struct
{
  char *skip_reason; /* NULL: kept */
  gboolean flags_changed;
  guint32 flags;
  char **keywords;
  gboolean date_changed;
  gint64 date_unix;
} MessageVerdict;

/* message_verdict_clear: frees the members. */
void message_verdict_clear (MessageVerdict *verdict);

/* filter_chain_message: asks each filter in turn, until one skips the message. @out is
 * zeroed first; clear it afterwards. FALSE: a filter failed; the message must not go. */
gboolean filter_chain_message (const FilterChain *self, const HaulMessage *message,
                               MessageVerdict *out, GError **error);

/* filter_chain_flags: what the filters that map flags (HAUL_FILTER_MAPS_FLAGS) make of
 * those of @message, which may have been delivered long ago; @out as above, with nothing
 * but flags to be heeded. */
gboolean filter_chain_flags (const FilterChain *self, const HaulMessage *message,
                             MessageVerdict *out, GError **error);

/* Transform: the streams of all transforming filters over one message. */
typedef struct _Transform Transform;
/* filter_chain_transform: starts one; NULL without @error: the message is left as it is.
 * The result goes to @spool (transfer none; NULL: only what it is matters). */
Transform *filter_chain_transform (const FilterChain *self, const HaulMessage *message,
                                   Spool *spool, GError **error);
/* transform_push: the next bytes in wire form. */
gboolean transform_push (Transform *self, const guint8 *data, gsize length,
                         GError **error);
/* transform_finish: the end of the message. */
gboolean transform_finish (Transform *self, GError **error);
/* transform_identity: after the end: what came out. */
void transform_identity (Transform *self, Identity *out);
/* transform_skip_reason: why a filter leaves the message out; NULL: none does. */
const char *transform_skip_reason (const Transform *self);
/* transform_free: accepts NULL. */
void transform_free (Transform *self);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * HaulItem: one message on its way from a source's sink to a destination's feed. Its
 * chunks are guarded by the pipe that carries it; the rest is written before the item is
 * pushed and read-only after.
 */
#pragma once

#include <mailhaul/batch.h>

#include "base/spool.h"
#include "model/identity.h"

/* Chunk: bytes under way; never changed once appended. */
typedef struct _Chunk Chunk;
struct _Chunk
{
  Chunk *next;
  gsize capacity;
  gsize length;
  guint8 data[];
};

struct _HaulItem
{
  /* what it is; set by the maker */
  gpointer owner; /* the folder pass (engine) or whatever the maker needs */
  guint index;    /* in the owner's table */
  HaulBytes key;  /* source key, stands with the owner */
  HaulPath folder;
  HaulLines lines;
  guint64 size_bytes;
  guint32 flags;
  char **keywords; /* owned, never NULL */
  gint64 date_unix;
  gint32 zone_minutes;
  gboolean has_date;
  guint8 delivery_id[HAUL_DELIVERY_ID_LENGTH];
  guint attempt;

  /* set by the sink */
  Identity identity;
  Identity delivered; /* of what the filters made of it; nothing known: they left it */
  char *subject;      /* raw, for the report; may be NULL */
  guint64 written;    /* bytes that came from the source */
  Spool *spool;       /* instead of chunks */
  gboolean streamed;  /* released before it was whole: its intent has no content digest */

  HaulFeed *feed; /* the reader's, while it has the item */

  /* guarded by the pipe */
  Chunk *head, *tail, *reading;
  guint64 held_bytes; /* capacity of chunks not yet given back */
  gboolean released;  /* pushed into the pipe */
  gboolean complete;
  gboolean spool_read; /* its spool no longer counts */
  gboolean abandoned;  /* the reader is done with it before the writer */
  GError *failure;
};

/* item_new: zeroed, attempt 1, no keywords; (transfer full). */
HaulItem *item_new (void);
/* item_free: with all that it holds, but not its accounting in a pipe. Accepts NULL. */
void item_free (HaulItem *self);

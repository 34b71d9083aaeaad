/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Memory for held bodies: they come and go by the thousand in all sizes, which would
 * leave the heap in pieces several times as large as what is held. Several bodies share a
 * slab, which is used again or given back as a whole. One thread.
 */
#pragma once

#include <glib.h>

/* One slab; opaque. */
typedef struct _ImapSlab ImapSlab;

/* What is in use and what is kept; zeroed to begin with. */
typedef struct
{
  ImapSlab *open;  /* has room for more; NULL: none */
  ImapSlab *spare; /* list of empty ones */
  guint spare_count;
} ImapSlabs;

/* Memory for @size bytes, not cleared. *@out_slab: for imap_slabs_give(). */
guint8 *imap_slabs_take (ImapSlabs *self, gsize size, ImapSlab **out_slab);

/* One piece of @slab is no longer needed. */
void imap_slabs_give (ImapSlabs *self, ImapSlab *slab);

/* Gives back what is kept; all pieces must have been given before. */
void imap_slabs_clear (ImapSlabs *self);

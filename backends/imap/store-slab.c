/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Slabs: pieces are cut off one behind the other; a slab whose pieces are all back is
 * empty again. Large pieces have a slab of their own. Pages come from the system and go
 * back to it, not through the heap. One thread. */
#include "store-slab.h"

#include <sys/mman.h>

/* Some bodies of usual size, and little that stays unused behind the last one. */
#define SLAB_BYTES ((gsize) 256 * 1024)

/* As many are kept as a full window needs: getting pages costs more than mail of 2 kB. */
#define SPARE_SLABS 16u

/* Pieces begin on such borders. */
#define ALIGNMENT ((gsize) 16)

struct _ImapSlab
{
  ImapSlab *next;
  gsize size; /* of the data */
  gsize used;
  guint pieces; /* not given back */
  guint8 *data;
};

static ImapSlab *
new_slab (gsize size)
{
  void *data = mmap (NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                     0);
  if (data == MAP_FAILED)
    g_error ("%s: failed to allocate %" G_GSIZE_FORMAT " bytes", G_STRLOC, size);
  ImapSlab *slab = g_new0 (ImapSlab, 1);
  slab->size = size;
  slab->data = data;
  return slab;
}

static void
free_slab (ImapSlab *slab)
{
  (void) munmap (slab->data, slab->size);
  g_free (slab);
}

/* An empty slab for @size bytes. */
static ImapSlab *
get_slab (ImapSlabs *self, gsize size)
{
  ImapSlab *slab = self->spare;
  if (size > SLAB_BYTES || slab == NULL)
    return new_slab (MAX (size, SLAB_BYTES));
  self->spare = slab->next;
  self->spare_count--;
  slab->next = NULL;
  return slab;
}

/* @slab is empty: it is kept, or goes. */
static void
put_slab (ImapSlabs *self, ImapSlab *slab)
{
  if (slab->size != SLAB_BYTES || self->spare_count >= SPARE_SLABS)
    {
      free_slab (slab);
      return;
    }
  slab->used = 0;
  slab->next = self->spare;
  self->spare = slab;
  self->spare_count++;
}

guint8 *
imap_slabs_take (ImapSlabs *self, gsize size, ImapSlab **out_slab)
{
  gsize whole = MAX ((size + ALIGNMENT - 1) & ~(ALIGNMENT - 1), ALIGNMENT);
  ImapSlab *slab = self->open;
  if (slab == NULL || slab->size - slab->used < whole)
    {
      slab = get_slab (self, whole);
      /* One whose pieces are all back already waits for nobody. */
      if (self->open != NULL && self->open->pieces == 0)
        put_slab (self, self->open);
      self->open = slab;
    }
  guint8 *piece = slab->data + slab->used;
  slab->used += whole;
  slab->pieces++;
  *out_slab = slab;
  return piece;
}

void
imap_slabs_give (ImapSlabs *self, ImapSlab *slab)
{
  if (--slab->pieces > 0)
    return;
  if (slab == self->open && slab->size == SLAB_BYTES)
    {
      slab->used = 0;
      return;
    }
  if (slab == self->open)
    self->open = NULL;
  put_slab (self, slab);
}

void
imap_slabs_clear (ImapSlabs *self)
{
  if (self->open != NULL)
    free_slab (self->open);
  for (ImapSlab *slab = self->spare, *next; slab != NULL; slab = next)
    {
      next = slab->next;
      free_slab (slab);
    }
  *self = (ImapSlabs){ 0 };
}

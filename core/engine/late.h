/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Late copies (twins): a message that was sent again because nothing of it was to be
 * seen, and the copy that the lost session stored all the same, later.
 */
#pragma once

#include "engine/lane.h"

/* Twin: what was sent again, and the other copy at the destination. */
typedef struct
{
  guint index;   /* of the candidate in the pass */
  GBytes *key;   /* of the other copy; owned */
  guint32 flags; /* of the other copy */
  char *keywords;
} Twin;

/* late_new: an empty array of Twin that frees them. (transfer full) */
GArray *late_new (void);
/*
 * late_settle: of two copies that we made the second one goes, if both were read at the
 * destination and are equal byte for byte, if the other has the same flags, and if the
 * destination can remove exactly that one: the message's row then names the other. Twins
 * of which that is not so are reported and left alone. *@out_removed: how many went.
 */
gboolean late_settle (Pass *pass, const GArray *twins, guint *out_removed,
                      GError **error);

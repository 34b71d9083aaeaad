/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Names that a destination cannot hold, or cannot tell apart, and what they are called
 * there instead: pure, and the same in every run.
 *
 * A mark is '-' and NAMING_MARK_DIGITS digits of a hash. Behind a whole name the hash is
 * that of the name itself: such a mark is recognised and taken off again wherever the
 * folder comes back as a source. Behind a name that was cut it is the hash of all that
 * was there.
 */
#pragma once

#include <mailhaul/folder.h>

/* NAMING_MARK_DIGITS: 40 bits: names that somebody chose do not end so by chance, and two
 * of one folder do not meet. */
#define NAMING_MARK_DIGITS 10

/* naming_key: paths with equal keys are one folder at a destination. "INBOX" at the top
 * has no case anywhere (RFC 3501 §5.1); @case_insensitive: nothing has, and what only
 * Unicode composes otherwise is equal, too. (transfer full) */
char *naming_key (HaulPath path, gboolean case_insensitive);

/* naming_twin: @path with a mark behind its last name, for a destination that takes it
 * for another folder. (transfer full) */
char **naming_twin (HaulPath path);

/* naming_untwin: @path without such marks, in any of its names. (transfer full); NULL:
 * there are none. */
char **naming_untwin (HaulPath path);

/*
 * naming_shorter: the form number @step, from 0 on, of a path that is too long or too
 * deep: each form has shorter names, the last ones fewer levels, too. The first @kept
 * names stay as they are. (transfer full); NULL: there is no such form.
 */
char **naming_shorter (HaulPath path, guint kept, guint step);

/* naming_replace_front: @path with @front for its first @count names. (transfer full) */
char **naming_replace_front (HaulPath path, guint count, HaulPath front);

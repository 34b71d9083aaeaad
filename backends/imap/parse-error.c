/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error quark of the sans-I/O core of the IMAP backend. It says nothing about what
 * the engine should do; that mapping is the session's. Any thread. */
#include "parse-error.h"

G_DEFINE_QUARK (imap - parse - error - quark, imap_parse_error)

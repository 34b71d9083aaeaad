/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Text of a stranger's (a server's words, an attribute's value) made fit for one line of
 * a message.
 */
#pragma once

#include <glib.h>

/* TEXT_LINE_LIMIT_BYTES: a message is a line for a person and a row in a report; what a
 * peer says beyond that is cut, so that it cannot fill a log or the state. */
#define TEXT_LINE_LIMIT_BYTES 2048

/*
 * text_to_line: @text as valid UTF-8 without control characters (each run of line ends
 * and tabs becomes one blank, other controls '?', bad bytes U+FFFD), at most
 * TEXT_LINE_LIMIT_BYTES and then "…". Takes ownership of @text, which must not be NULL.
 * Returns: (transfer full).
 */
char *text_to_line (char *text);

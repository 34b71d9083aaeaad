/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Unstructured header values in the form in which they are compared. Deterministic and
 * linear on any bytes.
 */
#pragma once

#include <glib.h>

/* mail_text_collapse: runs of blanks, tabs and line ends become one blank, those at both
 * ends go. Returns: (transfer full). */
char *mail_text_collapse (const char *text);

/*
 * mail_text_decode: an unstructured value (Subject) with its RFC 2047 words decoded, as
 * collapsed UTF-8 in NFC. Broken words stay as they are; bytes that are not UTF-8 count
 * as Latin-1. Returns: (transfer full).
 */
char *mail_text_decode (const char *text);

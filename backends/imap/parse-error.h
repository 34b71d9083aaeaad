/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The error domain of the sans-I/O core; the session layer maps it to HAUL_ERROR. */
#pragma once

#include <glib.h>

/* What went wrong, as far as a caller may act on it. */
typedef enum
{
  IMAP_PARSE_ERROR_SYNTAX, /* the bytes are not what the grammar or its leniency allows */
  IMAP_PARSE_ERROR_LIMIT,  /* a limit of bounds.h was reached: drop the connection */
  IMAP_PARSE_ERROR_DESYNC, /* a literal did not end where announced: reconnect, re-fetch
                            */
  IMAP_PARSE_ERROR_ARGUMENT, /* our own caller passed something that may not be sent */
} ImapParseError;

#define IMAP_PARSE_ERROR (imap_parse_error_quark ())

/* The quark of the domain; codes are #ImapParseError. */
GQuark imap_parse_error_quark (void);

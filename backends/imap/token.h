/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bearer tokens (RFC 6750) and the errors with which servers refuse them (RFC 7628
 * §3.2.2, XOAUTH2). Where a token comes from is the job's: a file, a variable or a
 * command. */
#pragma once

#include <mailhaul/error.h>
#include <mailhaul/options.h>

#include "text.h"

/* Tokens of Microsoft reach 4 KB; what is above this is a file of something else, and
 * would break every server's line limit. */
#define IMAP_TOKEN_LIMIT_BYTES 16384u

/*
 * imap_bearer_read: reads the token anew, drops blanks and line ends around it and a
 * leading "Bearer ", and refuses what can be none. Returns: (transfer full), free with
 * haul_secret_free_text(). NULL with HAUL_ERROR_CONFIG (account scope), which never shows
 * the token. Blocks while a command runs.
 */
char *imap_bearer_read (const HaulSecret *secret, GError **error);

/*
 * imap_bearer_status: the value of "status" (else of "error") in the JSON with which a
 * server refuses a token, a string or a number. Lenient: broken JSON, other members and
 * nesting are skipped. Returns: (transfer full), at most 64 printable characters; NULL
 * when there is none. Pure.
 */
char *imap_bearer_status (ImapString json);

/* imap_bearer_advice: what a person can do about @status (may be NULL), one phrase
 * without a full stop. Static. */
const char *imap_bearer_advice (const char *status);

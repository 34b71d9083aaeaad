/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What a server says it can do. */
#pragma once

#include "text.h"

typedef struct _ImapCapabilities ImapCapabilities;

/* Which literals may be sent without waiting (RFC 7888). */
typedef enum
{
  IMAP_LITERALS_SYNC,  /* none: every literal waits for "+" */
  IMAP_LITERALS_MINUS, /* {n+} up to 4096 bytes */
  IMAP_LITERALS_PLUS,  /* {n+} of any size */
} ImapLiterals;

/* What a capability with a number says. */
typedef enum
{
  IMAP_CAP_LIMIT_NONE,    /* not announced */
  IMAP_CAP_LIMIT_UNKNOWN, /* announced without a usable number: ask STATUS (RFC 7889) */
  IMAP_CAP_LIMIT_KNOWN,
} ImapCapLimit;

/* An immutable set of the capabilities in @names (at most IMAP_LIMIT_CAPABILITIES are
 * kept).
 * @rev2_enabled: ENABLE IMAP4rev2 was answered by ENABLED; its implications (RFC 9051
 * appendix E) then hold, as they do on a server that has no IMAP4rev1. Free with
 * imap_capabilities_free(). */
ImapCapabilities *imap_capabilities_new (ImapStrings names, gboolean rev2_enabled);

/* Accepts NULL. */
void imap_capabilities_free (ImapCapabilities *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (ImapCapabilities, imap_capabilities_free)

/* Whether @name ("UIDPLUS", "AUTH=PLAIN") is announced or implied, in any case. */
gboolean imap_capabilities_has (const ImapCapabilities *self, const gchar *name);

/* Whether SASL mechanism @mechanism is announced as AUTH=mechanism. */
gboolean imap_capabilities_has_auth (const ImapCapabilities *self,
                                     const gchar *mechanism);

/* "LITERAL +", as an old server writes it, counts as nothing (hazard 19). */
ImapLiterals imap_capabilities_literals (const ImapCapabilities *self);

/* The number of APPENDLIMIT=, MESSAGELIMIT=, SAVELIMIT= (@name without "="); @out_value
 * is written only with IMAP_CAP_LIMIT_KNOWN. */
ImapCapLimit imap_capabilities_limit (const ImapCapabilities *self, const gchar *name,
                                      guint64 *out_value);

/* What is announced with @prefix ("AUTH="), in upper case and sorted, without the prefix;
 * (transfer full), never NULL. */
gchar **imap_capabilities_list (const ImapCapabilities *self, const gchar *prefix);

/* Number of distinct announced capabilities; 0 means that none were understood. */
guint imap_capabilities_count (const ImapCapabilities *self);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What is known of particular servers: one table of decisions, keyed by what a server
 * says of itself. RFC 2971 forbids to refuse features by ID: a row here says how to be
 * gentle, never that a server is not good enough. The live CAPABILITY always has the last
 * word: a row may forbid what is announced, never promise what is not.
 */
#pragma once

#include "capability.h"

/* How a server calls itself. Members are borrowed and may be NULL: what is not known yet.
 * Ask before login (greeting, host) and again after login and ID: a proxy may greet. */
typedef struct
{
  const gchar *greeting;   /* text of the greeting, without its code */
  const gchar *id_name;    /* ID "name" (RFC 2971) */
  const gchar *id_vendor;  /* ID "vendor" */
  const gchar *id_version; /* ID "version" */
  const ImapCapabilities *capabilities;
  const gchar *host; /* as the job names it */
} ImapSignature;

/* ImapServer: the product or provider. Only for tests, reports and messages: decisions
 * are the members of ImapQuirks. */
typedef enum
{
  IMAP_SERVER_UNKNOWN,
  IMAP_SERVER_DOVECOT,
  IMAP_SERVER_CYRUS,
  IMAP_SERVER_COURIER,
  IMAP_SERVER_GMAIL,
  IMAP_SERVER_EXCHANGE_ONLINE,
  IMAP_SERVER_EXCHANGE,
  IMAP_SERVER_YAHOO,
  IMAP_SERVER_ICLOUD,
  IMAP_SERVER_ZIMBRA,
  IMAP_SERVER_DOMINO,
  IMAP_SERVER_ZOHO,
  IMAP_SERVER_FASTMAIL,
  IMAP_SERVER_GMX,
  IMAP_SERVER_YANDEX,
  IMAP_SERVER_MAILRU,
  IMAP_SERVER_STALWART,
  IMAP_SERVER_UW,
  IMAP_SERVER_HMAILSERVER,
  IMAP_SERVER_MAILENABLE,
  IMAP_SERVER_PROTON,
  IMAP_SERVER_MAILUTILS,
  IMAP_SERVER_ORACLE,
  IMAP_SERVER_WORKMAIL,
  IMAP_SERVER_STRATO,
} ImapServer;

/* The decisions for one kind of server. */
typedef struct
{
  ImapServer server;
  const gchar *name;   /* "Dovecot 2.4", for people */
  const gchar *preset; /* preset of schemas/presets that fits; NULL: none */

  /* Connections: how many to open at first and at most, per account; 0: no limit known,
   * the caller's own stands. */
  guint start_connections;
  guint max_connections;
  /* Whether several sessions reading one mailbox are faster than one. */
  gboolean parallel_fetch;

  /* Commands: longest line (literals not counted), and what may be in flight at once. */
  guint line_limit_bytes;
  guint window_commands;
  guint fetch_window_commands; /* body FETCH commands; rule 6 bounds their bytes */
  guint fetch_set_messages;    /* messages of one body FETCH */
  gsize fetch_set_bytes;       /* bytes of one body FETCH */
  guint append_window_commands;
  gsize append_window_bytes;
  guint commands_per_second; /* 0: no limit known */
  guint appends_per_second;  /* 0: no limit known */
  guint max_errors;  /* refusals in a row after which the server hangs up; 0: unknown */
  gint64 backoff_us; /* first pause when throttled without a time given */

  /* APPEND. */
  guint64 sync_from_bytes; /* from this size on wait for "+" before the body; 1: always */
  gboolean swallows_refused_literals; /* a NO that comes while non-synchronising literals
                                         are still being sent leaves the stream in step:
                                         send the rest. FALSE: drop the connection */
  guint multiappend_max_messages;     /* 1: one message an APPEND */
  gsize multiappend_max_bytes;
  gboolean multiappend_atomic; /* after NO nothing of the batch is stored */
  gboolean catenate;           /* CATENATE may stand for literals above LITERAL-'s 4096 */
  gboolean needs_final_crlf;   /* refuses a message whose last line has no end */
  gboolean dedupes_appends;    /* APPEND of known content gives the old message's UID */
  gboolean flagged_by_store;   /* \Flagged counts only by STORE, not by APPEND */
  gboolean deleted_expunges;   /* \Deleted makes a message vanish at once: never set it */
  gboolean keywords_none;      /* no keywords, whatever PERMANENTFLAGS says */
  gint64 dates_min_s;          /* INTERNALDATE kept from here, Unix seconds … */
  gint64 dates_max_s;   /* … to here; always also: not later than now (rule 14) … */
  gint64 dates_ahead_s; /* … but for so much; 0: a day, for clocks that are wrong */

  /* What comes back. */
  gboolean exact_size;        /* RFC822.SIZE is the length of BODY[] */
  gboolean stable_bytes;      /* BODY[] is what was appended, save line ends */
  gboolean strips_cr;         /* every CR is dropped on APPEND and CRLF made anew */
  gboolean replaces_nul;      /* NUL is kept as 0x80 */
  gboolean trims_cr;          /* a CR before CRLF, or as last byte, is dropped */
  gboolean mends_lf;          /* a lone LF becomes CRLF */
  gboolean adds_final_crlf;   /* a last line without an end gets one */
  gboolean masks_8bit_header; /* bytes above 127 of the header become X (munge8bit) */
  gboolean search_unreliable; /* UID SEARCH may miss messages: use UID FETCH 1:* */
  gboolean uidonly_needed;    /* shows all messages only after ENABLE UIDONLY */
  guint
      message_limit; /* messages one command covers when MESSAGELIMIT is silent; 0: any */
  gboolean
      quick_ack; /* acknowledge at once: Nagle at the server (haul_link_set_quick_ack) */

  /* Extensions that are announced but must not be used. */
  gboolean no_id;
  gboolean no_namespace;
  gboolean no_qresync;
  gboolean no_condstore;
  gboolean no_special_use_list; /* LIST … RETURN (SPECIAL-USE) is BAD */
  gboolean no_list_return;      /* LIST … RETURN lists nothing or too little */
  gboolean no_compress;
  /* The capabilities that a login brings are not the true ones: ask again. */
  gboolean needs_capability_after_login;

  /* Folder names. */
  gboolean case_insensitive;  /* names that differ only in case are one folder */
  gboolean inbox_no_children; /* nothing below INBOX, whatever LIST says */
  gboolean trims_names;       /* refuses blanks at the ends of a name, and two in a row */
  const gchar *forbidden_in_names; /* bytes that a name must not hold; NULL: none known */
  guint max_name_bytes;            /* of one name; 0: unknown */
  guint max_depth;                 /* names in a path; 0: unknown */
  /* NULL-terminated top-level names, or NULL: folders that hold no mail (calendars …) and
   * names that cannot be created. Both without regard to case. */
  const gchar *const *not_mail_folders;
  const gchar *const *reserved_names;

  /* For people; NULL: nothing to say. One sentence each, no full stop. */
  const gchar *login_hint;      /* what to do when the login is refused */
  const gchar *connection_hint; /* what to know about limits */
  gboolean behalf_hint;         /* login_hint is about logins with auth-user only */
  /* Binds logins (-PLUS) to TLS with tls-unique only, which TLS 1.3 does not have. */
  gboolean tls_unique_only;
  /* A password is never taken: only a token is. */
  gboolean token_only;
} ImapQuirks;

/* The row for a server; never NULL: for an unknown one the most careful row. @signature
 * may be NULL (unknown). The result is static. Pure; any thread. */
const ImapQuirks *imap_quirks_for (const ImapSignature *signature);

/* Rows of the table, for tests and for the page in docs: @index from 0 on; NULL behind
 * the last one. Row 0 is the one for unknown servers. */
const ImapQuirks *imap_quirks_row (guint index);

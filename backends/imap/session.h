/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A session: one logged-in connection, what its server can do, and the folder that is
 * entered. Shared by all files of the backend above connection.h; one thread.
 */
#pragma once

#include <mailhaul/backend.h>

#include "connection.h"
#include "quirks.h"

/* ImapTlsMode: the choices of the option `tls`, in the order of the table. */
typedef enum
{
  IMAP_TLS_IMPLICIT,
  IMAP_TLS_STARTTLS,
  IMAP_TLS_NONE,
} ImapTlsMode;

/* ImapSettings: filled from the option table in imap.c. */
typedef struct
{
  char *host;
  guint port; /* 0: 993 or 143 */
  char *user;
  HaulSecret *password;
  int tls; /* ImapTlsMode */
  char *tls_ca_file;
  char *tls_fingerprint;
  char *tls_certificate;
  char *tls_key;
  int tls_minimum; /* HaulLinkTlsVersion */
  char **auth;
  char *auth_user;
  HaulSecret *token;
  guint connections;
  gboolean compress;
  char *tunnel;
  char *proxy;
  char *preset;
  gint64 timeout_us;
  guint window;
  char **ignore_capabilities;
  int namespaces; /* ImapNamespaceChoice */
  char *trace;
} ImapSettings;

/* ImapNamespaceChoice: whose folders are listed. */
typedef enum
{
  IMAP_NAMESPACES_PERSONAL,
  IMAP_NAMESPACES_ALL,
} ImapNamespaceChoice;

/* ImapMailbox: one folder that the server has, or that we are about to make. Owned by the
 * session's table; stands until the next list. */
typedef struct
{
  char **path; /* UTF-8 names */
  char *wire;  /* raw bytes, the handle for commands; may hold any byte but NUL */
  guint32 attributes, special_use;
  HaulFolderStatus status; /* as of the list; token and mark are in status_bytes */
  guint8 token[24], mark[4];
  gboolean selectable;
  gboolean listed; /* it was in the last listing */
  char delimiter;  /* in @wire as that listing says; '\0': none */
  guint name_care; /* how carefully its wire name was made; mailbox.c */
  /* What SELECT said of keywords; learnt once per session. */
  gboolean flags_known;
  gboolean any_keyword; /* PERMANENTFLAGS has \* */
  char *
      *keywords; /* the permanent ones by name; NULL-terminated, never NULL once known */
  guint32 permanent;   /* HaulFlags that stick */
  GHashTable *refused; /* keywords (lower case) that the server refused all the same;
                          NULL: none */
  /* What APPENDs taught; store*.c. */
  gboolean append_limit_asked;
  guint64 append_limit; /* of this mailbox (RFC 7889); 0: unknown */
  gboolean appended;    /* an APPEND was answered with OK */
  guint careful;        /* so many messages more go alone, each waiting for "+" */
} ImapMailbox;

/* ImapSelected: the entered folder, kept true by every untagged response. */
typedef struct
{
  ImapMailbox *mailbox; /* NULL: none */
  gboolean writable;
  gboolean read_only; /* the server says so, whatever was asked */
  guint32 exists;
  guint32 uidvalidity;   /* 0: the server gave none */
  gboolean not_sticky;   /* [UIDNOTSTICKY]: UIDs do not outlive the session */
  guint32 uidnext;       /* 0: unknown */
  guint64 highestmodseq; /* as of SELECT; 0: none */
  guint64 expunged;      /* messages removed since it was entered (EXPUNGE, VANISHED) */
} ImapSelected;

typedef struct
{
  const ImapSettings *settings;
  const HaulOpen *open;
  guint port;
  char *peer; /* "host:port" */
  ImapConnection *connection;
  ImapTrace *trace;
  ImapCapabilities *capabilities; /* without what ignore-capabilities names */
  const ImapQuirks *quirks;
  char *greeting, *server_name, *server_vendor, *server_version, *mechanism;
  gboolean utf8;        /* ENABLEd: names and headers are UTF-8 */
  gboolean qresync;     /* ENABLEd */
  gboolean condstore;   /* usable */
  gboolean uidonly;     /* ENABLEd */
  gboolean rev2;        /* ENABLEd */
  GHashTable *by_path;  /* path text → ImapMailbox (owned by mailboxes) */
  GPtrArray *mailboxes; /* of ImapMailbox, in the order of the listing */
  char *prefix;         /* of the personal namespace, raw; "" */
  char delimiter;       /* of the personal namespace; 0: flat or not yet known */
  ImapSelected selected;
  gboolean unsent;          /* it is entered, but the server has not been asked: the first
                               use does that; see imap_session_settle() */
  guint64 append_limit;     /* APPENDLIMIT; 0: unknown */
  gboolean any_keyword;     /* a folder of the account has \* in its PERMANENTFLAGS */
  gboolean keywords_proven; /* an APPEND with keywords was answered with OK; store*.c */

  /* For the files behind session-private.h only. */
  ImapState greeting_state;
  guint32 nonce; /* stands in for a UIDVALIDITY that is missing */
  gboolean greeted, capabilities_fresh;
  gboolean selecting, permanent_seen; /* a SELECT is in flight; its PERMANENTFLAGS came */
  gboolean listed;  /* the table is fresh: nobody has asked for it yet */
  gboolean lingers; /* the server still has the folder open that was left */
  char *capability_text;
  GPtrArray *retired; /* of ImapMailbox: no longer listed, but perhaps still pointed to */
  GPtrArray *foreign_prefixes; /* of char *: other users' and shared namespaces */
} ImapSession;

/* Whether the server has @name and nobody told us to ignore it. */
gboolean imap_session_has (const ImapSession *self, const char *name);

/* A command "TAG WORDS" for this session's wire. */
ImapCommand *imap_session_command (ImapSession *self, const char *words);

/* Finishes @command and sends it (taken over) as soon as it may go, without waiting for
 * the reply. @done may be NULL. FALSE: @done is not called. */
gboolean imap_session_send (ImapSession *self, ImapCommand *command, guint flags,
                            ImapDoneFunc done, gpointer user_data, GError **error);

/* The mailbox of @path: from the listing, or made up by the server's rules when it is not
 * in it. NULL with HAUL_ERROR_REJECTED (folder scope): the server cannot hold that name.
 */
ImapMailbox *imap_session_mailbox (ImapSession *self, HaulPath path, GError **error);

/* The wire name as the command builder takes it. */
ImapString imap_mailbox_name (const ImapMailbox *self);

/*
 * Selects @mailbox (SELECT with @writable, else EXAMINE; with CONDSTORE where usable),
 * waits, and fills self->selected and what was said of keywords. What is selected stays;
 * it is always asked anew. Nothing else may be in flight.
 */
gboolean imap_session_select (ImapSession *self, ImapMailbox *mailbox, gboolean writable,
                              GError **error);

/* Opens the folder that is entered, if that was put off (EXAMINE), and waits. */
gboolean imap_session_settle (ImapSession *self, GError **error);

/*
 * The same without waiting, for what is asked behind it in one flight. @done has to call
 * imap_session_opened() with its reply before anything else. FALSE: @done is not called.
 */
gboolean imap_session_open_ahead (ImapSession *self, ImapDoneFunc done,
                                  gpointer user_data, GError **error);

/* The folder was opened, or it was not: @error says why. */
gboolean imap_session_opened (ImapSession *self, const ImapReply *reply, GError **error);

/* Leaves the entered folder without expunging anything (UNSELECT, or what stands in for
 * it). */
gboolean imap_session_unselect (ImapSession *self, GError **error);

/* The status that the selected folder has by what is known now; token and mark point into
 * the mailbox. */
void imap_session_status (ImapSession *self, HaulFolderStatus *out_status);

/* The UIDVALIDITY to tell the engine: without one that lasts, one that no other session
 * has, so that no key is ever taken for that of another message. */
guint64 imap_session_validity (const ImapSession *self, guint32 uidvalidity);

/* Keys of messages: the UID, four bytes, most significant first. */
void imap_key_from_uid (guint32 uid, guint8 out_key[4]);
/* FALSE: not one of ours. */
gboolean imap_key_to_uid (HaulBytes key, guint32 *out_uid);

/* A change token: UIDVALIDITY, UIDNEXT, MESSAGES, HIGHESTMODSEQ. */
typedef struct
{
  guint32 uidvalidity, uidnext, messages;
  guint64 highestmodseq;
} ImapToken;

/* The length is sizeof ImapMailbox.token. */
void imap_token_write (const ImapToken *token, guint8 out_bytes[24]);
gboolean imap_token_read (HaulBytes bytes, ImapToken *out_token);

/* The callbacks of the plugin, by file. */
/* session.c */
gpointer imap_open (const HaulOpen *open, GError **error);
void imap_close (gpointer session);
guint32 imap_caps (gpointer session);
guint imap_sessions (gpointer session);
gboolean imap_idle (gpointer session, gint64 max_us, GError **error);
gboolean imap_enter (gpointer session, HaulPath path, HaulEnterMode mode,
                     HaulFolderStatus *out_status, GError **error);
gboolean imap_leave (gpointer session, GError **error);
/* describe.c */
gboolean imap_describe (gpointer session, HaulFactFunc func, gpointer user_data,
                        GError **error);
/* list.c */
gboolean imap_list (gpointer session, HaulFolderFunc func, gpointer user_data,
                    GError **error);
/* folders.c */
gboolean imap_create (gpointer session, const HaulFolder *folders, gsize count,
                      HaulFolderResultFunc func, gpointer user_data, GError **error);
gboolean imap_spell (gpointer session, HaulPath path, char ***out_path, GError **error);
gboolean imap_rename (gpointer session, HaulPath from, HaulPath to, GError **error);
gboolean imap_remove (gpointer session, HaulPath path, GError **error);
gboolean imap_subscribe (gpointer session, HaulPath path, gboolean subscribed,
                         GError **error);
/* scan.c */
gboolean imap_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
                    GError **error);
/* fetch.c */
gboolean imap_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error);
/* store.c */
gboolean imap_store (gpointer session, HaulFeed *feed, GError **error);
/* change.c */
gboolean imap_update (gpointer session, const HaulChange *changes, gsize count,
                      HaulChangeResultFunc func, gpointer user_data, GError **error);
gboolean imap_expunge (gpointer session, const HaulBytes *keys, gsize count,
                       HaulChangeResultFunc func, gpointer user_data, GError **error);
/* move.c */
gboolean imap_move (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
                    HaulChangeResultFunc func, gpointer user_data, GError **error);
gboolean imap_copy (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
                    HaulChangeResultFunc func, gpointer user_data, GError **error);
/* recover.c */
gboolean imap_recover (gpointer session, HaulPath path, HaulBytes note, GError **error);

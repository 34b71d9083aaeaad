/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the response parser share; nobody else includes this. */
#pragma once

#include "lexer.h"
#include "response.h"

typedef enum
{
  RESPONSE_LINE,     /* at the start of a line */
  RESPONSE_UNTAGGED, /* after "*" */
  RESPONSE_NUMBERED, /* after "* 5" */
  RESPONSE_TAGGED,   /* after the tag */
  RESPONSE_STATE,    /* the text of OK, NO, BAD, BYE, PREAUTH */
  RESPONSE_CONTINUE, /* the text of "+" */
  RESPONSE_COLLECT,  /* arguments go to the tree */
  RESPONSE_SEARCH,
  RESPONSE_FETCH,
  RESPONSE_SKIP,      /* nobody wants the rest of this response */
  RESPONSE_SKIP_LINE, /* not a response at all: up to the end of the line */
} ResponseState;

typedef enum
{
  FETCH_OPEN,  /* "(" comes next */
  FETCH_NAME,  /* an item, or ")" */
  FETCH_VALUE, /* the value of `item` */
  FETCH_LIST,  /* inside a list value that is wanted */
  FETCH_SKIP,  /* inside a list that is not */
  FETCH_BODY,  /* inside a streamed literal */
  FETCH_TAIL,  /* after the last ")" */
} FetchPhase;

typedef enum
{
  FETCH_KIND_NUMBER,
  FETCH_KIND_DATE,
  FETCH_KIND_LIST,
  FETCH_KIND_STRING,
  FETCH_KIND_BODY,
  FETCH_KIND_UNKNOWN,
} FetchKind;

/* A FETCH item that we know. */
typedef struct
{
  const gchar *name;
  FetchKind kind;
  ImapFetchItem bit;
} FetchItemInfo;

/* Steps by which a body that came as a quoted string is handed over like a literal. */
typedef enum
{
  REPLAY_NONE,
  REPLAY_DATA,
  REPLAY_END,
} ReplayStep;

/* A FETCH line in progress. List and string values are remembered as nodes of `args`. */
typedef struct
{
  FetchPhase phase;
  const FetchItemInfo *item;
  guint64 skip_depth;
  guint32 value_node;
  guint32 flags_node;
  guint32 labels_node;
  guint32 guid_node;
  guint32 email_id_node;
  guint32 sha1_node;
  ImapFetchData data;
  ImapBodyData body;
  GString *section;
  GString *replay;
  ReplayStep replay_step;
} FetchLine;

/* A SEARCH line in progress. */
typedef struct
{
  GArray *numbers;
  gboolean in_list;
  gboolean bad;
  gboolean has_modseq;
  guint64 modseq;
} SearchLine;

typedef gboolean (*ResponseInterpret) (ImapResponse *self, ImapEvent *event);

/* An untagged response that we know. */
typedef struct
{
  const gchar *name;
  gboolean numbered;
  ResponseState state;
  ResponseInterpret interpret; /* RESPONSE_COLLECT: makes the event, FALSE if malformed */
  gint detail;                 /* ImapState, ImapListKind or ImapEventType */
} ResponseKeyword;

struct _ImapResponse
{
  ImapLexer *lexer;
  ResponseState state;
  gboolean partial;
  gboolean greeted;
  gboolean malformed;
  const ResponseKeyword *keyword;
  ImapState status;
  guint32 number;
  guint top_count;
  GString *tag;
  GString *word;
  ImapArgs *args;
  ImapArgs *code_args;
  GArray *strings; /* of ImapString */
  GArray *extra;   /* of ImapNamespace or ImapQuotaResource */
  FetchLine fetch;
  SearchLine search;
};

/* Starts handing out string arrays for one event; at most @capacity strings follow, so
 * that earlier arrays stay where they are. */
void imap_response_strings_begin (ImapResponse *self, guint capacity);

/* Collects what @iter still yields (lists inside are left out) as an array. */
ImapStrings imap_response_strings (ImapResponse *self, ImapArgsIter *iter);

/* Adds @token to @args; FALSE if it cannot be added and the rest is to be skipped. */
gboolean imap_response_collect (ImapArgs *args, const ImapToken *token);

/* Fills the state event from the text after OK, NO, ... (code and words). */
void imap_response_parse_text (ImapResponse *self, ImapString text, ImapEvent *event);

/* Starts a FETCH or UIDFETCH line. */
void imap_response_fetch_begin (ImapResponse *self, gboolean uid_fetch);

/* Takes one token of a FETCH line; TRUE if @event was filled. The FETCH event ends the
 * line. */
gboolean imap_response_fetch_token (ImapResponse *self, const ImapToken *token,
                                    ImapEvent *event);

/* The next event of a body that came as a quoted string; FALSE if there is none. */
gboolean imap_response_fetch_replay (ImapResponse *self, ImapEvent *event);

/* Makers of events from the collected arguments; FALSE if they are unusable. */
gboolean imap_response_make_strings (ImapResponse *self, ImapEvent *event);
gboolean imap_response_make_flags (ImapResponse *self, ImapEvent *event);
gboolean imap_response_make_id (ImapResponse *self, ImapEvent *event);
gboolean imap_response_make_namespace (ImapResponse *self, ImapEvent *event);
gboolean imap_response_make_list (ImapResponse *self, ImapEvent *event);
gboolean imap_response_make_mailbox_status (ImapResponse *self, ImapEvent *event);
gboolean imap_response_make_number (ImapResponse *self, ImapEvent *event);
gboolean imap_response_make_vanished (ImapResponse *self, ImapEvent *event);
gboolean imap_response_make_esearch (ImapResponse *self, ImapEvent *event);
gboolean imap_response_make_quota (ImapResponse *self, ImapEvent *event);

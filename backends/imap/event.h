/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the response parser hands over. Everything is borrowed until the next call of
 * imap_response_next(). */
#pragma once

#include "args.h"
#include "text.h"

typedef enum
{
  IMAP_EVENT_STATE,          /* OK, NO, BAD, BYE, PREAUTH: `state` */
  IMAP_EVENT_CONTINUE,       /* "+": `text` */
  IMAP_EVENT_CAPABILITY,     /* `strings` */
  IMAP_EVENT_ENABLED,        /* `strings` */
  IMAP_EVENT_ID,             /* `strings`: key, value, key, value; a value may be NIL */
  IMAP_EVENT_NAMESPACE,      /* `namespaces` */
  IMAP_EVENT_LIST,           /* also LSUB and XLIST: `list` */
  IMAP_EVENT_MAILBOX_STATUS, /* STATUS: `status` */
  IMAP_EVENT_FLAGS,          /* `strings` */
  IMAP_EVENT_EXISTS,         /* `number` */
  IMAP_EVENT_RECENT,         /* `number` */
  IMAP_EVENT_EXPUNGE,        /* `number` */
  IMAP_EVENT_VANISHED,       /* `vanished` */
  IMAP_EVENT_SEARCH,         /* a batch: `search` */
  IMAP_EVENT_ESEARCH,        /* `esearch` */
  IMAP_EVENT_BODY_BEGIN,     /* `body`: a body follows inside a FETCH */
  IMAP_EVENT_BODY_DATA,      /* `text`: a span, mostly of the caller's own buffer */
  IMAP_EVENT_BODY_END,       /* `body`: all announced bytes came; commit only at FETCH */
  IMAP_EVENT_FETCH,          /* the end of a FETCH or UIDFETCH line: `fetch` */
  IMAP_EVENT_QUOTA,          /* `quota` */
  IMAP_EVENT_QUOTAROOT,      /* `strings`: mailbox, then its roots */
  IMAP_EVENT_UNKNOWN,   /* skipped structurally: `text` is the keyword; a sign of life */
  IMAP_EVENT_MALFORMED, /* known keyword (`text`), unusable content; nothing was done */
} ImapEventType;

typedef enum
{
  IMAP_STATE_OK,
  IMAP_STATE_NO,
  IMAP_STATE_BAD,
  IMAP_STATE_BYE,
  IMAP_STATE_PREAUTH,
} ImapState;

/* Response codes: RFC 3501, 5530 and the extensions that a copier meets. */
typedef enum
{
  IMAP_CODE_NONE,    /* there was no code */
  IMAP_CODE_UNKNOWN, /* some other code: see `name` and `args` */
  IMAP_CODE_ALERT,
  IMAP_CODE_ALREADYEXISTS,
  IMAP_CODE_APPENDUID, /* `uidvalidity`, `uids` */
  IMAP_CODE_AUTHENTICATIONFAILED,
  IMAP_CODE_AUTHORIZATIONFAILED,
  IMAP_CODE_BADCHARSET,
  IMAP_CODE_BADEVENT,
  IMAP_CODE_BADURL,
  IMAP_CODE_CANNOT,
  IMAP_CODE_CAPABILITY, /* `strings` */
  IMAP_CODE_CLIENTBUG,
  IMAP_CODE_CLOSED,
  IMAP_CODE_COMPRESSIONACTIVE,
  IMAP_CODE_CONTACTADMIN,
  IMAP_CODE_COPYUID, /* `uidvalidity`, `source_uids`, `uids` */
  IMAP_CODE_CORRUPTION,
  IMAP_CODE_EXPIRED,
  IMAP_CODE_EXPUNGEISSUED,
  IMAP_CODE_HASCHILDREN,
  IMAP_CODE_HIGHESTMODSEQ, /* `number` */
  IMAP_CODE_INPROGRESS,
  IMAP_CODE_INUSE,
  IMAP_CODE_LIMIT,
  IMAP_CODE_MAILBOXID,
  IMAP_CODE_MESSAGELIMIT, /* `number` is the limit, `number2` the lowest UID done, if
                             given */
  IMAP_CODE_MODIFIED,     /* `uids` */
  IMAP_CODE_NOMODSEQ,
  IMAP_CODE_NONEXISTENT,
  IMAP_CODE_NOPERM,
  IMAP_CODE_NOTSAVED,
  IMAP_CODE_OVERQUOTA,
  IMAP_CODE_PARSE,
  IMAP_CODE_PERMANENTFLAGS, /* `strings` */
  IMAP_CODE_PRIVACYREQUIRED,
  IMAP_CODE_READ_ONLY,
  IMAP_CODE_READ_WRITE,
  IMAP_CODE_REFERRAL, /* `text` is the URL */
  IMAP_CODE_SAVELIMIT,
  IMAP_CODE_SERVERBUG,
  IMAP_CODE_THROTTLED,
  IMAP_CODE_TOOBIG,
  IMAP_CODE_TOOFEW,
  IMAP_CODE_TOOMANY,
  IMAP_CODE_TRYCREATE,
  IMAP_CODE_UIDNEXT, /* `number` */
  IMAP_CODE_UIDNOTSTICKY,
  IMAP_CODE_UIDREQUIRED,
  IMAP_CODE_UIDVALIDITY, /* `number` */
  IMAP_CODE_UNAVAILABLE,
  IMAP_CODE_UNKNOWN_CTE,
  IMAP_CODE_UNSEEN, /* `number` */
  IMAP_CODE_USEATTR,
} ImapCode;

/* A parsed response code. Members that the code does not have are zero or NIL. */
typedef struct
{
  ImapCode code;
  ImapString name; /* as the server wrote it */
  gboolean
      has_number; /* FALSE if missing, negative, 0 for a UID, or not a number at all */
  gboolean has_number2;
  gboolean damaged; /* could not be tokenised; the members below are empty */
  guint64 number;
  guint64 number2;
  guint32 uidvalidity;    /* APPENDUID, COPYUID; 0 if unusable, then distrust the rest */
  ImapString source_uids; /* for imap_uidset_parse(); NIL if missing (Outlook.com) */
  ImapString uids;
  ImapString text; /* first argument */
  ImapStrings strings;
  const ImapArgs *args; /* everything, for codes without a type; node 0 is the name */
} ImapCodeData;

typedef struct
{
  ImapState state;
  ImapString tag;    /* NIL if untagged */
  gboolean greeting; /* the first state response of the connection */
  ImapCodeData code;
  ImapString text; /* human-readable, without the code; for messages and throttle hints */
} ImapStateData;

typedef enum
{
  IMAP_NAMESPACE_PERSONAL,
  IMAP_NAMESPACE_OTHER_USERS,
  IMAP_NAMESPACE_SHARED,
} ImapNamespaceKind;

typedef struct
{
  ImapNamespaceKind kind;
  ImapString prefix;
  gchar delimiter; /* 0 if NIL: a flat name space */
} ImapNamespace;

typedef struct
{
  const ImapNamespace *items;
  guint count;
} ImapNamespaces;

typedef enum
{
  IMAP_LIST_LIST,
  IMAP_LIST_LSUB,
  IMAP_LIST_XLIST,
} ImapListKind;

typedef struct
{
  ImapListKind kind;
  ImapStrings attributes;
  gchar delimiter;        /* 0 if NIL: a flat name */
  ImapString name;        /* raw bytes, the handle for every later command */
  ImapStrings child_info; /* CHILDINFO, RFC 5258 */
  ImapString old_name;    /* OLDNAME, RFC 9051; NIL if absent */
} ImapListData;

typedef enum
{
  IMAP_STATUS_MESSAGES,
  IMAP_STATUS_RECENT,
  IMAP_STATUS_UIDNEXT,
  IMAP_STATUS_UIDVALIDITY,
  IMAP_STATUS_UNSEEN,
  IMAP_STATUS_HIGHESTMODSEQ,
  IMAP_STATUS_SIZE,
  IMAP_STATUS_DELETED,
  IMAP_STATUS_APPENDLIMIT,
  IMAP_STATUS_ITEM_COUNT,
} ImapStatusItem;

typedef struct
{
  ImapString name; /* raw bytes as echoed; compare INBOX without case (hazard 20) */
  guint known;     /* bit 1 << ImapStatusItem: the value was given and makes sense */
  guint64 values[IMAP_STATUS_ITEM_COUNT];
  ImapString mailbox_id; /* MAILBOXID (RFC 8474) or Dovecot's X-GUID; NIL if absent */
} ImapStatusData;

typedef struct
{
  gboolean earlier;
  ImapString uids; /* for imap_uidset_parse(), which may fail: iCloud sends rubbish */
} ImapVanishedData;

typedef struct
{
  const guint32 *numbers;
  guint count;
  gboolean more; /* further batches of this line follow */
  gboolean has_modseq;
  guint64 modseq;
} ImapSearchData;

typedef struct
{
  ImapString tag; /* NIL if the server left it out (hazard 41) */
  gboolean uid;
  gboolean has_count;
  gboolean has_modseq;
  guint32 min; /* 0 if absent */
  guint32 max;
  guint64 count;
  guint64 modseq;
  ImapString all;           /* NIL if absent: then the result is empty */
  ImapString partial_range; /* PARTIAL, RFC 9394 */
  ImapString partial;       /* NIL if that part is empty */
} ImapEsearchData;

typedef struct
{
  guint32 number; /* sequence number; the UID for UIDFETCH; 0 is sent too: ignore it */
  guint32 uid;    /* 0 if it has not come yet */
  ImapString section; /* what stands in BODY[...], as echoed; RFC822 is "", its parts
                         HEADER/TEXT */
  gboolean binary;    /* BINARY[...] rather than BODY[...] */
  gboolean partial;   /* <origin> was given */
  guint64 origin;
  guint64 size; /* announced bytes: the truth, whatever RFC822.SIZE says */
} ImapBodyData;

typedef enum
{
  IMAP_FETCH_UID = 1 << 0,
  IMAP_FETCH_FLAGS = 1 << 1,
  IMAP_FETCH_INTERNALDATE = 1 << 2,
  IMAP_FETCH_SIZE = 1 << 3,
  IMAP_FETCH_MODSEQ = 1 << 4,
  IMAP_FETCH_GM_MSGID = 1 << 5,
  IMAP_FETCH_GM_LABELS = 1 << 6,
  IMAP_FETCH_GUID = 1 << 7,
  IMAP_FETCH_EMAILID = 1 << 8,
  IMAP_FETCH_SHA1 = 1 << 9,
  IMAP_FETCH_BODY = 1 << 10,     /* at least one body was handed over */
  IMAP_FETCH_BODY_NIL = 1 << 11, /* a body item was named, but NIL, missing or unusable */
  IMAP_FETCH_GM_THRID = 1 << 12,
} ImapFetchItem;

typedef struct
{
  guint32 number;
  guint32 uid;        /* 0 if none came: then it is only a flag update of `number` */
  gboolean uid_fetch; /* "* <uid> UIDFETCH" (RFC 9586) */
  gboolean damaged;   /* the line was cut or its lists did not close; absent items prove
                         nothing */
  gboolean
      suspect; /* a body's announced length was wrong: fetch this message again, alone */
  guint known; /* ImapFetchItem bits: came and made sense */
  guint named; /* the same: came, whether or not they made sense */
  ImapStrings flags;
  gint64 internaldate; /* seconds since 1970 */
  gint zone_minutes;   /* of INTERNALDATE, as written */
  guint64 size;        /* RFC822.SIZE: a hint */
  guint64 modseq;
  guint64 gm_msgid;
  guint64 gm_thrid;
  ImapStrings gm_labels;
  ImapString guid;
  ImapString email_id;
  ImapString sha1;
} ImapFetchData;

typedef struct
{
  ImapString resource;
  guint64 usage;
  guint64 limit;
} ImapQuotaResource;

typedef struct
{
  ImapString root;
  const ImapQuotaResource *resources;
  guint count;
} ImapQuotaData;

typedef struct
{
  ImapEventType type;
  union
  {
    ImapStateData state;
    ImapString text;
    ImapStrings strings;
    ImapNamespaces namespaces;
    ImapListData list;
    ImapStatusData status;
    ImapVanishedData vanished;
    ImapSearchData search;
    ImapEsearchData esearch;
    ImapBodyData body;
    ImapFetchData fetch;
    ImapQuotaData quota;
    guint32 number;
  };
} ImapEvent;

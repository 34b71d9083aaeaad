/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What to do about a refused APPEND: a pure decision. Any thread. */
#pragma once

#include <mailhaul/error.h>

#include "event.h"

/* ImapRemedy: what follows. */
typedef enum
{
  IMAP_REMEDY_FAIL,      /* the message (all of them) failed with the error */
  IMAP_REMEDY_CLOSE,     /* the folder takes no more: all for it fail */
  IMAP_REMEDY_CREATE,    /* make the folder, then the same again */
  IMAP_REMEDY_PAUSE,     /* wait, then the same again */
  IMAP_REMEDY_END,       /* the session ends with the error */
  IMAP_REMEDY_LOOK,      /* some of them may be stored: the engine must look */
  IMAP_REMEDY_HALVE,     /* one of them is the cause: each half by itself */
  IMAP_REMEDY_PLAIN,     /* again without keywords, which are set afterwards */
  IMAP_REMEDY_MEND,      /* again with the next repair */
  IMAP_REMEDY_READ_ANEW, /* the engine offers it again: it can be held then */
} ImapRemedy;

/* What is known of the refused APPEND. */
typedef struct
{
  const GError *error; /* of imap_reply_error() with message scope */
  ImapState state;
  ImapCode code;
  guint messages;
  gboolean atomic;   /* nothing of a refused batch is stored */
  gboolean held;     /* the bodies can be sent again */
  gboolean created;  /* CREATE was tried already */
  guint pauses;      /* taken for it already */
  gboolean keywords; /* the (single) message goes with keywords */
  guint repairs;     /* that the message still could have: ImapRepair */
  gboolean mended;   /* some repair was made already */
} ImapRefusal;

/* What to do. */
ImapRemedy imap_refusal_remedy (const ImapRefusal *refusal);

/* The server complains about the content of a message, not about anything around it. */
gboolean imap_refusal_is_content (const ImapRefusal *refusal);

/* How long to wait: what the server asked for, else @backoff_us, doubled with each pause
 * but bounded. */
gint64 imap_refusal_pause_us (const ImapRefusal *refusal, gint64 backoff_us);

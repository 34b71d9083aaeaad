/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Decides from a refusal and what was tried already what comes next. What a code or a
 * phrase means as an error is reply.c's. Pure; any thread. */
#include "refusal.h"

#include <string.h>

/* A pause of at most this is waited for with the session kept; a longer one is the
 * engine's, which then does not hold a connection. */
#define PAUSE_US ((gint64) 30 * G_USEC_PER_SEC)

/* Pauses for one command; then it is no hiccup. */
#define PAUSES_MAX 4u

/* Words in which servers speak of what is inside a message. */
static const char *const content_words[] = {
  "nul ",        "newline",         "line feed",
  "bare lf",     "header",          "8-bit",
  "8bit",        "malform",         "mime",
  "rfc822",      "rfc 822",         "rfc5322",
  "rfc 5322",    "rfc2822",         "rfc 2822",
  "too long",    "invalid message", "parse message",
  "bad message", "contains nul",
};

gboolean
imap_refusal_is_content (const ImapRefusal *refusal)
{
  ImapString text = { refusal->error->message, strlen (refusal->error->message) };
  /* What stands before the state is ours: the folder's name. */
  gssize start = imap_text_find (text, ": no ");
  if (start < 0)
    start = imap_text_find (text, ": bad ");
  if (start > 0)
    {
      text.data += start;
      text.length -= (gsize) start;
    }
  for (guint i = 0; i < G_N_ELEMENTS (content_words); i++)
    if (imap_text_find (text, content_words[i]) >= 0)
      return TRUE;
  return FALSE;
}

gint64
imap_refusal_pause_us (const ImapRefusal *refusal, gint64 backoff_us)
{
  gint64 asked_us = haul_error_delay_us (refusal->error);
  if (asked_us > 0)
    return asked_us;
  gint64 pause_us = MAX (backoff_us, G_USEC_PER_SEC);
  for (guint i = 0; i < refusal->pauses && pause_us < PAUSE_US; i++)
    pause_us *= 2;
  return MIN (pause_us, PAUSE_US);
}

static ImapRemedy
for_busy (const ImapRefusal *refusal)
{
  HaulErrorScope scope = haul_error_scope (refusal->error);
  gboolean bearable = refusal->pauses < PAUSES_MAX && refusal->held
                      && haul_error_delay_us (refusal->error) <= PAUSE_US;
  if (bearable)
    return IMAP_REMEDY_PAUSE;
  return scope >= HAUL_SCOPE_SESSION ? IMAP_REMEDY_END : IMAP_REMEDY_FAIL;
}

/* A single message that the server does not want. */
static ImapRemedy
for_message (const ImapRefusal *refusal)
{
  gboolean content = imap_refusal_is_content (refusal);
  if (refusal->keywords
      && (!content || refusal->repairs == 0 || refusal->code == IMAP_CODE_LIMIT))
    return refusal->held ? IMAP_REMEDY_PLAIN : IMAP_REMEDY_READ_ANEW;
  if (!refusal->held)
    return content || refusal->state == IMAP_STATE_BAD || refusal->code == IMAP_CODE_NONE
               ? IMAP_REMEDY_READ_ANEW
               : IMAP_REMEDY_FAIL;
  if (refusal->repairs != 0)
    return IMAP_REMEDY_MEND;
  /* Enclosing comes last, and only for what is refused for its content. */
  return content && !refusal->mended ? IMAP_REMEDY_MEND : IMAP_REMEDY_FAIL;
}

ImapRemedy
imap_refusal_remedy (const ImapRefusal *refusal)
{
  HaulErrorScope scope = haul_error_scope (refusal->error);
  int code = refusal->error->code;
  if (refusal->messages > 1 && !refusal->atomic)
    return IMAP_REMEDY_LOOK;
  if (code == HAUL_ERROR_BUSY)
    return for_busy (refusal);
  if (scope >= HAUL_SCOPE_SESSION)
    return IMAP_REMEDY_END;
  if (code == HAUL_ERROR_NOT_FOUND && refusal->code != IMAP_CODE_BADURL)
    return refusal->created || !refusal->held ? IMAP_REMEDY_CLOSE : IMAP_REMEDY_CREATE;
  if (scope >= HAUL_SCOPE_FOLDER)
    return IMAP_REMEDY_CLOSE;
  if (refusal->messages > 1)
    return IMAP_REMEDY_HALVE;
  if (code == HAUL_ERROR_TOO_BIG)
    return IMAP_REMEDY_FAIL;
  return for_message (refusal);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The private header fields of an mbox to flags and keywords, and back. Pure.
 */
#pragma once

#include <mailhaul/message.h>

#include "quote.h"

/* MBOX_KEYWORDS_MIN_BYTES: room in an X-Keywords line that we write, so that it can be
 * changed in place: two or three keywords. */
#define MBOX_KEYWORDS_MIN_BYTES 40

/* MBOX_BASE_ROOM_BYTES: room for the keywords in an X-IMAPbase line that we write; with
 * the name the line stays below the 998 bytes of RFC 5322. */
#define MBOX_BASE_ROOM_BYTES 900

/*
 * MboxStatus: what the private fields of one message say. @ours: the lines are as we
 * write them; then they are the whole truth (labels and Mozilla's fields are content) and
 * @rule is the quoting of this message.
 */
typedef struct
{
  guint32 flags;
  gboolean has_status; /* Status or X-Status is there */
  gboolean ours;
  gboolean strict; /* we wrote the whole message, not only these lines */
  MboxRule rule;
  gboolean has_length;
  guint64 content_length;
  gboolean has_base;        /* X-IMAPbase or X-IMAP */
  gboolean is_pseudo;       /* the message that holds folder-internal data */
  GPtrArray *keywords;      /* char *: of X-Keywords, valid ones */
  GPtrArray *more_keywords; /* char *: of Mozilla and labels: always count */
  GPtrArray *base;          /* char *: the list of X-IMAPbase */
} MboxStatus;

/* mbox_status_init: all empty; mbox_status_clear() frees. */
void mbox_status_init (MboxStatus *self);
/* mbox_status_clear: frees the arrays. */
void mbox_status_clear (MboxStatus *self);
/* mbox_status_reset: empty again. */
void mbox_status_reset (MboxStatus *self);

/* mbox_status_parse: reads the captured lines (PRIVATE, MOZILLA and NOTED fields, each
 * line whole, folded or not) of one message into @self, which is reset before. */
void mbox_status_parse (MboxStatus *self, const guint8 *captured, gsize length);

/*
 * mbox_status_keywords: the keywords that count, into @out (emptied; borrowed strings,
 * NULL at the end): those of X-Keywords only if @base (may be NULL: the folder has no
 * list) contains them in any case, or the lines are ours.
 */
void mbox_status_keywords (const MboxStatus *self, const GPtrArray *base, GPtrArray *out);

/* mbox_words_contain: one of the char * of @words (may be NULL) equals @word without
 * case.
 */
gboolean mbox_words_contain (const GPtrArray *words, const char *word);

/* MboxMark: what our lines say beside flags and keywords: see MboxStatus. */
typedef struct
{
  MboxRule rule;
  gboolean strict;
} MboxMark;

/*
 * mbox_status_append: the three lines that we write, for @flags, @keywords (may be NULL)
 * and @mark: "Status:", "X-Status:", "X-Keywords:", each padded so that it can be changed
 * in place.
 */
void mbox_status_append (GByteArray *out, guint32 flags, const char *const *keywords,
                         MboxMark mark);

/* mbox_status_append_base: an X-IMAPbase line with @keywords and room for more. */
void mbox_status_append_base (GByteArray *out, guint32 validity,
                              const char *const *keywords);

/*
 * mbox_label_to_keyword: a Gmail label as a keyword: blanks become '_', a leading
 * backslash goes, "Important" is $Important (RFC 8457). (transfer full); NULL when the
 * result is no valid keyword.
 */
char *mbox_label_to_keyword (const char *label);

/* mbox_mozilla_bits: @flags as the four hex digits' low bits; @old gives all others. */
guint32 mbox_mozilla_bits (guint32 old, guint32 flags);

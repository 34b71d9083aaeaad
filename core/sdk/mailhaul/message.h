/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages: flags, the metadata record of a scan, and the read-only view of a message
 * that filters get.
 */
#pragma once

#include <mailhaul/folder.h>
#include <mailhaul/lines.h>

G_BEGIN_DECLS

/* HaulFlags: the system flags of RFC 3501 §2.3.2 (\Recent is never copied). Everything
 * else, $Forwarded too, is a keyword. */
typedef enum
{
  HAUL_FLAG_SEEN = 1 << 0,
  HAUL_FLAG_ANSWERED = 1 << 1,
  HAUL_FLAG_FLAGGED = 1 << 2,
  HAUL_FLAG_DELETED = 1 << 3,
  HAUL_FLAG_DRAFT = 1 << 4,
} HaulFlags;

/* HAUL_FLAGS_ALL: every system flag. */
#define HAUL_FLAGS_ALL 0x1fu

/* HAUL_DELIVERY_ID_LENGTH: bytes of a delivery id; see haul_item_delivery_id(). */
#define HAUL_DELIVERY_ID_LENGTH 16

/* HaulNeeds: what a scan is asked to deliver beside the key. */
typedef enum
{
  HAUL_NEED_FLAGS = 1 << 0, /* flags and keywords */
  HAUL_NEED_SIZE = 1 << 1,  /* size_bytes, exact only if caps say so */
  HAUL_NEED_DATE = 1 << 2,  /* INTERNALDATE */
  HAUL_NEED_HEADERS =
      1 << 3, /* at least the identity headers, or the whole header block */
  HAUL_NEED_ALL_HEADERS =
      1 << 4, /* beside HAUL_NEED_HEADERS: the whole header block, for filters */
} HaulNeeds;

/* HaulRecordFields: which members of a HaulRecord are known. */
typedef enum
{
  HAUL_RECORD_FLAGS = 1 << 0,
  HAUL_RECORD_SIZE = 1 << 1,
  HAUL_RECORD_DATE = 1 << 2,
  HAUL_RECORD_HEADERS = 1 << 3,
  HAUL_RECORD_DELIVERY_ID = 1 << 4,
  HAUL_RECORD_ZONE = 1 << 5,
} HaulRecordFields;

/*
 * HaulRecord: what a scan knows of one message. All pointers stand only during the call.
 *
 * @key: opaque, unique in its folder (IMAP: the UID; Maildir: the base name).
 * @keywords: NULL-terminated, or NULL for none; compared without case.
 * @size_bytes: of the wire form (CRLF).
 * @headers: raw header lines (any line ends) with at least Message-ID, Date, From, To,
 * Cc, Subject, In-Reply-To and References as far as the message has them.
 * @delivery_id: 16 bytes, when the backend kept the id under which the message was
 * stored.
 */
typedef struct
{
  gsize struct_size;
  guint32 known; /* HaulRecordFields */
  HaulBytes key;
  guint32 flags; /* HaulFlags */
  const char *const *keywords;
  guint64 size_bytes;
  gint64 date_unix;         /* INTERNALDATE, seconds since 1970 */
  gint32 date_zone_minutes; /* east of UTC, when HAUL_RECORD_ZONE */
  HaulBytes headers;
  const guint8 *delivery_id;
} HaulRecord;

/* HAUL_RECORD_INIT: a zeroed HaulRecord with its size filled in. */
#define HAUL_RECORD_INIT                                                                 \
  {                                                                                      \
    .struct_size = sizeof (HaulRecord)                                                   \
  }

/* HaulMessage: a message as a filter sees it; read-only and opaque. */
typedef struct _HaulMessage HaulMessage;

/* haul_message_folder: its folder at the source; stands as long as the message. */
HAUL_API HaulPath haul_message_folder (const HaulMessage *message);
/* haul_message_size: wire bytes, or HAUL_SIZE_UNKNOWN. */
HAUL_API guint64 haul_message_size (const HaulMessage *message);
/* haul_message_flags: HaulFlags. */
HAUL_API guint32 haul_message_flags (const HaulMessage *message);
/* haul_message_keywords: NULL-terminated, never NULL; (transfer none). */
HAUL_API const char *const *haul_message_keywords (const HaulMessage *message);
/* haul_message_date: INTERNALDATE in Unix seconds into @out_unix; FALSE when unknown. */
HAUL_API gboolean haul_message_date (const HaulMessage *message, gint64 *out_unix);
/* haul_message_headers: the raw header block; empty unless the filter declares
 * HAUL_FILTER_NEEDS_HEADERS. (transfer none) */
HAUL_API HaulBytes haul_message_headers (const HaulMessage *message);
/* haul_message_now: the run's own clock in Unix seconds, the same for all messages. */
HAUL_API gint64 haul_message_now (const HaulMessage *message);

/* haul_date_parse: a date as mail has it (RFC 5322 with its obsolete forms, asctime, ISO
 * 8601, IMAP, and the broken forms that occur) into @out_unix; FALSE when it is none. */
HAUL_API gboolean haul_date_parse (const char *text, gint64 *out_unix);

/* haul_header_decode: an unstructured header value (Subject) with its RFC 2047 words
 * decoded, unfolded, as UTF-8 in NFC; broken words stay as they are. (transfer full) */
HAUL_API char *haul_header_decode (const char *value);
/* haul_address_reduce: an address list (To) as its addresses in lower case, joined by
 * commas, without names, comments, groups and quotes. (transfer full) */
HAUL_API char *haul_address_reduce (const char *value);

/* haul_flag_name: "\\Seen" … for one bit (static). */
HAUL_API const char *haul_flag_name (HaulFlags flag);
/* haul_flag_from_name: the bit for "\\Seen", any case; 0 for anything else. */
HAUL_API guint32 haul_flag_from_name (const char *name);
/* haul_keyword_is_valid: @word can be an IMAP keyword (RFC 3501 atom, 7-bit, ≤ 50). */
HAUL_API gboolean haul_keyword_is_valid (const char *word);

G_END_DECLS

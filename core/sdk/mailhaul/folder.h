/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folders as backends and filters see them: a path of UTF-8 names, attributes, and the
 * status that came in the same breath as the listing.
 */
#pragma once

#include <mailhaul/macros.h>

G_BEGIN_DECLS

/*
 * HaulPath: a folder's place: a NULL-terminated array of UTF-8 names from the root down,
 * at least one, none of them empty. The inbox is { "INBOX", NULL }, in capitals. A name
 * may contain any character but NUL: the wire form (delimiter, encoding) stays inside
 * the backend, which must be able to find the folder again by this path alone.
 */
typedef const char *const *HaulPath;

/* HaulFolderAttributes: what a listing says of a folder (RFC 3501 §7.2.2, RFC 5258). */
typedef enum
{
  HAUL_FOLDER_NOSELECT = 1 << 0, /* holds no messages, only children */
  HAUL_FOLDER_SUBSCRIBED = 1 << 1,
  HAUL_FOLDER_NOINFERIORS = 1 << 2, /* can hold no children */
} HaulFolderAttributes;

/* HaulSpecialUse: RFC 6154 roles, as bits, since a folder may claim several. */
typedef enum
{
  HAUL_USE_ALL = 1 << 0,
  HAUL_USE_ARCHIVE = 1 << 1,
  HAUL_USE_DRAFTS = 1 << 2,
  HAUL_USE_FLAGGED = 1 << 3,
  HAUL_USE_JUNK = 1 << 4,
  HAUL_USE_SENT = 1 << 5,
  HAUL_USE_TRASH = 1 << 6,
  HAUL_USE_IMPORTANT = 1 << 7, /* RFC 8457 */
} HaulSpecialUse;

/* HaulStatusFields: which members of a HaulFolderStatus are known. */
typedef enum
{
  HAUL_STATUS_MESSAGES = 1 << 0,
  HAUL_STATUS_UIDVALIDITY = 1 << 1,
  HAUL_STATUS_UIDNEXT = 1 << 2,
  HAUL_STATUS_TOKEN = 1 << 3,
  HAUL_STATUS_MARK = 1 << 4,
  HAUL_STATUS_BYTES = 1 << 5,
  HAUL_STATUS_OBJECT = 1 << 6,
} HaulStatusFields;

/*
 * HaulFolderStatus: the state of a folder at one moment.
 *
 * @token: an opaque change token. Equal tokens mean that nothing at all changed between:
 * no message, no flag. A backend that cannot promise that right now (a directory changed
 * within the resolution of its time stamp) leaves it out.
 * @mark: an opaque position. A scan with `from` set to it yields every message that was
 * stored after this moment (IMAP: UIDNEXT; mbox: the file's length).
 * @uid_validity: keys are only comparable under an equal value (RFC 3501 §2.3.1.1); left
 * out by a backend whose keys never change their meaning.
 * @object: an opaque name of the folder itself, which stays when the folder is renamed
 * and is never given to another one (MAILBOXID, RFC 8474). By it a renamed folder is
 * known again.
 */
typedef struct
{
  guint32 known; /* HaulStatusFields */
  guint64 messages;
  guint64 bytes;
  guint64 uid_validity;
  guint64 uid_next;
  HaulBytes token;
  HaulBytes mark;
  HaulBytes object;
} HaulFolderStatus;

/* HaulFolder: one folder of a listing. All pointers stand only during the call. */
typedef struct
{
  gsize struct_size; /* sizeof (HaulFolder) as the writer knew it */
  HaulPath path;
  guint32 attributes;  /* HaulFolderAttributes */
  guint32 special_use; /* HaulSpecialUse */
  HaulFolderStatus status;
} HaulFolder;

/* HAUL_FOLDER_INIT: a zeroed HaulFolder with its size filled in. */
#define HAUL_FOLDER_INIT                                                                 \
  {                                                                                      \
    .struct_size = sizeof (HaulFolder)                                                   \
  }

/*
 * HaulFolderFunc: receives one folder of a listing; copies what it keeps. FALSE with
 * @error set stops the listing: the backend returns FALSE with that error.
 */
typedef gboolean (*HaulFolderFunc) (const HaulFolder *folder, gpointer user_data,
                                    GError **error);

/*
 * HaulFolderResultFunc: receives the outcome for one folder of a batch: @error is NULL on
 * success, else (transfer none) with HAUL_SCOPE_FOLDER.
 */
typedef void (*HaulFolderResultFunc) (HaulPath path, const GError *error,
                                      gpointer user_data);

/*
 * haul_path_to_text: the form used in jobs and reports: names joined by '/', a '/' inside
 * a name as %2F and a '%' as %25. Returns: (transfer full).
 */
HAUL_API char *haul_path_to_text (HaulPath path);

/*
 * haul_path_from_text: the reverse; %XX of any other value is refused, so is an empty
 * name or invalid UTF-8. A first name "inbox" in any case becomes "INBOX".
 * Returns: (transfer full), free with g_strfreev(); NULL with HAUL_ERROR_CONFIG.
 */
HAUL_API char **haul_path_from_text (const char *text, GError **error);

/* haul_path_copy: (transfer full), free with g_strfreev(). */
HAUL_API char **haul_path_copy (HaulPath path);

/* haul_path_equal: byte-equal, name by name. */
HAUL_API gboolean haul_path_equal (HaulPath a, HaulPath b);

/* haul_path_has_prefix: @path is @prefix or below it. */
HAUL_API gboolean haul_path_has_prefix (HaulPath path, HaulPath prefix);

/* haul_path_is_inbox: the path is exactly { "INBOX" }. */
HAUL_API gboolean haul_path_is_inbox (HaulPath path);

/*
 * haul_mutf7_encode: one folder name from UTF-8 to modified UTF-7 (RFC 3501 §5.1.3), in
 * its only canonical form. Returns: (transfer full); NULL when @utf8 is invalid.
 */
HAUL_API char *haul_mutf7_encode (const char *utf8);

/*
 * haul_mutf7_decode: the reverse. Returns: (transfer full); NULL when @name is not
 * canonical modified UTF-7 (then the raw bytes are the only handle).
 */
HAUL_API char *haul_mutf7_decode (const char *name);

/* haul_special_use_name: "junk", "sent", … for one bit (static); NULL for none. */
HAUL_API const char *haul_special_use_name (HaulSpecialUse use);

/* haul_special_use_from_name: the bit for "junk", "\\Junk" …, any case; 0 when unknown.
 */
HAUL_API guint32 haul_special_use_from_name (const char *name);

G_END_DECLS

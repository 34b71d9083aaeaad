/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Questions to the header of a message, whatever it is like.
 */
#pragma once

#include <mailhaul/message.h>

/* message_header_is_name: @name can be a field's (RFC 5322 §2.2). */
gboolean message_header_is_name (const char *name);
/* message_header_fold: text as it is compared without regard to case; (transfer full). */
char *message_header_fold (const char *text);
/* message_header_date: of the first Date; FALSE: there is none, or it is no date. */
gboolean message_header_date (const HaulMessage *message, gint64 *out_unix);
/* message_header_find: some field @name has @folded (see message_header_fold()) in its
 * decoded value, or @match matches it; neither: there is such a field. FALSE with
 * HAUL_ERROR_REJECTED: the pattern gave up. */
gboolean message_header_find (const HaulMessage *message, const char *name,
                              const char *folded, GRegex *match, gboolean *out_found,
                              GError **error);
/* message_header_has_address: one of @words (a@b, @b, @.b) in one of @fields. */
gboolean message_header_has_address (const HaulMessage *message,
                                     const char *const *fields, const char *const *words);
/* message_header_has_attachment: multipart/mixed, a Content-Disposition of attachment, a
 * single part of neither text nor multipart, or X-MS-Has-Attach: yes. */
gboolean message_header_has_attachment (const HaulMessage *message);
/* message_header_is_list: List-Id and its kin (RFC 2919, 2369), Mailing-List, or
 * Precedence: list. */
gboolean message_header_is_list (const HaulMessage *message);

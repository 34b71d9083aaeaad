/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Addresses and message ids of header values, reduced to the form in which they are
 * compared. Deterministic and linear on any bytes.
 */
#pragma once

#include <glib.h>

/*
 * mail_address_reduce: an address list reduced to its addr-specs in lower case, in
 * order, joined by commas: names, comments, groups, routes, quotes and blanks are
 * dropped. Returns: (transfer full).
 */
char *mail_address_reduce (const char *text);

/*
 * mail_message_id: the first <…> without angle brackets and blanks, the domain in
 * lower case; without brackets, all of the value. Returns: (transfer full); NULL when
 * there is none (missing, empty, "<>").
 */
char *mail_message_id (const char *text);

/*
 * mail_message_id_list: the same for each <…> of a value (References), joined by blanks;
 * a value without any is collapsed. Returns: (transfer full).
 */
char *mail_message_id_list (const char *text);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * X-Gmail-Labels of Google Takeout. Pure.
 */
#pragma once

#include <mailhaul/message.h>

/*
 * mbox_labels_parse: takes a field value apart (folded, encoded-words of RFC 2047 in
 * UTF-8 or ASCII, labels separated by ',', quoted ones with '"') and calls @func (may be
 * NULL) for each label that is not a flag. Returns HaulFlags: "Opened" is seen unless
 * "Unread" is there, too; "Starred"; "Draft" and "Drafts".
 */
guint32 mbox_labels_parse (const char *value,
                           void (*func) (const char *label, gpointer user_data),
                           gpointer user_data);

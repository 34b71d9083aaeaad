/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What an mbox does not hold of a message as it came, in words for the report. Pure.
 */
#pragma once

#include <mailhaul/batch.h>

/* mbox_receipt_note: the note for a receipt: fields and line ends of @changes
 * (mbox_serial_changes()), keywords that are no words of an mbox, a date that a From_
 * line does not hold. NULL: nothing is lost. (transfer full) */
char *mbox_receipt_note (const HaulItem *item, guint32 changes);

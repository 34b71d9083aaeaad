/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Notes of receipts: nothing that a message had is lost without a word. The wording is
 * that of docs/internals/mbox.md. Pure: any thread.
 */
#include "receipt.h"

#include "from-line.h"
#include "header-filter.h"
#include "serial.h"

static void add_line (GString *text, const char *format, ...) G_GNUC_PRINTF (2, 3);

static void
add_line (GString *text, const char *format, ...)
{
  va_list arguments;
  if (text->len > 0)
    g_string_append_c (text, '\n');
  va_start (arguments, format);
  g_string_append_vprintf (text, format, arguments);
  va_end (arguments);
}

char *
mbox_receipt_note (const HaulItem *item, guint32 changes)
{
  GString *text = g_string_new (NULL);
  gint64 date = 0;
  const char *name;
  for (guint i = 0; (name = mbox_field_name (i)) != NULL; i++)
    if (changes & (1u << i))
      add_line (text,
                "form: the message's own header \"%s\" is left out: in an mbox it is the "
                "mailbox's",
                name);
  if (changes & MBOX_SERIAL_ENDED)
    add_line (text, "form: the last line was given its end");
  if (changes & MBOX_SERIAL_BLANK)
    add_line (text, "form: the header was given the empty line behind it");
  if (changes & MBOX_SERIAL_CR)
    add_line (text, "form: carriage returns before a line end are dropped");
  for (const char *const *word = haul_item_keywords (item); *word != NULL; word++)
    if (!haul_keyword_is_valid (*word))
      add_line (text, "keyword \"%s\" is not kept: it is no word of an mbox", *word);
  if (haul_item_date (item, &date, NULL) && !mbox_from_line_holds (date))
    add_line (text, "date moved: a From_ line holds the years 1970 to 9999");
  return g_string_free (text, text->len == 0);
}

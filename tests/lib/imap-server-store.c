/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mailboxes and messages as plain data; no locks, no I/O, no replies. */
#include "imap-server-store.h"

#include <string.h>

static void
mail_free (gpointer data)
{
  Mail *self = data;
  g_ptr_array_unref (self->flags);
  g_bytes_unref (self->body);
  g_free (self);
}

static void
box_free (gpointer data)
{
  Box *self = data;
  g_free (self->name);
  g_free (self->attributes);
  g_free (self->permanent_flags);
  g_ptr_array_unref (self->mails);
  g_array_unref (self->gone);
  g_free (self);
}

void
store_init (Store *self)
{
  self->boxes = g_ptr_array_new_with_free_func (box_free);
  self->next_uidvalidity = 1000;
}

void
store_clear (Store *self)
{
  g_clear_pointer (&self->boxes, g_ptr_array_unref);
}

Box *
store_find (const Store *self, const char *name)
{
  for (guint i = 0; i < self->boxes->len; i++)
    {
      Box *box = g_ptr_array_index (self->boxes, i);
      gboolean inbox = self->fold_case || g_ascii_strcasecmp (name, "INBOX") == 0;
      if (inbox ? g_ascii_strcasecmp (box->name, name) == 0
                : strcmp (box->name, name) == 0)
        return box;
    }
  return NULL;
}

Box *
store_add (Store *self, const char *name)
{
  Box *box = g_new0 (Box, 1);
  box->name = g_strdup (name);
  box->attributes = g_strdup ("");
  box->uidvalidity = ++self->next_uidvalidity;
  box->uidnext = 1;
  box->modseq = 1;
  box->mails = g_ptr_array_new_with_free_func (mail_free);
  box->gone = g_array_new (FALSE, FALSE, sizeof (Gone));
  g_ptr_array_add (self->boxes, box);
  return box;
}

void
store_remove (Store *self, Box *box)
{
  g_ptr_array_remove (self->boxes, box);
}

Mail *
box_add (Box *self, guint32 uid, GBytes *body, GPtrArray *flags)
{
  Mail *mail = g_new0 (Mail, 1);
  mail->uid = uid > 0 ? uid : self->uidnext;
  self->uidnext = MAX (self->uidnext, mail->uid + 1);
  mail->flags = g_ptr_array_new_with_free_func (g_free);
  for (guint i = 0; flags != NULL && i < flags->len; i++)
    if (box_allows (self, g_ptr_array_index (flags, i)))
      mail_set (mail, g_ptr_array_index (flags, i), TRUE);
  mail->date = G_MININT64;
  mail->body = g_bytes_ref (body);
  guint at = self->mails->len;
  while (at > 0 && ((Mail *) g_ptr_array_index (self->mails, at - 1))->uid > mail->uid)
    at--;
  g_ptr_array_insert (self->mails, (int) at, mail);
  box_touch (self, mail);
  return mail;
}

Mail *
box_find (const Box *self, guint32 uid)
{
  guint low = 0, high = self->mails->len;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      Mail *mail = g_ptr_array_index (self->mails, middle);
      if (mail->uid == uid)
        return mail;
      if (mail->uid < uid)
        low = middle + 1;
      else
        high = middle;
    }
  return NULL;
}

void
box_expunge (Box *self, guint32 uid)
{
  Mail *mail = box_find (self, uid);
  if (mail == NULL)
    return;
  Gone gone = { uid, ++self->modseq };
  g_array_append_val (self->gone, gone);
  g_ptr_array_remove (self->mails, mail);
}

void
box_touch (Box *self, Mail *mail)
{
  mail->modseq = ++self->modseq;
}

gboolean
box_allows (const Box *self, const char *flag)
{
  if (self->permanent_flags == NULL)
    return TRUE;
  gboolean all = FALSE;
  g_auto (GStrv) flags = g_strsplit (self->permanent_flags, " ", -1);
  for (char **at = flags; *at != NULL; at++)
    {
      if (g_ascii_strcasecmp (*at, flag) == 0)
        return TRUE;
      all |= strcmp (*at, "\\*") == 0;
    }
  return all && *flag != '\\';
}

guint64
box_size (const Box *self)
{
  guint64 size = 0;
  for (guint i = 0; i < self->mails->len; i++)
    size += g_bytes_get_size (((Mail *) g_ptr_array_index (self->mails, i))->body);
  return size;
}

static gboolean
find_flag (const Mail *self, const char *flag, guint *out_index)
{
  for (guint i = 0; i < self->flags->len; i++)
    if (g_ascii_strcasecmp (g_ptr_array_index (self->flags, i), flag) == 0)
      {
        *out_index = i;
        return TRUE;
      }
  return FALSE;
}

gboolean
mail_has (const Mail *self, const char *flag)
{
  guint index;
  return find_flag (self, flag, &index);
}

gboolean
mail_set (Mail *self, const char *flag, gboolean on)
{
  guint index = 0;
  gboolean has = find_flag (self, flag, &index);
  if (has == on)
    return FALSE;
  if (on)
    g_ptr_array_add (self->flags, g_strdup (flag));
  else
    g_ptr_array_remove_index (self->flags, index);
  return TRUE;
}

char *
mail_flags (const Mail *self)
{
  GString *out = g_string_new (NULL);
  for (guint i = 0; i < self->flags->len; i++)
    g_string_append_printf (out, i > 0 ? " %s" : "%s",
                            (char *) g_ptr_array_index (self->flags, i));
  return g_string_free (out, FALSE);
}

static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

char *
mail_date (const Mail *self)
{
  gint64 seconds = self->date == G_MININT64 ? 1700000000 : self->date;
  g_autoptr (GDateTime)
      time = g_date_time_new_from_unix_utc (seconds + self->zone_minutes * 60);
  int zone = ABS (self->zone_minutes);
  return g_strdup_printf ("%2d-%s-%04d %02d:%02d:%02d %c%02d%02d",
                          g_date_time_get_day_of_month (time),
                          months[g_date_time_get_month (time) - 1],
                          g_date_time_get_year (time), g_date_time_get_hour (time),
                          g_date_time_get_minute (time), g_date_time_get_second (time),
                          self->zone_minutes < 0 ? '-' : '+', zone / 60, zone % 60);
}

/* digits: exactly @count of them at @text. */
static int
digits (const char *text, int count)
{
  int value = 0;
  for (int i = 0; i < count; i++)
    value = value * 10 + (text[i] - '0');
  return value;
}

gboolean
date_parse (const char *text, gint64 *out_unix, int *out_zone_minutes)
{
  static const char shape[] = "?d-aaa-dddd dd:dd:dd sdddd";
  if (strlen (text) != sizeof shape - 1)
    return FALSE;
  for (gsize i = 0; i < sizeof shape - 1; i++)
    {
      char c = text[i];
      gboolean fits = shape[i] == 'd'   ? g_ascii_isdigit (c)
                      : shape[i] == '?' ? g_ascii_isdigit (c) || c == ' '
                      : shape[i] == 'a' ? g_ascii_isalpha (c)
                      : shape[i] == 's' ? c == '+' || c == '-'
                                        : c == shape[i];
      if (!fits)
        return FALSE;
    }
  int month = 0;
  while (month < 12 && g_ascii_strncasecmp (text + 3, months[month], 3) != 0)
    month++;
  int day = (text[0] == ' ' ? 0 : text[0] - '0') * 10 + (text[1] - '0');
  int zone = digits (text + 22, 2) * 60 + digits (text + 24, 2);
  zone = text[21] == '-' ? -zone : zone;
  g_autoptr (GDateTime) time = g_date_time_new_utc (
      digits (text + 7, 4), month + 1, day, digits (text + 12, 2), digits (text + 15, 2),
      digits (text + 18, 2));
  if (time == NULL || digits (text + 24, 2) > 59)
    return FALSE;
  *out_unix = g_date_time_to_unix (time) - zone * 60;
  *out_zone_minutes = zone;
  return TRUE;
}

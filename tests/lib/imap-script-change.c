/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a script says about mailboxes and messages, at its head and while it plays, done
 * to the store; made-up bodies. The caller holds the server's lock where there is one.
 */
#include "imap-script-private.h"

#include <string.h>

/* Largest made-up body: tests with more stream from elsewhere. */
#define BODY_BYTES ((guint64) 256 * 1024 * 1024)

/* made_up: a message of at least @size bytes that is different from every other. */
static GBytes *
made_up (const char *subject, guint64 size)
{
  GString *out = g_string_new ("From: \"A. Writer\" <writer@example.org>\r\n"
                               "To: reader@example.net\r\n");
  g_string_append_printf (out,
                          "Subject: %s\r\nDate: Mon, 01 Jan 2024 10:00:00 +0100\r\n"
                          "Message-ID: <%s@example.org>\r\n\r\nText of %s.\r\n",
                          subject, subject, subject);
  guint line = 0;
  while (out->len + 2 < size)
    {
      gsize left = (gsize) size - out->len - 2;
      g_autofree char *text = g_strdup_printf (
          "%08u the quick brown fox jumps over the lazy dog, again", line++);
      g_string_append_len (out, text, (gssize) MIN (left, strlen (text)));
      g_string_append (out, "\r\n");
    }
  gsize length = out->len;
  return g_bytes_new_take (g_string_free (out, FALSE), length);
}

GBytes *
script_body (const Script *self, const char *name)
{
  guint64 size;
  GBytes *body = g_hash_table_lookup (self->bodies, name);
  if (body != NULL)
    return g_bytes_ref (body);
  if (name[0] == '#'
      && g_ascii_string_to_unsigned (name + 1, 10, 0, BODY_BYTES, &size, NULL))
    {
      char *data = g_malloc (size + 1);
      memset (data, 'x', size);
      return g_bytes_new_take (data, size);
    }
  return NULL;
}

/* value_of: what stands behind "key=". */
static const char *
value_of (char *const *words, const char *key)
{
  gsize length = strlen (key);
  for (char *const *at = words; *at != NULL; at++)
    if (strncmp (*at, key, length) == 0 && (*at)[length] == '=')
      return *at + length + 1;
  return NULL;
}

static gboolean
has_word (char *const *words, const char *word)
{
  return g_strv_contains ((const char *const *) words, word);
}

/* number_of: as value_of; 0 if it is not given. */
static gboolean
number_of (char *const *words, const char *key, guint64 *out_value, char **out_why)
{
  const char *text = value_of (words, key);
  *out_value = 0;
  if (text == NULL
      || g_ascii_string_to_unsigned (text, 10, 0, G_MAXINT64, out_value, NULL))
    return TRUE;
  *out_why = g_strdup_printf ("%s is no number", key);
  return FALSE;
}

static gboolean
why (char **out_why, const char *text)
{
  *out_why = g_strdup (text);
  return FALSE;
}

static GPtrArray *
flags_of (const char *text)
{
  GPtrArray *flags = g_ptr_array_new_with_free_func (g_free);
  g_auto (GStrv) words = g_strsplit (text != NULL ? text : "", " ", -1);
  for (char **at = words; *at != NULL; at++)
    if (**at != '\0')
      g_ptr_array_add (flags, g_strdup (*at));
  return flags;
}

static GBytes *
body_of (Script *self, Box *box, char *const *words, guint32 uid, char **out_why)
{
  guint64 size;
  const char *name = value_of (words, "body");
  const char *text = value_of (words, "text");
  if (!number_of (words, "size", &size, out_why))
    return NULL;
  if (size > BODY_BYTES)
    {
      *out_why = g_strdup ("size is too large");
      return NULL;
    }
  if (text != NULL)
    {
      g_autoptr (GString) bytes = g_string_new (NULL);
      script_unescape (bytes, text, strlen (text));
      return g_bytes_new (bytes->str, bytes->len);
    }
  if (name != NULL)
    {
      GBytes *body = script_body (self, name);
      if (body == NULL)
        *out_why = g_strdup_printf ("no body is called %s", name);
      return body;
    }
  g_autofree char *subject = g_strdup_printf ("%u.%s", uid, box->name);
  for (char *at = subject; *at != '\0'; at++)
    *at = g_ascii_isalnum (*at) ? *at : '.';
  return made_up (subject, size);
}

static gboolean
change_message (Script *self, Box *box, char *const *words, char **out_why)
{
  guint64 uid, modseq;
  const char *date = value_of (words, "date");
  if (!number_of (words, "uid", &uid, out_why)
      || !number_of (words, "modseq", &modseq, out_why))
    return FALSE;
  if (uid >= G_MAXUINT32 || (uid > 0 && box_find (box, (guint32) uid) != NULL))
    return why (out_why, "the UID is there already or too large");
  g_autoptr (GBytes)
      body = body_of (self, box, words, uid > 0 ? (guint32) uid : box->uidnext, out_why);
  if (body == NULL)
    return FALSE;
  g_autoptr (GPtrArray) flags = flags_of (value_of (words, "flags"));
  Mail *mail = box_add (box, (guint32) uid, body, NULL);
  for (guint i = 0; i < flags->len; i++)
    mail_set (mail, g_ptr_array_index (flags, i), TRUE);
  mail->date = 1704103200 + mail->uid;
  if (date != NULL && !date_parse (date, &mail->date, &mail->zone_minutes))
    return why (out_why, "the date is none");
  if (modseq > 0)
    {
      mail->modseq = modseq;
      box->modseq = MAX (box->modseq, modseq);
    }
  return TRUE;
}

static gboolean
change_messages (Script *self, Box *box, char *const *words, char **out_why)
{
  guint64 count;
  if (words[0] == NULL
      || !g_ascii_string_to_unsigned (words[0], 10, 1, 1000000, &count, NULL))
    return why (out_why, "give the number of messages");
  for (guint64 i = 0; i < count; i++)
    if (!change_message (self, box, words + 1, out_why))
      return FALSE;
  return TRUE;
}

static gboolean
change_mailbox (Script *self, char *const *words, char **out_why)
{
  guint64 uidvalidity, uidnext, modseq;
  if (words[0] == NULL)
    return why (out_why, "give the name of the mailbox");
  if (store_find (&self->store, words[0]) != NULL)
    return why (out_why, "there are two mailboxes of that name");
  if (!number_of (words, "uidvalidity", &uidvalidity, out_why)
      || !number_of (words, "uidnext", &uidnext, out_why)
      || !number_of (words, "highestmodseq", &modseq, out_why))
    return FALSE;
  Box *box = store_add (&self->store, words[0]);
  if (value_of (words, "uidvalidity") != NULL)
    box->uidvalidity = (guint32) uidvalidity;
  box->uidnext = MAX (box->uidnext, (guint32) uidnext);
  box->modseq = MAX (box->modseq, modseq);
  const char *attributes = value_of (words, "attributes");
  if (attributes != NULL)
    {
      g_free (box->attributes);
      box->attributes = g_strdup (attributes);
    }
  box->permanent_flags = g_strdup (value_of (words, "permanentflags"));
  box->no_select = has_word (words, "noselect");
  box->subscribed = has_word (words, "subscribed");
  return TRUE;
}

/* change_number: "@uidvalidity MAILBOX N" and its like. */
static gboolean
change_number (Box *box, const char *directive, char *const *words, char **out_why)
{
  guint64 number;
  if (words[1] == NULL
      || !g_ascii_string_to_unsigned (words[1], 10, 0, G_MAXUINT32, &number, NULL))
    return why (out_why, "give a mailbox and a number");
  if (strcmp (directive, "@uidvalidity") == 0)
    box->uidvalidity = (guint32) number;
  else if (strcmp (directive, "@uidnext") == 0)
    box->uidnext = (guint32) number;
  else
    box_expunge (box, (guint32) number);
  return TRUE;
}

static gboolean
change_flags (Box *box, char *const *words, char **out_why)
{
  guint64 uid;
  Mail *mail = words[1] != NULL
                       && g_ascii_string_to_unsigned (words[1], 10, 1, G_MAXUINT32, &uid,
                                                      NULL)
                   ? box_find (box, (guint32) uid)
                   : NULL;
  if (mail == NULL)
    return why (out_why, "there is no such message");
  g_ptr_array_unref (mail->flags);
  mail->flags = flags_of (words[2]);
  box_touch (box, mail);
  return TRUE;
}

gboolean
script_change (Script *self, const char *directive, char *const *words, char **out_why)
{
  if (strcmp (directive, "@mailbox") == 0)
    return change_mailbox (self, words, out_why);
  if (strcmp (directive, "@message") == 0 || strcmp (directive, "@messages") == 0)
    {
      GPtrArray *boxes = self->store.boxes;
      if (boxes->len == 0)
        return why (out_why, "a mailbox must come before its messages");
      Box *box = g_ptr_array_index (boxes, boxes->len - 1);
      return directive[8] == 's' ? change_messages (self, box, words, out_why)
                                 : change_message (self, box, words, out_why);
    }
  Box *box = words[0] != NULL ? store_find (&self->store, words[0]) : NULL;
  if (box == NULL)
    return why (out_why, "there is no such mailbox");
  if (strcmp (directive, "@deliver") == 0)
    return change_message (self, box, words + 1, out_why);
  if (strcmp (directive, "@flags") == 0)
    return change_flags (box, words, out_why);
  if (strcmp (directive, "@remove") == 0)
    {
      store_remove (&self->store, box);
      return TRUE;
    }
  return change_number (box, directive, words, out_why);
}

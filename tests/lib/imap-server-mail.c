/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The selected mailbox of the scripted server: SELECT with CONDSTORE and QRESYNC, what
 * changed meanwhile, STORE, EXPUNGE, COPY, MOVE. Runs under the lock on a session's
 * thread.
 */
#include "imap-server.h"

#include <string.h>

guint32
box_star (const Box *box)
{
  const Mail *last = box->mails->len > 0
                         ? g_ptr_array_index (box->mails, box->mails->len - 1)
                         : NULL;
  return last != NULL ? last->uid : 1;
}

guint
view_number (const Session *self, guint32 uid)
{
  guint low = 0, high = self->view->len;
  while (low < high)
    {
      guint middle = low + (high - low) / 2;
      guint32 there = g_array_index (self->view, guint32, middle);
      if (there == uid)
        return middle + 1;
      if (there < uid)
        low = middle + 1;
      else
        high = middle;
    }
  return 0;
}

static void
say_flags (Session *self, const Mail *mail, gboolean with_modseq)
{
  g_autofree char *flags = mail_flags (mail);
  GString *line = reply_line (self, "* %u FETCH (UID %u FLAGS (%s)",
                              view_number (self, mail->uid), mail->uid, flags);
  if (with_modseq)
    g_string_append_printf (line, " MODSEQ (%" G_GUINT64_FORMAT ")", mail->modseq);
  g_string_append_c (line, ')');
}

/* view_fill: the client now knows all that is there. */
static void
view_fill (Session *self, const Box *box)
{
  g_array_set_size (self->view, 0);
  for (guint i = 0; i < box->mails->len; i++)
    g_array_append_val (self->view, ((Mail *) g_ptr_array_index (box->mails, i))->uid);
  self->seen_modseq = box->modseq;
}

static void
say_expunged (Session *self, const Box *box)
{
  g_autoptr (GArray) gone = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint i = 0; i < self->view->len;)
    {
      guint32 uid = g_array_index (self->view, guint32, i);
      if (box_find (box, uid) != NULL)
        {
          i++;
          continue;
        }
      if (!self->qresync)
        reply_line (self, "* %u EXPUNGE", i + 1);
      g_array_append_val (gone, uid);
      g_array_remove_index (self->view, i);
    }
  g_autofree char *set = set_format ((guint32 *) (void *) gone->data, gone->len);
  if (self->qresync && gone->len > 0)
    reply_line (self, "* VANISHED %s", set);
}

void
session_sync (Session *self, gboolean may_expunge)
{
  const Box *box = self->selected != NULL
                       ? store_find (&self->script->store, self->selected)
                       : NULL;
  if (box == NULL || box->uidvalidity != self->uidvalidity)
    return;
  if (may_expunge)
    say_expunged (self, box);
  guint known = self->view->len;
  for (guint i = 0; i < box->mails->len; i++)
    {
      const Mail *mail = g_ptr_array_index (box->mails, i);
      gboolean seen = view_number (self, mail->uid) > 0;
      if (!seen)
        g_array_append_val (self->view, mail->uid);
      else if (mail->modseq > self->seen_modseq)
        say_flags (self, mail, self->condstore);
    }
  if (self->view->len > known)
    reply_line (self, "* %u EXISTS", self->view->len);
  self->seen_modseq = box->modseq;
}

void
session_leave (Session *self)
{
  g_clear_pointer (&self->selected, g_free);
  g_array_set_size (self->view, 0);
}

Box *
reply_box (Session *self, gboolean for_writing)
{
  Box *box = self->selected != NULL ? store_find (&self->script->store, self->selected)
                                    : NULL;
  if (box == NULL || box->uidvalidity != self->uidvalidity)
    reply_tagged (self, "NO [NONEXISTENT] the mailbox is gone");
  else if (for_writing && self->read_only)
    reply_tagged (self, "NO [READ-ONLY] the mailbox is open for reading only");
  else
    return box;
  return NULL;
}

/* Resync: the arguments of QRESYNC. */
typedef struct
{
  gboolean given;
  guint64 uidvalidity, modseq;
  const char *known; /* NULL: all */
} Resync;

static gboolean
read_resync (const Session *self, Reader *reader, Resync *out)
{
  out->given = TRUE;
  if (!self->qresync || !read_space (reader) || !read_open (reader)
      || !read_number (reader, &out->uidvalidity) || !read_space (reader)
      || !read_number (reader, &out->modseq))
    return FALSE;
  if (read_close (reader))
    return TRUE;
  return read_space (reader) && read_raw (reader, &out->known) && read_close (reader);
}

static gboolean
read_select (Session *self, Reader *reader, const char **out_name, Resync *out)
{
  if (!read_space (reader) || !read_astring (reader, out_name))
    return FALSE;
  if (read_end (reader))
    return TRUE;
  if (!session_has (self, "CONDSTORE") || !read_space (reader) || !read_open (reader))
    return FALSE;
  if (read_word (reader, "QRESYNC"))
    {
      if (!read_resync (self, reader, out))
        return FALSE;
    }
  else if (!read_word (reader, "CONDSTORE"))
    return FALSE;
  self->condstore = TRUE;
  return read_close (reader) && read_end (reader);
}

/* say_resync: what changed and vanished since. */
static void
say_resync (Session *self, const Box *box, const Resync *resync)
{
  g_autoptr (GArray)
      known = resync->known != NULL ? set_parse (resync->known, box_star (box)) : NULL;
  g_autoptr (GArray) gone = g_array_new (FALSE, FALSE, sizeof (guint32));
  if (resync->uidvalidity != box->uidvalidity)
    return;
  for (guint i = 0; i < box->gone->len; i++)
    {
      const Gone *one = &g_array_index (box->gone, Gone, i);
      if (one->modseq > resync->modseq && (known == NULL || set_has (known, one->uid)))
        g_array_append_val (gone, one->uid);
    }
  g_autofree char *set = set_format ((guint32 *) (void *) gone->data, gone->len);
  if (gone->len > 0)
    reply_line (self, "* VANISHED (EARLIER) %s", set);
  for (guint i = 0; i < box->mails->len; i++)
    {
      const Mail *mail = g_ptr_array_index (box->mails, i);
      if (mail->modseq > resync->modseq && (known == NULL || set_has (known, mail->uid)))
        say_flags (self, mail, TRUE);
    }
}

static gboolean
open_box (Session *self, Reader *reader, gboolean read_only)
{
  const char *name;
  Resync resync = { .given = FALSE };
  if (!read_select (self, reader, &name, &resync))
    return FALSE;
  const Box *box = store_find (&self->script->store, name);
  if (self->selected != NULL && self->qresync)
    reply_line (self, "* OK [CLOSED] previous mailbox closed");
  session_leave (self);
  if (box == NULL || box->no_select)
    {
      reply_tagged (self, "NO [NONEXISTENT] there is no such mailbox");
      return TRUE;
    }
  self->selected = g_strdup (box->name);
  self->uidvalidity = box->uidvalidity;
  self->read_only = read_only;
  view_fill (self, box);
  reply_line (self, "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)");
  const char *flags = box->permanent_flags != NULL
                          ? box->permanent_flags
                          : "\\Answered \\Flagged \\Deleted \\Seen \\Draft \\*";
  reply_line (self, "* OK [PERMANENTFLAGS (%s)] flags", read_only ? "" : flags);
  reply_line (self, "* %u EXISTS", box->mails->len);
  reply_line (self, "* 0 RECENT");
  reply_line (self, "* OK [UIDVALIDITY %u] UIDs are valid", box->uidvalidity);
  reply_line (self, "* OK [UIDNEXT %u] next UID", box->uidnext);
  if (session_has (self, "CONDSTORE"))
    reply_line (self, "* OK [HIGHESTMODSEQ %" G_GUINT64_FORMAT "] highest", box->modseq);
  if (resync.given)
    say_resync (self, box, &resync);
  reply_tagged (self, read_only ? "OK [READ-ONLY] EXAMINE done"
                                : "OK [READ-WRITE] SELECT done");
  return TRUE;
}

gboolean
serve_select (Session *self, Reader *reader)
{
  return open_box (self, reader, FALSE);
}

gboolean
serve_examine (Session *self, Reader *reader)
{
  return open_box (self, reader, TRUE);
}

/* expunge: those that are \Deleted and in @set (NULL: all). */
static void
expunge (Box *box, const GArray *set)
{
  for (guint i = box->mails->len; i > 0; i--)
    {
      const Mail *mail = g_ptr_array_index (box->mails, i - 1);
      if (mail_has (mail, "\\Deleted") && (set == NULL || set_has (set, mail->uid)))
        box_expunge (box, mail->uid);
    }
}

gboolean
serve_close (Session *self, Reader *reader)
{
  if (!read_end (reader))
    return FALSE;
  Box *box = reply_box (self, TRUE);
  if (box != NULL)
    expunge (box, NULL);
  g_clear_pointer (&self->reply.tagged, g_free);
  session_leave (self);
  reply_tagged (self, "OK CLOSE done");
  return TRUE;
}

gboolean
serve_unselect (Session *self, Reader *reader)
{
  if (!session_has (self, "UNSELECT") || !read_end (reader))
    return FALSE;
  session_leave (self);
  reply_tagged (self, "OK UNSELECT done");
  return TRUE;
}

/* read_uids: " set" of UIDs. */
static gboolean
read_uids (Session *self, Reader *reader, GArray **out_set)
{
  const char *text;
  const Box *box = store_find (&self->script->store, self->selected);
  if (!read_space (reader) || !read_raw (reader, &text))
    return FALSE;
  *out_set = set_parse (text, box != NULL ? box_star (box) : 1);
  return *out_set != NULL;
}

gboolean
serve_expunge (Session *self, Reader *reader)
{
  if (!read_end (reader))
    return FALSE;
  Box *box = reply_box (self, TRUE);
  if (box == NULL)
    return TRUE;
  expunge (box, NULL);
  session_sync (self, TRUE);
  reply_tagged (self, "OK EXPUNGE done");
  return TRUE;
}

gboolean
serve_uid_expunge (Session *self, Reader *reader)
{
  g_autoptr (GArray) set = NULL;
  if (!session_has (self, "UIDPLUS") || !read_uids (self, reader, &set)
      || !read_end (reader))
    return FALSE;
  Box *box = reply_box (self, TRUE);
  if (box == NULL)
    return TRUE;
  expunge (box, set);
  session_sync (self, TRUE);
  reply_tagged (self, "OK UID EXPUNGE done");
  return TRUE;
}

/* StoreHow: FLAGS, +FLAGS or -FLAGS. */
typedef struct
{
  char sign; /* '+', '-' or '=' */
  gboolean silent;
  gboolean has_unchanged;
  guint64 unchanged;
  GPtrArray *flags;
} StoreHow;

static gboolean
read_store (const Session *self, Reader *reader, StoreHow *out)
{
  const char *word;
  if (!read_space (reader))
    return FALSE;
  if (read_open (reader))
    {
      out->has_unchanged = TRUE;
      if (!session_has (self, "CONDSTORE") || !read_word (reader, "UNCHANGEDSINCE")
          || !read_space (reader) || !read_number (reader, &out->unchanged)
          || !read_close (reader) || !read_space (reader))
        return FALSE;
    }
  if (!read_raw (reader, &word))
    return FALSE;
  out->sign = *word == '+' || *word == '-' ? *word++ : '=';
  out->silent = g_ascii_strcasecmp (word, "FLAGS.SILENT") == 0;
  return (out->silent || g_ascii_strcasecmp (word, "FLAGS") == 0) && read_space (reader)
         && read_flags (reader, &out->flags) && read_end (reader);
}

static gboolean
store_flags (const Box *box, Mail *mail, const StoreHow *how)
{
  gboolean changed = FALSE;
  for (guint i = mail->flags->len; how->sign == '=' && i > 0; i--)
    {
      g_ptr_array_remove_index (mail->flags, i - 1);
      changed = TRUE;
    }
  for (guint i = 0; i < how->flags->len; i++)
    {
      const char *flag = g_ptr_array_index (how->flags, i);
      if (how->sign == '-' || box_allows (box, flag))
        changed |= mail_set (mail, flag, how->sign != '-');
    }
  return changed;
}

gboolean
serve_uid_store (Session *self, Reader *reader)
{
  StoreHow how = { .sign = '=' };
  g_autoptr (GArray) set = NULL;
  gboolean good = read_uids (self, reader, &set) && read_store (self, reader, &how);
  g_autoptr (GPtrArray) flags = how.flags;
  if (!good)
    return FALSE;
  Box *box = reply_box (self, TRUE);
  if (box == NULL)
    return TRUE;
  g_autoptr (GArray) modified = g_array_new (FALSE, FALSE, sizeof (guint32));
  for (guint i = 0; i < box->mails->len; i++)
    {
      Mail *mail = g_ptr_array_index (box->mails, i);
      if (!set_has (set, mail->uid) || view_number (self, mail->uid) == 0)
        continue;
      if (how.has_unchanged && mail->modseq > how.unchanged)
        {
          g_array_append_val (modified, mail->uid);
          continue;
        }
      if (store_flags (box, mail, &how))
        box_touch (box, mail);
      if (!how.silent || self->condstore)
        say_flags (self, mail, self->condstore);
    }
  self->seen_modseq = box->modseq;
  g_autofree char *text = set_format ((guint32 *) (void *) modified->data, modified->len);
  if (modified->len > 0)
    reply_tagged (self, "OK [MODIFIED %s] some had changed", text);
  else
    reply_tagged (self, "OK STORE done");
  return TRUE;
}

/* copy: @set to that mailbox; "" or the code with a space behind. (transfer full) */
static char *
copy (Session *self, const Box *from, Box *to, const GArray *set)
{
  g_autoptr (GArray) old = g_array_new (FALSE, FALSE, sizeof (guint32));
  g_autoptr (GArray) new = g_array_new (FALSE, FALSE, sizeof (guint32));
  guint count = from->mails->len;
  for (guint i = 0; i < count; i++)
    {
      const Mail *mail = g_ptr_array_index (from->mails, i);
      if (!set_has (set, mail->uid))
        continue;
      Mail *twin = box_add (to, 0, mail->body, mail->flags);
      twin->date = mail->date;
      twin->zone_minutes = mail->zone_minutes;
      g_array_append_val (old, mail->uid);
      g_array_append_val (new, twin->uid);
    }
  g_autofree char *olds = set_format ((guint32 *) (void *) old->data, old->len);
  g_autofree char *news = set_format ((guint32 *) (void *) new->data, new->len);
  if (old->len == 0 || !session_has (self, "UIDPLUS"))
    return g_strdup ("");
  return g_strdup_printf ("[COPYUID %u %s %s] ", to->uidvalidity, olds, news);
}

static gboolean
copy_or_move (Session *self, Reader *reader, gboolean move)
{
  const char *name;
  g_autoptr (GArray) set = NULL;
  if (!read_uids (self, reader, &set) || !read_space (reader)
      || !read_astring (reader, &name) || !read_end (reader))
    return FALSE;
  Box *from = reply_box (self, move);
  if (from == NULL)
    return TRUE;
  Box *to = store_find (&self->script->store, name);
  if (to == NULL || to->no_select)
    {
      reply_tagged (self, "NO [TRYCREATE] there is no such mailbox");
      return TRUE;
    }
  g_autofree char *code = copy (self, from, to, set);
  for (guint i = self->view->len; move && i > 0; i--)
    if (set_has (set, g_array_index (self->view, guint32, i - 1)))
      box_expunge (from, g_array_index (self->view, guint32, i - 1));
  if (move && *code != '\0')
    reply_line (self, "* OK %smoved", code);
  if (move)
    session_sync (self, TRUE);
  reply_tagged (self, "OK %sdone", move ? "" : code);
  return TRUE;
}

gboolean
serve_uid_copy (Session *self, Reader *reader)
{
  return copy_or_move (self, reader, FALSE);
}

gboolean
serve_uid_move (Session *self, Reader *reader)
{
  return session_has (self, "MOVE") && copy_or_move (self, reader, TRUE);
}

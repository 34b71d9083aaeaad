/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Prints events as text so that a test vector is two strings, and runs each vector whole,
 * byte by byte and split at every position. Every chunk is copied to its own allocation,
 * so that the sanitizers see a parser that keeps a pointer into it. Test thread. */
#include "imap-feed.h"

#include <string.h>

#include "response.h"

static void
put_bytes (GString *out, ImapString text)
{
  if (text.data == NULL)
    {
      g_string_append (out, "NIL");
      return;
    }
  g_string_append_c (out, '\'');
  for (gsize i = 0; i < text.length; i++)
    {
      guint8 byte = (guint8) text.data[i];
      if (byte < 0x20 || byte > 0x7e || byte == '\'')
        g_string_append_printf (out, "\\x%02x", byte);
      else
        g_string_append_c (out, (gchar) byte);
    }
  g_string_append_c (out, '\'');
}

static void
put_named (GString *out, const gchar *name, ImapString text)
{
  if (text.data == NULL)
    return;
  g_string_append_printf (out, " %s=", name);
  put_bytes (out, text);
}

static void
put_strings (GString *out, ImapStrings strings)
{
  g_string_append (out, " [");
  for (guint i = 0; i < strings.count; i++)
    {
      if (i > 0)
        g_string_append_c (out, ' ');
      put_bytes (out, strings.items[i]);
    }
  g_string_append_c (out, ']');
}

static void
put_number (GString *out, const gchar *name, gboolean known, guint64 value)
{
  if (known)
    g_string_append_printf (out, " %s=%" G_GUINT64_FORMAT, name, value);
}

static void
put_code (GString *out, const ImapCodeData *code)
{
  if (code->code == IMAP_CODE_NONE)
    return;
  g_string_append_printf (out, " code=%s", code->code == IMAP_CODE_UNKNOWN ? "?" : "");
  g_string_append_len (out, code->name.data, (gssize) code->name.length);
  if (code->damaged)
    g_string_append (out, " damaged");
  put_number (out, "number", code->has_number, code->number);
  put_number (out, "number2", code->has_number2, code->number2);
  put_number (out, "uidvalidity", code->uidvalidity > 0, code->uidvalidity);
  put_named (out, "from", code->source_uids);
  put_named (out, "uids", code->uids);
  if (!code->has_number)
    put_named (out, "arg", code->text);
  if (code->code == IMAP_CODE_PERMANENTFLAGS || code->code == IMAP_CODE_CAPABILITY)
    put_strings (out, code->strings);
}

static void
put_state (GString *out, const ImapStateData *state)
{
  static const gchar *const names[] = { "OK", "NO", "BAD", "BYE", "PREAUTH" };

  g_string_append_printf (out, "%s%s", state->greeting ? "greeting " : "",
                          names[state->state]);
  put_named (out, "tag", state->tag);
  put_code (out, &state->code);
  g_string_append_c (out, ' ');
  put_bytes (out, state->text);
}

static void
put_namespaces (GString *out, const ImapNamespaces *namespaces)
{
  static const gchar *const kinds[] = { "personal", "other", "shared" };

  g_string_append (out, "namespace");
  for (guint i = 0; i < namespaces->count; i++)
    {
      const ImapNamespace *item = &namespaces->items[i];
      g_string_append_printf (out, " %s:", kinds[item->kind]);
      put_bytes (out, item->prefix);
      if (item->delimiter != '\0')
        g_string_append_c (out, item->delimiter);
    }
}

static void
put_list (GString *out, const ImapListData *list)
{
  static const gchar *const kinds[] = { "list", "lsub", "xlist" };
  gchar delimiter[2] = { list->delimiter, '\0' };

  g_string_append (out, kinds[list->kind]);
  put_strings (out, list->attributes);
  g_string_append_printf (out, " %s ", list->delimiter == '\0' ? "flat" : delimiter);
  put_bytes (out, list->name);
  if (list->child_info.count > 0)
    put_strings (out, list->child_info);
  put_named (out, "old", list->old_name);
}

static void
put_status (GString *out, const ImapStatusData *status)
{
  static const gchar *const names[] = { "messages",    "recent",  "uidnext",
                                        "uidvalidity", "unseen",  "highestmodseq",
                                        "size",        "deleted", "appendlimit" };

  g_string_append (out, "status ");
  put_bytes (out, status->name);
  for (guint i = 0; i < IMAP_STATUS_ITEM_COUNT; i++)
    put_number (out, names[i], (status->known & (1u << i)) != 0, status->values[i]);
  put_named (out, "id", status->mailbox_id);
}

static void
put_search (GString *out, const ImapSearchData *search)
{
  g_string_append (out, search->more ? "search-part" : "search");
  for (guint i = 0; i < search->count; i++)
    g_string_append_printf (out, " %" G_GUINT32_FORMAT, search->numbers[i]);
  put_number (out, "modseq", search->has_modseq, search->modseq);
}

static void
put_esearch (GString *out, const ImapEsearchData *esearch)
{
  g_string_append (out, esearch->uid ? "esearch uid" : "esearch");
  put_named (out, "tag", esearch->tag);
  put_number (out, "min", esearch->min > 0, esearch->min);
  put_number (out, "max", esearch->max > 0, esearch->max);
  put_number (out, "count", esearch->has_count, esearch->count);
  put_number (out, "modseq", esearch->has_modseq, esearch->modseq);
  put_named (out, "all", esearch->all);
  put_named (out, "range", esearch->partial_range);
  put_named (out, "partial", esearch->partial);
}

static void
put_fetch (GString *out, const ImapFetchData *fetch)
{
  g_string_append_printf (out, "%s %u", fetch->uid_fetch ? "uidfetch" : "fetch",
                          fetch->number);
  put_number (out, "uid", (fetch->known & IMAP_FETCH_UID) != 0, fetch->uid);
  if (fetch->known & IMAP_FETCH_FLAGS)
    put_strings (out, fetch->flags);
  if (fetch->known & IMAP_FETCH_INTERNALDATE)
    g_string_append_printf (out, " date=%" G_GINT64_FORMAT "%+d", fetch->internaldate,
                            fetch->zone_minutes);
  put_number (out, "size", (fetch->known & IMAP_FETCH_SIZE) != 0, fetch->size);
  put_number (out, "modseq", (fetch->known & IMAP_FETCH_MODSEQ) != 0, fetch->modseq);
  put_number (out, "msgid", (fetch->known & IMAP_FETCH_GM_MSGID) != 0, fetch->gm_msgid);
  put_number (out, "thrid", (fetch->known & IMAP_FETCH_GM_THRID) != 0, fetch->gm_thrid);
  if (fetch->known & IMAP_FETCH_GM_LABELS)
    put_strings (out, fetch->gm_labels);
  put_named (out, "guid", fetch->guid);
  put_named (out, "emailid", fetch->email_id);
  put_named (out, "sha1", fetch->sha1);
  g_string_append (out, fetch->known & IMAP_FETCH_BODY ? " body" : "");
  g_string_append (out, fetch->known & IMAP_FETCH_BODY_NIL ? " nobody" : "");
  g_string_append (out, fetch->damaged ? " damaged" : "");
  g_string_append (out, fetch->suspect ? " suspect" : "");
}

static void
put_body (GString *out, const ImapBodyData *body)
{
  g_string_append_printf (out, "%s %u uid=%u ", body->binary ? "binary" : "body",
                          body->number, body->uid);
  put_bytes (out, body->section);
  put_number (out, "origin", body->partial, body->origin);
  put_number (out, "size", TRUE, body->size);
}

static void
put_quota (GString *out, const ImapQuotaData *quota)
{
  g_string_append (out, "quota ");
  put_bytes (out, quota->root);
  for (guint i = 0; i < quota->count; i++)
    {
      g_string_append_c (out, ' ');
      put_bytes (out, quota->resources[i].resource);
      g_string_append_printf (out, "%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                              quota->resources[i].usage, quota->resources[i].limit);
    }
}

/* Body spans are gathered in @body and printed when the body ends. */
static void
put_event (GString *out, GString *body, const ImapEvent *event)
{
  switch (event->type)
    {
    case IMAP_EVENT_STATE:
      put_state (out, &event->state);
      break;
    case IMAP_EVENT_CONTINUE:
      g_string_append (out, "+ ");
      put_bytes (out, event->text);
      break;
    case IMAP_EVENT_CAPABILITY:
      g_string_append (out, "capability");
      put_strings (out, event->strings);
      break;
    case IMAP_EVENT_ENABLED:
      g_string_append (out, "enabled");
      put_strings (out, event->strings);
      break;
    case IMAP_EVENT_ID:
      g_string_append (out, "id");
      put_strings (out, event->strings);
      break;
    case IMAP_EVENT_NAMESPACE:
      put_namespaces (out, &event->namespaces);
      break;
    case IMAP_EVENT_LIST:
      put_list (out, &event->list);
      break;
    case IMAP_EVENT_MAILBOX_STATUS:
      put_status (out, &event->status);
      break;
    case IMAP_EVENT_FLAGS:
      g_string_append (out, "flags");
      put_strings (out, event->strings);
      break;
    case IMAP_EVENT_EXISTS:
      g_string_append_printf (out, "exists %u", event->number);
      break;
    case IMAP_EVENT_RECENT:
      g_string_append_printf (out, "recent %u", event->number);
      break;
    case IMAP_EVENT_EXPUNGE:
      g_string_append_printf (out, "expunge %u", event->number);
      break;
    case IMAP_EVENT_VANISHED:
      g_string_append (out, event->vanished.earlier ? "vanished earlier " : "vanished ");
      put_bytes (out, event->vanished.uids);
      break;
    case IMAP_EVENT_SEARCH:
      put_search (out, &event->search);
      break;
    case IMAP_EVENT_ESEARCH:
      put_esearch (out, &event->esearch);
      break;
    case IMAP_EVENT_BODY_BEGIN:
      put_body (out, &event->body);
      g_string_truncate (body, 0);
      break;
    case IMAP_EVENT_BODY_DATA:
      g_string_append_len (body, event->text.data, (gssize) event->text.length);
      return;
    case IMAP_EVENT_BODY_END:
      g_string_append (out, "end ");
      put_bytes (out, (ImapString){ body->str, body->len });
      break;
    case IMAP_EVENT_FETCH:
      put_fetch (out, &event->fetch);
      break;
    case IMAP_EVENT_QUOTA:
      put_quota (out, &event->quota);
      break;
    case IMAP_EVENT_QUOTAROOT:
      g_string_append (out, "quotaroot");
      put_strings (out, event->strings);
      break;
    case IMAP_EVENT_UNKNOWN:
      g_string_append (out, "unknown ");
      put_bytes (out, event->text);
      break;
    case IMAP_EVENT_MALFORMED:
      g_string_append (out, "malformed ");
      put_bytes (out, event->text);
      break;
    }
  g_string_append_c (out, '\n');
}

/* FALSE after a fatal error. */
static gboolean
feed_chunk (ImapResponse *parser, const guint8 *chunk, gsize length, GString *out,
            GString *body)
{
  g_autofree guint8 *copy = g_memdup2 (chunk, length);
  const guint8 *data = copy;
  ImapEvent event;
  g_autoptr (GError) error = NULL;

  while (TRUE)
    {
      ImapNext next = imap_response_next (parser, &data, &length, &event, &error);
      if (next == IMAP_NEXT_EVENT)
        {
          put_event (out, body, &event);
          continue;
        }
      if (next == IMAP_NEXT_MORE)
        {
          g_assert_cmpuint (length, ==, 0);
          return TRUE;
        }
      g_string_append_printf (out, "error %d %s\n", error->code, error->message);
      return FALSE;
    }
}

gchar *
imap_feed_events (const guint8 *data, gsize length, ImapFeedCut cut)
{
  g_autoptr (ImapResponse) parser = imap_response_new ();
  GString *out = g_string_new (NULL);
  g_autoptr (GString) body = g_string_new (NULL);
  gsize at = 0;
  gsize size = cut.first > 0 ? cut.first : cut.step;

  while (at < length)
    {
      if (size == 0 || size > length - at)
        size = length - at;
      if (!feed_chunk (parser, data + at, size, out, body))
        return g_string_free (out, FALSE);
      at += size;
      size = cut.step;
    }
  if (!imap_response_is_idle (parser))
    g_string_append (out, "unfinished\n");
  return g_string_free (out, FALSE);
}

void
imap_feed_check (const gchar *data, gsize length, const gchar *expected)
{
  const guint8 *bytes = (const guint8 *) data;
  g_autofree gchar *whole = imap_feed_events (bytes, length, (ImapFeedCut){ 0, 0 });
  g_assert_cmpstr (whole, ==, expected);

  gsize step = length < 256 * 1024 ? 1 : 4099;
  g_autofree gchar *single = imap_feed_events (bytes, length, (ImapFeedCut){ 1, step });
  g_assert_cmpstr (single, ==, expected);

  for (gsize first = 1; first < length && length < 4096; first++)
    {
      g_autofree gchar *split = imap_feed_events (bytes, length,
                                                  (ImapFeedCut){ first, 0 });
      g_assert_cmpstr (split, ==, expected);
    }
}

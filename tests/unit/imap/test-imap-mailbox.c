/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Names of folders between the wire and paths: prefixes, delimiters inside names, broken
 * encodings, and the inbox. */
#include <string.h>

#include "session-private.h"

static ImapSession *
session_new (const char *prefix, char delimiter)
{
  ImapSession *self = g_new0 (ImapSession, 1);
  self->by_path = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->mailboxes = g_ptr_array_new_with_free_func (imap_mailbox_free);
  self->prefix = g_strdup (prefix);
  self->delimiter = delimiter;
  self->peer = g_strdup ("imap.example:993");
  self->quirks = imap_quirks_for (NULL);
  return self;
}

static void
session_free (ImapSession *self)
{
  g_hash_table_unref (self->by_path);
  g_ptr_array_unref (self->mailboxes);
  g_free (self->prefix);
  g_free (self->peer);
  g_free (self);
}

/* What the listing named @wire becomes. */
static ImapMailbox *
add (ImapSession *self, const char *wire)
{
  ImapMailbox *mailbox = imap_mailbox_new (self, (ImapString){ wire, strlen (wire) },
                                           self->delimiter);
  imap_session_add (self, mailbox);
  return mailbox;
}

static void
assert_path (const ImapMailbox *mailbox, const char *expected)
{
  g_autofree char *text = haul_path_to_text ((HaulPath) mailbox->path);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_read (void)
{
  static const struct
  {
    const char *prefix;
    char delimiter;
    const char *wire, *path;
  } vectors[] = {
    { "", '/', "INBOX", "INBOX" },
    { "", '/', "inbox", "INBOX" },
    { "", '/', "Inbox/Sub", "INBOX/Sub" },
    { "", '/', "Sent", "Sent" },
    { "", '/', "a/b/c", "a/b/c" },
    { "", '/', "a/b/", "a/b" },
    { "", '/', "a//b", "a/b" },
    { "", '.', "a/b", "a%2Fb" },
    { "", '\0', "a/b", "a%2Fb" },
    { "INBOX.", '.', "INBOX", "INBOX" },
    { "INBOX.", '.', "INBOX.Sent", "Sent" },
    { "INBOX.", '.', "INBOX.Sent.2024", "Sent/2024" },
    { "INBOX.", '.', "INBOX.INBOX", "INBOX/INBOX" },
    { "INBOX.", '.', "INBOX.INBOX.Sub", "INBOX/Sub" },
    { "INBOX.", '.', "shared.team", "shared/team" },
    { "Mail/", '/', "Mail/Work", "Work" },
    { "Mail/", '/', "Other", "Other" },
    { "", '/', "Entw&APw-rfe", "Entw\303\274rfe" },
    { "", '/', "a &- b", "a & b" },
    { "", '.', "a%2Eb", "a.b" },
    { "", '.', "a%252Eb", "a%252Eb" },
    { "", '/', "a%2Eb", "a.b" },
    { "", '/', "a%2eb", "a%252eb" },
    { "", '/', "a%41b", "a%2541b" },
    { "", '/', "a%2Fb", "a%2Fb" },
    { "", '/', "100%", "100%25" },
    { "", '/', "half%20off", "half%2520off" },
    { "", '/', "p%25q", "p%2525q" },
    { "", '/', "x=3D", "x=3D" },
    { "", '/', "a%2Eb%20c", "a%252Eb%2520c" },
    { "", '\0', "half%20off", "half%2520off" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      ImapSession *self = session_new (vectors[i].prefix, vectors[i].delimiter);
      const ImapMailbox *mailbox = add (self, vectors[i].wire);
      g_test_message ("%s", vectors[i].wire);
      assert_path (mailbox, vectors[i].path);
      session_free (self);
    }
}

/* A source that no escape of ours would have been needed at. */
static void
test_source (void)
{
  static const struct
  {
    char delimiter;
    const char *wire, *name;
  } vectors[] = {
    { '/', "a=25b", "a=25b" },  { '/', "x=3D", "x=3D" },    { '/', "tab=09", "tab=09" },
    { '/', "ctl%0A", "ctl\n" }, { '/', "p%25q", "p%25q" },  { '/', "a%00b", "a%00b" },
    { '\0', "%2Fb", "%2Fb" },   { '\0', "a%20b", "a%20b" }, { '.', "a%2Eb", "a.b" },
    { '.', "a=2Eb", "a=2Eb" },
  };
  const HaulOpen open = { .role = HAUL_ROLE_SOURCE };
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      ImapSession *self = session_new ("", vectors[i].delimiter);
      self->open = &open;
      const ImapMailbox *mailbox = add (self, vectors[i].wire);
      g_auto (GStrv) plain = NULL;
      g_assert_cmpstr (mailbox->path[0], ==, vectors[i].name);
      g_assert_null (mailbox->path[1]);
      g_assert_true (imap_spell (self, (HaulPath) mailbox->path, &plain, NULL));
      g_assert_cmpstr (plain[0], ==, vectors[i].wire);
      session_free (self);
    }
}

static void
test_write (void)
{
  static const struct
  {
    const char *prefix;
    char delimiter;
    const char *path, *wire;
  } vectors[] = {
    { "", '/', "Sent", "Sent" },
    { "", '/', "a/b", "a/b" },
    { "", '.', "a/b.c", "a.b%2Ec" },
    { "", '/', "a%2Fb", "a%2Fb" },
    { "", '.', "a%252Eb", "a%252Eb" },
    { "INBOX.", '.', "Sent/2024", "INBOX.Sent.2024" },
    { "INBOX.", '.', "INBOX/Sub", "INBOX.INBOX.Sub" },
    { "", '/', "INBOX/Sub", "INBOX/Sub" },
    { "", '/', "Entw\303\274rfe/&", "Entw&APw-rfe/&-" },
    { "", '/', "half%2520off", "half%20off" },
    { "", '/', "p%2525q", "p%25q" },
    { "", '\0', "flat", "flat" },
    { "", '\0', "a/b c/d", "a%2Fb c%2Fd" },
    { "", '\0', "a%2Fb", "a/b" },
    { "", '\0', "a%252Fb", "a%252Fb" },
    { "", '\0', "Entw\303\274rfe/x", "Entw&APw-rfe%2Fx" },
  };
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      ImapSession *self = session_new (vectors[i].prefix, vectors[i].delimiter);
      g_auto (GStrv) path = haul_path_from_text (vectors[i].path, NULL);
      g_autoptr (GError) error = NULL;
      (void) add (self, "INBOX");
      const ImapMailbox *mailbox = imap_session_mailbox (self, (HaulPath) path, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (mailbox->wire, ==, vectors[i].wire);
      session_free (self);
    }
}

/* Whatever a name holds, writing and reading it gives it back, and no two meet. */
static void
test_round_trip (void)
{
  static const char *const parts[] = { ".", "%", "2E", "25", "=", "2F", "/", "&", " " };
  g_autoptr (GHashTable)
      seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  for (guint n = 0; n < 9 * 9 * 9 * 9; n++)
    {
      GString *name = g_string_new (NULL);
      for (guint rest = n, i = 0; i < 4; i++, rest /= 9)
        g_string_append (name, parts[rest % 9]);
      const char *names[] = { name->str, NULL };
      ImapSession *writer = session_new ("", '.');
      ImapMailbox *made = imap_session_mailbox (writer, names, NULL);
      g_assert_nonnull (made);
      ImapSession *reader = session_new ("", '.');
      const ImapMailbox *read = add (reader, made->wire);
      g_assert_cmpstr (read->path[0], ==, name->str);
      g_assert_null (read->path[1]);
      (void) g_hash_table_add (seen, g_strdup (made->wire));
      session_free (writer);
      session_free (reader);
      g_string_free (name, TRUE);
    }
  g_assert_cmpuint (g_hash_table_size (seen), >, 6000);
}

/* What a server refused is written so that it need not, and comes back all the same. */
static void
test_escapes (void)
{
  static const char *const names[] = { "a.b",   " a",        "a  b ",     "tab\there",
                                       "~x",    "a\\b",      "100%",      "%2E",
                                       "a%20b", "INBOX.old", "\303\274.x" };
  for (guint i = 0; i < G_N_ELEMENTS (names); i++)
    {
      const char *path[] = { names[i], NULL };
      ImapSession *self = session_new ("", '/');
      ImapMailbox *mailbox = imap_session_mailbox (self, path, NULL);
      do
        {
          ImapSession *reader = session_new ("", '/');
          g_assert_cmpstr (add (reader, mailbox->wire)->path[0], ==, names[i]);
          session_free (reader);
        }
      while (imap_session_escape (self, mailbox));
      g_assert_null (strpbrk (mailbox->wire, "%.~\\\t"));
      g_assert_false (g_str_has_prefix (mailbox->wire, " "));
      session_free (self);
    }
}

static void
test_twins (void)
{
  ImapSession *self = session_new ("", '/');
  const ImapMailbox *good = add (self, "Entw&APw-rfe");
  const ImapMailbox *raw = add (self, "Entw\303\274rfe");
  assert_path (good, "Entw\303\274rfe");
  assert_path (raw, "Entw\303\274rfe (2)");
  /* Each is found by its own path and keeps its own wire name. */
  g_assert_true (imap_session_mailbox (self, (HaulPath) raw->path, NULL) == raw);
  g_assert_cmpstr (raw->wire, ==, "Entw\303\274rfe");
  session_free (self);
}

static void
test_parent_keeps_its_wire_name (void)
{
  ImapSession *self = session_new ("", '/');
  const char *below[] = { "a\303\274", "new", NULL };
  (void) add (self, "a\303\274");
  g_assert_cmpstr (imap_session_mailbox (self, below, NULL)->wire, ==, "a\303\274/new");
  session_free (self);
}

static void
test_refused (void)
{
  ImapSession *self = session_new ("", '\0');
  g_autofree char *longest = g_strnfill (3000, 'x');
  const char *names[] = { longest, NULL };
  g_autoptr (GError) length = NULL;
  g_assert_null (imap_session_mailbox (self, names, &length));
  g_assert_error (length, HAUL_ERROR, HAUL_ERROR_REJECTED);
  session_free (self);
}

/* A server without levels gives a joined path back, and leaves others' names alone. */
static void
test_flat_round_trip (void)
{
  static const char *const texts[] = { "a",         "a/b",       "a%2Fb",
                                       "a%252Fb/c", "a%2Fb/%2F", "50%25/100%25",
                                       "a/b/c/d/e", "&/+" };
  for (guint i = 0; i < G_N_ELEMENTS (texts); i++)
    {
      ImapSession *one = session_new ("", '\0');
      ImapSession *two = session_new ("", '\0');
      g_auto (GStrv) path = haul_path_from_text (texts[i], NULL);
      const ImapMailbox *made = imap_session_mailbox (one, (HaulPath) path, NULL);
      ImapMailbox *read = imap_mailbox_new (two, imap_mailbox_name (made), '\0');
      assert_path (read, texts[i]);
      imap_mailbox_free (read);
      session_free (one);
      session_free (two);
    }
}

/* What another client sees is told; nothing is put into the table by asking. */
static void
test_spell (void)
{
  ImapSession *self = session_new ("", '.');
  const char *const path[] = { "a.b", "c", NULL };
  g_auto (GStrv) spelled = NULL;
  g_autoptr (GError) error = NULL;
  g_assert_true (imap_spell (self, path, &spelled, &error));
  g_assert_no_error (error);
  g_autofree char *text = haul_path_to_text ((HaulPath) spelled);
  g_assert_cmpstr (text, ==, "a%252Eb/c");
  g_assert_cmpuint (self->mailboxes->len, ==, 0);
  session_free (self);
}

static void
test_keys (void)
{
  guint8 key[4];
  guint32 uid = 0;
  imap_key_from_uid (0x01020304, key);
  g_assert_cmpmem (key, 4, "\1\2\3\4", 4);
  g_assert_true (imap_key_to_uid ((HaulBytes){ key, 4 }, &uid));
  g_assert_cmpuint (uid, ==, 0x01020304);
  g_assert_false (imap_key_to_uid ((HaulBytes){ key, 3 }, &uid));
  g_assert_false (imap_key_to_uid ((HaulBytes){ (const guint8 *) "\0\0\0\0", 4 }, &uid));
}

static void
test_tokens (void)
{
  guint8 bytes[24];
  ImapToken in = { G_MAXUINT32, 2, 3, G_MAXUINT64 - 1 };
  ImapToken out = { 0 };
  imap_token_write (&in, bytes);
  g_assert_true (imap_token_read ((HaulBytes){ bytes, 24 }, &out));
  g_assert_cmpuint (out.uidvalidity, ==, in.uidvalidity);
  g_assert_cmpuint (out.uidnext, ==, 2);
  g_assert_cmpuint (out.messages, ==, 3);
  g_assert_cmpuint (out.highestmodseq, ==, in.highestmodseq);
  g_assert_false (imap_token_read ((HaulBytes){ bytes, 23 }, &out));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/mailbox/flat-comes-back", test_flat_round_trip);
  g_test_add_func ("/imap/mailbox/spelling-is-told", test_spell);
  g_test_add_func ("/imap/mailbox/reads-wire-names", test_read);
  g_test_add_func ("/imap/mailbox/decodes-of-a-source-what-was-escaped-only",
                   test_source);
  g_test_add_func ("/imap/mailbox/writes-wire-names", test_write);
  g_test_add_func ("/imap/mailbox/every-name-comes-back", test_round_trip);
  g_test_add_func ("/imap/mailbox/escapes-what-was-refused", test_escapes);
  g_test_add_func ("/imap/mailbox/names-that-read-alike-stay-two", test_twins);
  g_test_add_func ("/imap/mailbox/a-parent-keeps-its-wire-name",
                   test_parent_keeps_its_wire_name);
  g_test_add_func ("/imap/mailbox/refuses-what-cannot-be", test_refused);
  g_test_add_func ("/imap/mailbox/keys-are-uids", test_keys);
  g_test_add_func ("/imap/mailbox/tokens-come-back", test_tokens);
  return g_test_run ();
}

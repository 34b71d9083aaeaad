/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folder paths and directories: every path comes back, no two share a directory.
 */
#include "layout.h"

#include <string.h>

#include "bounds.h"

static char no_inbox[] = "";
static char own_inbox[] = "Inbox";

typedef struct
{
  MaildirLayout layout;
  MaildirEncoding encoding;
  MaildirEscape escape;
  const char *inbox;
  const char *path; /* as text */
  const char *directory;
} Vector;

#define PLUS  MAILDIR_LAYOUT_PLUSPLUS
#define FS    MAILDIR_LAYOUT_FS
#define MUTF7 MAILDIR_ENCODING_MUTF7
#define UTF8  MAILDIR_ENCODING_UTF8
#define PC    MAILDIR_ESCAPE_PERCENT
#define BS    MAILDIR_ESCAPE_BACKSLASH

static const Vector vectors[] = {
  { PLUS, MUTF7, PC, no_inbox, "INBOX", "" },
  { PLUS, MUTF7, PC, no_inbox, "Sent", ".Sent" },
  { PLUS, MUTF7, PC, no_inbox, "A/B/C", ".A.B.C" },
  { PLUS, MUTF7, PC, no_inbox, "INBOX/child", ".INBOX.child" },
  { PLUS, MUTF7, PC, no_inbox, "v1.2", ".v1%2E2" },
  { PLUS, MUTF7, PC, no_inbox, "..", ".%2E%2E" },
  { PLUS, MUTF7, PC, no_inbox, "a%2Fb", ".a%2Fb" },
  { PLUS, MUTF7, PC, no_inbox, "100%25", ".100%" },
  { PLUS, MUTF7, PC, no_inbox, "a%252Eb", ".a%252Eb" },
  { PLUS, MUTF7, PC, no_inbox, "cur", ".cur" },
  { PLUS, MUTF7, PC, no_inbox, "Entw\xc3\xbcrfe", ".Entw&APw-rfe" },
  { PLUS, MUTF7, PC, no_inbox, "R&D", ".R&-D" },
  { PLUS, MUTF7, PC, no_inbox, "\xe5\x8f\xb0\xe5\x8c\x97", ".&U,BTFw-" },
  { PLUS, UTF8, PC, no_inbox, "Entw\xc3\xbcrfe/R&D", ".Entw\xc3\xbcrfe.R&D" },
  { PLUS, UTF8, PC, no_inbox, "a\nb", ".a%0Ab" },
  { PLUS, UTF8, BS, no_inbox, "v1.2", ".v1\\2e2" },
  { PLUS, UTF8, BS, no_inbox, "back\\slash", ".back\\5cslash" },
  { PLUS, UTF8, BS, no_inbox, "100%25", ".100%" },
  { FS, MUTF7, PC, no_inbox, "INBOX", "" },
  { FS, MUTF7, PC, no_inbox, "INBOX/child", "INBOX/child" },
  { FS, MUTF7, PC, no_inbox, "A/B", "A/B" },
  { FS, MUTF7, PC, no_inbox, "v1.2", "v1.2" },
  { FS, MUTF7, PC, no_inbox, ".hidden", "%2Ehidden" },
  { FS, MUTF7, PC, no_inbox, "..", "%2E." },
  { FS, MUTF7, PC, no_inbox, "A/cur", "A/%63ur" },
  { FS, MUTF7, PC, no_inbox, "new", "%6Eew" },
  { FS, MUTF7, PC, no_inbox, "tmp/x", "%74mp/x" },
  { FS, MUTF7, PC, no_inbox, "curious", "curious" },
  { FS, MUTF7, PC, no_inbox, "subscriptions", "%73ubscriptions" },
  { FS, MUTF7, PC, no_inbox, "A/subscriptions", "A/subscriptions" },
  { FS, MUTF7, PC, no_inbox, "dovecot.index", "%64ovecot.index" },
  { FS, MUTF7, PC, no_inbox, "a%2Fb", "a%2Fb" },
  { FS, MUTF7, PC, own_inbox, "INBOX", "Inbox" },
  { FS, MUTF7, PC, own_inbox, "INBOX/x", "Inbox/x" },
  { FS, MUTF7, PC, own_inbox, "Sent", "Sent" },
};

static MaildirCodec
codec_of (const Vector *vector)
{
  return (MaildirCodec){ vector->layout, vector->encoding, vector->escape,
                         (char *) vector->inbox };
}

static void
test_both_ways (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      MaildirCodec codec = codec_of (&vectors[i]);
      g_autoptr (GError) error = NULL;
      g_auto (GStrv) path = haul_path_from_text (vectors[i].path, &error);
      g_autofree char *directory = NULL;
      g_auto (GStrv) back = NULL;
      g_autofree char *text = NULL;

      g_assert_no_error (error);
      directory = maildir_layout_directory (&codec, (HaulPath) path, &error);
      g_assert_no_error (error);
      g_assert_cmpstr (directory, ==, vectors[i].directory);
      back = maildir_layout_path (&codec, directory);
      g_assert_nonnull (back);
      text = haul_path_to_text ((HaulPath) back);
      g_assert_cmpstr (text, ==, vectors[i].path);
    }
}

/* Every name of up to four of the bytes that mean something somewhere. */
static void
check_injective (MaildirLayout layout, MaildirEncoding encoding, MaildirEscape escape)
{
  static const char alphabet[] = ".%/\\&-2Ece5cur";
  MaildirCodec codec = { layout, encoding, escape, no_inbox };
  g_autoptr (GHashTable)
      seen = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  const guint letters = sizeof alphabet - 1;
  guint count = letters * letters * letters * letters;

  for (guint number = 0; number < count; number++)
    {
      char name[5] = "";
      const char *const path[] = { name, NULL };
      char *directory = NULL;
      g_auto (GStrv) back = NULL;
      guint rest = number;

      for (guint i = 0; i < 4; i++, rest /= letters)
        name[i] = alphabet[rest % letters];
      directory = maildir_layout_directory (&codec, path, NULL);
      g_assert_nonnull (directory);
      g_assert_null (strchr (directory, '/'));
      g_assert_true (strcmp (directory, ".") != 0 && strcmp (directory, "..") != 0);
      back = maildir_layout_path (&codec, directory);
      g_assert_nonnull (back);
      g_assert_true (haul_path_equal ((HaulPath) back, path));
      g_hash_table_add (seen, directory);
    }
}

static void
test_injective (void)
{
  for (int layout = PLUS; layout <= FS; layout++)
    for (int encoding = MUTF7; encoding <= UTF8; encoding++)
      for (int escape = PC; escape <= BS; escape++)
        check_injective ((MaildirLayout) layout, (MaildirEncoding) encoding,
                         (MaildirEscape) escape);
}

typedef struct
{
  MaildirLayout layout;
  MaildirEncoding encoding;
  const char *directory;
  const char *readable;
  const char *raw;
} OddVector;

static const OddVector odd_vectors[] = {
  { PLUS, MUTF7, ".caf\xe9", "caf%25E9", "caf%25E9" },
  { PLUS, MUTF7, ".A.caf\xc3\xa9", "A/caf\xc3\xa9", "A/caf%25C3%25A9" },
  { PLUS, MUTF7, ".a&b", "a&b", "a%2526b" },
  { PLUS, MUTF7, ".&AGE-", "&AGE-", "%2526AGE%252D" }, /* a needless shift */
  { PLUS, MUTF7, ".a%41", "aA", "a%252541" },
  { PLUS, MUTF7, "..a", "..a", "%252E%252Ea" },
  { PLUS, MUTF7, ".a.", ".a.", "%252Ea%252E" },
  { PLUS, MUTF7, ".INBOX", "INBOX", "INBOX" },
  { PLUS, UTF8, ".caf\xe9", "caf%25E9", "caf%25E9" },
  { FS, MUTF7, "INBOX", "INBOX", "INBOX" },
  { FS, MUTF7, "dovecot-uidx", "dovecot-uidx", "dovecot%252Duidx" },
};

static void
test_odd (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (odd_vectors); i++)
    {
      const OddVector *vector = &odd_vectors[i];
      MaildirCodec codec = { vector->layout, vector->encoding, PC, no_inbox };
      g_auto (GStrv) none = maildir_layout_path (&codec, vector->directory);
      g_auto (GStrv) path = maildir_layout_odd_path (&codec, vector->directory, FALSE);
      g_auto (GStrv) raw = maildir_layout_odd_path (&codec, vector->directory, TRUE);
      g_autofree char *path_text = haul_path_to_text ((HaulPath) path);
      g_autofree char *raw_text = haul_path_to_text ((HaulPath) raw);

      g_assert_null (none);
      g_assert_cmpstr (path_text, ==, vector->readable);
      g_assert_cmpstr (raw_text, ==, vector->raw);
    }
}

static void
test_too_long (void)
{
  g_autofree char *name = g_strnfill (MAILDIR_MAX_NAME, 'x');
  const char *const path[] = { name, NULL };
  MaildirCodec codec = { PLUS, MUTF7, PC, no_inbox };
  g_autoptr (GError) error = NULL;

  g_assert_null (maildir_layout_directory (&codec, path, &error));
  g_assert_error (error, HAUL_ERROR, HAUL_ERROR_REJECTED);
  g_assert_cmpint (haul_error_scope (error), ==, HAUL_SCOPE_FOLDER);
}

typedef struct
{
  const char *directories; /* joined by blanks */
  MaildirEncoding encoding;
} EncodingVector;

static const EncodingVector encoding_vectors[] = {
  { "", MUTF7 },
  { ".Sent .Trash", MUTF7 },
  { ".Entw&APw-rfe", MUTF7 },
  { ".R&-D", MUTF7 },
  { ".R&D", UTF8 },
  { ".Entw\xc3\xbcrfe", UTF8 },
  { ".Entw\xc3\xbcrfe .&APw-", UTF8 },
  { ".Gr&APw-n .R&D .S&P", MUTF7 },
  { ".Entw\xc3\xbcrfe .\xc3\xa9 .&APw-", UTF8 },
  { ".caf\xe9", MUTF7 },
};

static void
test_encoding (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (encoding_vectors); i++)
    {
      g_auto (GStrv) names = g_strsplit (encoding_vectors[i].directories, " ", -1);
      MaildirEvidence evidence = { 0 };

      for (char **name = names; *name; name++)
        maildir_layout_weigh (*name, &evidence);
      g_assert_cmpint (maildir_layout_verdict (&evidence), ==,
                       encoding_vectors[i].encoding);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/layout/both-ways", test_both_ways);
  g_test_add_func ("/maildir/layout/no-two-names-share-a-directory", test_injective);
  g_test_add_func ("/maildir/layout/odd-directories", test_odd);
  g_test_add_func ("/maildir/layout/too-long-a-name-is-refused", test_too_long);
  g_test_add_func ("/maildir/layout/encoding-by-evidence", test_encoding);
  return g_test_run ();
}

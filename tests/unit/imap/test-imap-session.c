/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Opening: how few round trips it takes, and every way in which a server or somebody on
 * the way can spoil it. */
#include <string.h>

#include "imap-account.h"

#define MODERN                                                                           \
  "@capability early IMAP4rev1 SASL-IR AUTH=PLAIN STARTTLS\n"                            \
  "@capability IMAP4rev1 ID ENABLE NAMESPACE LIST-EXTENDED LIST-STATUS SPECIAL-USE "     \
  "CONDSTORE QRESYNC UNSELECT\n@mailbox INBOX\n"

static void
test_round_trips (void)
{
  g_autoptr (ImapAccount) account = imap_account_new (
      MODERN "@settle 50ms\n@never CAPABILITY\n@never SELECT *\n@never EXAMINE *\n",
      HAUL_ROLE_SOURCE);
  gboolean ok = imap_account_open (account);
  g_assert_no_error (account->error);
  g_assert_true (ok);
  g_autofree char *list = imap_account_list (account);
  g_assert_cmpstr (list, ==, "INBOX[0]");
  /* AUTHENTICATE after the greeting, and everything else after its answer: with TCP and
   * TLS five from connecting to the listing. */
  g_assert_cmpuint (imap_script_round_trips (account->script), <=, 2);
}

typedef struct
{
  const char *name;
  const char *script;
  ImapTlsMode tls;
  HaulErrorCode code;
  const char *words; /* in the message */
} Failure;

static const Failure failures[] = {
  { "a-greeting-that-says-bye", "@connection 1\n  S: * BYE too busy today\n  @close\n",
    IMAP_TLS_NONE, HAUL_ERROR_NETWORK, "too busy today" },
  { "a-bye-for-too-many-connections",
    "@connection 1\n  S: * BYE Too many connections from your IP\n  @close\n",
    IMAP_TLS_NONE, HAUL_ERROR_BUSY, "Too many" },
  { "closed-before-the-greeting", "@connection 1\n  @close\n", IMAP_TLS_NONE,
    HAUL_ERROR_NETWORK, "closed the connection" },
  { "a-peer-that-speaks-something-else",
    "@connection 1\n  @raw SSH-2.0-OpenSSH_9.2\\r\\n\n  @close\n", IMAP_TLS_NONE,
    HAUL_ERROR_NETWORK, "127.0.0.1" },
  { "starttls-refused", MODERN "@on STARTTLS\n  @no not today\n", IMAP_TLS_STARTTLS,
    HAUL_ERROR_TLS, "clear text" },
  { "starttls-unknown", MODERN "@on STARTTLS\n  @bad what\n", IMAP_TLS_STARTTLS,
    HAUL_ERROR_TLS, "clear text" },
  { "starttls-with-something-behind-it",
    MODERN "@on STARTTLS\n  @raw $tag OK go\\r\\n* CAPABILITY IMAP4rev1\\r\\n\n",
    IMAP_TLS_STARTTLS, HAUL_ERROR_TLS, "tampering" },
  { "a-preauth-greeting-instead-of-starttls", "@connection 1\n  S: * PREAUTH welcome\n",
    IMAP_TLS_STARTTLS, HAUL_ERROR_TLS, "tampering" },
  { "a-wrong-password", MODERN "@user u1 another\n", IMAP_TLS_NONE, HAUL_ERROR_AUTH,
    "log in" },
  { "closed-during-the-login", MODERN "@on AUTHENTICATE *\n  @close\n", IMAP_TLS_NONE,
    HAUL_ERROR_NETWORK, "closed the connection" },
};

static void
test_failure (gconstpointer data)
{
  const Failure *failure = data;
  g_autoptr (ImapAccount) account = imap_account_new (failure->script, HAUL_ROLE_SOURCE);
  account->settings.tls = failure->tls;
  g_assert_false (imap_account_open (account));
  g_assert_error (account->error, HAUL_ERROR, (int) failure->code);
  g_test_message ("%s", account->error->message);
  g_assert_nonnull (strstr (account->error->message, failure->words));
  g_assert_null (strstr (account->error->message, "secret-word"));
  /* With STARTTLS asked for nobody may have seen a login in clear text. */
  if (failure->tls == IMAP_TLS_STARTTLS)
    {
      g_assert_cmpuint (imap_script_count (account->script, "LOGIN *"), ==, 0);
      g_assert_cmpuint (imap_script_count (account->script, "AUTHENTICATE *"), ==, 0);
    }
}

static void
test_silence (void)
{
  g_autoptr (ImapAccount)
      account = imap_account_new ("@connection 1\n  @stall\n", HAUL_ROLE_SOURCE);
  account->settings.timeout_us = G_USEC_PER_SEC / 5;
  g_assert_false (imap_account_open (account));
  g_assert_error (account->error, HAUL_ERROR, HAUL_ERROR_TIMEOUT);
}

static void
test_cancel (void)
{
  g_autoptr (ImapAccount) account = imap_account_new (MODERN, HAUL_ROLE_SOURCE);
  g_autoptr (GCancellable) cancellable = g_cancellable_new ();
  account->open.cancellable = cancellable;
  g_cancellable_cancel (cancellable);
  g_assert_false (imap_account_open (account));
  g_assert_error (account->error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
}

static void
test_ignored_capabilities (void)
{
  g_auto (GStrv) ignored = g_strsplit ("LIST-STATUS list-extended QRESYNC", " ", -1);
  g_autoptr (ImapAccount) account = imap_account_new (
      MODERN "@never LIST * RETURN *\n@never ENABLE *\n@count STATUS * = 1\n",
      HAUL_ROLE_SOURCE);
  account->settings.ignore_capabilities = ignored;
  g_assert_true (imap_account_open (account));
  g_assert_false (imap_session_has (account->session, "LIST-STATUS"));
  g_assert_true (imap_session_has (account->session, "UNSELECT"));
}

/* A server that tells its capabilities nowhere unasked is asked, before and after. */
static void
test_asks_for_capabilities (void)
{
  g_autoptr (ImapAccount) account = imap_account_new (
      MODERN "@capability-in\n@count CAPABILITY = 2\n", HAUL_ROLE_SOURCE);
  g_assert_true (imap_account_open (account));
  g_assert_true (imap_session_has (account->session, "QRESYNC"));
}

static void
test_caps (void)
{
  g_autoptr (ImapAccount) account = imap_account_new (MODERN, HAUL_ROLE_DESTINATION);
  g_assert_true (imap_account_open (account));
  guint32 caps = imap_caps (account->session);
  g_assert_cmphex (caps & HAUL_CAP_STABLE_KEYS, !=, 0);
  g_assert_cmphex (caps & HAUL_CAP_RETURNS_KEYS, ==, 0);
}

static void
test_keeps_alive (void)
{
  g_autoptr (ImapAccount)
      account = imap_account_new (MODERN "@count NOOP = 1\n", HAUL_ROLE_SOURCE);
  g_assert_true (imap_account_open (account));
  g_assert_true (imap_idle (account->session, G_USEC_PER_SEC, &account->error));
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/session/opens-in-few-round-trips", test_round_trips);
  for (guint i = 0; i < G_N_ELEMENTS (failures); i++)
    {
      g_autofree char *path = g_strconcat ("/imap/session/", failures[i].name, NULL);
      g_test_add_data_func (path, &failures[i], test_failure);
    }
  g_test_add_func ("/imap/session/silence-ends", test_silence);
  g_test_add_func ("/imap/session/a-cancelled-open-ends", test_cancel);
  g_test_add_func ("/imap/session/does-without-what-the-job-says",
                   test_ignored_capabilities);
  g_test_add_func ("/imap/session/asks-for-capabilities", test_asks_for_capabilities);
  g_test_add_func ("/imap/session/promises-what-the-server-can", test_caps);
  g_test_add_func ("/imap/session/keeps-itself-alive", test_keeps_alive);
  return g_test_run ();
}

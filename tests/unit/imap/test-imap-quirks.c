/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Who is who: greetings, IDs and capabilities of real servers, as they were recorded, and
 * the decisions that follow. */
#include "quirks.h"

#include <string.h>

/* Capabilities as servers list them. */
#define CAPS_DOVECOT_23                                                                  \
  "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE SORT SORT=DISPLAY "                  \
  "THREAD=REFERENCES "                                                                   \
  "THREAD=REFS THREAD=ORDEREDSUBJECT MULTIAPPEND URL-PARTIAL CATENATE UNSELECT "         \
  "CHILDREN "                                                                            \
  "NAMESPACE UIDPLUS LIST-EXTENDED I18NLEVEL=1 CONDSTORE QRESYNC ESEARCH ESORT "         \
  "SEARCHRES WITHIN CONTEXT=SEARCH LIST-STATUS BINARY MOVE SNIPPET=FUZZY "               \
  "PREVIEW=FUZZY PREVIEW STATUS=SIZE SAVEDATE LITERAL+ NOTIFY"
#define CAPS_DOVECOT_24 CAPS_DOVECOT_23 " COMPRESS=DEFLATE INPROGRESS"
#define CAPS_DOVECOT_LOGIN                                                               \
  "IMAP4rev1 SASL-IR LOGIN-REFERRALS ID ENABLE IDLE LITERAL+ AUTH=PLAIN AUTH=LOGIN"
#define CAPS_COURIER                                                                     \
  "IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT THREAD=REFERENCES SORT "   \
  "QUOTA IDLE ACL ACL2=UNION"
#define CAPS_GMAIL                                                                       \
  "IMAP4rev1 UNSELECT IDLE NAMESPACE QUOTA ID XLIST CHILDREN X-GM-EXT-1 UIDPLUS "        \
  "COMPRESS=DEFLATE ENABLE MOVE CONDSTORE ESEARCH UTF8=ACCEPT LIST-EXTENDED "            \
  "LIST-STATUS LITERAL- SPECIAL-USE APPENDLIMIT=35651584"
#define CAPS_EXCHANGE                                                                    \
  "IMAP4 IMAP4rev1 AUTH=PLAIN AUTH=XOAUTH2 SASL-IR UIDPLUS MOVE ID UNSELECT CHILDREN "   \
  "IDLE NAMESPACE LITERAL+"
#define CAPS_ICLOUD "XAPPLEPUSHSERVICE IMAP4 IMAP4rev1 SASL-IR AUTH=ATOKEN AUTH=PLAIN"
#define CAPS_YAHOO                                                                       \
  "IMAP4rev1 SASL-IR AUTH=PLAIN AUTH=XOAUTH2 AUTH=OAUTHBEARER ID MOVE NAMESPACE "        \
  "XYMHIGHESTMODSEQ UIDPLUS LITERAL+ CHILDREN X-MSG-EXT UNSELECT OBJECTID"
#define CAPS_GMX                                                                         \
  "IMAP4rev1 CHILDREN ENABLE ID IDLE LIST-EXTENDED LIST-STATUS LITERAL- MOVE NAMESPACE " \
  "QUOTA SASL-IR SORT SPECIAL-USE THREAD=ORDEREDSUBJECT UIDPLUS UNSELECT WITHIN "        \
  "AUTH=LOGIN AUTH=PLAIN"

static const struct
{
  const char *greeting, *name, *vendor, *version, *capabilities, *host;
  ImapServer server;
  const char *label;
} servers[] = {
  /* Dovecot. */
  { "Dovecot (Debian) ready.", "Dovecot", NULL, NULL, CAPS_DOVECOT_23, "mail.example.org",
    IMAP_SERVER_DOVECOT, "Dovecot 2.3" },
  { "Dovecot ready.", "Dovecot", NULL, NULL, CAPS_DOVECOT_24, NULL, IMAP_SERVER_DOVECOT,
    "Dovecot 2.4" },
  { "Dovecot ready.", NULL, NULL, NULL, CAPS_DOVECOT_LOGIN, "mail.example.org",
    IMAP_SERVER_DOVECOT, "Dovecot" },
  { "Dovecot DA ready.", NULL, NULL, NULL, NULL, NULL, IMAP_SERVER_DOVECOT, "Dovecot" },
  { "Welcome.", "Dovecot", NULL, NULL, CAPS_DOVECOT_23, NULL, IMAP_SERVER_DOVECOT,
    "Dovecot 2.3" },
  /* A Dovecot proxy in front of a Cyrus. */
  { "Dovecot ready.", "Cyrus IMAP", "Project Cyrus", "3.6.1-Debian-3.6.1-4+deb12u3", NULL,
    NULL, IMAP_SERVER_CYRUS, "Cyrus before 3.8" },
  /* Push notification is a plug-in of Dovecot, too. */
  { "Dovecot ready.", NULL, NULL, NULL, CAPS_DOVECOT_LOGIN " XAPPLEPUSHSERVICE", NULL,
    IMAP_SERVER_DOVECOT, "Dovecot" },
  /* Cyrus. */
  { "mail Cyrus IMAP 3.6.1-Debian-3.6.1-4 server ready", NULL, NULL, NULL, NULL, NULL,
    IMAP_SERVER_CYRUS, "Cyrus before 3.8" },
  { "mail Cyrus IMAP 3.8.1-Debian-3.8.1-1 server ready", NULL, NULL, NULL, NULL, NULL,
    IMAP_SERVER_CYRUS, "Cyrus 3.8 or later" },
  { "mail Cyrus IMAP 3.12.0 server ready", NULL, NULL, NULL, NULL, NULL,
    IMAP_SERVER_CYRUS, "Cyrus 3.8 or later" },
  { "mail Cyrus IMAP4 v2.4.17-Fedora-RPM-2.4.17-13.el7 server ready", NULL, NULL, NULL,
    NULL, NULL, IMAP_SERVER_CYRUS, "Cyrus before 3.8" },
  { "mail server ready", "Cyrus IMAPD", "Project Cyrus", "3.10.0", NULL, NULL,
    IMAP_SERVER_CYRUS, "Cyrus 3.8 or later" },
  { "dovecot-to-be.example Cyrus IMAP 3.6.1 server ready", NULL, NULL, NULL, NULL, NULL,
    IMAP_SERVER_CYRUS, "Cyrus before 3.8" },
  /* Courier. */
  { "Courier-IMAP ready. Copyright 1998-2021 Double Precision, Inc.  See COPYING for "
    "distribution information.",
    NULL, NULL, NULL, CAPS_COURIER, NULL, IMAP_SERVER_COURIER, "Courier" },
  { "Mail ready.", NULL, NULL, NULL, CAPS_COURIER, NULL, IMAP_SERVER_COURIER, "Courier" },
  /* Gmail. */
  { "Gimap ready for requests from 192.0.2.1 y7mb52459270vsd", NULL, NULL, NULL, NULL,
    NULL, IMAP_SERVER_GMAIL, "Gmail" },
  { NULL, "GImap", "Google, Inc.", "gmail_imap_240128.00_p1", CAPS_GMAIL,
    "imap.gmail.com", IMAP_SERVER_GMAIL, "Gmail" },
  { NULL, NULL, NULL, NULL, CAPS_GMAIL, "localhost", IMAP_SERVER_GMAIL, "Gmail" },
  /* Exchange. */
  { "The Microsoft Exchange IMAP4 service is ready. "
    "[QgBOADgAUABSADAANABDAEEAMAAwADYAMwAuAG4AYQBtAHAAcgBkADAANAAuAHAAcgBvAGQALgBvAHUAdAB"
    "sAG"
    "8AbwBrAC4AYwBvAG0A]",
    NULL, NULL, NULL, NULL, "mail.example.org", IMAP_SERVER_EXCHANGE_ONLINE,
    "Exchange Online" },
  { "The Microsoft Exchange IMAP4 service is ready.", NULL, NULL, NULL, CAPS_EXCHANGE,
    "outlook.office365.com", IMAP_SERVER_EXCHANGE_ONLINE, "Exchange Online" },
  { NULL, "Microsoft.Exchange.Imap4.Imap4Server", NULL, "15.20", NULL, "mail.example.org",
    IMAP_SERVER_EXCHANGE_ONLINE, "Exchange Online" },
  { NULL, "Microsoft.Exchange.Imap4.Imap4Server", NULL, "15.2", NULL, "mail.example.org",
    IMAP_SERVER_EXCHANGE, "Exchange Server 2016 or later" },
  { NULL, "Microsoft.Exchange.Imap4.Imap4Server", NULL, "15.0", NULL, NULL,
    IMAP_SERVER_EXCHANGE, "Exchange Server" },
  { "The Microsoft Exchange IMAP4 service is ready. [RQBYADAAMQAuAGMAbwByAHAA]", NULL,
    NULL, NULL, CAPS_EXCHANGE, "mail.example.org", IMAP_SERVER_EXCHANGE,
    "Exchange Server" },
  { "Microsoft Exchange Server 2003 IMAP4rev1 server version 6.5.7638.1 (mail) ready.",
    NULL, NULL, NULL, NULL, NULL, IMAP_SERVER_EXCHANGE, "Exchange Server 2003 or older" },
  { "Microsoft Exchange Server 2007 IMAP4 service ready", NULL, NULL, NULL, NULL, NULL,
    IMAP_SERVER_EXCHANGE, "Exchange Server" },
  /* Other providers. */
  { "Welcome! IMAP Server up and ready to accept your request", NULL, NULL, NULL, NULL,
    NULL, IMAP_SERVER_YAHOO, "Yahoo" },
  { "IMAP4rev1 imapgate-0.7.68_11_1.471764 imap401.mail.ne1.yahoo.com", NULL, NULL, NULL,
    CAPS_YAHOO, "export.imap.aol.com", IMAP_SERVER_YAHOO, "Yahoo" },
  { "IMAP4rev1 Hello", NULL, NULL, NULL, CAPS_YAHOO, NULL, IMAP_SERVER_YAHOO, "Yahoo" },
  { "(1Q49) st11p00mm-iscream009", NULL, NULL, NULL, CAPS_ICLOUD, NULL,
    IMAP_SERVER_ICLOUD, "iCloud" },
  { "ready", NULL, NULL, NULL, CAPS_ICLOUD, NULL, IMAP_SERVER_ICLOUD, "iCloud" },
  { "hello", NULL, NULL, NULL, "IMAP4rev1", "p61-imap.mail.me.com", IMAP_SERVER_ICLOUD,
    "iCloud" },
  { "mail.example.org Zimbra IMAP4rev1 server ready", NULL, NULL, NULL, NULL, NULL,
    IMAP_SERVER_ZIMBRA, "Zimbra" },
  { "IMAP4 ready", "Zimbra", NULL, "8.8.15_GA_4545", NULL, NULL, IMAP_SERVER_ZIMBRA,
    "Zimbra" },
  { "Domino IMAP4 Server Release 10.0.1FP3 ready Wed, 30 Oct 2019 09:28:06 +0100", NULL,
    NULL, NULL, NULL, NULL, IMAP_SERVER_DOMINO, "Domino" },
  { "svwall.zoho.com IMAP4 Server (Zoho Mail IMAP4rev1 Server version 1.0)", NULL, NULL,
    NULL, NULL, NULL, IMAP_SERVER_ZOHO, "Zoho" },
  { "IMAP4 ready", "Cyrus IMAPD", "Project Cyrus",
    "3.11.0-alpha0-1108-gd0a44efa4-fm-20240805.001-g87ba5a4b", NULL, "127.0.0.1",
    IMAP_SERVER_FASTMAIL, "Fastmail" },
  { "IMAP4 ready", NULL, NULL, NULL, NULL, "imap.fastmail.com", IMAP_SERVER_FASTMAIL,
    "Fastmail" },
  { "IMAP server ready H mieue154 15.6 IMAP-1My4Ij-1k2Oa32EiF-00yVN8", NULL, NULL, NULL,
    CAPS_GMX, NULL, IMAP_SERVER_GMX, "GMX or Web.de" },
  { "IMAP server ready", NULL, NULL, NULL, NULL, "imap.web.de", IMAP_SERVER_GMX,
    "GMX or Web.de" },
  { "Yandex IMAP4rev1 at imap43j.mail.yandex.net:993 ready to talk with "
    "::ffff:192.0.2.1, "
    "2018-Oct-31 05:28:07, 7SNOF9FKn8c1",
    NULL, NULL, NULL, NULL, NULL, IMAP_SERVER_YANDEX, "Yandex" },
  { "Welcome", NULL, NULL, NULL, NULL, "imap.mail.ru", IMAP_SERVER_MAILRU, "mail.ru" },
  { "IMAP4rev1 Server ready", NULL, NULL, NULL, NULL, "imap.mail.us-east-1.awsapps.com",
    IMAP_SERVER_WORKMAIL, "Amazon WorkMail" },
  { "IMAP ready", NULL, NULL, NULL, NULL, "imap.strato.de", IMAP_SERVER_STRATO,
    "Strato" },
  /* Other products. */
  { "Stalwart IMAP4rev2 at your service.", NULL, NULL, NULL, NULL, NULL,
    IMAP_SERVER_STALWART, "Stalwart" },
  { "host.example.org IMAP4rev1 2007e.404 at Mon, 4 Mar 2013 13:11:10 +0100 (CET)", NULL,
    NULL, NULL, NULL, NULL, IMAP_SERVER_UW, "UW-IMAP" },
  { "IMAPrev1", NULL, NULL, NULL,
    "IMAP4 IMAP4rev1 CHILDREN IDLE QUOTA SORT ACL NAMESPACE", NULL,
    IMAP_SERVER_HMAILSERVER, "hMailServer" },
  { "IMAP4rev1 server ready at 05/05/13 17:50:30", NULL, NULL, NULL, NULL, NULL,
    IMAP_SERVER_MAILENABLE, "MailEnable" },
  { "Proton Mail Bridge 03.08.01 - gluon session ID 3", NULL, NULL, NULL,
    "ID IDLE IMAP4rev1 MOVE STARTTLS UIDPLUS UNSELECT", "127.0.0.1", IMAP_SERVER_PROTON,
    "ProtonMail Bridge" },
  { "IMAP4rev1", "GNU imap4d", "GNU", "3.15", NULL, NULL, IMAP_SERVER_MAILUTILS,
    "GNU mailutils" },
  { "ready", NULL, NULL, NULL, "IMAP4 IMAP4rev1 ACL QUOTA X-NETSCAPE X-SUN-SORT", NULL,
    IMAP_SERVER_ORACLE, "Oracle Messaging Server" },
  /* Nobody we know; names that only look like ones. */
  { "IMAP4rev1 ready", NULL, NULL, NULL, "IMAP4rev1", "mail.example.org",
    IMAP_SERVER_UNKNOWN, "unknown server" },
  { "", "", "", "", "", "", IMAP_SERVER_UNKNOWN, "unknown server" },
  { NULL, NULL, NULL, NULL, NULL, "notgmail.com", IMAP_SERVER_UNKNOWN, "unknown server" },
  { NULL, NULL, NULL, NULL, NULL, "gmail.com.example.org", IMAP_SERVER_UNKNOWN,
    "unknown server" },
  { NULL, NULL, NULL, NULL, NULL, "IMAP.GMAIL.COM.", IMAP_SERVER_GMAIL, "Gmail" },
  { "ready [not base64 at all!]", NULL, NULL, NULL, NULL, NULL, IMAP_SERVER_UNKNOWN,
    "unknown server" },
  { "ready ]x[", NULL, NULL, NULL, NULL, NULL, IMAP_SERVER_UNKNOWN, "unknown server" },
};

static ImapCapabilities *
capabilities_of (const char *text)
{
  g_auto (GStrv) words = text == NULL ? NULL : g_strsplit (text, " ", -1);
  guint count = words == NULL ? 0 : g_strv_length (words);
  g_autofree ImapString *items = g_new (ImapString, count + 1);

  for (guint i = 0; i < count; i++)
    items[i] = (ImapString){ words[i], strlen (words[i]) };
  return text == NULL ? NULL
                      : imap_capabilities_new ((ImapStrings){ items, count }, FALSE);
}

static const ImapQuirks *
quirks_of (guint i)
{
  g_autoptr (ImapCapabilities) capabilities = capabilities_of (servers[i].capabilities);
  ImapSignature signature = { .greeting = servers[i].greeting,
                              .id_name = servers[i].name,
                              .id_vendor = servers[i].vendor,
                              .id_version = servers[i].version,
                              .capabilities = capabilities,
                              .host = servers[i].host };

  return imap_quirks_for (&signature);
}

static void
test_who_is_who (void)
{
  for (guint i = 0; i < G_N_ELEMENTS (servers); i++)
    {
      g_test_message ("%u %s", i, servers[i].label);
      g_assert_cmpint (quirks_of (i)->server, ==, servers[i].server);
      g_assert_cmpstr (quirks_of (i)->name, ==, servers[i].label);
    }
  g_assert_cmpint (imap_quirks_for (NULL)->server, ==, IMAP_SERVER_UNKNOWN);
}

/* Each server of the enumeration has a row and a recorded signature. */
static void
test_every_row_is_reached (void)
{
  for (guint row = 0; imap_quirks_row (row) != NULL; row++)
    {
      gboolean reached = FALSE;
      for (guint i = 0; i < G_N_ELEMENTS (servers) && !reached; i++)
        reached = g_str_equal (quirks_of (i)->name, imap_quirks_row (row)->name);
      g_test_message ("%s", imap_quirks_row (row)->name);
      g_assert_true (reached);
    }
}

static const ImapQuirks *
row_of (ImapServer server)
{
  for (guint i = 0; imap_quirks_row (i) != NULL; i++)
    if (imap_quirks_row (i)->server == server)
      return imap_quirks_row (i);
  g_assert_not_reached ();
}

/* What must hold whoever it is: a zero here would stop or drown a connection. */
static void
test_rows_are_sane (void)
{
  for (guint i = 0; imap_quirks_row (i) != NULL; i++)
    {
      const ImapQuirks *row = imap_quirks_row (i);
      g_test_message ("%s", row->name);
      g_assert_cmpuint (row->start_connections, >=, 1);
      g_assert_cmpuint (row->max_connections, >=, row->start_connections);
      g_assert_cmpuint (row->line_limit_bytes, >=, 1000);
      g_assert_cmpuint (row->line_limit_bytes, <=, 32000);
      g_assert_cmpuint (row->window_commands, >=, 1);
      g_assert_cmpuint (row->window_commands, <=, 64);
      g_assert_cmpuint (row->fetch_window_commands, >=, 1);
      g_assert_cmpuint (row->fetch_window_commands, <=, 8);
      g_assert_cmpuint (row->fetch_set_messages, >=, 1);
      g_assert_cmpuint (row->fetch_set_bytes, >=, 1024 * 1024);
      g_assert_cmpuint (row->append_window_commands, >=, 1);
      g_assert_cmpuint (row->append_window_bytes, <=, 16 * 1024 * 1024);
      g_assert_cmpuint (row->sync_from_bytes, >=, 1);
      g_assert_cmpuint (row->multiappend_max_messages, >=, 1);
      g_assert_cmpuint (row->multiappend_max_messages, <=, 64);
      g_assert_cmpuint (row->multiappend_max_bytes, <=, 8 * 1024 * 1024);
      g_assert_cmpint (row->multiappend_max_bytes == 0, ==,
                       row->multiappend_max_messages == 1);
      g_assert_cmpint (row->backoff_us, >=, G_USEC_PER_SEC);
      /* Only a server that was tried keeps the epoch itself. */
      g_assert_cmpint (row->dates_min_s, ==, row->server == IMAP_SERVER_DOVECOT ? 0 : 1);
      g_assert_cmpint (row->dates_max_s, ==, G_MAXINT32);
      /* Literals without waiting into a server that never announced them: never. */
      g_assert_true (row->sync_from_bytes == 1 || row->sync_from_bytes >= 4096);
      g_assert_true (row->login_hint == NULL || !g_str_has_suffix (row->login_hint, "."));
    }
}

/* The decisions that imap.md names, by section. */
static void
test_decisions (void)
{
  const ImapQuirks *unknown = imap_quirks_for (NULL);
  g_assert_false (unknown->swallows_refused_literals);
  g_assert_false (unknown->exact_size);
  g_assert_cmpuint (unknown->multiappend_max_messages, ==, 1);
  /* §2.5: batches; §2.8: what a refused literal leaves behind. */
  g_assert_cmpuint (row_of (IMAP_SERVER_DOVECOT)->multiappend_max_messages, ==, 64);
  g_assert_true (row_of (IMAP_SERVER_DOVECOT)->swallows_refused_literals);
  g_assert_true (row_of (IMAP_SERVER_CYRUS)->multiappend_atomic);
  g_assert_false (row_of (IMAP_SERVER_STALWART)->multiappend_atomic);
  g_assert_false (row_of (IMAP_SERVER_STALWART)->swallows_refused_literals);
  g_assert_cmpuint (row_of (IMAP_SERVER_STALWART)->commands_per_second, <=, 33);
  g_assert_cmpuint (row_of (IMAP_SERVER_COURIER)->sync_from_bytes, ==, 1);
  g_assert_true (row_of (IMAP_SERVER_COURIER)->strips_cr);
  g_assert_true (row_of (IMAP_SERVER_COURIER)->adds_final_crlf);
  g_assert_true (row_of (IMAP_SERVER_COURIER)->mends_lf);
  g_assert_true (row_of (IMAP_SERVER_DOVECOT)->trims_cr);
  g_assert_cmpint (row_of (IMAP_SERVER_DOVECOT)->dates_ahead_s, <, 2 * 60 * 60);
  g_assert_true (row_of (IMAP_SERVER_COURIER)->quick_ack);
  g_assert_cmpuint (row_of (IMAP_SERVER_COURIER)->max_connections, ==, 4);
  /* §2.4: lines. */
  g_assert_cmpuint (row_of (IMAP_SERVER_EXCHANGE)->line_limit_bytes, <=, 10240);
  g_assert_cmpuint (row_of (IMAP_SERVER_YAHOO)->line_limit_bytes, ==, 1000);
  g_assert_cmpuint (row_of (IMAP_SERVER_UW)->line_limit_bytes, ==, 1000);
  /* §8. */
  g_assert_true (row_of (IMAP_SERVER_GMAIL)->dedupes_appends);
  g_assert_true (row_of (IMAP_SERVER_GMAIL)->deleted_expunges);
  g_assert_cmpstr (row_of (IMAP_SERVER_GMAIL)->forbidden_in_names, ==, "^");
  g_assert_true (row_of (IMAP_SERVER_EXCHANGE_ONLINE)->keywords_none);
  g_assert_true (row_of (IMAP_SERVER_EXCHANGE_ONLINE)->token_only);
  g_assert_cmpuint (row_of (IMAP_SERVER_EXCHANGE_ONLINE)->appends_per_second, ==, 4);
  g_assert_false (row_of (IMAP_SERVER_EXCHANGE_ONLINE)->stable_bytes);
  g_assert_true (row_of (IMAP_SERVER_YAHOO)->uidonly_needed);
  g_assert_true (row_of (IMAP_SERVER_YAHOO)->needs_final_crlf);
  g_assert_cmpuint (row_of (IMAP_SERVER_YAHOO)->message_limit, ==, 1000);
  g_assert_true (row_of (IMAP_SERVER_ICLOUD)->no_qresync);
  g_assert_true (row_of (IMAP_SERVER_ICLOUD)->needs_capability_after_login);
  g_assert_true (row_of (IMAP_SERVER_ICLOUD)->inbox_no_children);
  g_assert_false (row_of (IMAP_SERVER_ZIMBRA)->parallel_fetch);
  g_assert_cmpuint (row_of (IMAP_SERVER_ZIMBRA)->max_errors, ==, 5);
  g_assert_true (row_of (IMAP_SERVER_DOMINO)->search_unreliable);
  g_assert_true (row_of (IMAP_SERVER_ZOHO)->no_condstore);
  g_assert_cmpuint (row_of (IMAP_SERVER_ZOHO)->max_connections, ==, 2);
  g_assert_true (row_of (IMAP_SERVER_PROTON)->no_special_use_list);
  g_assert_true (row_of (IMAP_SERVER_STRATO)->no_list_return);
}

/* \Flagged: only what is known to be new enough is trusted (§2.2 (c)). */
static void
test_old_exchange (void)
{
  static const struct
  {
    const char *version;
    gboolean by_store;
  } versions[] = { { "14.3", TRUE },   { "15.0", TRUE }, { "15.1", FALSE },
                   { "15.2", FALSE },  { "", TRUE },     { NULL, TRUE },
                   { "rubbish", TRUE } };

  for (guint i = 0; i < G_N_ELEMENTS (versions); i++)
    {
      ImapSignature signature = { .id_name = "Microsoft.Exchange.Imap4.Imap4Server",
                                  .id_version = versions[i].version };
      g_assert_cmpint (imap_quirks_for (&signature)->flagged_by_store, ==,
                       versions[i].by_store);
    }
}

/* Texts without end, and brackets full of anything. */
static void
test_hostile_signatures (void)
{
  g_autoptr (GRand) rand = g_rand_new_with_seed (44);
  g_autofree char *long_text = g_strnfill (100000, '[');

  for (guint i = 0; i < 500; i++)
    {
      char text[64];
      for (gsize j = 0; j + 1 < sizeof text; j++)
        text[j] = (char) g_rand_int_range (rand, 1, 256);
      text[g_rand_int_range (rand, 0, 60)] = '[';
      text[62] = ']';
      text[63] = '\0';
      ImapSignature signature = { .greeting = text, .id_version = text, .host = text };
      g_assert_nonnull (imap_quirks_for (&signature));
    }
  ImapSignature signature = { .greeting = long_text,
                              .id_name = "Cyrus",
                              .id_version = "99999999999999999999.99999999999999999999",
                              .host = "." };
  g_assert_cmpint (imap_quirks_for (&signature)->server, ==, IMAP_SERVER_CYRUS);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/imap/quirks/who-is-who", test_who_is_who);
  g_test_add_func ("/imap/quirks/every-row-is-reached", test_every_row_is_reached);
  g_test_add_func ("/imap/quirks/rows-are-sane", test_rows_are_sane);
  g_test_add_func ("/imap/quirks/decisions", test_decisions);
  g_test_add_func ("/imap/quirks/old-exchange-sets-flagged-by-store", test_old_exchange);
  g_test_add_func ("/imap/quirks/hostile-signatures", test_hostile_signatures);
  return g_test_run ();
}

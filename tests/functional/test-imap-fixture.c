/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The servers that the other tests run against: that they answer, mask, take tokens, and
 * leave nothing behind. No code of mailhaul's takes part.
 */
#include <string.h>

#include "mail-server.h"

/* A dialogue of a few lines. */
typedef struct
{
  GSocketConnection *link;
  GDataInputStream *in;
} Dialogue;

static GSocketConnection *
knock (const MailServer *server, gboolean tls, GError **error)
{
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  return g_socket_client_connect_to_host (client, "127.0.0.1",
                                          mail_server_port (server, tls), NULL, error);
}

static void
dialogue_open (Dialogue *self, const MailServer *server)
{
  g_autoptr (GError) error = NULL;
  self->link = knock (server, FALSE, &error);
  g_assert_no_error (error);
  self->in = g_data_input_stream_new (
      g_io_stream_get_input_stream (G_IO_STREAM (self->link)));
  g_data_input_stream_set_newline_type (self->in, G_DATA_STREAM_NEWLINE_TYPE_CR_LF);
}

static void
dialogue_close (Dialogue *self)
{
  g_object_unref (self->in);
  g_object_unref (self->link);
}

/* All lines up to the answer to @command (NULL: the greeting). (transfer full) */
static char *
dialogue_ask (Dialogue *self, const char *command)
{
  g_autoptr (GError) error = NULL;
  if (command != NULL)
    {
      g_autofree char *line = g_strdup_printf ("a %s\r\n", command);
      GOutputStream *out = g_io_stream_get_output_stream (G_IO_STREAM (self->link));
      g_output_stream_write_all (out, line, strlen (line), NULL, NULL, &error);
      g_assert_no_error (error);
    }
  GString *said = g_string_new (NULL);
  for (;;)
    {
      g_autofree char *line = g_data_input_stream_read_line (self->in, NULL, NULL,
                                                             &error);
      g_assert_no_error (error);
      g_assert_nonnull (line);
      g_string_append_printf (said, "%s\n", line);
      if (command == NULL || g_str_has_prefix (line, "a ")
          || g_str_has_prefix (line, "+ "))
        return g_string_free (said, FALSE);
    }
}

static void
assert_said (const char *said, const char *part)
{
  if (strstr (said, part) == NULL)
    g_test_message ("no '%s' in: %s", part, said);
  g_assert_nonnull (strstr (said, part));
}

static void
log_in (Dialogue *dialogue, const MailServer *server)
{
  dialogue_open (dialogue, server);
  g_autofree char *greeting = dialogue_ask (dialogue, NULL);
  assert_said (greeting, "* OK");
  g_autofree char *login = dialogue_ask (dialogue, "LOGIN u20 " MAIL_SERVER_PASSWORD);
  assert_said (login, "a OK");
}

static void
test_answers (gconstpointer data)
{
  g_autoptr (MailServer)
      server = mail_server_start ((MailServerKind) GPOINTER_TO_INT (data), NULL);
  if (server == NULL)
    return;
  Dialogue dialogue;
  log_in (&dialogue, server);
  g_autofree char *list = dialogue_ask (&dialogue, "LIST \"\" *");
  assert_said (list, "INBOX");
  dialogue_close (&dialogue);
  g_autoptr (GSocketConnection) tls = knock (server, TRUE, NULL);
  g_assert_nonnull (tls);
  g_assert_true (g_file_test (mail_server_ca_file (server), G_FILE_TEST_EXISTS));
}

static void
test_masks (void)
{
  g_autoptr (MailServer) server = mail_server_start (
      MAIL_SERVER_DOVECOT, "mask=UIDPLUS LITERAL+,format=sdbox");
  if (server == NULL)
    return;
  Dialogue dialogue;
  log_in (&dialogue, server);
  g_autofree char *said = dialogue_ask (&dialogue, "CAPABILITY");
  g_assert_null (strstr (said, "UIDPLUS"));
  g_assert_null (strstr (said, "LITERAL"));
  assert_said (said, "MULTIAPPEND");
  dialogue_close (&dialogue);
}

static void
test_tokens (void)
{
  g_autoptr (MailServer) server = mail_server_start (MAIL_SERVER_DOVECOT, NULL);
  if (server == NULL)
    return;
  for (gint64 seconds = -60; seconds <= 60; seconds += 120)
    {
      g_autofree char *token = mail_server_token (server, "u3", seconds);
      g_autofree char *plain = g_strdup_printf ("user=u3\001auth=Bearer %s\001\001",
                                                token);
      g_autofree char *packed = g_base64_encode ((const guchar *) plain, strlen (plain));
      g_autofree char *command = g_strdup_printf ("AUTHENTICATE XOAUTH2 %s", packed);
      Dialogue dialogue;
      dialogue_open (&dialogue, server);
      g_autofree char *greeting = dialogue_ask (&dialogue, NULL);
      g_autofree char *said = dialogue_ask (&dialogue, command);
      assert_said (said, seconds > 0 ? "a OK" : "+ ");
      g_assert_cmpint (strstr (said, "a OK") != NULL, ==, seconds > 0);
      dialogue_close (&dialogue);
    }
}

static void
test_leaves_nothing (gconstpointer data)
{
  MailServer *server = mail_server_start ((MailServerKind) GPOINTER_TO_INT (data), NULL);
  if (server == NULL)
    return;
  g_autofree char *log = g_strdup (mail_server_ca_file (server));
  g_autoptr (GInetAddress) host = g_inet_address_new_loopback (G_SOCKET_FAMILY_IPV4);
  g_autoptr (GSocketAddress)
      address = g_inet_socket_address_new (host, mail_server_port (server, FALSE));
  mail_server_stop (server);
  g_assert_false (g_file_test (log, G_FILE_TEST_EXISTS));
  g_autoptr (GSocketClient) client = g_socket_client_new ();
  g_autoptr (GSocketConnection)
      link = g_socket_client_connect (client, G_SOCKET_CONNECTABLE (address), NULL, NULL);
  g_assert_null (link);
}

int
main (int argc, char **argv)
{
  static const struct
  {
    const char *name;
    MailServerKind kind;
  } kinds[] = {
    { "dovecot", MAIL_SERVER_DOVECOT },
    { "cyrus", MAIL_SERVER_CYRUS },
    { "courier", MAIL_SERVER_COURIER },
  };
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (kinds); i++)
    {
      gconstpointer kind = GINT_TO_POINTER (kinds[i].kind);
      g_autofree char *answers = g_strdup_printf ("/imap-fixture/%s/answers",
                                                  kinds[i].name);
      g_autofree char *leaves = g_strdup_printf ("/imap-fixture/%s/leaves-nothing-behind",
                                                 kinds[i].name);
      g_test_add_data_func (answers, kind, test_answers);
      g_test_add_data_func (leaves, kind, test_leaves_nothing);
    }
  g_test_add_func ("/imap-fixture/dovecot/masks-capabilities", test_masks);
  g_test_add_func ("/imap-fixture/dovecot/takes-tokens-that-hold", test_tokens);
  return g_test_run ();
}

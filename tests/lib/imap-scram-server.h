/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The server's side of SCRAM (RFC 5802), written from the RFC with GLib alone, to hold
 * the client of backends/imap against; held to the RFC's own vectors itself. */
#pragma once

#include <glib.h>

/* ScramServer: what the server knows, then what it has heard. Set the first part. */
typedef struct
{
  GChecksumType hash;
  const char *password; /* as the server stores it: prepared or not */
  const char *salt_base64;
  const char *nonce; /* the server's part */
  guint iterations;
  const char
      *header; /* the GS2 header that must come: "n,,", "y,,", "p=tls-exporter,," */
  const char *binding; /* the channel's data, text; NULL: none */

  char *client_first_bare, *server_first, *user;
} ScramServer;

/* The server-first-message for the client's; asserts the header. (transfer full) */
char *scram_server_first (ScramServer *self, const char *client_first);

/* Whether the proof in the client-final-message is right; *@out_final gets "v=…" either
 * way. (transfer full) */
gboolean scram_server_final (ScramServer *self, const char *client_final,
                             char **out_final);

/* Frees what was heard. */
void scram_server_clear (ScramServer *self);

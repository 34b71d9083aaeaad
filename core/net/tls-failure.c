/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Turns what OpenSSL and the socket say of a failure into one message with code, scope
 * and advice. A peer that breaks off may be tried again (NETWORK, session); one that is
 * not who it should be, or speaks otherwise than it must, is not (TLS, account). Any
 * thread.
 */
#include "tls-private.h"

#include <string.h>

#include <mailhaul/error.h>

/* The record types of a handshake (RFC 8446 §5.1) begin what any TLS server says first.
 */
#define RECORD_ALERT     21
#define RECORD_HANDSHAKE 22
/* Where a ServerHello has its version: record header, handshake header, two bytes. */
#define HELLO_TYPE       2
#define HELLO_TYPE_AT    5
#define HELLO_VERSION_AT 9

/* The alert of the peer inside OpenSSL's error, or -1. */
static int
alert_of (unsigned long code)
{
  int number = ERR_GET_REASON (code) - SSL_AD_REASON_OFFSET;
  return ERR_GET_LIB (code) == ERR_LIB_SSL && number >= 0 && number <= G_MAXUINT8 ? number
                                                                                  : -1;
}

/* The peer's trouble, which another attempt may not meet. */
static gboolean
is_passing (int alert)
{
  return alert == SSL_AD_INTERNAL_ERROR || alert == SSL_AD_USER_CANCELLED;
}

static gboolean
is_about_us (int alert)
{
  switch (alert)
    {
    case SSL_AD_NO_CERTIFICATE:
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_ACCESS_DENIED:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return TRUE;
    }
  return FALSE;
}

/* OpenSSL 3.0 has no words for the newest ones. */
static const char *
alert_words (int alert)
{
  return alert == SSL_AD_CERTIFICATE_REQUIRED ? "certificate required"
                                              : SSL_alert_desc_string_long (alert);
}

static const char *
version_name (HaulLinkTlsVersion version)
{
  switch (version)
    {
    case HAUL_LINK_TLS_1_2:
      return "1.2";
    case HAUL_LINK_TLS_1_3:
      return "1.3";
    }
  return "1.2";
}

static const char *
advice_for_alert (const Tls *self, int alert)
{
  if (is_about_us (alert))
    return self->has_certificate
               ? ": the server does not accept the certificate of tls-certificate"
               : ": the server wants a certificate of ours: give tls-certificate and "
                 "tls-key";
  if (alert == SSL_AD_UNRECOGNIZED_NAME)
    return ": the server does not know itself by this name: is host right?";
  if (alert == SSL_AD_HANDSHAKE_FAILURE)
    return ": the server and we share no cipher, or it wants a certificate of ours "
           "(tls-certificate)";
  return "";
}

static gboolean
fail_version (const Tls *self, const char *found, GError **error)
{
  return haul_error_set (
      error, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
      "TLS with %s: the server speaks only %s, at least version %s is asked for%s",
      self->peer, found, version_name (self->minimum),
      self->minimum == HAUL_LINK_TLS_1_3
          ? ": tls-minimum=\"1.2\" accepts an older one"
          : ": older versions are broken, the server must be brought up to date");
}

static gboolean
fail_alert (const Tls *self, int alert, GError **error)
{
  if (alert == SSL_AD_PROTOCOL_VERSION)
    return fail_version (self, "older versions (alert protocol_version)", error);
  if (is_passing (alert))
    return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                           "TLS with %s: the server gave up: alert %d, %s", self->peer,
                           alert, alert_words (alert));
  return haul_error_set (error, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
                         "TLS with %s: the server refused: alert %d, %s%s", self->peer,
                         alert, alert_words (alert), advice_for_alert (self, alert));
}

/* A server that was spoken to in TLS and answers with its greeting; after STARTTLS it
 * may be somebody in between who put words into its mouth. */
static gboolean
fail_no_tls (const Tls *self, GError **error)
{
  gsize length = 0;
  while (length < self->first_length && self->first[length] != '\r'
         && self->first[length] != '\n' && self->first[length] != '\0')
    length++;
  if (self->upgraded)
    return haul_error_set (error, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
                           "TLS with %s: after STARTTLS came plain text, from the server "
                           "or from somebody in between: '%.*s'",
                           self->peer, (int) length, self->first);
  return haul_error_set (
      error, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
      "TLS with %s: the server does not speak TLS here, it said '%.*s': "
      "is the port right, or is tls=\"starttls\" meant (port 143)?",
      self->peer, (int) length, self->first);
}

static gboolean
spoke_no_tls (const Tls *self)
{
  return self->first_length > 0 && self->first[0] != RECORD_HANDSHAKE
         && self->first[0] != RECORD_ALERT;
}

/* The version in a ServerHello that OpenSSL would not have. */
static char *
hello_version (const Tls *self)
{
  const char *first = self->first;
  if (self->first_length < HELLO_VERSION_AT + 2 || first[0] != RECORD_HANDSHAKE
      || first[HELLO_TYPE_AT] != HELLO_TYPE || first[HELLO_VERSION_AT] != 3)
    return g_strdup ("an older version");
  if (first[HELLO_VERSION_AT + 1] == 0)
    return g_strdup ("SSL 3.0");
  return g_strdup_printf ("TLS 1.%d", first[HELLO_VERSION_AT + 1] - 1);
}

static gboolean
fail_reason (const Tls *self, unsigned long code, GError **error)
{
  int kind = ERR_GET_REASON (code);
  if (kind == SSL_R_UNSUPPORTED_PROTOCOL || kind == SSL_R_UNKNOWN_PROTOCOL
      || kind == SSL_R_VERSION_TOO_LOW)
    {
      g_autofree char *found = hello_version (self);
      return fail_version (self, found, error);
    }
  const char *text = ERR_reason_error_string (code);
  return haul_error_set (error, HAUL_ERROR_TLS, HAUL_SCOPE_ACCOUNT,
                         "TLS with %s: the handshake failed: %s", self->peer,
                         text == NULL ? "no reason given" : text);
}

gboolean
tls_fail_handshake (const Tls *self, int why, GError **error)
{
  unsigned long code = ERR_peek_error ();
  int alert = alert_of (code);
  if (spoke_no_tls (self))
    return fail_no_tls (self, error);
  if (self->verdict.code != X509_V_OK)
    return tls_verdict_report (&self->verdict, self->peer, self->host, error);
  if (alert >= 0)
    return fail_alert (self, alert, error);
  if (self->receive_errno != 0)
    return stream_fail ("TLS handshake with", self->peer, self->receive_errno, error);
  if (self->ended)
    return haul_error_set (
        error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
        "TLS handshake with %s: the server closed the connection%s", self->peer,
        self->first_length == 0 ? ": does it speak TLS on this port?" : "");
  return fail_reason (self, code, error);
}

/* In TLS 1.3 a server says only now what it thinks of our certificate. */
gboolean
tls_fail_read (const Tls *self, int why, GError **error)
{
  unsigned long code = ERR_peek_error ();
  int alert = alert_of (code);
  if (is_about_us (alert))
    return fail_alert (self, alert, error);
  if (self->receive_errno != 0)
    return stream_fail ("read from", self->peer, self->receive_errno, error);
  if (alert >= 0)
    return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                           "read from %s: the server ended TLS: alert %d, %s", self->peer,
                           alert, alert_words (alert));
  const char *text = ERR_reason_error_string (code);
  return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                         "read from %s: TLS is broken: %s", self->peer,
                         text == NULL ? "no reason given" : text);
}

gboolean
tls_fail_write (const Tls *self, int why, GError **error)
{
  const char *text = ERR_reason_error_string (ERR_peek_error ());
  return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION,
                         "write to %s: TLS is broken: %s", self->peer,
                         text == NULL ? "no reason given" : text);
}

gboolean
tls_fail_send (const Tls *self, GError **error)
{
  return stream_fail ("write to", self->peer, self->send_errno, error);
}

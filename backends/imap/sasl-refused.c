/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the refusal of a login means, from its response code (RFC 5530) and, since many
 * servers have none or the wrong one (hazard 43), from its words. Decides nothing. Any
 * thread. */
#include <string.h>

#include "sasl-private.h"
#include "throttle.h"
#include "token.h"

/* How long to leave a server alone that says neither how long nor who it is. */
#define DEFAULT_BACKOFF_US (30 * G_USEC_PER_SEC)

/* Why a login was refused, in the order in which the words are looked at. */
typedef enum
{
  REFUSED_LOCKED,       /* the account is locked or disabled */
  REFUSED_NO_IMAP,      /* IMAP is switched off for the account */
  REFUSED_APP_PASSWORD, /* the account's own password is not enough */
  REFUSED_WEB_LOGIN,    /* the provider wants to see the person first */
  REFUSED_PRIVACY,      /* TLS is wanted */
  REFUSED_EXPIRED,      /* the password has expired */
  REFUSED_BEHALF,       /* this administrator may not act for this user */
  REFUSED_CONTACT,      /* the administrator is wanted */
  REFUSED_REFERRAL,     /* the mailbox is on another server */
  REFUSED_UNSUPPORTED,  /* the mechanism is not there */
  REFUSED_CREDENTIALS,  /* wrong user or password, as far as one can know */
} Refusal;

/* Phrases in lower case, looked for anywhere in the text. */
typedef struct
{
  const char *phrase;
  Refusal refusal;
} Phrase;

/* Gmail, Yahoo, Zoho, GMX, Fastmail, Dovecot, Cyrus and Exchange as seen in reports. */
static const Phrase phrases[] = {
  { "too many login fail", REFUSED_LOCKED },
  { "too many failed", REFUSED_LOCKED },
  { "too many bad", REFUSED_LOCKED },
  { "too many invalid", REFUSED_LOCKED },
  { "too many auth", REFUSED_LOCKED },
  { "too many unsuccessful", REFUSED_LOCKED },
  { "account is locked", REFUSED_LOCKED },
  { "account locked", REFUSED_LOCKED },
  { "locked out", REFUSED_LOCKED },
  { "locked down", REFUSED_LOCKED },
  { "temporarily locked", REFUSED_LOCKED },
  { "temporarily blocked", REFUSED_LOCKED },
  { "account disabled", REFUSED_LOCKED },
  { "account is disabled", REFUSED_LOCKED },
  { "account has been disabled", REFUSED_LOCKED },
  { "user is disabled", REFUSED_LOCKED },
  { "user disabled", REFUSED_LOCKED },
  { "account suspended", REFUSED_LOCKED },
  { "account is suspended", REFUSED_LOCKED },
  { "account is inactive", REFUSED_LOCKED },
  { "account inactive", REFUSED_LOCKED },
  { "imap access is disabled", REFUSED_NO_IMAP },
  { "imap is disabled", REFUSED_NO_IMAP },
  { "imap disabled", REFUSED_NO_IMAP },
  { "enable imap", REFUSED_NO_IMAP },
  { "not enabled for imap", REFUSED_NO_IMAP },
  { "imap is not enabled", REFUSED_NO_IMAP },
  { "imap access not", REFUSED_NO_IMAP },
  { "not allowed to use imap", REFUSED_NO_IMAP },
  { "application-specific password", REFUSED_APP_PASSWORD },
  { "application specific password", REFUSED_APP_PASSWORD },
  { "app-specific password", REFUSED_APP_PASSWORD },
  { "app password", REFUSED_APP_PASSWORD },
  { "web browser", REFUSED_WEB_LOGIN },
  { "web login required", REFUSED_WEB_LOGIN },
  { "webalert", REFUSED_WEB_LOGIN },
  { "plaintext authentication disallowed", REFUSED_PRIVACY },
  { "plaintext authentication disabled", REFUSED_PRIVACY },
  { "plaintext authentication not allowed", REFUSED_PRIVACY },
  { "cleartext authentication", REFUSED_PRIVACY },
  { "privacy required", REFUSED_PRIVACY },
  { "must issue a starttls", REFUSED_PRIVACY },
  { "starttls first", REFUSED_PRIVACY },
  { "starttls required", REFUSED_PRIVACY },
  { "starttls is required", REFUSED_PRIVACY },
  { "secure connection", REFUSED_PRIVACY },
  { "encryption required", REFUSED_PRIVACY },
  { "command received in invalid state", REFUSED_PRIVACY },
  { "password expired", REFUSED_EXPIRED },
  { "password has expired", REFUSED_EXPIRED },
  { "password must be changed", REFUSED_EXPIRED },
  { "not authorized", REFUSED_BEHALF },
  { "not authorised", REFUSED_BEHALF },
  { "authorization failed", REFUSED_BEHALF },
  { "authorization denied", REFUSED_BEHALF },
};

/* A busy server's words beyond those of throttle.h; only here, where nothing else is
 * said. */
static const char *const busy_phrases[] = {
  "temporary authentication failure",
  "temporary failure",
  "temporarily unavailable",
  "temporary problem",
  "temporary error",
  "try again later",
  "try later",
  "connection limit",
  "too many users",
  "too many open",
  "too many sessions",
  "too many logins",
  "too many concurrent",
  "maximum number of sessions",
  "service unavailable",
  "service not available",
  "server unavailable",
  "server busy",
  "system busy",
  "server is busy",
  "overloaded",
  "internal error",
  "internal server error",
  "backend error",
  "server error",
};

/* Words about the mechanism or the command, not about the person. */
static const char *const unsupported_phrases[] = {
  "unsupported auth",
  "unsupported mech",
  "unsupported sasl",
  "unsupported command",
  "not supported",
  "not implemented",
  "unknown auth",
  "unknown mech",
  "unknown sasl",
  "unknown command",
  "command unknown",
  "unrecognized",
  "unrecognised",
  "invalid mech",
  "invalid auth mech",
  "invalid authentication mech",
  "invalid authentication type",
  "no such mech",
  "no mechanism available",
  "mechanism not",
  "mechanism is not",
  "mechanism disabled",
  "mechanism is disabled",
  "method not",
  "method is not",
  "invalid command",
  "bad command",
  "error in imap command",
  "command argument error",
  "syntax error",
  "unexpected argument",
  "bad protocol", /* Cyrus: SASL_BADPROT, as for a channel binding that it does not know
                   */
};

static gboolean
holds_any (ImapString text, const char *const *words, gsize count)
{
  for (gsize i = 0; i < count; i++)
    if (imap_text_find (text, words[i]) >= 0)
      return TRUE;
  return FALSE;
}

/* The refusal that the words alone name. */
static gboolean
find_phrase (ImapString text, Refusal *out_refusal)
{
  for (gsize i = 0; i < G_N_ELEMENTS (phrases); i++)
    if (imap_text_find (text, phrases[i].phrase) >= 0)
      {
        *out_refusal = phrases[i].refusal;
        return TRUE;
      }
  return FALSE;
}

gboolean
sasl_is_busy (ImapCode code, ImapString text)
{
  Refusal refusal;
  gint64 ms;

  if (find_phrase (text, &refusal) && refusal == REFUSED_LOCKED)
    return FALSE;
  if (code == IMAP_CODE_UNAVAILABLE || code == IMAP_CODE_INUSE || code == IMAP_CODE_LIMIT
      || code == IMAP_CODE_THROTTLED || code == IMAP_CODE_SERVERBUG)
    return TRUE;
  return imap_throttle_parse (text, &ms) != IMAP_THROTTLE_NONE
         || holds_any (text, busy_phrases, G_N_ELEMENTS (busy_phrases));
}

gboolean
sasl_is_unsupported (ImapCode code, ImapString text)
{
  Refusal refusal;

  if (code == IMAP_CODE_CANNOT)
    return TRUE;
  if (code == IMAP_CODE_AUTHENTICATIONFAILED || code == IMAP_CODE_AUTHORIZATIONFAILED
      || code == IMAP_CODE_EXPIRED || code == IMAP_CODE_PRIVACYREQUIRED
      || code == IMAP_CODE_CONTACTADMIN)
    return FALSE;
  if (find_phrase (text, &refusal))
    return FALSE;
  return holds_any (text, unsupported_phrases, G_N_ELEMENTS (unsupported_phrases));
}

static Refusal
classify (ImapCode code, ImapString text)
{
  Refusal refusal;

  if (code == IMAP_CODE_PRIVACYREQUIRED)
    return REFUSED_PRIVACY;
  if (code == IMAP_CODE_EXPIRED)
    return REFUSED_EXPIRED;
  if (code == IMAP_CODE_REFERRAL)
    return REFUSED_REFERRAL;
  if (find_phrase (text, &refusal))
    return refusal;
  if (code == IMAP_CODE_AUTHORIZATIONFAILED || code == IMAP_CODE_NOPERM)
    return REFUSED_BEHALF;
  if (code == IMAP_CODE_CONTACTADMIN)
    return REFUSED_CONTACT;
  return sasl_is_unsupported (code, text) ? REFUSED_UNSUPPORTED : REFUSED_CREDENTIALS;
}

/* Why a login that looks like a wrong password may be something else. */
/* The server's own hint, if it is about this login; NULL: there is none. */
static const char *
login_hint (const ImapSasl *self)
{
  const ImapQuirks *quirks = self->settings.quirks;

  if (quirks == NULL || (quirks->behalf_hint && self->settings.auth_user == NULL))
    return NULL;
  return quirks->login_hint;
}

static const char *
credentials_advice (const ImapSasl *self)
{
  const SaslMechanism *current = self->current;
  const char *hint = login_hint (self);

  if (current != NULL && current->token)
    return imap_bearer_advice (self->token_status);
  if (hint != NULL)
    return hint;
  if (current != NULL && current->plus)
    return "check user and password; if they are right, something between us and the"
           " server ends TLS: see to it, or set auth to the mechanism without -PLUS";
  if (current != NULL && current->kind == SASL_SCRAM && self->plain_offered)
    return "check user and password; if they are right, the server may have no SCRAM keys"
           " of this user: set auth to \"plain\"";
  if (current != NULL && current->kind == SASL_EXTERNAL)
    return "the client certificate is not of this user, or set auth to use the password";
  if (current != NULL && current->kind == SASL_CRAM && self->plain_offered)
    return "check user and password; if they are right, the server may not keep the"
           " password in the form that this needs: set auth to \"plain\"";
  return "check user and password";
}

static const char *
advice_for (const ImapSasl *self, Refusal refusal)
{
  const char *hint = login_hint (self);

  switch (refusal)
    {
    case REFUSED_LOCKED:
      return "the account is locked or disabled: wait or have it unlocked, and do not try"
             " again before that";
    case REFUSED_NO_IMAP:
      return "switch IMAP on for this account, in its settings or by its administrator";
    case REFUSED_APP_PASSWORD:
    case REFUSED_WEB_LOGIN:
      if (hint != NULL)
        return hint;
      return refusal == REFUSED_APP_PASSWORD
                 ? "create an app password in the account's settings and use that"
                 : "log in once with a web browser, then use an app password or a token";
    case REFUSED_PRIVACY:
      return "the server wants TLS: set tls to \"implicit\" or \"starttls\"";
    case REFUSED_EXPIRED:
      return "the password has expired: set a new one";
    case REFUSED_BEHALF:
      if (self->settings.auth_user != NULL && self->plain_offered && self->current != NULL
          && self->current->kind == SASL_SCRAM)
        return "the administrator's login is right, but may not act for this user, or the"
               " server knows that right with PLAIN only: set auth to \"plain\"";
      return self->settings.auth_user == NULL
                 ? "the login is right, but may not open this mailbox"
                 : "the administrator's login is right, but may not act for this user: "
                   "give"
                   " it that right at the server";
    case REFUSED_CONTACT:
      return "the server wants its administrator to look into this account";
    case REFUSED_REFERRAL:
      return "the mailbox is on another server: set host to that one";
    case REFUSED_UNSUPPORTED:
      return "the server cannot do this: set auth to another mechanism";
    case REFUSED_CREDENTIALS:
      return credentials_advice (self);
    }
  g_assert_not_reached ();
}

/* What was tried: "log in to h as 'admin' for 'user' with PLAIN". */
static char *
attempt_text (const ImapSasl *self, const char *mechanism)
{
  const ImapSaslSettings *settings = &self->settings;
  g_autofree char *behalf = settings->auth_user == NULL
                                ? g_strdup ("")
                                : g_strdup_printf (" for '%s'", settings->user);

  return g_strdup_printf ("log in to %s as '%s'%s with %s", settings->host,
                          sasl_authcid (self), behalf, mechanism);
}

/* The server's words, and what came inside the mechanism. */
static char *
words_text (const ImapSasl *self, ImapString text)
{
  g_autofree char *words = imap_sasl_redact (self, text);
  const char *inner = self->token_status != NULL ? self->token_status : self->scram_error;

  if (words[0] == '\0')
    {
      g_free (words);
      words = g_strdup ("refused without a word");
    }
  return inner == NULL ? g_steal_pointer (&words)
                       : g_strdup_printf ("%s (%s)", words, inner);
}

static gint64
busy_delay_us (const ImapSasl *self, ImapString text)
{
  gint64 ms = 0;

  if (imap_throttle_parse (text, &ms) == IMAP_THROTTLE_TIMED)
    return ms * 1000;
  return self->settings.quirks != NULL && self->settings.quirks->backoff_us > 0
             ? self->settings.quirks->backoff_us
             : DEFAULT_BACKOFF_US;
}

gboolean
imap_sasl_refused (const ImapSasl *self, const char *mechanism, ImapCode code,
                   ImapString text, GError **error)
{
  g_autofree char *attempt = attempt_text (self, mechanism);
  g_autofree char *words = words_text (self, text);

  if (sasl_is_busy (code, text))
    {
      const char *hint = self->settings.quirks == NULL
                             ? NULL
                             : self->settings.quirks->connection_hint;
      GError *busy = NULL;
      haul_error_set (&busy, HAUL_ERROR_BUSY, HAUL_SCOPE_SESSION,
                      "%s: the server wants to be left alone for a while%s%s%s: %s",
                      attempt, hint == NULL ? "" : " (", hint == NULL ? "" : hint,
                      hint == NULL ? "" : ")", words);
      haul_error_set_delay_us (busy, busy_delay_us (self, text));
      g_propagate_error (error, busy);
      return FALSE;
    }
  return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT, "%s: %s: %s",
                         attempt, advice_for (self, classify (code, text)), words);
}

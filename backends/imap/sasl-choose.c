/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Which mechanism is tried, and which after a refusal: a table in the order of preference
 * (imap.md §4), a set of what can be used here and now, and a rule of who may follow
 * whom. What is said in a mechanism is in sasl.c and sasl-plain.c. One thread, the
 * session's. */
#include <string.h>

#include "sasl-private.h"
#include "token.h"

#define NAME_LOGIN_COMMAND "LOGIN command"
#define WORD_PROXYAUTH     "proxyauth"

/* Of a server's unknown mechanisms in a message: as many as a person reads. */
#define MENTIONED_MECHANISMS 16u
#define MENTIONED_NAME_BYTES ((gsize) 40)

/* A token first, since the job has one only for this; then by strength. CRAM-* shows an
 * eavesdropper enough to guess the password by, and makes the server store it in a form
 * that is as good as plain; so on a secure channel it comes last, without TLS first. */
const SaslMechanism sasl_mechanisms[SASL_MECHANISMS] = {
  { .word = "oauthbearer",
    .name = "OAUTHBEARER",
    .kind = SASL_OAUTHBEARER,
    .token = TRUE,
    .exposes = TRUE,
    .authzid = TRUE },
  { .word = "xoauth2",
    .name = "XOAUTH2",
    .kind = SASL_XOAUTH2,
    .token = TRUE,
    .exposes = TRUE,
    .authzid = TRUE },
  { .word = "external", .name = "EXTERNAL", .kind = SASL_EXTERNAL, .authzid = TRUE },
  { .word = "scram-sha-256-plus",
    .name = "SCRAM-SHA-256-PLUS",
    .kind = SASL_SCRAM,
    .hash = G_CHECKSUM_SHA256,
    .plus = TRUE,
    .password = TRUE,
    .authzid = TRUE },
  { .word = "scram-sha-1-plus",
    .name = "SCRAM-SHA-1-PLUS",
    .kind = SASL_SCRAM,
    .hash = G_CHECKSUM_SHA1,
    .plus = TRUE,
    .password = TRUE,
    .authzid = TRUE },
  { .word = "scram-sha-256",
    .name = "SCRAM-SHA-256",
    .kind = SASL_SCRAM,
    .hash = G_CHECKSUM_SHA256,
    .password = TRUE,
    .authzid = TRUE },
  { .word = "scram-sha-1",
    .name = "SCRAM-SHA-1",
    .kind = SASL_SCRAM,
    .hash = G_CHECKSUM_SHA1,
    .password = TRUE,
    .authzid = TRUE },
  { .word = "gssapi", .name = "GSSAPI", .kind = SASL_GSSAPI, .authzid = TRUE },
  { .word = "plain",
    .name = "PLAIN",
    .kind = SASL_PLAIN,
    .password = TRUE,
    .exposes = TRUE,
    .plain = TRUE,
    .authzid = TRUE },
  { .word = "login",
    .name = "LOGIN",
    .kind = SASL_LOGIN,
    .password = TRUE,
    .exposes = TRUE,
    .plain = TRUE },
  { .word = "login-command",
    .name = NAME_LOGIN_COMMAND,
    .kind = SASL_LOGIN_COMMAND,
    .password = TRUE,
    .exposes = TRUE,
    .plain = TRUE },
  { .word = "cram-sha256",
    .name = "CRAM-SHA256",
    .kind = SASL_CRAM,
    .hash = G_CHECKSUM_SHA256,
    .password = TRUE,
    .exposes = TRUE },
  { .word = "cram-sha1",
    .name = "CRAM-SHA1",
    .kind = SASL_CRAM,
    .hash = G_CHECKSUM_SHA1,
    .password = TRUE,
    .exposes = TRUE },
  { .word = "cram-md5",
    .name = "CRAM-MD5",
    .kind = SASL_CRAM,
    .hash = G_CHECKSUM_MD5,
    .password = TRUE,
    .exposes = TRUE },
};

/* Why a mechanism cannot be used; the first that holds. */
typedef enum
{
  OBSTACLE_NONE,
  OBSTACLE_NOT_OFFERED,
  OBSTACLE_CHANNEL,
  OBSTACLE_TOKEN,
  OBSTACLE_PASSWORD,
  OBSTACLE_CERTIFICATE,
  OBSTACLE_BINDING,
  OBSTACLE_LIBRARY,
  OBSTACLE_LISTED,
  OBSTACLE_BEHALF,
  OBSTACLE_REFUSED,
} Obstacle;

#define OBSTACLES (OBSTACLE_REFUSED + 1)

/* What is said of the mechanisms that it keeps from being used. */
static const char *const obstacle_words[OBSTACLES] = {
  [OBSTACLE_NONE] = "not in auth",
  [OBSTACLE_NOT_OFFERED] = "not offered",
  [OBSTACLE_CHANNEL] = "over TLS only",
  [OBSTACLE_TOKEN] = "with a token only",
  [OBSTACLE_PASSWORD] = "with a password only",
  [OBSTACLE_CERTIFICATE] = "with a client certificate only",
  [OBSTACLE_BINDING] = "with channel binding only, which this connection does not have",
  [OBSTACLE_LIBRARY] = "not in this libgsasl",
  [OBSTACLE_LISTED] = "only when auth names it",
  [OBSTACLE_BEHALF] = "not on behalf of another user",
  [OBSTACLE_REFUSED] = "refused or out of attempts",
};

/* What the job can do about it; NULL: nothing by itself. The first of these counts. */
static const struct
{
  Obstacle obstacle;
  const char *advice;
} obstacle_advice[] = {
  { OBSTACLE_CHANNEL, "set tls to \"implicit\" or \"starttls\"" },
  { OBSTACLE_NONE, "add one of them to auth, or leave auth out" },
  { OBSTACLE_LISTED, "name it in auth" },
  { OBSTACLE_TOKEN, "give a token (token-file, token-env or token-command)" },
  { OBSTACLE_PASSWORD, "give a password (password-file, -env or -command)" },
  { OBSTACLE_BEHALF, "leave auth-user out and log in as the user, on Dovecot as"
                     " user=\"USER*ADMINISTRATOR\"" },
  { OBSTACLE_CERTIFICATE, "give a client certificate" },
};

static guint32
bit_of (const SaslMechanism *mechanism)
{
  return (guint32) 1 << (mechanism - sasl_mechanisms);
}

const SaslMechanism *
sasl_mechanism_find (const char *word)
{
  for (guint i = 0; i < SASL_MECHANISMS; i++)
    if (g_ascii_strcasecmp (word, sasl_mechanisms[i].word) == 0)
      return &sasl_mechanisms[i];
  return NULL;
}

gboolean
sasl_list_is_valid (ImapSasl *self, GError **error)
{
  const char *const *words = self->settings.mechanisms;
  guint count = 0;

  for (guint i = 0; words != NULL && words[i] != NULL; i++)
    {
      if (g_ascii_strcasecmp (words[i], WORD_PROXYAUTH) == 0)
        self->proxy_wanted = TRUE;
      else if (sasl_mechanism_find (words[i]) != NULL)
        count++;
      else
        {
          g_autoptr (GString) known = g_string_new (NULL);
          for (guint j = 0; j < SASL_MECHANISMS; j++)
            g_string_append_printf (known, "%s ", sasl_mechanisms[j].word);
          return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                                 "auth: unknown mechanism '%s', known are: %s%s",
                                 words[i], known->str, WORD_PROXYAUTH);
        }
    }
  if (count == 0)
    self->settings.mechanisms = NULL; /* nothing but "proxyauth": choose */
  if (self->proxy_wanted && self->settings.auth_user == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                           "auth: proxyauth needs auth-user, the administrator");
  return TRUE;
}

/* Appends to @order the mechanisms of the table whose `plain` is @plain. */
static guint
append_by (const SaslMechanism *order[SASL_MECHANISMS], guint count, gboolean plain)
{
  for (guint i = 0; i < SASL_MECHANISMS; i++)
    if (sasl_mechanisms[i].plain == plain)
      order[count++] = &sasl_mechanisms[i];
  return count;
}

/*
 * The table's order, but: over plain text what hands out the password comes last; and on
 * behalf of somebody over TLS PLAIN comes before SCRAM, since Dovecot with the master
 * passdb of its own documentation (pass = yes, result_success = continue) refuses another
 * user's name in SCRAM, after it has found the password right [T 2.3.19].
 */
static guint
automatic_order (const ImapSasl *self, const SaslMechanism *order[SASL_MECHANISMS])
{
  const SaslMechanism *plain = sasl_mechanism_find ("plain");
  gboolean early = self->settings.auth_user != NULL && self->settings.secure;
  gboolean placed = FALSE;
  guint count = 0;

  if (self->settings.plain_text_allowed)
    return append_by (order, append_by (order, 0, FALSE), TRUE);
  for (guint i = 0; i < SASL_MECHANISMS; i++)
    {
      const SaslMechanism *next = &sasl_mechanisms[i];
      if (early && !placed && next->kind == SASL_SCRAM)
        {
          order[count++] = plain;
          placed = TRUE;
        }
      if (next != plain || !early)
        order[count++] = next;
    }
  return count;
}

/* The mechanisms in the order in which they are tried, into @out_order. */
static guint
order_of (const ImapSasl *self, const SaslMechanism *out_order[SASL_MECHANISMS])
{
  const char *const *words = self->settings.mechanisms;
  guint count = 0;

  if (words == NULL)
    return automatic_order (self, out_order);
  for (guint i = 0; words[i] != NULL && count < SASL_MECHANISMS; i++)
    {
      const SaslMechanism *found = sasl_mechanism_find (words[i]);
      if (found != NULL)
        out_order[count++] = found;
    }
  return count;
}

/* ---- What can be used ---- */

static gboolean
is_offered (const SaslMechanism *mechanism, const ImapCapabilities *capabilities)
{
  if (mechanism->kind == SASL_LOGIN_COMMAND)
    return !imap_capabilities_has (capabilities, "LOGINDISABLED");
  return imap_capabilities_has_auth (capabilities, mechanism->name);
}

static gboolean
may_proxy (const ImapSasl *self)
{
  return self->proxy_wanted || self->proxy_offered;
}

/* What the channel and the job lack for an offered mechanism. */
static Obstacle
obstacle_of (const ImapSasl *self, const SaslMechanism *mechanism)
{
  const ImapSaslSettings *settings = &self->settings;

  if (mechanism->exposes && !settings->secure && !settings->plain_text_allowed)
    return OBSTACLE_CHANNEL;
  if (mechanism->token && settings->token == NULL)
    return OBSTACLE_TOKEN;
  if (mechanism->password && settings->password == NULL)
    return OBSTACLE_PASSWORD;
  if (mechanism->kind == SASL_EXTERNAL && !settings->has_client_certificate)
    return OBSTACLE_CERTIFICATE;
  if (mechanism->kind == SASL_GSSAPI && settings->mechanisms == NULL
      && (settings->password != NULL || settings->token != NULL))
    return OBSTACLE_LISTED;
  if (settings->auth_user != NULL && !mechanism->authzid && !may_proxy (self))
    return OBSTACLE_BEHALF;
  if (!sasl_engine_supports (self, mechanism))
    return OBSTACLE_LIBRARY;
  if (mechanism->plus && !sasl_has_binding (self))
    return OBSTACLE_BINDING;
  return OBSTACLE_NONE;
}

static void
note_offers (ImapSasl *self, const ImapCapabilities *capabilities)
{
  /* Sun, Oracle and Netscape have the command; some announce it, all of them these. */
  static const char *const proxy_signs[] = { "PROXYAUTH", "XPROXYAUTH", "X-PROXYAUTH",
                                             "X-NETSCAPE", "X-SUN-IMAP" };

  self->usable = 0;
  self->plain_offered = FALSE;
  self->proxy_offered = FALSE;
  for (guint i = 0; i < G_N_ELEMENTS (proxy_signs); i++)
    if (imap_capabilities_has (capabilities, proxy_signs[i]))
      self->proxy_offered = TRUE;
  for (guint i = 0; i < SASL_MECHANISMS; i++)
    {
      const SaslMechanism *mechanism = &sasl_mechanisms[i];
      if (!is_offered (mechanism, capabilities))
        continue;
      self->plain_offered |= mechanism->plain;
      if (obstacle_of (self, mechanism) == OBSTACLE_NONE)
        self->usable |= bit_of (mechanism);
    }
}

/* Whether @mechanism may be tried after all that was refused. */
static gboolean
may_follow (const ImapSasl *self, const SaslMechanism *mechanism)
{
  if ((self->usable & ~self->refused & bit_of (mechanism)) == 0)
    return FALSE;
  if (mechanism->exposes && self->protecting_refused)
    return FALSE;
  return !mechanism->password || self->password_attempts < SASL_LIMIT_PASSWORD_ATTEMPTS;
}

static const SaslMechanism *
pick (const ImapSasl *self)
{
  const SaslMechanism *order[SASL_MECHANISMS];
  guint count = order_of (self, order);

  for (guint i = 0; i < count; i++)
    if (may_follow (self, order[i]))
      return order[i];
  return NULL;
}

/* ---- Saying that nothing can ---- */

static gboolean
is_listed (const ImapSasl *self, const SaslMechanism *mechanism)
{
  const SaslMechanism *order[SASL_MECHANISMS];
  guint count = order_of (self, order);

  for (guint i = 0; i < count; i++)
    if (order[i] == mechanism)
      return TRUE;
  return FALSE;
}

/* Adds @name to the group "@words: …" of @text. */
static void
add_to_group (GString *text, const char *words, const char *name, gboolean *in_group)
{
  if (!*in_group)
    g_string_append_printf (text, "%s%s: ", text->len == 0 ? "" : "; ", words);
  g_string_append_printf (text, "%s%s", *in_group ? ", " : "", name);
  *in_group = TRUE;
}

/* What the server offers that we do not know, made fit for people. */
static void
add_unknown (GString *text, const ImapCapabilities *capabilities)
{
  g_auto (GStrv) names = imap_capabilities_list (capabilities, "AUTH=");
  gboolean in_group = FALSE;

  for (guint i = 0, shown = 0; names[i] != NULL && shown < MENTIONED_MECHANISMS; i++)
    {
      if (sasl_mechanism_find (names[i]) != NULL)
        continue;
      g_autofree char *name = g_utf8_make_valid (
          names[i], (gssize) MIN (strlen (names[i]), MENTIONED_NAME_BYTES));
      for (char *c = name; *c != '\0'; c++)
        if (g_ascii_iscntrl (*c))
          *c = '?';
      add_to_group (text, "unknown to mailhaul", name, &in_group);
      shown++;
    }
}

static Obstacle
final_obstacle (const ImapSasl *self, const SaslMechanism *mechanism)
{
  Obstacle obstacle = obstacle_of (self, mechanism);

  return obstacle == OBSTACLE_NONE && is_listed (self, mechanism) ? OBSTACLE_REFUSED
                                                                  : obstacle;
}

/* All that the server offers, by what keeps us from using it: "over TLS only: PLAIN,
 * LOGIN; with a token only: XOAUTH2". *@out_found: the obstacles, as bits. */
static char *
offers_text (const ImapSasl *self, const ImapCapabilities *capabilities,
             guint32 *out_found)
{
  g_autoptr (GString) text = g_string_new (NULL);
  guint32 found = 0;

  for (Obstacle obstacle = 0; obstacle < OBSTACLES; obstacle++)
    {
      gboolean in_group = FALSE;
      for (guint i = 0; i < SASL_MECHANISMS; i++)
        if (is_offered (&sasl_mechanisms[i], capabilities)
            && final_obstacle (self, &sasl_mechanisms[i]) == obstacle)
          add_to_group (text, obstacle_words[obstacle], sasl_mechanisms[i].name,
                        &in_group);
      if (in_group)
        found |= (guint32) 1 << obstacle;
    }
  add_unknown (text, capabilities);
  if (text->len == 0)
    g_string_append (text, "it offers none");
  *out_found = found;
  return g_string_free (g_steal_pointer (&text), FALSE);
}

static const char *
advice_for (const ImapSasl *self, const ImapCapabilities *capabilities, guint32 found)
{
  /* RFC 3501 §6.2.3: over plain text nothing but TLS is offered. */
  if (imap_capabilities_has (capabilities, "LOGINDISABLED")
      && imap_capabilities_has (capabilities, "STARTTLS"))
    return "the server wants TLS first: set tls to \"implicit\" or \"starttls\"";
  if (self->settings.quirks != NULL && self->settings.quirks->token_only
      && self->settings.token == NULL)
    return self->settings.quirks->login_hint;
  for (guint i = 0; i < G_N_ELEMENTS (obstacle_advice); i++)
    if ((found & (guint32) 1 << obstacle_advice[i].obstacle) != 0)
      return obstacle_advice[i].advice;
  return "ask the server's administrator for a way to log in, for example PLAIN over TLS";
}

static gboolean
say_none_fits (const ImapSasl *self, const ImapCapabilities *capabilities, GError **error)
{
  guint32 found = 0;
  g_autofree char *offers = offers_text (self, capabilities, &found);
  g_autofree char *allowed = self->settings.mechanisms == NULL
                                 ? NULL
                                 : g_strjoinv (" ", (char **) self->settings.mechanisms);
  g_autofree char *list = allowed == NULL
                              ? g_strdup ("")
                              : g_strdup_printf ("; auth allows only \"%s\"", allowed);
  g_autofree char *refusal = self->last_refusal == NULL
                                 ? g_strdup ("")
                                 : g_strdup_printf (
                                     "; the server refused the last one: %s",
                                     self->last_refusal);

  return haul_error_set (
      error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
      "log in to %s as '%s': none of the server's mechanisms can be used (%s%s): %s%s",
      self->settings.host, sasl_authcid (self), offers, list,
      advice_for (self, capabilities, found), refusal);
}

/* ---- The choice ---- */

gboolean
sasl_proxies (const ImapSasl *self)
{
  if (self->settings.auth_user == NULL)
    return FALSE;
  return self->proxy_wanted
         || (self->proxy_offered && self->current != NULL && !self->current->authzid);
}

const char *
sasl_authcid (const ImapSasl *self)
{
  return self->settings.auth_user != NULL ? self->settings.auth_user
                                          : self->settings.user;
}

const char *
sasl_authzid (const ImapSasl *self)
{
  return self->settings.auth_user == NULL || sasl_proxies (self) ? NULL
                                                                 : self->settings.user;
}

const char *
imap_sasl_proxy_user (const ImapSasl *self)
{
  return sasl_proxies (self) ? self->settings.user : NULL;
}

gboolean
imap_sasl_choose (ImapSasl *self, const ImapCapabilities *capabilities,
                  const char **out_name, gboolean *out_is_login_command, GError **error)
{
  note_offers (self, capabilities);
  sasl_reset (self);
  self->current = pick (self);
  if (self->current == NULL)
    return say_none_fits (self, capabilities, error);
  *out_name = self->current->name;
  *out_is_login_command = self->current->kind == SASL_LOGIN_COMMAND;
  return TRUE;
}

/* ---- After a refusal ---- */

/* Reads the token again: a changed one is worth an attempt. */
static gboolean
renew_token (ImapSasl *self)
{
  guint8 digest[32];

  if (self->token_renewed || !self->token_tried)
    return FALSE;
  self->token_renewed = TRUE;
  char *token = imap_bearer_read (self->settings.token, NULL);
  if (token == NULL)
    return FALSE;
  sasl_digest (self, token, strlen (token), digest);
  if (memcmp (digest, self->token_digest, sizeof digest) == 0)
    {
      haul_secret_free_text (token);
      return FALSE;
    }
  haul_secret_free_text (self->token);
  self->token = token;
  return TRUE;
}

gboolean
imap_sasl_may_retry (ImapSasl *self, ImapCode code, ImapString text)
{
  const SaslMechanism *mechanism = self->current;

  if (mechanism == NULL)
    return FALSE;
  g_free (self->last_refusal);
  self->last_refusal = imap_sasl_redact (self, text);
  if (sasl_is_busy (code, text))
    return FALSE;
  if (sasl_is_unsupported (code, text))
    {
      self->refused |= bit_of (mechanism);
      return pick (self) != NULL;
    }
  if (mechanism->token)
    return renew_token (self);
  /* Servers that do not know SASLprep hold the keys of the password as it is. */
  if (mechanism->kind == SASL_SCRAM && self->prepared_differs && !self->raw_password)
    {
      self->raw_password = TRUE;
      return pick (self) == mechanism;
    }
  self->refused |= bit_of (mechanism);
  self->protecting_refused |= !mechanism->exposes;
  /* Only a job that lists several wants several tried with the same password. */
  return self->settings.mechanisms != NULL && pick (self) != NULL;
}

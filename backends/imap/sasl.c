/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The dialogue of a login, and libgsasl behind it for SCRAM and GSSAPI: the only file
 * that knows libgsasl. Mechanisms of one line are in sasl-plain.c, the choice is in
 * sasl-choose.c, the meaning of refusals in sasl-refused.c. One thread, the session's;
 * reading a secret or a Kerberos ticket may block it. */
#include "sasl.h"

#include <string.h>

#include <gsasl.h>

#include "sasl-private.h"

struct _SaslEngine
{
  Gsasl *context;
  Gsasl_session *session; /* NULL: no mechanism of libgsasl under way */
};

/* ---- Channel binding ---- */

/* "tls-unique" exists only where it is the default of the version, TLS 1.2 (RFC 5929);
 * "tls-exporter" is that of TLS 1.3 (RFC 9266). NULL: none. */
static GBytes *
binding_of (const ImapSasl *self, const char *type)
{
  const ImapSaslSettings *settings = &self->settings;

  if (settings->binding == NULL)
    return NULL;
  GBytes *data = settings->binding (type, settings->binding_data);
  if (data != NULL && g_bytes_get_size (data) == 0)
    g_clear_pointer (&data, g_bytes_unref);
  return data;
}

gboolean
sasl_has_binding (const ImapSasl *self)
{
  const ImapQuirks *quirks = self->settings.quirks;
  gboolean both = quirks == NULL || !quirks->tls_unique_only;
  g_autoptr (GBytes) unique = binding_of (self, "tls-unique");
  g_autoptr (GBytes) exporter = unique == NULL && both ? binding_of (self, "tls-exporter")
                                                       : NULL;

  return unique != NULL || exporter != NULL;
}

/* Only for -PLUS. RFC 5802 §6 wants "y" from a client that could bind where the server
 * offers no -PLUS, but libgsasl 2.2 then fails ("y" with a name of a binding is refused
 * by its own check). "n" gives nothing away here: who could take the offer away would
 * have to stand inside TLS whose peer is verified. */
static int
give_binding (const ImapSasl *self, Gsasl_session *session, Gsasl_property property)
{
  g_autoptr (GBytes) data = NULL;

  if (!self->current->plus)
    return GSASL_NO_CALLBACK;
  g_autoptr (GBytes) unique = binding_of (self, "tls-unique");
  if (property == GSASL_CB_TLS_UNIQUE)
    data = g_steal_pointer (&unique);
  else if (unique == NULL)
    data = binding_of (self, "tls-exporter");
  if (data == NULL)
    return GSASL_NO_CALLBACK;
  gsize length;
  const guchar *bytes = g_bytes_get_data (data, &length);
  g_autofree char *base64 = g_base64_encode (bytes, length);
  return gsasl_property_set (session, property, base64);
}

/* ---- The password of SCRAM ---- */

/* Whether SASLprep changes @password; *out_fits is FALSE where it refuses it (RFC 4013:
 * control characters, characters that Unicode 3.2 did not have, bytes that are not
 * UTF-8). */
static gboolean
preparation_changes (const char *password, gboolean *out_fits)
{
  char *prepared = NULL;

  *out_fits = gsasl_saslprep (password, GSASL_ALLOW_UNASSIGNED, &prepared, NULL)
              == GSASL_OK;
  gboolean changes = *out_fits && strcmp (prepared, password) != 0;
  if (prepared != NULL)
    {
      explicit_bzero (prepared, strlen (prepared));
      gsasl_free (prepared);
    }
  return changes;
}

/* PBKDF2 of the password into @out_key: prepared if it can be, and as it is where
 * SASLprep refuses it or the server has refused the prepared one. */
static gboolean
derive_key (ImapSasl *self, const char *password, HaulBytes salt, guint iterations,
            guint8 *out_key)
{
  guint8 client_key[64], server_key[64], stored_key[64];
  GChecksumType hash = self->current->hash;
  gboolean fits;

  self->prepared_differs = preparation_changes (password, &fits);
  if (!fits || self->raw_password)
    {
      sasl_pbkdf2 (hash, password, salt, iterations, out_key);
      return TRUE;
    }
  int result = gsasl_scram_secrets_from_password (
      hash == G_CHECKSUM_SHA256 ? GSASL_HASH_SHA256 : GSASL_HASH_SHA1, password,
      iterations, (const char *) salt.data, salt.length, (char *) out_key,
      (char *) client_key, (char *) server_key, (char *) stored_key);
  explicit_bzero (client_key, sizeof client_key);
  explicit_bzero (server_key, sizeof server_key);
  explicit_bzero (stored_key, sizeof stored_key);
  return result == GSASL_OK;
}

/* Gives libgsasl the salted password in hexadecimal: the password itself never gets into
 * its memory. */
static int
give_salted_password (ImapSasl *self, Gsasl_session *session)
{
  const char *salt_text = gsasl_property_fast (session, GSASL_SCRAM_SALT);
  const char *count_text = gsasl_property_fast (session, GSASL_SCRAM_ITER);
  guint8 key[64];
  char hexadecimal[2 * sizeof key + 1];
  guint64 count;

  if (salt_text == NULL || count_text == NULL
      || !imap_number_parse ((ImapString){ count_text, strlen (count_text) }, &count)
      || count == 0 || count > SASL_LIMIT_ITERATIONS)
    return GSASL_NO_CALLBACK;
  char *password = sasl_password (self, &self->engine_error);
  if (password == NULL)
    return GSASL_NO_CALLBACK;

  HaulBytes salt = HAUL_NO_BYTES;
  g_autofree guchar *bytes = g_base64_decode (salt_text, &salt.length);
  salt.data = bytes;
  gboolean derived = derive_key (self, password, salt, (guint) count, key);
  haul_secret_free_text (password);
  int result = GSASL_NO_CALLBACK;
  if (derived)
    {
      gsize length = (gsize) g_checksum_type_get_length (self->current->hash);
      for (gsize i = 0; i < length; i++)
        g_snprintf (hexadecimal + 2 * i, 3, "%02x", key[i]);
      result = gsasl_property_set (session, GSASL_SCRAM_SALTED_PASSWORD, hexadecimal);
    }
  explicit_bzero (key, sizeof key);
  explicit_bzero (hexadecimal, sizeof hexadecimal);
  return result;
}

static int
on_property (Gsasl *context, Gsasl_session *session, Gsasl_property property)
{
  ImapSasl *self = gsasl_session_hook_get (session);
  const char *value = NULL;

  if (property == GSASL_SCRAM_SALTED_PASSWORD)
    return give_salted_password (self, session);
  if (property == GSASL_CB_TLS_UNIQUE || property == GSASL_CB_TLS_EXPORTER)
    return give_binding (self, session, property);
  if (property == GSASL_AUTHID)
    value = sasl_authcid (self);
  else if (property == GSASL_AUTHZID)
    /* Kerberos: always with the name, as with a certificate. */
    value = self->current->kind == SASL_GSSAPI ? self->settings.user
                                               : sasl_authzid (self);
  else if (property == GSASL_SERVICE)
    value = "imap";
  else if (property == GSASL_HOSTNAME)
    value = self->settings.host;
  return value == NULL ? GSASL_NO_CALLBACK
                       : gsasl_property_set (session, property, value);
}

/* ---- libgsasl ---- */

/* NULL: no memory, or no cryptography. */
static SaslEngine *
engine_new (void)
{
  SaslEngine *engine = g_new0 (SaslEngine, 1);

  if (gsasl_init (&engine->context) != GSASL_OK)
    {
      g_free (engine);
      return NULL;
    }
  gsasl_callback_set (engine->context, on_property);
  return engine;
}

static void
engine_free (SaslEngine *engine)
{
  if (engine == NULL)
    return;
  gsasl_done (engine->context);
  g_free (engine);
}

static void
engine_end_session (SaslEngine *engine)
{
  if (engine == NULL || engine->session == NULL)
    return;
  const char *salted = gsasl_property_fast (engine->session, GSASL_SCRAM_SALTED_PASSWORD);
  if (salted != NULL)
    explicit_bzero ((char *) salted, strlen (salted));
  gsasl_finish (engine->session);
  engine->session = NULL;
}

gboolean
sasl_engine_supports (const ImapSasl *self, const SaslMechanism *mechanism)
{
  if (mechanism->kind != SASL_SCRAM && mechanism->kind != SASL_GSSAPI)
    return TRUE;
  return gsasl_client_support_p (self->engine->context, mechanism->name) != 0;
}

/* What to do about a failure of libgsasl. */
static const char *
engine_advice (const ImapSasl *self, int result)
{
  if (self->current->kind == SASL_GSSAPI)
    return ": is there a Kerberos ticket (klist), and does the host's name match its"
           " principal";
  if (result == GSASL_AUTHENTICATION_ERROR)
    return ": the server cannot prove that it knows the password";
  if (result == GSASL_SASLPREP_ERROR)
    return ": the user's name cannot be prepared for it; set auth to \"plain\"";
  return "";
}

/* One step of libgsasl. *@out_answer: (transfer full). */
static gboolean
engine_step (ImapSasl *self, HaulBytes challenge, GBytes **out_answer, GError **error)
{
  char *output = NULL;
  size_t length = 0;
  int result = gsasl_step (self->engine->session, (const char *) challenge.data,
                           challenge.length, &output, &length);
  gboolean fine = result == GSASL_OK || result == GSASL_NEEDS_MORE;

  if (fine)
    {
      *out_answer = sasl_secret_bytes (
          g_memdup2 (length == 0 ? "" : output, MAX (length, 1)), length);
      self->finished = result == GSASL_OK;
    }
  if (output != NULL)
    {
      explicit_bzero (output, length);
      gsasl_free (output);
    }
  if (fine)
    return TRUE;
  if (self->engine_error != NULL)
    {
      g_propagate_error (error, g_steal_pointer (&self->engine_error));
      return FALSE;
    }
  return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                         "log in with %s: %s%s", self->current->name,
                         gsasl_strerror (result), engine_advice (self, result));
}

static gboolean
engine_start (ImapSasl *self, GBytes **out_initial, GError **error)
{
  SaslEngine *engine = self->engine;
  int result = gsasl_client_start (engine->context, self->current->name,
                                   &engine->session);

  if (result != GSASL_OK)
    {
      engine->session = NULL;
      return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                             "log in with %s: %s", self->current->name,
                             gsasl_strerror (result));
    }
  gsasl_session_hook_set (engine->session, self);
  g_autoptr (GBytes) initial = NULL;
  if (!engine_step (self, HAUL_NO_BYTES, &initial, error))
    return FALSE;
  gsize length;
  const guint8 *data = g_bytes_get_data (initial, &length);
  g_free (self->nonce);
  self->nonce = sasl_scram_nonce ((HaulBytes){ data, length });
  *out_initial = g_steal_pointer (&initial);
  return TRUE;
}

/* Answers the server's last message of SCRAM when it is e=…: the server will say NO. */
static gboolean
scram_failed (ImapSasl *self, char *words, GBytes **out_answer)
{
  g_autofree char *taken = words;

  g_free (self->scram_error);
  self->scram_error = imap_sasl_redact (self, (ImapString){ taken, strlen (taken) });
  self->failed = TRUE;
  *out_answer = g_bytes_new_static ("", 0);
  return TRUE;
}

static gboolean
scram_step (ImapSasl *self, HaulBytes challenge, GBytes **out_answer, GError **error)
{
  char *words = NULL;

  if (self->steps == 0)
    {
      if (!sasl_scram_check_first (challenge, self->nonce == NULL ? "" : self->nonce,
                                   error))
        return FALSE;
      return engine_step (self, challenge, out_answer, error);
    }
  if (!sasl_scram_check_final (challenge, &words, error))
    return FALSE;
  if (words != NULL)
    return scram_failed (self, words, out_answer);
  if (!engine_step (self, challenge, out_answer, error))
    return FALSE;
  self->proven = self->finished;
  return TRUE;
}

/* ---- The object ---- */

static gboolean
name_is_valid (const char *option, const char *name, GError **error)
{
  if (*name == '\0')
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                           "%s: it is empty", option);
  for (const char *c = name; *c != '\0'; c++)
    if (g_ascii_iscntrl (*c))
      return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT,
                             "%s: there are control characters in it", option);
  return TRUE;
}

ImapSasl *
imap_sasl_new (const ImapSaslSettings *settings, GError **error)
{
  g_autoptr (ImapSasl) self = g_new0 (ImapSasl, 1);

  self->settings = *settings;
  if (self->settings.host == NULL)
    self->settings.host = "";
  self->engine = engine_new ();
  self->traces = g_array_new (FALSE, FALSE, sizeof (SaslTrace));
  if (self->engine == NULL
      || gsasl_nonce ((char *) self->key, sizeof self->key) != GSASL_OK)
    {
      haul_error_set (error, HAUL_ERROR_IO, HAUL_SCOPE_JOB,
                      "log in: libgsasl gives neither memory nor random bytes");
      return NULL;
    }
  if (!name_is_valid ("user", settings->user == NULL ? "" : settings->user, error))
    return NULL;
  if (settings->auth_user != NULL
      && !name_is_valid ("auth-user", settings->auth_user, error))
    return NULL;
  if (!sasl_list_is_valid (self, error))
    return NULL;
  return g_steal_pointer (&self);
}

void
sasl_reset (ImapSasl *self)
{
  engine_end_session (self->engine);
  g_clear_error (&self->engine_error);
  g_clear_pointer (&self->nonce, g_free);
  g_clear_pointer (&self->scram_error, g_free);
  g_clear_pointer (&self->token_status, g_free);
  self->steps = 0;
  self->finished = self->failed = self->proven = FALSE;
}

void
imap_sasl_free (ImapSasl *self)
{
  if (self == NULL)
    return;
  sasl_reset (self);
  engine_free (self->engine);
  haul_secret_free_text (self->token);
  g_free (self->last_refusal);
  g_array_unref (self->traces);
  explicit_bzero (self->key, sizeof self->key);
  g_free (self);
}

/* ---- The dialogue ---- */

static gboolean
uses_engine (const ImapSasl *self)
{
  return self->current->kind == SASL_SCRAM || self->current->kind == SASL_GSSAPI;
}

gboolean
imap_sasl_start (ImapSasl *self, gboolean *out_has_initial, GBytes **out_initial,
                 GError **error)
{
  g_autoptr (GBytes) initial = NULL;

  g_assert (self->current != NULL && self->current->kind != SASL_LOGIN_COMMAND);
  sasl_reset (self);
  if (uses_engine (self) ? !engine_start (self, &initial, error)
                         : !sasl_own_start (self, &initial, error))
    return FALSE;
  *out_has_initial = initial != NULL;
  *out_initial = g_steal_pointer (&initial);
  return TRUE;
}

static gboolean
refuse_challenge (const ImapSasl *self, const char *what, GError **error)
{
  return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                         "log in with %s: the server's challenge %s", self->current->name,
                         what);
}

/* The bytes of a challenge; NULL if it is not Base64. */
static GBytes *
decode (ImapString text)
{
  gsize start = 0;
  gsize end = text.length;

  while (end > start && (text.data[end - 1] == ' ' || text.data[end - 1] == '\t'))
    end--;
  while (start < end && (text.data[start] == ' ' || text.data[start] == '\t'))
    start++;
  if (start == end)
    return g_bytes_new_static ("", 0);
  g_autofree char *copy = g_strndup (text.data + start, end - start);
  gsize digits = strspn (copy, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                               "0123456789+/");
  gsize padding = strspn (copy + digits, "=");
  if (digits + padding != end - start || padding > 2 || (end - start) % 4 != 0)
    return NULL;
  gsize length;
  guchar *bytes = g_base64_decode (copy, &length);
  return g_bytes_new_take (bytes, length);
}

/* LOGIN's prompts are whatever the server likes, and what comes with the refusal of a
 * token is only for people. */
static gboolean
needs_base64 (const ImapSasl *self)
{
  return self->current->kind != SASL_LOGIN && !self->current->token;
}

static gboolean
answer (ImapSasl *self, GBytes *challenge, GBytes **out_answer, GError **error)
{
  if (!uses_engine (self))
    return sasl_own_step (self, challenge, out_answer, error);
  gsize length;
  const guint8 *data = g_bytes_get_data (challenge, &length);
  if (self->current->kind == SASL_SCRAM)
    return scram_step (self, (HaulBytes){ data, length }, out_answer, error);
  if (!engine_step (self, (HaulBytes){ data, length }, out_answer, error))
    return FALSE;
  self->proven = self->finished;
  return TRUE;
}

gboolean
imap_sasl_step (ImapSasl *self, ImapString challenge_base64, char **out_line_base64,
                GError **error)
{
  g_autoptr (GBytes) reply = NULL;

  g_assert (self->current != NULL);
  if (self->current->kind == SASL_LOGIN_COMMAND)
    return refuse_challenge (self, "has no place in it", error);
  if (challenge_base64.length > SASL_LIMIT_CHALLENGE_BYTES)
    return refuse_challenge (self, "is longer than 64 KiB", error);
  if (self->finished || self->failed || self->steps >= SASL_LIMIT_STEPS)
    return refuse_challenge (self, "is one too many", error);
  g_autoptr (GBytes) challenge = challenge_base64.data == NULL
                                     ? g_bytes_new_static ("", 0)
                                     : decode (challenge_base64);
  if (challenge == NULL && needs_base64 (self))
    return refuse_challenge (self, "is not Base64", error);
  if (challenge == NULL)
    challenge = g_bytes_new (challenge_base64.data, challenge_base64.length);
  if (!answer (self, challenge, &reply, error))
    return FALSE;
  self->steps++;
  gsize length;
  const guchar *data = g_bytes_get_data (reply, &length);
  *out_line_base64 = g_base64_encode (data, length);
  return TRUE;
}

gboolean
imap_sasl_login_read (ImapSasl *self, const char **out_user, char **out_password,
                      GError **error)
{
  char *password = sasl_password (self, error);

  if (password == NULL)
    return FALSE;
  *out_user = sasl_authcid (self);
  *out_password = password;
  return TRUE;
}

gboolean
imap_sasl_finish (ImapSasl *self, GError **error)
{
  const char *name = self->current->name;

  if (self->failed)
    return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                           "log in with %s: the server reported a failure and then OK",
                           name);
  if (uses_engine (self) && !self->proven)
    return haul_error_set (
        error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
        "log in with %s: the server said OK without proving that it knows the password: "
        "somebody may stand between it and us",
        name);
  engine_end_session (self->engine);
  return TRUE;
}

const char *
imap_sasl_token_status (const ImapSasl *self)
{
  return self->token_status;
}

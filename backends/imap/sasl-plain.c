/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mechanisms that are a line or two: PLAIN, LOGIN, EXTERNAL, CRAM-*, XOAUTH2 and
 * OAUTHBEARER. libgsasl has no bearer tokens, and here no secret is copied into memory
 * that nobody wipes. One thread, the session's. */
#include <string.h>

#include "sasl-private.h"
#include "token.h"

/* Bytes that are wiped when they are freed. */
typedef struct
{
  gsize length;
  guint8 *data;
} Secret;

static void
secret_bytes_free (gpointer data)
{
  Secret *secret = data;

  explicit_bzero (secret->data, secret->length);
  g_free (secret->data);
  g_free (secret);
}

GBytes *
sasl_secret_bytes (guint8 *data, gsize length)
{
  Secret *secret = g_new (Secret, 1);

  *secret = (Secret){ .length = length, .data = data };
  return g_bytes_new_with_free_func (data, length, secret_bytes_free, secret);
}

/* The @count parts, each followed by @separator but the last one, in memory of exactly
 * that size: a buffer that grows would leave copies behind. */
static GBytes *
join (const char *const *parts, guint count, char separator)
{
  gsize length = count - 1;
  gsize at = 0;

  for (guint i = 0; i < count; i++)
    length += strlen (parts[i]);
  guint8 *data = g_malloc (length + 1);
  for (guint i = 0; i < count; i++)
    {
      gsize size = strlen (parts[i]);
      memcpy (data + at, parts[i], size);
      at += size;
      if (i + 1 < count)
        data[at++] = (guint8) separator;
    }
  data[length] = 0;
  return sasl_secret_bytes (data, length);
}

static GBytes *
bytes_of (const char *text)
{
  return join (&text, 1, '\0');
}

char *
sasl_password (ImapSasl *self, GError **error)
{
  char *password = haul_secret_read (self->settings.password, error);

  if (password == NULL)
    return NULL;
  self->password_attempts++;
  sasl_remember (self, password, strlen (password));
  return password;
}

/* The token: the one read ahead, else read now. */
static char *
take_token (ImapSasl *self, GError **error)
{
  char *token = g_steal_pointer (&self->token);

  if (token == NULL)
    token = imap_bearer_read (self->settings.token, error);
  if (token == NULL)
    return NULL;
  sasl_digest (self, token, strlen (token), self->token_digest);
  self->token_tried = TRUE;
  sasl_remember (self, token, strlen (token));
  return token;
}

/* Whose mailbox a token is for: providers take the mailbox's name here, whoever the token
 * was given to (imap.md §4.1). */
static const char *
token_user (const ImapSasl *self)
{
  return self->proxy_wanted ? sasl_authcid (self) : self->settings.user;
}

/* "," and "=" in a name of GS2 (RFC 5801 §4). */
static char *
escape_name (const char *name)
{
  GString *text = g_string_new (NULL);

  for (const char *c = name; *c != '\0'; c++)
    {
      if (*c == ',')
        g_string_append (text, "=2C");
      else if (*c == '=')
        g_string_append (text, "=3D");
      else
        g_string_append_c (text, *c);
    }
  return g_string_free (text, FALSE);
}

static GBytes *
bearer_response (ImapSasl *self, GError **error)
{
  char *token = take_token (self, error);

  if (token == NULL)
    return NULL;
  char *authorization = g_strconcat ("auth=Bearer ", token, NULL);
  GBytes *response;
  if (self->current->kind == SASL_XOAUTH2)
    {
      g_autofree char *user = g_strconcat ("user=", token_user (self), NULL);
      const char *parts[] = { user, authorization, "", "" };
      response = join (parts, G_N_ELEMENTS (parts), '\001');
    }
  else
    {
      g_autofree char *name = escape_name (token_user (self));
      g_autofree char *header = g_strconcat ("n,a=", name, ",", NULL);
      g_autofree char *host = g_strconcat ("host=", self->settings.host, NULL);
      g_autofree char *port = g_strdup_printf ("port=%u", self->settings.port);
      const char *parts[] = { header, host, port, authorization, "", "" };
      response = join (parts, G_N_ELEMENTS (parts), '\001');
    }
  haul_secret_free_text (authorization);
  haul_secret_free_text (token);
  return response;
}

static GBytes *
plain_response (ImapSasl *self, GError **error)
{
  char *password = sasl_password (self, error);

  if (password == NULL)
    return NULL;
  const char *authzid = sasl_authzid (self);
  const char *parts[] = { authzid == NULL ? "" : authzid, sasl_authcid (self), password };
  GBytes *response = join (parts, G_N_ELEMENTS (parts), '\0');
  haul_secret_free_text (password);
  return response;
}

gboolean
sasl_own_start (ImapSasl *self, GBytes **out_initial, GError **error)
{
  GBytes *initial = NULL;

  switch (self->current->kind)
    {
    case SASL_XOAUTH2:
    case SASL_OAUTHBEARER:
      initial = bearer_response (self, error);
      break;
    case SASL_PLAIN:
      initial = plain_response (self, error);
      break;
    case SASL_EXTERNAL:
      /* Always with a name: a certificate of somebody else must not open another
       * mailbox than the one that the job names (RFC 4422, appendix A). */
      initial = bytes_of (self->settings.user);
      break;
    case SASL_CRAM:
    case SASL_LOGIN:
      *out_initial = NULL;
      return TRUE;
    case SASL_SCRAM:
    case SASL_GSSAPI:
    case SASL_LOGIN_COMMAND:
      g_assert_not_reached ();
    }
  if (initial == NULL)
    return FALSE;
  const gchar *data = g_bytes_get_data (initial, NULL);
  if (self->current->kind != SASL_EXTERNAL)
    sasl_remember (self, data, g_bytes_get_size (initial));
  *out_initial = initial;
  return TRUE;
}

static gboolean
refuse (const ImapSasl *self, GError **error)
{
  return haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                         "log in with %s: the server asks once more than it may",
                         self->current->name);
}

/* RFC 2195 §2. */
static GBytes *
cram_response (ImapSasl *self, GBytes *challenge, GError **error)
{
  gsize length;
  const guchar *data = g_bytes_get_data (challenge, &length);

  if (length == 0)
    {
      haul_error_set (error, HAUL_ERROR_AUTH, HAUL_SCOPE_ACCOUNT,
                      "log in with %s: the server's challenge is empty",
                      self->current->name);
      return NULL;
    }
  char *password = sasl_password (self, error);
  if (password == NULL)
    return NULL;
  g_autofree char *digest = g_compute_hmac_for_data (
      self->current->hash, (const guchar *) password, strlen (password), data, length);
  haul_secret_free_text (password);
  const char *parts[] = { sasl_authcid (self), digest };
  return join (parts, G_N_ELEMENTS (parts), ' ');
}

/* What the server says in a refusal of a token, and the line that ends the dialogue:
 * empty for XOAUTH2, ^A for OAUTHBEARER (RFC 7628 §3.2.3). */
static GBytes *
bearer_refused (ImapSasl *self, GBytes *challenge)
{
  gsize length;
  const char *json = g_bytes_get_data (challenge, &length);

  g_free (self->token_status);
  self->token_status = imap_bearer_status ((ImapString){ json, length });
  self->failed = TRUE;
  return bytes_of (self->current->kind == SASL_XOAUTH2 ? "" : "\001");
}

gboolean
sasl_own_step (ImapSasl *self, GBytes *challenge, GBytes **out_answer, GError **error)
{
  GBytes *answer = NULL;

  switch (self->current->kind)
    {
    case SASL_XOAUTH2:
    case SASL_OAUTHBEARER:
      if (self->steps > 0)
        return refuse (self, error);
      answer = bearer_refused (self, challenge);
      break;
    case SASL_CRAM:
      if (self->steps > 0)
        return refuse (self, error);
      answer = cram_response (self, challenge, error);
      break;
    case SASL_LOGIN:
      if (self->steps > 1)
        return refuse (self, error);
      if (self->steps == 0)
        answer = bytes_of (sasl_authcid (self));
      else
        {
          char *password = sasl_password (self, error);
          answer = password == NULL ? NULL : bytes_of (password);
          haul_secret_free_text (password);
        }
      break;
    case SASL_EXTERNAL:
    case SASL_PLAIN:
      return refuse (self, error);
    case SASL_SCRAM:
    case SASL_GSSAPI:
    case SASL_LOGIN_COMMAND:
      g_assert_not_reached ();
    }
  if (answer == NULL)
    return FALSE;
  *out_answer = answer;
  return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Bearer tokens as they are read, and the JSON with which servers refuse them. When to
 * read one again is the login's (sasl.h). Any thread; a command blocks the caller's. */
#include "token.h"

#include <string.h>

/* A status is a word or a number; more is text for nobody. */
#define STATUS_LIMIT_BYTES 64u

static gboolean
is_blank (gchar c)
{
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* What is wrong with the @length bytes of @text as a token; NULL: nothing. RFC 6750
 * allows less than this, but what a provider gives out is the provider's business. */
static const char *
token_fault (const char *text, gsize length)
{
  if (length == 0)
    return "it is empty";
  if (length > IMAP_TOKEN_LIMIT_BYTES)
    return "it is longer than 16 KiB";
  if (text[0] == '{')
    return "it is JSON; the token alone is needed (the value of access_token)";
  for (gsize i = 0; i < length; i++)
    {
      if (is_blank (text[i]))
        return "there are blanks or line ends inside it";
      if (g_ascii_iscntrl (text[i]) || (guchar) text[i] >= 0x7f)
        return "it holds bytes that no token has";
    }
  return NULL;
}

char *
imap_bearer_read (const HaulSecret *secret, GError **error)
{
  static const char scheme[] = "Bearer ";
  char *text = haul_secret_read (secret, error);

  if (text == NULL)
    return NULL;

  const char *start = text;
  gsize length = strlen (text);
  while (length > 0 && is_blank (start[length - 1]))
    length--;
  while (length > 0 && is_blank (*start))
    start++, length--;
  gsize prefix = strlen (scheme);
  if (length > prefix && g_ascii_strncasecmp (start, scheme, prefix) == 0)
    start += prefix, length -= prefix;

  const char *fault = token_fault (start, length);
  char *token = NULL;
  if (fault == NULL)
    {
      token = g_malloc (length + 1);
      memcpy (token, start, length);
      token[length] = '\0';
    }
  haul_secret_free_text (text);
  if (fault != NULL)
    haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT, "read token: %s",
                    fault);
  return token;
}

static gsize
skip_blanks (ImapString json, gsize at)
{
  while (at < json.length && is_blank (json.data[at]))
    at++;
  return at;
}

/* Behind the string that starts at the quote @at; *out_content is what is inside, escapes
 * untouched. */
static gsize
read_string (ImapString json, gsize at, ImapString *out_content)
{
  gsize end = at + 1;

  while (end < json.length && json.data[end] != '"')
    end += json.data[end] == '\\' ? 2 : 1;
  end = MIN (end, json.length);
  *out_content = (ImapString){ json.data + at + 1, end - at - 1 };
  return MIN (end + 1, json.length);
}

/* The string or number at @at; nothing else counts. */
static ImapString
read_value (ImapString json, gsize at)
{
  ImapString value = { NULL, 0 };

  if (at < json.length && json.data[at] == '"')
    read_string (json, at, &value);
  else
    {
      gsize end = at;
      while (end < json.length && g_ascii_isdigit (json.data[end]))
        end++;
      value = (ImapString){ json.data + at, end - at };
    }
  return value;
}

/* The value of the member @name; empty if there is none. */
static ImapString
find_member (ImapString json, const char *name)
{
  for (gsize at = 0; at < json.length;)
    {
      if (json.data[at] != '"')
        {
          at++;
          continue;
        }
      ImapString key;
      at = skip_blanks (json, read_string (json, at, &key));
      if (at < json.length && json.data[at] == ':' && imap_string_is (key, name))
        return read_value (json, skip_blanks (json, at + 1));
    }
  return (ImapString){ NULL, 0 };
}

char *
imap_bearer_status (ImapString json)
{
  if (json.data == NULL)
    return NULL;
  ImapString value = find_member (json, "status");
  if (value.length == 0)
    value = find_member (json, "error");
  if (value.length == 0)
    return NULL;

  char *status = g_strndup (value.data, MIN (value.length, STATUS_LIMIT_BYTES));
  for (char *c = status; *c != '\0'; c++)
    if (!g_ascii_isprint (*c))
      *c = '?';
  return status;
}

const char *
imap_bearer_advice (const char *status)
{
  static const struct
  {
    const char *status;
    const char *advice;
  } known[] = {
    { "invalid_token", "the token has expired, was revoked, or is for another "
                       "service: get a new one" },
    { "401",
      "the token has expired, was revoked, or is for another service: get a new one" },
    { "400", "the token has expired, or is not of this user: get a new one" },
    { "insufficient_scope",
      "the token's scope does not cover IMAP: ask for one that does" },
    { "403", "the token's scope does not cover IMAP, or the user may not use IMAP" },
    { "invalid_request",
      "the server does not understand the token: is it an access token, and "
      "not a refresh token" },
  };

  for (guint i = 0; status != NULL && i < G_N_ELEMENTS (known); i++)
    if (g_ascii_strcasecmp (status, known[i].status) == 0)
      return known[i].advice;
  return "the token may have expired, be of another user, or lack the scope for IMAP";
}

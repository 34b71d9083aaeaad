/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Endpoints and filters as the command line writes them. Pure.
 */
#include <string.h>

#include "cli/cli.h"

/* A value from the command line is never a ${column}. */
static void
add_literal (JobElement *element, const char *name, const char *value)
{
  g_autofree char *escaped = job_escape (value);
  job_element_add (element, name, escaped);
}

/* SPLIT_FLAGS: RFC 5092 knows "user;AUTH=MECHANISM". */
#define SPLIT_FLAGS (G_URI_FLAGS_HAS_PASSWORD | G_URI_FLAGS_HAS_AUTH_PARAMS)

GUri *
uri_split (const char *uri, GError **error)
{
  const char *authority = strstr (uri, "://");
  if (authority == NULL)
    return g_uri_parse (uri, SPLIT_FLAGS, error);
  authority += strlen ("://");
  gsize length = strcspn (authority, "/?#");
  const char *last = g_strrstr_len (authority, (gssize) length, "@");
  GString *tidy = g_string_new_len (uri, authority - uri);
  for (const char *at = authority; *at != '\0'; at++)
    if (*at == '@' && last != NULL && at < last)
      g_string_append (tidy, "%40");
    else
      g_string_append_c (tidy, *at);
  GUri *parsed = g_uri_parse (tidy->str, SPLIT_FLAGS, error);
  g_string_free (tidy, TRUE);
  return parsed;
}

/* without_user: what may be shown of an address: a password may stand before the '@'. */
static const char *
without_user (const char *uri)
{
  const char *at = strrchr (uri, '@');
  return at != NULL ? at + 1 : uri;
}

/* The last one wins, so that an option can correct what an address says. */
static void
drop_option (JobElement *element, const char *name)
{
  for (guint i = 0; i < element->options->len; i++)
    if (strcmp (((JobOption *) element->options->pdata[i])->name, name) == 0)
      {
        g_ptr_array_remove_index (element->options, i);
        return;
      }
}

/* Always returns NULL. */
static JobElement *refuse (GError **error, const char *format, ...) G_GNUC_PRINTF (2, 3);

static JobElement *
refuse (GError **error, const char *format, ...)
{
  va_list arguments;
  va_start (arguments, format);
  g_autofree char *text = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  (void) haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "%s", text);
  return NULL;
}

static gboolean
has_controls (const char *text)
{
  for (; *text != '\0'; text++)
    if (g_ascii_iscntrl (*text))
      return TRUE;
  return FALSE;
}

/* What stands behind the host: nothing, or "/". What may be part of a password that holds
 * a '/' is not shown. */
static gboolean
is_whole_mailbox (const char *uri, const GUri *parsed, GError **error)
{
  const char *path = g_uri_get_path ((GUri *) parsed);
  const char *begin = strstr (uri, "://") + strlen ("://");
  gboolean more = g_uri_get_query ((GUri *) parsed) != NULL
                  || g_uri_get_fragment ((GUri *) parsed) != NULL
                  || (*path != '\0' && strcmp (path, "/") != 0);
  if (!more)
    return TRUE;
  if (strchr (begin + strcspn (begin, "/?#"), '@') != NULL)
    (void) refuse (error, "in an address a \"/\", \"?\" or \"#\" in front of the \"@\" "
                          "is written %%2F, %%3F or %%23");
  else
    (void) refuse (error,
                   "\"%s://%s%s\" names a folder: an address is a whole mailbox, choose "
                   "folders with --filter",
                   g_uri_get_scheme ((GUri *) parsed), g_uri_get_host ((GUri *) parsed),
                   path);
  return FALSE;
}

/* "AUTH=XOAUTH2", "AUTH=*" (RFC 5092 §3.2): the mechanism, "" for any; NULL: it is
 * something else. */
static const char *
mechanism_of (const char *parameters)
{
  if (g_ascii_strncasecmp (parameters, "AUTH=", strlen ("AUTH=")) != 0)
    return NULL;
  const char *name = parameters + strlen ("AUTH=");
  if (strcmp (name, "*") == 0)
    return "";
  for (const char *at = name; *at != '\0'; at++)
    if (!g_ascii_isalnum (*at) && *at != '-' && *at != '_')
      return NULL;
  return *name != '\0' ? name : NULL;
}

static gboolean
add_user (JobElement *element, const GUri *parsed, GError **error)
{
  const char *user = g_uri_get_user ((GUri *) parsed);
  const char *parameters = g_uri_get_auth_params ((GUri *) parsed);
  const char *mechanism = parameters != NULL ? mechanism_of (parameters) : "";
  if (g_uri_get_password ((GUri *) parsed) != NULL)
    return haul_error_set (
        error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
        "a password in an address can be seen by everyone on this machine: use "
        "--source-password-file, --destination-password-file or the environment (a \":\" "
        "in a user's name is written %%3A)");
  if (mechanism == NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "behind a user's name only \";AUTH=MECHANISM\" may stand (a "
                           "\";\" in it is written %%3B)");
  if (user != NULL && (*user == '\0' || has_controls (user)))
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "the user's name in the address for %s is empty or holds a "
                           "control character",
                           g_uri_get_host ((GUri *) parsed));
  if (user != NULL)
    add_literal (element, "user", user);
  if (*mechanism != '\0')
    add_literal (element, "auth", mechanism);
  return TRUE;
}

static JobElement *
parse_imap (const char *uri, gboolean implicit_tls, GError **error)
{
  g_autoptr (GUri) parsed = uri_split (uri, NULL);
  const char *host = parsed != NULL ? g_uri_get_host (parsed) : NULL;
  if (host == NULL || *host == '\0' || has_controls (host) || strchr (host, ' ') != NULL
      || g_uri_get_port (parsed) == 0)
    return refuse (error, "\"%s\" is not an address like imaps://user@host:port/",
                   without_user (uri));
  if (!is_whole_mailbox (uri, parsed, error))
    return NULL;
  JobElement *element = job_element_new ("imap", 0);
  add_literal (element, "host", host);
  if (g_uri_get_port (parsed) > 0)
    {
      g_autofree char *port = g_strdup_printf ("%d", g_uri_get_port (parsed));
      add_literal (element, "port", port);
    }
  if (!add_user (element, parsed, error))
    g_clear_pointer (&element, job_element_free);
  else
    add_literal (element, "tls", implicit_tls ? "implicit" : "starttls");
  return element;
}

/* has_scheme: as RFC 3986 §3.1 has it, in any case. */
static gboolean
has_scheme (const char *uri, const char *scheme)
{
  return g_ascii_strncasecmp (uri, scheme, strlen (scheme)) == 0;
}

JobElement *
uri_parse (const char *uri, GError **error)
{
  if (!g_utf8_validate (uri, -1, NULL) && strstr (uri, "://") != NULL)
    return refuse (error, "an address must be UTF-8");
  if (has_scheme (uri, "imaps://"))
    return parse_imap (uri, TRUE, error);
  if (has_scheme (uri, "imap://"))
    return parse_imap (uri, FALSE, error);
  if (has_scheme (uri, "imaps:") || has_scheme (uri, "imap:"))
    return refuse (error, "an IMAP address is written imaps://user@host:port/");
  const char *colon = strchr (uri, ':');
  if (colon == NULL || colon == uri || colon[1] == '\0')
    return refuse (error,
                   "\"%s\" is not an address: write maildir:PATH, mbox:PATH or "
                   "imaps://user@host/",
                   without_user (uri));
  g_autofree char *plugin = g_strndup (uri, (gsize) (colon - uri));
  JobElement *element = job_element_new (plugin, 0);
  add_literal (element, "path", colon + 1);
  return element;
}

gboolean
uri_add_option (JobElement *element, const char *assignment, GError **error)
{
  const char *equals = strchr (assignment, '=');
  if (equals == NULL || equals == assignment)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"%.*s\" is not an option: write NAME=VALUE",
                           (int) strcspn (assignment, "="), assignment);
  g_autofree char *name = g_strndup (assignment, (gsize) (equals - assignment));
  drop_option (element, name);
  add_literal (element, name, equals + 1);
  return TRUE;
}

/* not_a_filter: says what is wrong with @text, of which only the beginning is repeated: a
 * value behind it may be a secret. GShell's own words would repeat all of it. */
static JobElement *
not_a_filter (const char *text, const char *why, GError **error)
{
  g_autofree char *begin = g_strndup (text, strcspn (text, "= \t\n"));
  gboolean whole = strlen (begin) == strlen (text);
  (void) haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                         "filter \"%s%s\": %s; write it like 'skip-folder name=Trash'",
                         begin, whole ? "" : "…", why);
  return NULL;
}

JobElement *
uri_parse_filter (const char *text, GError **error)
{
  g_auto (GStrv) words = NULL;
  g_autoptr (GError) local = NULL;
  if (!g_shell_parse_argv (text, NULL, &words, &local))
    {
      gboolean empty = g_error_matches (local, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING);
      return not_a_filter (text, empty ? "it is empty" : "a quote is not closed", error);
    }
  if (strchr (words[0], '=') != NULL)
    return not_a_filter (text, "the filter's name comes first", error);
  JobElement *element = job_element_new (words[0], 0);
  for (char **word = words + 1; *word != NULL; word++)
    if (!uri_add_option (element, *word, error))
      {
        g_prefix_error (error, "filter %s: ", words[0]);
        job_element_free (element);
        return NULL;
      }
  return element;
}

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

GUri *
uri_split (const char *uri, GError **error)
{
  const char *authority = strstr (uri, "://");
  if (authority == NULL)
    return g_uri_parse (uri, G_URI_FLAGS_HAS_PASSWORD, error);
  authority += strlen ("://");
  gsize length = strcspn (authority, "/?#");
  const char *last = g_strrstr_len (authority, (gssize) length, "@");
  GString *tidy = g_string_new_len (uri, authority - uri);
  for (const char *at = authority; *at != '\0'; at++)
    if (*at == '@' && last != NULL && at < last)
      g_string_append (tidy, "%40");
    else
      g_string_append_c (tidy, *at);
  GUri *parsed = g_uri_parse (tidy->str, G_URI_FLAGS_HAS_PASSWORD, error);
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

static JobElement *
parse_imap (const char *uri, gboolean implicit_tls, GError **error)
{
  g_autoptr (GError) local = NULL;
  g_autoptr (GUri) parsed = uri_split (uri, &local);
  if (parsed == NULL || g_uri_get_host (parsed) == NULL
      || *g_uri_get_host (parsed) == '\0')
    {
      (void) haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                             "\"%s\" is not an address like imaps://user@host:port/",
                             without_user (uri));
      return NULL;
    }
  const char *path = g_uri_get_path (parsed);
  if ((*path != '\0' && strcmp (path, "/") != 0) || g_uri_get_query (parsed) != NULL)
    {
      (void) haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                             "\"%s://%s%s\" names a folder: an address is a whole "
                             "mailbox, choose folders with --filter",
                             g_uri_get_scheme (parsed), g_uri_get_host (parsed), path);
      return NULL;
    }
  if (g_uri_get_password (parsed) != NULL)
    {
      (void) haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                             "a password in an address can be seen by everyone on this "
                             "machine: use --source-password-file or the environment");
      return NULL;
    }
  JobElement *element = job_element_new ("imap", 0);
  add_literal (element, "host", g_uri_get_host (parsed));
  if (g_uri_get_port (parsed) > 0)
    {
      g_autofree char *port = g_strdup_printf ("%d", g_uri_get_port (parsed));
      add_literal (element, "port", port);
    }
  if (g_uri_get_user (parsed) != NULL)
    add_literal (element, "user", g_uri_get_user (parsed));
  add_literal (element, "tls", implicit_tls ? "implicit" : "starttls");
  return element;
}

JobElement *
uri_parse (const char *uri, GError **error)
{
  if (g_str_has_prefix (uri, "imaps://"))
    return parse_imap (uri, TRUE, error);
  if (g_str_has_prefix (uri, "imap://"))
    return parse_imap (uri, FALSE, error);
  const char *colon = strchr (uri, ':');
  if (colon == NULL || colon == uri || colon[1] == '\0')
    {
      (void) haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                             "\"%s\" is not an address: write maildir:PATH, mbox:PATH or "
                             "imaps://user@host/",
                             uri);
      return NULL;
    }
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

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Passwords for `mailhaul copy`: from a file, the environment, or a question on the
 * terminal without echo. Never shown, never part of a job's text. Main thread.
 */
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cli/cli.h"
#include "model/preset.h"

/* PASSWORD_BYTES_MAX: what a person types; a terminal's own line is no longer. */
#define PASSWORD_BYTES_MAX 4096
/* INTERRUPT_BYTE: Ctrl-C, which arrives as a byte while signals from the terminal are
 * off. */
#define INTERRUPT_BYTE 3

static gboolean
has_option (const JobElement *element, const char *prefix)
{
  for (guint i = 0; i < element->options->len; i++)
    if (g_str_has_prefix (((JobOption *) element->options->pdata[i])->name, prefix))
      return TRUE;
  return FALSE;
}

/* needs_no_password: every one of the mechanisms @list does without. */
static gboolean
needs_no_password (const char *list)
{
  static const char *const without[] = { "XOAUTH2", "OAUTHBEARER", "EXTERNAL", "GSSAPI",
                                         "ANONYMOUS" };
  g_auto (GStrv) words = g_strsplit_set (list, " \t\r\n", -1);
  gboolean any = FALSE;
  for (char **word = words; *word != NULL; word++)
    {
      gboolean known = **word == '\0';
      for (guint i = 0; i < G_N_ELEMENTS (without); i++)
        known = known || g_ascii_strcasecmp (*word, without[i]) == 0;
      if (!known)
        return FALSE;
      any = any || **word != '\0';
    }
  return any;
}

/* mechanisms: the value of the option "auth", of the element or its preset; NULL: none.
 * (transfer full) */
static char *
mechanisms (const JobElement *element, const HaulBackend *backend)
{
  for (guint i = 0; i < element->options->len; i++)
    {
      const JobOption *option = element->options->pdata[i];
      if (strcmp (option->name, "auth") == 0)
        return g_strdup (option->value);
    }
  g_autoptr (Job) job = job_new_for_pair ("password", NULL, NULL);
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (Preset) preset = NULL;
  const HaulOptionSpec *spec = option_table_find (backend->options, "auth");
  if (spec == NULL
      || !preset_of_element (job, element, job->accounts->pdata[0], backend->options,
                             &preset, problems)
      || preset == NULL)
    return NULL;
  const PresetOption *option = preset_option (preset, spec,
                                              PRESET_SOURCE | PRESET_DESTINATION);
  return option != NULL ? g_strdup (option->value) : NULL;
}

/* Whether the backend takes a password; a token or a tunnel makes it unnecessary, and so
 * do mechanisms that know none. */
static gboolean
wants_password (Cli *cli, const JobElement *element)
{
  const HaulBackend *backend = registry_backend (cli->registry, element->plugin, NULL);
  if (backend == NULL || has_option (element, "password") || has_option (element, "token")
      || has_option (element, "tunnel"))
    return FALSE;
  g_autofree char *list = mechanisms (element, backend);
  if (list != NULL && needs_no_password (list))
    return FALSE;
  for (const HaulOptionSpec *spec = backend->options; spec->name != NULL; spec++)
    if (spec->type == HAUL_OPTION_SECRET && strcmp (spec->name, "password") == 0)
      return TRUE;
  return FALSE;
}

/* read_line: up to the line's end or Ctrl-C (then FALSE). */
static gboolean
read_line (int fd, char *out, gsize size)
{
  gsize length = 0;
  char byte;
  while (read (fd, &byte, 1) == 1 && byte != '\n')
    {
      if (byte == INTERRUPT_BYTE)
        return FALSE;
      if (length + 1 < size)
        out[length++] = byte;
    }
  out[length] = '\0';
  return TRUE;
}

/* ask: a question on the terminal. NULL: there is none, or (*@out_broken) Ctrl-C. The
 * terminal's signals are off meanwhile, so that it never stays without an echo. */
static char *
ask (const char *side, gboolean *out_broken)
{
  struct termios before;
  int fd = open ("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
  if (fd < 0)
    return NULL;
  if (tcgetattr (fd, &before) != 0)
    {
      close (fd);
      return NULL;
    }
  struct termios silent = before;
  silent.c_lflag &= ~(tcflag_t) (ECHO | ISIG);
  silent.c_cc[VEOL] =
      INTERRUPT_BYTE; /* it ends the line: no Return is needed behind it */
  char line[PASSWORD_BYTES_MAX];
  /* Before the question: who answers it at once is neither shown nor passed over. */
  tcsetattr (fd, TCSAFLUSH, &silent);
  fprintf (stderr, "Password of the %s: ", side);
  *out_broken = !read_line (fd, line, sizeof line);
  tcsetattr (fd, TCSAFLUSH, &before);
  fprintf (stderr, "\n");
  close (fd);
  char *text = *out_broken ? NULL : g_strdup (line);
  explicit_bzero (line, sizeof line);
  return text;
}

gboolean
password_add (Cli *cli, JobElement *element, const char *side, const char *file,
              const char *variable)
{
  if (file != NULL)
    {
      g_autofree char *escaped = job_escape (file);
      job_element_add (element, "password-file", escaped);
      return TRUE;
    }
  if (!wants_password (cli, element))
    return TRUE;
  if (g_getenv (variable) == NULL)
    {
      gboolean broken = FALSE;
      char *text = ask (side, &broken);
      if (text == NULL)
        return !broken;
      /* Through the environment of this process: never through the job's own text. */
      g_setenv (variable, text, TRUE);
      explicit_bzero (text, strlen (text));
      g_free (text);
    }
  job_element_add (element, "password-env", variable);
  return TRUE;
}

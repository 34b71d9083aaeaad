/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Secrets: remembers where one stands and reads it anew when asked. Whatever held it is
 * wiped. Errors name the place, never the secret; of a command only the program is named,
 * since its arguments may be secret too. Any thread; a command blocks the caller's.
 */
#include "secret.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gio/gio.h>

#include <mailhaul/error.h>

/* Passwords and tokens are far shorter; a file or command that yields more is the wrong
 * one, and must not fill the memory. */
#define SECRET_LIMIT_BYTES (64 * 1024)

/* Long enough for a person to type the pass phrase of a key store. */
#define COMMAND_LIMIT_US (60 * G_USEC_PER_SEC)

struct _HaulSecret
{
  SecretKind kind;
  char *option;
  char *value;
  char *directory;
};

/* SecretBuffer: bytes that are wiped when they are freed; always has room for a NUL. */
typedef struct
{
  gsize length;
  guint8 data[SECRET_LIMIT_BYTES + 1];
} SecretBuffer;

static void
secret_buffer_free (SecretBuffer *self)
{
  explicit_bzero (self, sizeof *self);
  g_free (self);
}

G_DEFINE_AUTOPTR_CLEANUP_FUNC (SecretBuffer, secret_buffer_free)

const char *
secret_suffix (SecretKind kind)
{
  static const char *const suffixes[SECRET_KINDS] = { "", "-file", "-env", "-command" };

  return suffixes[kind];
}

HaulSecret *
secret_new (SecretKind kind, const char *option, const char *value, const char *directory)
{
  HaulSecret *self = g_new0 (HaulSecret, 1);

  self->kind = kind;
  self->option = g_strdup (option);
  self->value = g_strdup (value);
  self->directory = g_strdup (directory);
  return self;
}

void
secret_free (HaulSecret *self)
{
  if (self == NULL)
    return;
  haul_secret_free_text (self->value);
  g_free (self->option);
  g_free (self->directory);
  g_free (self);
}

void
haul_secret_free_text (char *text)
{
  if (text == NULL)
    return;
  explicit_bzero (text, strlen (text));
  g_free (text);
}

/* Always returns NULL. */
static char *
refuse (GError **error, const char *place, const char *reason)
{
  haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_ACCOUNT, "read %s: %s", place,
                  reason);
  return NULL;
}

/* The first @length bytes as text, when they can be a secret. */
static char *
text_of (const guint8 *data, gsize length, const char *place, GError **error)
{
  if (length == 0)
    return refuse (error, place, "it is empty");
  if (memchr (data, '\0', length) != NULL)
    return refuse (error, place, "it holds a NUL byte");

  char *text = g_malloc (length + 1);
  memcpy (text, data, length);
  text[length] = '\0';
  return text;
}

static gsize
without_line_end (const guint8 *data, gsize length)
{
  if (length > 0 && data[length - 1] == '\n')
    length--;
  if (length > 0 && data[length - 1] == '\r')
    length--;
  return length;
}

static char *
read_file (const HaulSecret *self, GError **error)
{
  g_autofree char *place = g_strdup_printf ("%s '%s'", self->option, self->value);
  g_autoptr (SecretBuffer) buffer = g_new0 (SecretBuffer, 1);
  int fd = open (self->value, O_RDONLY | O_CLOEXEC | O_NOCTTY);
  gssize count = fd < 0 ? -1 : 1;

  while (count > 0 && buffer->length < sizeof buffer->data)
    {
      count = read (fd, buffer->data + buffer->length,
                    sizeof buffer->data - buffer->length);
      if (count < 0 && errno == EINTR)
        count = 1;
      else if (count > 0)
        buffer->length += (gsize) count;
    }
  int saved = errno;
  if (fd >= 0)
    close (fd);
  if (count < 0)
    return refuse (error, place, g_strerror (saved));
  if (buffer->length > SECRET_LIMIT_BYTES)
    return refuse (error, place, "it is longer than 64 KiB");
  return text_of (buffer->data, without_line_end (buffer->data, buffer->length), place,
                  error);
}

gboolean
secret_file_is_open (const char *file)
{
  g_autofree char *folder = g_path_get_dirname (file);
  struct stat status;

  if (stat (file, &status) != 0 || !S_ISREG (status.st_mode)
      || (status.st_mode & S_IROTH) == 0)
    return FALSE;
  /* Files of mode 0644 somewhere below a folder of mode 0700 are the usual way to keep
   * many of them. */
  while (stat (folder, &status) != 0 || (status.st_mode & S_IXOTH) != 0)
    {
      char *parent = g_path_get_dirname (folder);
      gboolean top = strcmp (parent, folder) == 0;

      g_free (folder);
      folder = parent;
      if (top)
        return TRUE;
    }
  return FALSE;
}

static char *
read_environment (const HaulSecret *self, GError **error)
{
  g_autofree char *place = g_strdup_printf ("%s '%s'", self->option, self->value);
  const char *value = g_getenv (self->value);

  if (value == NULL)
    return refuse (error, place, "no such environment variable");
  return text_of ((const guint8 *) value, strlen (value), place, error);
}

/* Command: a running command; its callbacks run in @context, the only waiting place. */
typedef struct
{
  GMainContext *context;
  GCancellable *cancellable;
  GSubprocess *process;
  GInputStream *output;
  SecretBuffer *buffer;
  guint pending; /* callbacks that are still to come */
  gboolean exited, ended, timed_out;
} Command;

static gboolean
on_timeout (gpointer user_data)
{
  Command *self = user_data;

  self->timed_out = TRUE;
  return G_SOURCE_REMOVE;
}

static void
on_exit_status (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Command *self = user_data;

  self->pending--;
  self->exited = g_subprocess_wait_finish (self->process, result, NULL);
}

static void on_output (GObject *source, GAsyncResult *result, gpointer user_data);

static void
read_more (Command *self)
{
  SecretBuffer *buffer = self->buffer;

  self->pending++;
  g_input_stream_read_async (self->output, buffer->data + buffer->length,
                             sizeof buffer->data - buffer->length, G_PRIORITY_DEFAULT,
                             self->cancellable, on_output, self);
}

static void
on_output (GObject *source, GAsyncResult *result, gpointer user_data)
{
  Command *self = user_data;
  gssize count = g_input_stream_read_finish (self->output, result, NULL);

  self->pending--;
  if (count > 0)
    self->buffer->length += (gsize) count;
  self->ended = count <= 0;
  /* What follows the first line is read too, so that the command can end in peace. */
  if (!self->ended && self->buffer->length <= SECRET_LIMIT_BYTES)
    read_more (self);
}

static gboolean
command_is_over (const Command *self)
{
  const SecretBuffer *buffer = self->buffer;

  if (self->timed_out || buffer->length > SECRET_LIMIT_BYTES)
    return TRUE;
  /* A daemon that the command started may hold its output open. */
  return self->exited
         && (self->ended || memchr (buffer->data, '\n', buffer->length) != NULL);
}

/* Runs the command until it is over, kills it when it should be but is not. */
static void
command_wait (Command *self, gint64 limit_us)
{
  GSource *timer = g_timeout_source_new ((guint) MAX (limit_us / 1000, 1));

  g_source_set_callback (timer, on_timeout, self, NULL);
  g_source_attach (timer, self->context);
  self->pending++;
  g_subprocess_wait_async (self->process, self->cancellable, on_exit_status, self);
  read_more (self);
  while (!command_is_over (self))
    g_main_context_iteration (self->context, TRUE);

  gboolean exited = self->exited;
  if (!exited)
    g_subprocess_force_exit (self->process);
  g_cancellable_cancel (self->cancellable);
  while (self->pending > 0)
    g_main_context_iteration (self->context, TRUE);
  self->exited = exited;
  g_source_destroy (timer);
  g_source_unref (timer);
}

static char *
command_result (const Command *self, const char *place, GError **error)
{
  const SecretBuffer *buffer = self->buffer;
  const guint8 *line_end = memchr (buffer->data, '\n', buffer->length);

  if (buffer->length > SECRET_LIMIT_BYTES)
    return refuse (error, place, "it printed more than 64 KiB");
  if (!self->exited)
    return refuse (error, place, "it took too long");
  if (!g_subprocess_get_successful (self->process))
    {
      g_autofree char *reason =
          g_subprocess_get_if_exited (self->process)
              ? g_strdup_printf ("it ended with status %d",
                                 g_subprocess_get_exit_status (self->process))
              : g_strdup_printf ("it was ended by signal %d",
                                 g_subprocess_get_term_sig (self->process));
      return refuse (error, place, reason);
    }

  gsize length = line_end == NULL ? buffer->length
                                  : (gsize) (line_end + 1 - buffer->data);
  return text_of (buffer->data, without_line_end (buffer->data, length), place, error);
}

static void
argv_free (char **argv)
{
  for (gsize i = 0; argv[i] != NULL; i++)
    haul_secret_free_text (argv[i]);
  g_free (argv);
}

static char *
read_command (const HaulSecret *self, gint64 limit_us, GError **error)
{
  g_auto (GStrv) argv = NULL;

  /* GLib's words would repeat the command line. */
  if (!g_shell_parse_argv (self->value, NULL, &argv, NULL))
    return refuse (error, self->option, "the command line has unbalanced quotes");

  g_autofree char *place = g_strdup_printf ("%s '%s'", self->option, argv[0]);
  /* Standard input is /dev/null; standard error stays the user's, as with other mail
   * programs: it says why a key store did not open. */
  g_autoptr (GSubprocessLauncher)
      launcher = g_subprocess_launcher_new (G_SUBPROCESS_FLAGS_STDOUT_PIPE);
  g_autoptr (GError) failure = NULL;
  if (self->directory != NULL)
    g_subprocess_launcher_set_cwd (launcher, self->directory);
  g_autoptr (GMainContext) context = g_main_context_new ();
  g_main_context_push_thread_default (context);
  g_autoptr (GSubprocess) process = g_subprocess_launcher_spawnv (
      launcher, (const char *const *) argv, &failure);
  char *text = NULL;
  if (process == NULL)
    refuse (error, place, failure->message);
  else
    {
      g_autoptr (SecretBuffer) buffer = g_new0 (SecretBuffer, 1);
      g_autoptr (GCancellable) cancellable = g_cancellable_new ();
      Command command = { .context = context,
                          .cancellable = cancellable,
                          .process = process,
                          .output = g_subprocess_get_stdout_pipe (process),
                          .buffer = buffer };

      command_wait (&command, limit_us);
      text = command_result (&command, place, error);
    }
  g_main_context_pop_thread_default (context);
  argv_free (g_steal_pointer (&argv));
  return text;
}

char *
secret_read_within (const HaulSecret *self, gint64 limit_us, GError **error)
{
  switch (self->kind)
    {
    case SECRET_TEXT:
      return text_of ((const guint8 *) self->value, strlen (self->value), self->option,
                      error);
    case SECRET_FILE:
      return read_file (self, error);
    case SECRET_ENV:
      return read_environment (self, error);
    case SECRET_COMMAND:
      return read_command (self, limit_us, error);
    }
  g_assert_not_reached ();
}

char *
haul_secret_read (const HaulSecret *secret, GError **error)
{
  if (secret == NULL)
    return refuse (error, "the secret", "none is given");
  return secret_read_within (secret, COMMAND_LIMIT_US, error);
}

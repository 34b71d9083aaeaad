/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The raw pump: the fastest copy that can be thought of, to measure others against. Each
 * lane streams FETCH answers straight into blind APPENDs: no state, no digest, no check,
 * no second attempt; any surprise ends it. Threads: one a lane.
 */
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <glib.h>

/* BUFFER: of each direction. BATCH: messages of one APPEND. LINE_MAX_BYTES: of an answer
 * that we look at. */
#define BUFFER         (1u << 20)
#define BATCH          64u
#define LINE_MAX_BYTES 65536u

typedef struct
{
  int fd;
  gsize at, length, out;
  char *in, *queued, *line;
  guint sent, tag;
} Link;

typedef struct
{
  const char *host, *port, *user, *password;
} Login;

static Login source, destination;
static GAsyncQueue *folders, *listed;
static GPtrArray *names;
static char theirs = '/';

static void G_GNUC_NORETURN
die (const char *what)
{
  g_printerr ("pump: %s: %s\n", what, g_strerror (errno));
  exit (1);
}

static void
flush (Link *self)
{
  for (gsize done = 0; done < self->out;)
    {
      ssize_t count = write (self->fd, self->queued + done, self->out - done);
      if (count < 0)
        die ("write");
      done += (gsize) count;
    }
  self->out = 0;
}

static void
put (Link *self, const char *data, gsize length)
{
  while (length > 0)
    {
      gsize part = MIN (BUFFER - self->out, length);
      memcpy (self->queued + self->out, data, part);
      self->out += part;
      data += part;
      length -= part;
      if (self->out == BUFFER)
        flush (self);
    }
}

static void
put_text (Link *self, const char *text)
{
  put (self, text, strlen (text));
}

/* More input; what waits to be sent to @other goes first. */
static void
fill (Link *self, Link *other)
{
  if (other != NULL)
    flush (other);
  ssize_t count = read (self->fd, self->in, BUFFER);
  if (count <= 0)
    die ("read");
  self->at = 0;
  self->length = (gsize) count;
}

static char *
get_line (Link *self, Link *other)
{
  gsize length = 0;
  for (const char *end = NULL; end == NULL;)
    {
      if (self->at == self->length)
        fill (self, other);
      end = memchr (self->in + self->at, '\n', self->length - self->at);
      gsize part = end != NULL ? (gsize) (end - self->in) + 1 - self->at
                               : self->length - self->at;
      if (length + part >= LINE_MAX_BYTES)
        die ("a line is too long");
      memcpy (self->line + length, self->in + self->at, part);
      length += part;
      self->at += part;
    }
  self->line[length] = '\0';
  g_strchomp (self->line);
  return self->line;
}

static void
await (Link *self, const char *tag, void (*func) (const char *line))
{
  for (;;)
    {
      const char *line = get_line (self, NULL);
      if (g_str_has_prefix (line, tag) && line[strlen (tag)] == ' ')
        {
          if (!g_str_has_prefix (line + strlen (tag), " OK"))
            die (line);
          return;
        }
      if (func != NULL)
        func (line);
    }
}

static Link *
dial (const Login *to)
{
  struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *found = NULL;
  Link *self = g_new0 (Link, 1);
  int one = 1;
  if (getaddrinfo (to->host, to->port, &hints, &found) != 0)
    die (to->host);
  self->fd = socket (found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect (self->fd, found->ai_addr, found->ai_addrlen) != 0)
    die (to->host);
  (void) setsockopt (self->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  freeaddrinfo (found);
  self->in = g_malloc (BUFFER);
  self->queued = g_malloc (BUFFER);
  self->line = g_malloc (LINE_MAX_BYTES);
  return self;
}

/* The greeting is awaited, the login's answer is not, but from servers that lose what
 * comes before it. */
static void
log_in (Link *self, const Login *as)
{
  gboolean waits = strstr (get_line (self, NULL), "Courier") != NULL;
  g_autofree char *text = g_strdup_printf ("l LOGIN %s %s\r\n", as->user, as->password);
  put_text (self, text);
  flush (self);
  if (waits)
    await (self, "l", NULL);
}

/* The name at the end of a LIST answer, as it was quoted; its separator in @out. */
static const char *
name_of (const char *line, char *out)
{
  const char *at = strchr (line, ')');
  if (!g_str_has_prefix (line, "* LIST") || at == NULL || strlen (at) < 7)
    return NULL;
  *out = at[3];
  return at + 6;
}

static void
on_source (const char *line)
{
  char separator = '/';
  const char *name = name_of (line, &separator);
  if (name != NULL && strstr (line, "\\NonExistent") == NULL
      && strstr (line, "\\Noselect") == NULL)
    g_ptr_array_add (names, g_strdup_printf ("%c%s", separator, name));
}

static void
on_destination (const char *line)
{
  (void) name_of (line, &theirs);
}

static char *
destination_name (const char *name)
{
  char *copy = g_strdup (name + 1);
  for (char *at = copy; *at != '\0'; at++)
    if (*at == name[0])
      *at = theirs;
  return copy;
}

/* One FETCH answer: @line announces the body. */
static void
pump_one (Link *from, Link *to, const char *line, const char *folder, guint number)
{
  const char *flags = strstr (line, "FLAGS ("), *date = strstr (line, "INTERNALDATE \"");
  const char *literal = strrchr (line, '{');
  if (flags == NULL || date == NULL || literal == NULL)
    die (line);
  guint64 left = g_ascii_strtoull (literal + 1, NULL, 10);
  g_autofree char *inside = g_strndup (flags + 7, strcspn (flags + 7, ")"));
  char *recent = strstr (inside, "\\Recent");
  if (recent != NULL)
    memset (recent, ' ', strlen ("\\Recent"));
  g_strstrip (inside);
  if (number % BATCH == 0)
    {
      const char *end = to->sent > 0 ? "\r\n" : "";
      to->sent++;
      g_autofree char *head = g_strdup_printf ("%sA%u APPEND %s", end, to->sent, folder);
      put_text (to, head);
    }
  g_autofree char *item = g_strdup_printf (" (%s) \"%.26s\" {%" G_GUINT64_FORMAT "+}\r\n",
                                           inside, date + 14, left);
  put_text (to, item);
  while (left > 0)
    {
      if (from->at == from->length)
        fill (from, to);
      gsize part = MIN (from->length - from->at, left);
      put (to, from->in + from->at, part);
      from->at += part;
      left -= part;
    }
  (void) get_line (from, to);
}

static void
ask (Link *from, const char *name)
{
  g_autofree char *text = g_strdup_printf (
      "e%u EXAMINE %s\r\nf%u FETCH 1:* (FLAGS INTERNALDATE "
      "BODY.PEEK[])\r\n",
      from->tag, name + 1, from->tag);
  from->tag++;
  put_text (from, text);
  flush (from);
}

/* Two folders are asked for ahead, so that a lane never waits for the next one. */
static void
copy (Link *from, Link *to)
{
  g_autoptr (GQueue) asked = g_queue_new ();
  for (guint done = 0;; done++)
    {
      char *name = NULL;
      while (asked->length < 2 && (name = g_async_queue_try_pop (folders)) != NULL)
        {
          ask (from, name);
          g_queue_push_tail (asked, name);
        }
      name = g_queue_pop_head (asked);
      if (name == NULL)
        return;
      g_autofree char *folder = destination_name (name);
      g_autofree char *end = g_strdup_printf ("f%u ", done);
      const char *line = get_line (from, to);
      for (guint number = 0; !g_str_has_prefix (line, end); line = get_line (from, to))
        if (strstr (line, " FETCH (") != NULL)
          pump_one (from, to, line, folder, number++);
    }
}

/* The last answers: all APPENDs were taken. */
static void
settle (Link *to)
{
  guint ok = 0;
  put_text (to, to->sent > 0 ? "\r\nZ NOOP\r\n" : "Z NOOP\r\n");
  flush (to);
  for (const char *line = get_line (to, NULL); line[0] != 'Z'; line = get_line (to, NULL))
    ok += line[0] == 'A' && strstr (line, " OK") != NULL ? 1 : 0;
  if (ok != to->sent)
    die ("some messages were refused");
}

/* What is there; with @only the status of it, and nothing else. */
static void
list (Link *from, Link *to, gboolean only)
{
  static const char ask_all[] = "n LIST \"\" \"*\"\r\n";
  put_text (from, ask_all);
  put_text (to, ask_all);
  flush (from);
  flush (to);
  await (from, "n", on_source);
  await (to, "n", on_destination);
  for (guint i = 0; i < names->len; i++)
    {
      const char *name = names->pdata[i];
      g_autofree char *other = destination_name (name);
      g_autofree char *text = g_strdup_printf (only ? "s STATUS %s (MESSAGES)\r\n"
                                                    : "c CREATE %s\r\n",
                                               only ? name + 1 : other);
      put_text (only ? from : to, text);
    }
  put_text (from, "z NOOP\r\n");
  put_text (to, "z NOOP\r\n");
  flush (from);
  flush (to);
  await (from, "z", NULL);
  await (to, "z", NULL);
}

/* @count: lanes, in the first one; the others log in meanwhile and wait for the list. */
static gpointer
lane (gpointer count)
{
  guint64 others = GPOINTER_TO_UINT (count);
  Link *from = dial (&source), *to = dial (&destination);
  log_in (from, &source);
  log_in (to, &destination);
  if (others > 0)
    {
      list (from, to, FALSE);
      for (guint i = 0; i < names->len; i++)
        g_async_queue_push (folders, names->pdata[i]);
      for (guint i = 1; i < others; i++)
        g_async_queue_push (listed, names);
    }
  else
    (void) g_async_queue_pop (listed);
  copy (from, to);
  settle (to);
  return NULL;
}

static void
look (void)
{
  Link *from = dial (&source), *to = dial (&destination);
  log_in (from, &source);
  log_in (to, &destination);
  list (from, to, TRUE);
}

int
main (int argc, char **argv)
{
  if (argc != 10)
    {
      g_printerr ("usage: pump LANES(0: log in and STATUS) HOST PORT USER PASSWORD HOST "
                  "PORT USER PASSWORD\n");
      return 2;
    }
  guint64 count = g_ascii_strtoull (argv[1], NULL, 10);
  source = (Login){ argv[2], argv[3], argv[4], argv[5] };
  destination = (Login){ argv[6], argv[7], argv[8], argv[9] };
  folders = g_async_queue_new ();
  names = g_ptr_array_new ();
  listed = g_async_queue_new ();
  if (count == 0)
    look ();
  g_autoptr (GPtrArray) threads = g_ptr_array_new ();
  for (guint64 i = 0; i < count; i++)
    g_ptr_array_add (
        threads, g_thread_new ("lane", lane, i == 0 ? GUINT_TO_POINTER (count) : NULL));
  for (guint i = 0; i < threads->len; i++)
    (void) g_thread_join (threads->pdata[i]);
  return 0;
}

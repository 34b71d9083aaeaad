/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Tells what was found in a mailbox: for people and as JSON. Main thread.
 */
#include <string.h>

#include <json-glib/json-glib.h>

#include "cli/look.h"

/* KEY_COLUMNS: the column of keys; a longer one pushes its text to the right. */
#define KEY_COLUMNS 12

static const char *
side (const Look *self)
{
  return self->role == HAUL_ROLE_SOURCE ? "source" : "destination";
}

/* What a session cannot do that a person would miss; said of a destination alone, or of
 * both sides. */
static const struct
{
  HaulCaps cap;
  gboolean present; /* said when the cap is there, else when it is not */
  gboolean both;
  const char *text;
} remarks[] = {
  { HAUL_CAP_KEYWORDS, FALSE, FALSE,
    "keeps no keywords: only the system flags are copied" },
  { HAUL_CAP_DATES, FALSE, FALSE, "does not keep the date of arrival" },
  { HAUL_CAP_SUBSCRIPTIONS, FALSE, FALSE, "knows no subscriptions" },
  { HAUL_CAP_SINGLE_SESSION, TRUE, TRUE,
    "allows one session at a time: one connection is used" },
  { HAUL_CAP_CASE_INSENSITIVE, TRUE, FALSE,
    "folders whose names differ only in case are one folder" },
};

/* The @index-th remark, or NULL if it is not to be made. */
static const char *
remark (const Look *self, gsize index)
{
  gboolean source = self->role == HAUL_ROLE_SOURCE;
  gboolean has = (self->caps & remarks[index].cap) != 0;
  if (!self->opened || has != remarks[index].present)
    return NULL;
  return source && !remarks[index].both ? NULL : remarks[index].text;
}

/* ---- for people ---- */

static void
print_line (const char *key, const char *text)
{
  g_autofree char *line = cli_text (text);
  g_autofree char *label = g_strconcat (key, ":", NULL);
  printf ("    %-*s %s\n", KEY_COLUMNS, label, line);
}

/* "12 folders, 3,400 messages, 1.2 GB; opened in 0.4 s, listed in 0.1 s" */
static void
print_numbers (const Look *self)
{
  g_autofree char *messages = cli_number (self->messages);
  g_autofree char *bytes = cli_bytes (self->bytes);
  g_autofree char *opened = cli_duration (self->open_us);
  g_autofree char *listed = cli_duration (self->list_us);
  printf (": %u folder%s", self->folders, cli_plural (self->folders));
  if (self->folders > 0 && self->counted)
    printf (", %s message%s", messages, cli_plural (self->messages));
  if (self->folders > 0 && self->sized)
    printf (", %s", bytes);
  printf ("; opened in %s, listed in %s", opened, listed);
}

void
look_print (const Look *self)
{
  g_autofree char *identity = cli_text (self->identity != NULL ? self->identity
                                                               : self->backend);
  printf ("  %s %s", side (self), identity);
  if (self->listed)
    print_numbers (self);
  else
    printf (": %s", self->opened ? "cannot be listed" : "cannot be opened");
  printf ("\n");
  for (guint i = 0; i < self->facts->len; i++)
    {
      const Fact *fact = self->facts->pdata[i];
      print_line (fact->key, fact->text);
    }
  for (gsize i = 0; i < G_N_ELEMENTS (remarks); i++)
    if (remark (self, i) != NULL)
      print_line ("note", remark (self, i));
  for (guint i = 0; i < self->notes->len; i++)
    {
      g_autofree char *text = g_strdup_printf (
          "%s (preset %s)", (const char *) self->notes->pdata[i], self->preset);
      print_line ("note", text);
    }
}

/* advice: what a person can do about @error; NULL: its words say it. */
static const char *
advice (const Look *self)
{
  if (self->error->domain != HAUL_ERROR)
    return NULL;
  switch ((HaulErrorCode) self->error->code)
    {
    case HAUL_ERROR_AUTH:
      return "check user, password and, if it is given, auth-user; it was not tried "
             "again, so that the account does not get locked";
    case HAUL_ERROR_TLS:
      return "if this certificate is the right one, give its authority by tls-ca-file or "
             "itself by tls-fingerprint; never go on without";
    case HAUL_ERROR_NETWORK:
    case HAUL_ERROR_TIMEOUT:
      return "check host, port and tls (993 for implicit, 143 for starttls), and whether "
             "a firewall is in between";
    case HAUL_ERROR_PROTOCOL:
      return "give the option trace, a file, for a record of what was said, without "
             "secrets";
    case HAUL_ERROR_QUOTA:
      return "make room at the destination";
    case HAUL_ERROR_BUSY:
      return "wait, or close other programs that use this mailbox";
    case HAUL_ERROR_CONFIG:
    case HAUL_ERROR_TOO_BIG:
    case HAUL_ERROR_REJECTED:
    case HAUL_ERROR_GONE:
    case HAUL_ERROR_NOT_FOUND:
    case HAUL_ERROR_EXISTS:
    case HAUL_ERROR_PERMISSION:
    case HAUL_ERROR_IO:
    case HAUL_ERROR_CORRUPT:
    case HAUL_ERROR_INTERNAL:
    case HAUL_ERROR_UNSUPPORTED:
      return NULL;
    }
  return NULL;
}

void
look_print_error (const Look *self, const char *account)
{
  /* Warnings were told of when the job was loaded. */
  if (problems_count (self->problems) > 0)
    cli_print_problems (self->problems);
  if (self->error == NULL)
    return;
  g_autofree char *text = cli_text (self->error->message);
  g_autofree char *name = cli_text (account);
  const char *hint = advice (self);
  fprintf (stderr, "%s: %s: %s\n", name, side (self), text);
  if (hint != NULL)
    fprintf (stderr, "%s: %s: %s\n", name, side (self), hint);
}

/* ---- JSON ---- */

static void
add_string (JsonBuilder *builder, const char *name, const char *value)
{
  if (value == NULL)
    return;
  g_autofree char *valid = g_utf8_make_valid (value, -1);
  json_builder_set_member_name (builder, name);
  json_builder_add_string_value (builder, valid);
}

static void
add_number (JsonBuilder *builder, const char *name, gint64 value)
{
  json_builder_set_member_name (builder, name);
  json_builder_add_int_value (builder, value);
}

static void
add_texts (const Look *self, JsonBuilder *builder)
{
  json_builder_set_member_name (builder, "facts");
  json_builder_begin_array (builder);
  for (guint i = 0; i < self->facts->len; i++)
    {
      const Fact *fact = self->facts->pdata[i];
      json_builder_begin_object (builder);
      add_string (builder, "key", fact->key);
      add_string (builder, "text", fact->text);
      json_builder_end_object (builder);
    }
  json_builder_end_array (builder);
  json_builder_set_member_name (builder, "notes");
  json_builder_begin_array (builder);
  for (gsize i = 0; i < G_N_ELEMENTS (remarks); i++)
    if (remark (self, i) != NULL)
      json_builder_add_string_value (builder, remark (self, i));
  for (guint i = 0; i < self->notes->len; i++)
    json_builder_add_string_value (builder, self->notes->pdata[i]);
  json_builder_end_array (builder);
}

static void
add_error (const Look *self, JsonBuilder *builder)
{
  gboolean known = self->error->domain == HAUL_ERROR;
  json_builder_set_member_name (builder, "error");
  json_builder_begin_object (builder);
  add_string (builder, "code",
              known ? haul_error_code_name ((HaulErrorCode) self->error->code)
                    : "cancelled");
  add_string (builder, "scope", haul_error_scope_name (haul_error_scope (self->error)));
  add_string (builder, "message", self->error->message);
  add_string (builder, "advice", advice (self));
  json_builder_end_object (builder);
}

void
look_add_json (const Look *self, JsonBuilder *builder)
{
  json_builder_begin_object (builder);
  add_string (builder, "backend", self->backend);
  add_string (builder, "mailbox", self->identity);
  add_string (builder, "preset", self->preset);
  add_number (builder, "exit-code", (gint64) self->exit_code);
  if (self->opened)
    add_number (builder, "open-microseconds", self->open_us);
  if (self->listed)
    {
      add_number (builder, "list-microseconds", self->list_us);
      add_number (builder, "folders", self->folders);
    }
  if (self->listed && self->counted)
    add_number (builder, "messages", (gint64) self->messages);
  if (self->listed && self->sized)
    add_number (builder, "bytes", (gint64) self->bytes);
  add_texts (self, builder);
  if (self->error != NULL)
    add_error (self, builder);
  json_builder_end_object (builder);
}

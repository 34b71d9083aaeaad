/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Opens and lists for tests. Folders are shown as one line of text, so that a listing is
 * compared at once.
 */
#include "imap-account.h"

#include "base/secret.h"

ImapAccount *
imap_account_new (const char *script, HaulRole role)
{
  ImapAccount *self = g_new0 (ImapAccount, 1);
  g_autoptr (GError) error = NULL;
  self->script = imap_script_start (script, &error);
  g_assert_no_error (error);
  self->settings = (ImapSettings){
    .host = g_strdup ("127.0.0.1"),
    .port = imap_script_port (self->script),
    .user = g_strdup ("u1"),
    .password = secret_new (SECRET_TEXT, "password", "secret-word", NULL),
    .tls = IMAP_TLS_NONE,
    .timeout_us = 10 * G_USEC_PER_SEC,
    .connections = 1,
    .window = 64,
  };
  self->open = (HaulOpen){ .struct_size = sizeof (HaulOpen),
                           .settings = &self->settings,
                           .role = role };
  return self;
}

gboolean
imap_account_open (ImapAccount *self)
{
  g_clear_error (&self->error);
  g_clear_pointer (&self->session, imap_close);
  self->session = imap_open (&self->open, &self->error);
  return self->session != NULL;
}

static void
add_word (GString *words, const char *word)
{
  g_string_append_printf (words, "%s%s", words->len > 0 ? "," : "", word);
}

static gboolean
on_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  GString *text = user_data;
  g_autofree char *path = haul_path_to_text (folder->path);
  GString *words = g_string_new (NULL);
  (void) error;
  g_string_append_printf (text, "%s%s", text->len > 0 ? " " : "", path);
  if (folder->status.known & HAUL_STATUS_MESSAGES)
    g_string_append_printf (text, "[%" G_GUINT64_FORMAT "]", folder->status.messages);
  for (guint32 use = 1; use <= HAUL_USE_IMPORTANT; use <<= 1)
    if (folder->special_use & use)
      add_word (words, haul_special_use_name ((HaulSpecialUse) use));
  if (folder->attributes & HAUL_FOLDER_NOSELECT)
    add_word (words, "noselect");
  if (folder->attributes & HAUL_FOLDER_NOINFERIORS)
    add_word (words, "noinferiors");
  if (folder->attributes & HAUL_FOLDER_SUBSCRIBED)
    add_word (words, "subscribed");
  if (words->len > 0)
    g_string_append_printf (text, "{%s}", words->str);
  g_string_free (words, TRUE);
  return TRUE;
}

char *
imap_account_list (ImapAccount *self)
{
  GString *text = g_string_new (NULL);
  g_clear_error (&self->error);
  if (imap_list (self->session, on_folder, text, &self->error))
    return g_string_free (text, FALSE);
  g_string_free (text, TRUE);
  return NULL;
}

void
imap_account_free (ImapAccount *self)
{
  g_clear_pointer (&self->session, imap_close);
  imap_script_assert_ok (self->script);
  imap_script_free (self->script);
  g_clear_error (&self->error);
  g_free (self->settings.host);
  g_free (self->settings.user);
  secret_free (self->settings.password);
  g_free (self);
}

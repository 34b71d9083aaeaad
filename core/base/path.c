/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Folder paths: arrays of names, and their text form of jobs and reports. What a server
 * or a file system makes of a name is the backend's. Any thread.
 */
#include <mailhaul/folder.h>

#include <string.h>

#include <mailhaul/error.h>

char *
haul_path_to_text (HaulPath path)
{
  g_return_val_if_fail (path != NULL, NULL);
  GString *text = g_string_new (NULL);

  for (gsize i = 0; path[i] != NULL; i++)
    {
      if (i > 0)
        g_string_append_c (text, '/');
      for (const char *p = path[i]; *p != '\0'; p++)
        {
          if (*p == '/')
            g_string_append (text, "%2F");
          else if (*p == '%')
            g_string_append (text, "%25");
          else
            g_string_append_c (text, *p);
        }
    }
  return g_string_free (text, FALSE);
}

/* One name of the text form, without its escapes. */
static char *
name_from_text (const char *text, const char *start, gsize length, GError **error)
{
  GString *name = g_string_sized_new (length);

  for (gsize i = 0; i < length; i++)
    {
      if (start[i] != '%')
        {
          g_string_append_c (name, start[i]);
          continue;
        }
      gboolean slash = length - i > 2 && g_ascii_strncasecmp (start + i, "%2F", 3) == 0;
      gboolean percent = length - i > 2 && strncmp (start + i, "%25", 3) == 0;
      if (!slash && !percent)
        {
          g_string_free (name, TRUE);
          haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                          "folder path '%s': '%%' must be written as %%25 (only %%2F and "
                          "%%25 are known)",
                          text);
          return NULL;
        }
      g_string_append_c (name, slash ? '/' : '%');
      i += 2;
    }
  if (name->len == 0)
    {
      g_string_free (name, TRUE);
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "folder path '%s': a name is empty", text);
      return NULL;
    }
  return g_string_free (name, FALSE);
}

char **
haul_path_from_text (const char *text, GError **error)
{
  g_return_val_if_fail (text != NULL, NULL);
  if (!g_utf8_validate (text, -1, NULL))
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "folder path '%s': not valid UTF-8", text);
      return NULL;
    }

  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func (g_free);
  for (const char *start = text;;)
    {
      gsize length = strcspn (start, "/");
      char *name = name_from_text (text, start, length, error);

      if (name == NULL)
        return NULL;
      if (names->len == 0 && g_ascii_strcasecmp (name, "INBOX") == 0)
        memcpy (name, "INBOX", strlen ("INBOX"));
      g_ptr_array_add (names, name);
      if (start[length] == '\0')
        break;
      start += length + 1;
    }
  g_ptr_array_add (names, NULL);
  return (char **) g_ptr_array_steal (names, NULL);
}

char **
haul_path_copy (HaulPath path)
{
  g_return_val_if_fail (path != NULL, NULL);
  return g_strdupv ((char **) path);
}

gboolean
haul_path_equal (HaulPath a, HaulPath b)
{
  g_return_val_if_fail (a != NULL && b != NULL, FALSE);
  return g_strv_equal (a, b);
}

gboolean
haul_path_has_prefix (HaulPath path, HaulPath prefix)
{
  g_return_val_if_fail (path != NULL && prefix != NULL, FALSE);
  for (gsize i = 0; prefix[i] != NULL; i++)
    if (path[i] == NULL || strcmp (path[i], prefix[i]) != 0)
      return FALSE;
  return TRUE;
}

gboolean
haul_path_is_inbox (HaulPath path)
{
  g_return_val_if_fail (path != NULL, FALSE);
  return path[0] != NULL && strcmp (path[0], "INBOX") == 0 && path[1] == NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * mailhaul folders: a mailbox's folders with counts and sizes. Opens a session itself,
 * since there is nothing to copy; changes nothing. Main thread.
 */
#include "cli/cli.h"
#include "engine/endpoint.h"

/* PATH_COLUMNS: the column of paths; longer ones push the rest to the right. */
#define PATH_COLUMNS 32

/* Row: one folder of the listing. */
typedef struct
{
  char **path;
  guint32 attributes;
  guint32 special_use;
  HaulFolderStatus status;
} Row;

static void
row_clear (gpointer data)
{
  g_strfreev (((Row *) data)->path);
}

static gboolean
on_folder (const HaulFolder *folder, gpointer user_data, GError **error)
{
  Row row = { haul_path_copy (folder->path), folder->attributes, folder->special_use,
              folder->status };
  g_array_append_val (user_data, row);
  return TRUE;
}

static gboolean
on_record (const HaulRecord *record, gpointer user_data, GError **error)
{
  HaulFolderStatus *status = user_data;
  status->messages++;
  if (record->known & HAUL_RECORD_SIZE)
    status->bytes += record->size_bytes;
  else
    status->known &= ~(guint32) HAUL_STATUS_BYTES;
  return TRUE;
}

static gboolean
on_vanished (HaulBytes key, gpointer user_data, GError **error)
{
  return TRUE;
}

/* count: messages and bytes by a scan, where the listing did not say. */
static gboolean
count (Session *session, Row *row, GError **error)
{
  guint32 wanted = HAUL_STATUS_MESSAGES | HAUL_STATUS_BYTES;
  if ((row->attributes & HAUL_FOLDER_NOSELECT) || (row->status.known & wanted) == wanted)
    return TRUE;
  HaulScan scan = { .struct_size = sizeof scan,
                    .needs = HAUL_NEED_SIZE,
                    .record = on_record,
                    .vanished = on_vanished,
                    .user_data = &row->status };
  HaulScanResult result = { .struct_size = sizeof result };
  row->status = (HaulFolderStatus){ .known = wanted };
  return session_enter (session, (HaulPath) row->path, HAUL_ENTER_READ, NULL, error)
         && session_scan (session, &scan, &result, error);
}

static void
print_row (const Row *row)
{
  g_autofree char *text = haul_path_to_text ((HaulPath) row->path);
  g_autofree char *line = cli_text (text);
  glong length = g_utf8_strlen (line, -1);
  g_autofree char *padded = cli_pad (line, (guint) MAX (length, PATH_COLUMNS));
  g_autofree char *messages = cli_number (row->status.messages);
  g_autofree char *bytes = cli_bytes (row->status.bytes);
  if (row->attributes & HAUL_FOLDER_NOSELECT)
    printf ("%s  %10s  %10s", padded, "-", "-");
  else
    printf ("%s  %10s  %10s", padded, messages,
            row->status.known & HAUL_STATUS_BYTES ? bytes : "?");
  for (guint bit = 0; bit < 32; bit++)
    if (row->special_use & (1u << bit))
      printf ("  %s", haul_special_use_name ((HaulSpecialUse) (1u << bit)));
  printf ("%s\n", row->attributes & HAUL_FOLDER_SUBSCRIBED ? "  subscribed" : "");
}

static gboolean
list (const Endpoint *endpoint, GError **error)
{
  g_autoptr (GArray) rows = g_array_new (FALSE, FALSE, sizeof (Row));
  g_array_set_clear_func (rows, row_clear);
  g_autoptr (Session) session = session_open (endpoint->backend, &endpoint->open, error);
  if (session == NULL || !session_list (session, on_folder, rows, error))
    return FALSE;
  guint64 messages = 0, bytes = 0;
  for (guint i = 0; i < rows->len; i++)
    {
      Row *row = &g_array_index (rows, Row, i);
      if (!count (session, row, error))
        return FALSE;
      messages += row->status.messages;
      bytes += row->status.bytes;
      print_row (row);
    }
  g_autofree char *all = cli_number (messages);
  g_autofree char *size = cli_bytes (bytes);
  printf ("%u folder%s, %s message%s, %s\n", rows->len, cli_plural (rows->len), all,
          cli_plural (messages), size);
  return TRUE;
}

/* A job with one end, so that its options are parsed as in any job. */
static int
list_source (Cli *cli, Job *job)
{
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (GError) error = NULL;
  Endpoint endpoint = { 0 };
  int exit_code = EXIT_CODE_DONE;
  gboolean right = endpoint_init (&endpoint, job, job->source, job->accounts->pdata[0],
                                  HAUL_ROLE_SOURCE, cli->registry, problems);
  cli_print_problems (problems);
  if (!right)
    exit_code = EXIT_CODE_USAGE;
  else if (!list (&endpoint, &error))
    {
      g_autofree char *text = cli_text (error->message);
      fprintf (stderr, "mailhaul: %s\n", text);
      exit_code = (int) result_exit_code (error, TRUE);
    }
  endpoint_clear (&endpoint);
  return exit_code;
}

static JobElement *
make_source (const char *uri, char *const *options, GError **error)
{
  JobElement *element = uri_parse (uri, error);
  for (; element != NULL && options != NULL && *options != NULL; options++)
    if (!uri_add_option (element, *options, error))
      g_clear_pointer (&element, job_element_free);
  return element;
}

static int
folders (Cli *cli, const char *uri, char *const *options, const char *password_file)
{
  g_autoptr (GError) error = NULL;
  JobElement *element = make_source (uri, options, &error);
  if (element == NULL)
    return cli_usage_error ("%s", error->message);
  g_autofree char *directory = g_get_current_dir ();
  g_autofree char *escaped = job_escape (directory);
  g_autoptr (Job) job = job_new_for_pair ("folders", directory, escaped);
  job->source = element;
  if (!password_add (cli, element, "source", password_file, "MAILHAUL_SOURCE_PASSWORD"))
    return EXIT_CODE_INTERRUPTED;
  return list_source (cli, job);
}

int
command_folders (int argc, char **argv)
{
  Cli cli = { 0 };
  g_auto (GStrv) options = NULL;
  g_autofree char *password_file = NULL;
  int exit_code = 0;
  GOptionEntry entries[] = { { "source-option", 0, 0, G_OPTION_ARG_FILENAME_ARRAY,
                               &options, "An option of the backend", "NAME=VALUE" },
                             { "source-password-file", 0, 0, G_OPTION_ARG_FILENAME,
                               &password_file, "The password is in this file", "FILE" },
                             G_OPTION_ENTRY_NULL };
  if (cli_parse (&cli, entries, "SOURCE",
                 "Lists the folders of a mailbox: maildir:PATH, mbox:PATH, "
                 "imaps://user@host/.",
                 &argc, &argv, &exit_code))
    exit_code = argc == 2 ? folders (&cli, argv[1], options, password_file)
                          : cli_usage_error ("folders needs one SOURCE");
  cli_clear (&cli);
  return exit_code;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backend that is not part of mailhaul: accounts in memory, both roles. It shows all
 * that a backend must have and little more; docs/backend-guide.md walks through it.
 * Callbacks run on their session's thread; the table of accounts plays the server.
 */
#include <string.h>

#include <mailhaul/backend.h>

typedef struct
{
  char *account;
} DemoSettings;

static const HaulOptionSpec demo_options[] = {
  HAUL_OPT_STRING (DemoSettings, account, "account", NULL,
                   HAUL_OPT_REQUIRED | HAUL_OPT_IDENTITY, "Name of the account"),
  HAUL_OPT_END,
};

typedef struct
{
  char key[24]; /* its number with leading zeros, so that keys grow */
  guint32 flags;
  char **keywords;
  gboolean dated;
  gint64 date_unix;
  GBytes *body; /* wire form */
} DemoMessage;

typedef struct
{
  char **path;
  guint next;
  GPtrArray *messages; /* of DemoMessage */
} DemoFolder;

typedef struct
{
  const DemoSettings *settings;
  HaulRole role;
  GCancellable *cancellable;
  DemoFolder *entered; /* NULL: none */
} DemoSession;

/* The server: what all sessions share; it never forgets, so that what was found in it
 * once stands. A real backend has no such static. */
static GMutex server_lock;
static GHashTable *server = NULL; /* account → GPtrArray of DemoFolder */

/* ---- the server ---- */

/* With the lock held. */
static GPtrArray *
account_folders (const char *account, gboolean create)
{
  GPtrArray *folders = server != NULL ? g_hash_table_lookup (server, account) : NULL;

  if (folders != NULL || !create)
    return folders;
  if (server == NULL)
    server = g_hash_table_new (g_str_hash, g_str_equal);
  folders = g_ptr_array_new ();
  g_hash_table_insert (server, g_strdup (account), folders);
  return folders;
}

/* With the lock held. */
static DemoFolder *
find_folder (const DemoSession *self, HaulPath path, gboolean create)
{
  GPtrArray *folders = account_folders (self->settings->account, create);
  DemoFolder *folder;
  guint i;

  for (i = 0; folders != NULL && i < folders->len; i++)
    {
      folder = g_ptr_array_index (folders, i);
      if (haul_path_equal ((HaulPath) folder->path, path))
        return folder;
    }
  if (!create)
    return NULL;
  folder = g_new0 (DemoFolder, 1);
  folder->path = haul_path_copy (path);
  folder->messages = g_ptr_array_new ();
  g_ptr_array_add (folders, folder);
  return folder;
}

/* With the lock held. */
static DemoMessage *
find_message (const DemoFolder *folder, HaulBytes key)
{
  guint i;

  for (i = 0; i < folder->messages->len; i++)
    {
      DemoMessage *message = g_ptr_array_index (folder->messages, i);

      if (key.length == strlen (message->key)
          && memcmp (key.data, message->key, key.length) == 0)
        return message;
    }
  return NULL;
}

/* ---- sessions and folders ---- */

static gpointer
demo_open (const HaulOpen *open, GError **error)
{
  DemoSession *self = g_new0 (DemoSession, 1);

  self->settings = open->settings;
  self->role = open->role;
  self->cancellable = open->cancellable;
  return self;
}

static void
demo_close (gpointer session)
{
  g_free (session);
}

static guint32
demo_caps (gpointer session)
{
  return HAUL_CAP_STABLE_KEYS | HAUL_CAP_ORDERED_KEYS | HAUL_CAP_RETURNS_KEYS
         | HAUL_CAP_KEYWORDS | HAUL_CAP_DATES | HAUL_CAP_EXACT_SIZE;
}

static gboolean
demo_list (gpointer session, HaulFolderFunc func, gpointer user_data, GError **error)
{
  DemoSession *self = session;
  g_autoptr (GPtrArray) folders = NULL;
  guint i;

  g_mutex_lock (&server_lock);
  if (account_folders (self->settings->account, FALSE) != NULL)
    folders = g_ptr_array_copy (account_folders (self->settings->account, FALSE), NULL,
                                NULL);
  g_mutex_unlock (&server_lock);
  if (folders == NULL && self->role == HAUL_ROLE_SOURCE)
    return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_ACCOUNT,
                           "list '%s': no such account", self->settings->account);
  for (i = 0; folders != NULL && i < folders->len; i++)
    {
      HaulFolder folder = HAUL_FOLDER_INIT;

      folder.path = (HaulPath) ((DemoFolder *) g_ptr_array_index (folders, i))->path;
      if (!func (&folder, user_data, error))
        return FALSE;
    }
  return TRUE;
}

static gboolean
demo_create (gpointer session, const HaulFolder *folders, gsize count,
             HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  gsize i;

  for (i = 0; i < count; i++)
    {
      g_auto (GStrv)
          parent = g_new0 (char *, g_strv_length ((char **) folders[i].path) + 1);
      guint depth;

      /* From the top down: a listing names parents before children. */
      g_mutex_lock (&server_lock);
      for (depth = 0; folders[i].path[depth] != NULL; depth++)
        {
          parent[depth] = g_strdup (folders[i].path[depth]);
          find_folder (session, (HaulPath) parent, TRUE);
        }
      g_mutex_unlock (&server_lock);
      func (folders[i].path, NULL, user_data);
    }
  return TRUE;
}

static gboolean
demo_enter (gpointer session, HaulPath path, HaulEnterMode mode,
            HaulFolderStatus *out_status, GError **error)
{
  DemoSession *self = session;
  g_autofree char *text = haul_path_to_text (path);

  g_mutex_lock (&server_lock);
  self->entered = find_folder (self, path, FALSE);
  if (self->entered != NULL && out_status != NULL)
    *out_status = (HaulFolderStatus){ .known = HAUL_STATUS_MESSAGES,
                                      .messages = self->entered->messages->len };
  g_mutex_unlock (&server_lock);
  if (self->entered == NULL)
    return haul_error_set (error, HAUL_ERROR_NOT_FOUND, HAUL_SCOPE_FOLDER,
                           "enter '%s': no such folder", text);
  return TRUE;
}

/* ---- source role ---- */

static gboolean
demo_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
           GError **error)
{
  DemoSession *self = session;
  g_autoptr (GPtrArray) messages = NULL;
  guint i;

  g_mutex_lock (&server_lock);
  messages = g_ptr_array_copy (self->entered->messages, NULL, NULL);
  g_mutex_unlock (&server_lock);
  for (i = 0; i < messages->len; i++)
    {
      const DemoMessage *message = g_ptr_array_index (messages, i);
      HaulRecord record = HAUL_RECORD_INIT;
      gsize length = 0;
      const char *body = g_bytes_get_data (message->body, &length);
      const char *end = length > 0 ? g_strstr_len (body, (gssize) length, "\r\n\r\n")
                                   : NULL;

      record.known = HAUL_RECORD_FLAGS | HAUL_RECORD_SIZE | HAUL_RECORD_HEADERS
                     | (message->dated ? HAUL_RECORD_DATE : 0);
      record.key = (HaulBytes){ (const guint8 *) message->key, strlen (message->key) };
      record.flags = message->flags;
      record.keywords = (const char *const *) message->keywords;
      record.size_bytes = length;
      record.date_unix = message->date_unix;
      record.headers.data = (const guint8 *) body;
      record.headers.length = end != NULL ? (gsize) (end + 2 - body) : length;
      if (!scan->record (&record, scan->user_data, error))
        return FALSE;
    }
  out_result->status.known = HAUL_STATUS_MESSAGES;
  out_result->status.messages = messages->len;
  return TRUE;
}

static gboolean
demo_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error)
{
  DemoSession *self = session;
  HaulPlanItem item;

  while (haul_plan_next (plan, &item))
    {
      const DemoMessage *message;
      GError *reason = NULL;
      gconstpointer data;
      gsize length = 0;

      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;
      g_mutex_lock (&server_lock);
      message = find_message (self->entered, item.key);
      g_mutex_unlock (&server_lock);
      if (message == NULL)
        {
          haul_error_set (&reason, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                          "fetch a message: it is no longer there");
          if (!haul_sink_fail (sink, item.key, reason, error))
            return FALSE;
          continue;
        }
      data = g_bytes_get_data (message->body, &length);
      if (!haul_sink_begin (sink, item.key, HAUL_LINES_CRLF, length, error)
          || !haul_sink_write (sink, data, length, error) || !haul_sink_end (sink, error))
        return FALSE;
    }
  return TRUE;
}

/* ---- destination role ---- */

/* read_body: NULL with @error set when the source broke off. */
static GBytes *
read_body (HaulItem *item, GError **error)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  HaulReadResult result;
  HaulBytes span;

  while ((result = haul_item_read (item, TRUE, &span, error)) == HAUL_READ_DATA)
    g_byte_array_append (all, span.data, (guint) span.length);
  if (result == HAUL_READ_FAILED)
    return NULL;
  return g_byte_array_free_to_bytes (g_steal_pointer (&all));
}

static gboolean
demo_store (gpointer session, HaulFeed *feed, GError **error)
{
  DemoSession *self = session;
  HaulItem *item = NULL;

  while (haul_feed_next (feed, TRUE, &item) == HAUL_FEED_ITEM)
    {
      HaulReceipt receipt = HAUL_RECEIPT_INIT;
      GError *reason = NULL;
      g_autoptr (GBytes) body = read_body (item, &reason);
      DemoMessage *message;
      DemoFolder *folder;

      if (body == NULL)
        {
          haul_feed_fail (feed, item, reason);
          continue;
        }
      message = g_new0 (DemoMessage, 1);
      message->flags = haul_item_flags (item);
      message->keywords = g_strdupv ((char **) haul_item_keywords (item));
      message->dated = haul_item_date (item, &message->date_unix, NULL);
      message->body = g_steal_pointer (&body);
      g_mutex_lock (&server_lock);
      folder = find_folder (self, haul_item_folder (item), TRUE);
      g_snprintf (message->key, sizeof message->key, "%010u", ++folder->next);
      g_ptr_array_add (folder->messages, message);
      g_mutex_unlock (&server_lock);
      receipt.key = (HaulBytes){ (const guint8 *) message->key, strlen (message->key) };
      haul_feed_done (feed, item, &receipt);
      if (g_cancellable_set_error_if_cancelled (self->cancellable, error))
        return FALSE;
    }
  return TRUE;
}

static const HaulBackend demo_backend = {
  HAUL_BACKEND_HEADER,
  .name = "demo",
  .summary = "Accounts in memory, as an example",
  .options = demo_options,
  .settings_size = sizeof (DemoSettings),
  .open = demo_open,
  .close = demo_close,
  .caps = demo_caps,
  .list = demo_list,
  .create = demo_create,
  .enter = demo_enter,
  .scan = demo_scan,
  .fetch = demo_fetch,
  .store = demo_store,
};
HAUL_DEFINE_BACKEND (demo, demo_backend)

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every callback answers by the Fake's behaviour; the batch callbacks and visitors have
 * their own ways to break the contract. One thread.
 */
#include "moody-backend.h"

#include <mailhaul/error.h>

static gboolean
answer (Fake *fake, GError **error)
{
  fake->calls++;
  switch (fake->behaviour)
    {
    case FAIL_FOLDER:
      return haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER, "no");
    case FAIL_SESSION:
      return haul_error_set (error, HAUL_ERROR_NETWORK, HAUL_SCOPE_SESSION, "gone");
    case CANCELLED:
      g_set_error (error, G_IO_ERROR, G_IO_ERROR_CANCELLED, "stopped");
      return FALSE;
    case FAIL_SILENTLY:
      return FALSE;
    case SUCCEED_WITH_ERROR:
      haul_error_set (error, HAUL_ERROR_REJECTED, HAUL_SCOPE_FOLDER, "hidden");
      return TRUE;
    case BEHAVE_WELL:
    case FORGET_A_RESULT:
    case EMPTY_NAME:
    case BAD_UTF8:
    case NO_STRUCT_SIZE:
    case OLD_STRUCT:
    case EMPTY_KEY:
    case BAD_FACT:
    case ENDLESS_FACTS:
      return TRUE;
    }
  g_assert_not_reached ();
}

static gpointer
fake_open (const HaulOpen *open, GError **error)
{
  Fake *fake = (gpointer) open->settings;

  return answer (fake, error) ? fake : NULL;
}

static void
fake_close (gpointer session)
{
  ((Fake *) session)->closed++;
}

static guint32
fake_caps (gpointer session)
{
  return HAUL_CAP_KEYWORDS;
}

static gboolean
fake_idle (gpointer session, gint64 max_us, GError **error)
{
  return answer (session, error);
}

static gboolean
fake_list (gpointer session, HaulFolderFunc func, gpointer user_data, GError **error)
{
  static const char *const names[] = { "a", "b", NULL };
  static const char *const empty[] = { "a", "", NULL };
  static const char *const bad[] = { "\xff", NULL };
  Fake *fake = session;
  HaulFolder folder = HAUL_FOLDER_INIT;

  folder.path = fake->behaviour == EMPTY_NAME ? empty
                : fake->behaviour == BAD_UTF8 ? bad
                                              : names;
  folder.status.messages = 99;
  if (fake->behaviour == NO_STRUCT_SIZE)
    folder.struct_size = 0;
  if (fake->behaviour == OLD_STRUCT)
    folder.struct_size = G_STRUCT_OFFSET (HaulFolder, status);
  return func (&folder, user_data, error) && answer (fake, error);
}

static gboolean
fake_enter (gpointer session, HaulPath path, HaulEnterMode mode,
            HaulFolderStatus *out_status, GError **error)
{
  if (out_status != NULL)
    out_status->messages = 7;
  return answer (session, error);
}

static gboolean
fake_scan (gpointer session, const HaulScan *scan, HaulScanResult *out_result,
           GError **error)
{
  Fake *fake = session;
  HaulRecord record = HAUL_RECORD_INIT;

  record.key = (HaulBytes){ (const guint8 *) "k", fake->behaviour != EMPTY_KEY };
  record.flags = HAUL_FLAG_SEEN;
  record.size_bytes = 99;
  if (fake->behaviour == NO_STRUCT_SIZE)
    record.struct_size = 0;
  if (fake->behaviour == OLD_STRUCT)
    record.struct_size = G_STRUCT_OFFSET (HaulRecord, size_bytes);
  out_result->delta = TRUE;
  return scan->record (&record, scan->user_data, error) && answer (fake, error);
}

static gboolean
fake_fetch (gpointer session, HaulPlan *plan, HaulSink *sink, GError **error)
{
  return answer (session, error);
}

static gboolean
fake_store (gpointer session, HaulFeed *feed, GError **error)
{
  return answer (session, error);
}

static gboolean
fake_create (gpointer session, const HaulFolder *folders, gsize count,
             HaulFolderResultFunc func, gpointer user_data, GError **error)
{
  Fake *fake = session;
  gsize first = fake->behaviour == FORGET_A_RESULT ? 1 : 0;

  for (gsize i = first; i < count; i++)
    func (folders[i].path, NULL, user_data);
  return answer (fake, error);
}

static gboolean
fake_update (gpointer session, const HaulChange *changes, gsize count,
             HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  Fake *fake = session;
  gsize first = fake->behaviour == FORGET_A_RESULT ? 1 : 0;

  for (gsize i = first; i < count; i++)
    func (changes[i].key, HAUL_NO_BYTES, NULL, user_data);
  return answer (fake, error);
}

static gboolean
fake_expunge (gpointer session, const HaulBytes *keys, gsize count,
              HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  Fake *fake = session;
  gsize first = fake->behaviour == FORGET_A_RESULT ? 1 : 0;

  for (gsize i = first; i < count; i++)
    func (keys[i], HAUL_NO_BYTES, NULL, user_data);
  return answer (fake, error);
}

static gboolean
fake_describe (gpointer session, HaulFactFunc func, gpointer user_data, GError **error)
{
  Fake *fake = session;

  func ("server", "Fake\r\n1.0 \xff", user_data);
  func (fake->behaviour == BAD_FACT ? "Server Name" : "tls", "none", user_data);
  for (guint i = 0; fake->behaviour == ENDLESS_FACTS && i < 100000; i++)
    func ("limit", "one more", user_data);
  return answer (fake, error);
}

const HaulBackend fake_least = {
  HAUL_BACKEND_HEADER, .name = "fake",      .summary = "Fake",
  .open = fake_open,   .close = fake_close, .list = fake_list,
  .enter = fake_enter, .scan = fake_scan,   .fetch = fake_fetch,
};

const HaulBackend fake_full = {
  HAUL_BACKEND_HEADER,       .name = "fake",        .summary = "Fake",
  .open = fake_open,         .close = fake_close,   .caps = fake_caps,
  .idle = fake_idle,         .list = fake_list,     .create = fake_create,
  .enter = fake_enter,       .scan = fake_scan,     .fetch = fake_fetch,
  .store = fake_store,       .update = fake_update, .expunge = fake_expunge,
  .describe = fake_describe,
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Moves and copies of messages inside of a store in memory. The session's thread.
 */
#include <mailhaul/error.h>

#include "memory-session.h"

/* What both callbacks get. */
typedef struct
{
  HaulPath to;
  const HaulBytes *keys;
  gsize count;
  HaulChangeResultFunc func;
  gpointer user_data;
  gboolean stays;
} MoveRequest;

static void
report_gone (const HaulBytes *key, const MoveRequest *request)
{
  g_autoptr (GError) error = NULL;

  haul_error_set (&error, HAUL_ERROR_GONE, HAUL_SCOPE_MESSAGE,
                  "move a message: there is none with that key");
  request->func (*key, HAUL_NO_BYTES, error, request->user_data);
}

static gboolean
move_messages (MemorySession *self, const MoveRequest *request, GError **error)
{
  gboolean returns_keys = (self->caps & HAUL_CAP_RETURNS_KEYS) != 0;
  gsize i;

  if (memory_session_lacks (self, "move"))
    return haul_error_set (error, HAUL_ERROR_UNSUPPORTED, HAUL_SCOPE_FOLDER,
                           "move messages: this store cannot");
  if (!memory_session_need_store (self, error)
      || !memory_session_need_entered (self, error))
    return FALSE;
  for (i = 0; i < request->count; i++)
    {
      guint64 number = memory_session_number (self, request->keys[i]);
      g_autoptr (MemoryMessage)
          old = memory_store_message (self->store, (HaulPath) self->entered, number);
      g_autoptr (MemoryMessage) new = NULL;
      MemoryPut put = { request->to, NULL };
      MemoryKey new_key;

      if (old == NULL)
        {
          report_gone (&request->keys[i], request);
          continue;
        }
      new = memory_message_copy (old);
      new->number = 0;
      put.message = new;
      if (!memory_store_put (self->store, &put, 1, error))
        return FALSE;
      if (!request->stays)
        memory_store_drop (self->store, (HaulPath) self->entered, number);
      request->func (request->keys[i],
                     returns_keys ? memory_session_key (self, new->number, &new_key)
                                  : HAUL_NO_BYTES,
                     NULL, request->user_data);
    }
  return TRUE;
}

gboolean
memory_move (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
             HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  MoveRequest request = { to, keys, count, func, user_data, FALSE };

  return move_messages (session, &request, error);
}

gboolean
memory_copy (gpointer session, HaulPath to, const HaulBytes *keys, gsize count,
             HaulChangeResultFunc func, gpointer user_data, GError **error)
{
  MoveRequest request = { to, keys, count, func, user_data, TRUE };

  return move_messages (session, &request, error);
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes the world of several lanes and looks at what a run made of it; what is expected
 * stands in the tests. The main thread.
 */
#include "lane-world.h"

#include <string.h>

#include <mailhaul/error.h>

/* PAUSE_US: what a step takes that makes a run long enough for all lanes to have a part
 * in it. */
#define PAUSE_US 1000

void
lane_world_adjust (Job *job, EngineRequest *request, gpointer data)
{
  const LaneWorld *self = data;
  job->connection_limit = self->connections;
}

static void
on_event (const Event *event, gpointer data)
{
  LaneWorld *self = data;
  g_assert_cmpstr (event->account, ==, "test");
  if (event->kind == EVENT_FOLDER_BEGIN)
    {
      guint count = GPOINTER_TO_UINT (g_hash_table_lookup (self->begun, event->folder));
      g_hash_table_insert (self->begun, g_strdup (event->folder),
                           GUINT_TO_POINTER (count + 1));
    }
  if (event->kind != EVENT_ACTION || event->action != ACTION_COPY)
    return;
  self->actions++;
  if (self->actions == self->stop_at)
    g_cancellable_cancel (self->world->stop);
  if (self->actions == self->cancel_at)
    g_cancellable_cancel (self->world->cancel);
}

static void
add_folders (LaneWorld *self, guint folders, guint messages)
{
  for (guint i = 0; i < folders; i++)
    {
      g_autofree char *name = g_strdup_printf ("F%02u", i);
      const char *path[] = { name, NULL };
      memory_store_create (self->world->source, path, 0, 0);
      for (guint k = 0; k < messages; k++)
        add_mail (self->world->source, path, 1000 * (i + 1) + k, 100 + k);
      self->messages += messages;
    }
}

LaneWorld *
lane_world_new (guint connections, guint folders, guint messages)
{
  LaneWorld *self = g_new0 (LaneWorld, 1);
  self->world = world_new (FALSE);
  self->messages = 8;
  self->connections = connections;
  self->begun = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);
  self->world->adjust = lane_world_adjust;
  self->world->adjust_data = self;
  self->world->event = on_event;
  self->world->event_data = self;
  self->world->source_options = self->world->destination_options = "sessions=8";
  add_folders (self, folders, messages);
  disarm (self->world);
  return self;
}

void
lane_world_free (LaneWorld *self)
{
  world_free (self->world);
  g_hash_table_unref (self->begun);
  g_free (self);
}

void
slow_down (FaultControl *control, const char *place)
{
  FaultPlan plan = {
    .action = FAULT_DELAY, .at = 1, .lasting = TRUE, .delay_us = PAUSE_US, .place = place
  };
  fault_control_arm (control, &plan);
}

void
await_lanes (LaneWorld *self, guint count)
{
  World *world = self->world;
  fault_control_meet (world->source_control, count, world->source_control,
                      world->destination_control);
}

void
await_opens (LaneWorld *self, FaultControl *at, guint count)
{
  fault_control_meet (self->world->source_control, count, at, NULL);
}

void
arm_at (FaultControl *control, const char *place, guint64 at, gboolean lasting,
        HaulErrorCode code)
{
  FaultPlan plan = { .action = FAULT_ERROR,
                     .at = at,
                     .lasting = lasting,
                     .code = code,
                     .scope = HAUL_SCOPE_SESSION,
                     .place = place };
  fault_control_arm (control, &plan);
}

guint
count_calls (FaultControl *control, const char *name)
{
  g_autofree char *calls = fault_control_calls (control);
  g_auto (GStrv) words = g_strsplit (calls, " ", -1);
  guint count = 0;
  for (char **word = words; *word != NULL; word++)
    count += strcmp (*word, name) == 0 ? 1 : 0;
  return count;
}

void
assert_lanes (LaneWorld *self, guint count)
{
  FaultControl *const controls[] = { self->world->source_control,
                                     self->world->destination_control };
  for (gsize i = 0; i < G_N_ELEMENTS (controls); i++)
    {
      guint opened = count_calls (controls[i], "open");
      g_assert_cmpuint (opened, ==, count);
      g_assert_cmpuint (count_calls (controls[i], "close"), ==, opened);
    }
}

void
assert_same_order (LaneWorld *self)
{
  g_autoptr (GPtrArray) folders = memory_store_list (self->world->source);
  for (guint i = 0; i < folders->len; i++)
    {
      HaulPath path = (HaulPath) ((MemoryFolder *) folders->pdata[i])->path;
      g_autoptr (GPtrArray)
          ours = memory_store_messages (self->world->source, path, 0, NULL);
      g_autoptr (GPtrArray)
          theirs = memory_store_messages (self->world->destination, path, 0, NULL);
      g_assert_nonnull (theirs);
      g_assert_cmpuint (theirs->len, ==, ours->len);
      for (guint k = 0; k < ours->len; k++)
        {
          const MemoryMessage *left = ours->pdata[k], *right = theirs->pdata[k];
          g_assert_true (g_bytes_equal (left->body, right->body));
          g_assert_cmpuint (left->flags, ==, right->flags);
          g_assert_cmpint (left->date_unix, ==, right->date_unix);
        }
    }
}

void
assert_same_mail (LaneWorld *self, gboolean in_order)
{
  g_autofree char *ours = contents (self->world->source);
  g_autofree char *theirs = contents (self->world->destination);
  g_assert_cmpstr (theirs, ==, ours);
  if (in_order)
    assert_same_order (self);
}

void
assert_all_copied (LaneWorld *self, EngineResult *result)
{
  const AccountResult *one = account (result);
  Ledger total = { 0 };
  if (one->error != NULL)
    g_error ("the run ended with: %s", one->error->message);
  g_assert_cmpint (result->exit_code, ==, EXIT_CODE_DONE);
  account_result_total (one, &total);
  assert_balanced (result, "all copied");
  g_assert_cmpuint (total.seen, ==, self->messages);
  g_assert_cmpuint (total.copied, ==, self->messages);
  g_assert_cmpuint (one->verified, ==, self->messages);
  g_assert_cmpuint (one->progress.planned_messages, ==, self->messages);
  g_assert_cmpuint (one->progress.done_messages, ==, self->messages);
  g_assert_cmpuint (one->progress.done_bytes, ==, total.copied_bytes);
  g_assert_cmpuint (total.copied_bytes, ==, memory_store_bytes (self->world->source));
  g_assert_cmpuint (one->failures->len, ==, 0);
  g_assert_cmpuint (one->differences->len, ==, 0);
  assert_same_order (self);
}

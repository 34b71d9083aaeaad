/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <select-message newer-than="1y" larger-than="1K"/>: copies only what meets all
 * conditions. A message of which something is not known (its date, say) is copied unless
 * another condition rules it out. The conditions are message-test.c's. An instance never
 * changes: any thread.
 */
#include "shared/message-test.h"

static gpointer
select_create (gconstpointer settings, GError **error)
{
  return test_new (TEST_ALL, settings, error);
}

static gboolean
select_check (gconstpointer settings, GError **error)
{
  return test_check (TEST_ALL, settings, error);
}

static void
select_free (gpointer instance)
{
  test_free (instance);
}

static guint32
select_effects (gconstpointer instance)
{
  return test_wants_headers (instance) ? HAUL_FILTER_NEEDS_HEADERS : 0;
}

static gboolean
select_message (gconstpointer instance, const HaulMessage *message, HaulMessageEdit *edit,
                GError **error)
{
  TestAnswer answer = TEST_UNKNOWN;
  const char *why = NULL;

  if (!test_decide (instance, message, &answer, &why, error))
    return FALSE;
  if (answer == TEST_NO)
    {
      g_autofree char *reason = g_strconcat ("not ", why, NULL);
      haul_message_edit_skip (edit, reason);
    }
  return TRUE;
}

static const HaulFilter select_filter = {
  HAUL_FILTER_HEADER,
  .name = "select-message",
  .summary = "Copies only the messages that meet all conditions",
  .options = test_options,
  .settings_size = sizeof (TestSettings),
  .effects = HAUL_FILTER_NEEDS_HEADERS,
  .check = select_check,
  .create = select_create,
  .destroy = select_free,
  .message = select_message,
  .instance_effects = select_effects,
};

HAUL_DEFINE_FILTER (select_message, select_filter)

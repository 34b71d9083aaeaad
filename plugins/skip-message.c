/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * <skip-message larger-than="50M" older-than="10y" flag="\\Deleted"/>: leaves messages
 * out. Each condition skips by itself, as the options of imapsync do: too large OR too
 * old OR deleted. What is not known skips nothing. The conditions are message-test.c's.
 * An instance never changes: any thread.
 */
#include "shared/message-test.h"

static gpointer
skip_create (gconstpointer settings, GError **error)
{
  return test_new (TEST_ANY, settings, error);
}

static gboolean
skip_check (gconstpointer settings, GError **error)
{
  return test_check (TEST_ANY, settings, error);
}

static void
skip_free (gpointer instance)
{
  test_free (instance);
}

static guint32
skip_effects (gconstpointer instance)
{
  return test_wants_headers (instance) ? HAUL_FILTER_NEEDS_HEADERS : 0;
}

static gboolean
skip_message (gconstpointer instance, const HaulMessage *message, HaulMessageEdit *edit,
              GError **error)
{
  TestAnswer answer = TEST_UNKNOWN;
  const char *why = NULL;

  if (!test_decide (instance, message, &answer, &why, error))
    return FALSE;
  if (answer == TEST_YES)
    haul_message_edit_skip (edit, why);
  return TRUE;
}

static const HaulFilter skip_filter = {
  HAUL_FILTER_HEADER,
  .name = "skip-message",
  .summary = "Leaves messages out",
  .options = test_options,
  .settings_size = sizeof (TestSettings),
  .effects = HAUL_FILTER_NEEDS_HEADERS,
  .check = skip_check,
  .create = skip_create,
  .destroy = skip_free,
  .message = skip_message,
  .instance_effects = skip_effects,
};

HAUL_DEFINE_FILTER (skip_message, skip_filter)

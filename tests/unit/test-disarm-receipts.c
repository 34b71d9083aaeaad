/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter disarm-receipts, alone.
 */
#include "plugins/fake-transform.h"

HAUL_API const HaulFilter *haul_filter_disarm_receipts_get (void);

static FakeFilter *
make (const char *also)
{
  const FakeOption options[] = { { "also", also }, { NULL, NULL } };
  const FakeOption *given = also != NULL ? options : options + 1;
  g_autofree char *message = NULL;
  FakeFilter *filter = fake_filter_new (haul_filter_disarm_receipts_get (), given,
                                        &message);

  g_assert_cmpstr (message, ==, NULL);
  return filter;
}

static void
test_fields (void)
{
  g_autoptr (FakeFilter) filter = make (NULL);

  fake_transform_check (filter,
                        "From: a@b\r\n"
                        "disposition-notification-TO: <a@b>,\r\n c@d\r\n"
                        "Return-Receipt-To : a@b\r\n"
                        "Disposition-Notification-Options: x\r\n"
                        "X-Confirm-Reading-To: a@b\r\n"
                        "\r\nReturn-Receipt-To: body\r\n",
                        "From: a@b\r\n"
                        "X-Disarmed-disposition-notification-TO: <a@b>,\r\n c@d\r\n"
                        "X-Disarmed-Return-Receipt-To : a@b\r\n"
                        "Disposition-Notification-Options: x\r\n"
                        "X-Disarmed-X-Confirm-Reading-To: a@b\r\n"
                        "\r\nReturn-Receipt-To: body\r\n");
}

static void
test_broken (void)
{
  g_autoptr (FakeFilter) filter = make (NULL);

  fake_transform_check (filter, "", "");
  fake_transform_check (filter, "Return-Receipt-To: a",
                        "X-Disarmed-Return-Receipt-To: a");
  fake_transform_check (filter,
                        "nonsense\nReturn-Receipt-To: a\nReturn-Receipt-To: b\n\nx",
                        "nonsense\nX-Disarmed-Return-Receipt-To: a\n"
                        "X-Disarmed-Return-Receipt-To: b\n\nx");
  fake_transform_check (filter, "A: b\r\n Return-Receipt-To: folded\r\n\r\n",
                        "A: b\r\n Return-Receipt-To: folded\r\n\r\n");
  fake_transform_check (filter, "\r\nReturn-Receipt-To: a\r\n",
                        "\r\nReturn-Receipt-To: a\r\n");
}

static void
test_also (void)
{
  g_autoptr (FakeFilter) filter = make ("X-Ask X-Too");

  fake_transform_check (
      filter, "X-Ask: 1\r\nx-too: 2\r\nX-Asked: 3\r\n\r\n",
      "X-Disarmed-X-Ask: 1\r\nX-Disarmed-x-too: 2\r\nX-Asked: 3\r\n\r\n");
}

static void
test_mistakes (void)
{
  const FakeOption options[] = { { "also", "X-Good b:d" }, { NULL, NULL } };
  g_autofree char *message = NULL;
  g_autoptr (FakeFilter)
      filter = fake_filter_new (haul_filter_disarm_receipts_get (), options, &message);

  g_assert_null (filter);
  g_assert_cmpstr (message, ==, "\"also\" must be names of header fields, got 'b:d'");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/disarm-receipts/fields/are-renamed-and-kept", test_fields);
  g_test_add_func ("/disarm-receipts/fields/of-broken-headers", test_broken);
  g_test_add_func ("/disarm-receipts/also/names-more", test_also);
  g_test_add_func ("/disarm-receipts/also/must-be-names", test_mistakes);
  return g_test_run ();
}

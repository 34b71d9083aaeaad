/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Transforming filters on any message, which the first byte cuts: whole, byte by byte and
 * in pieces they make the same of it. Aborts when not. Test thread.
 */
#include <string.h>

#include "plugins/fake-transform.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

HAUL_API const HaulFilter *haul_filter_disarm_receipts_get (void);
HAUL_API const HaulFilter *haul_filter_edit_header_get (void);
HAUL_API const HaulFilter *haul_filter_mend_get (void);
HAUL_API const HaulFilter *haul_filter_strip_attachment_get (void);
HAUL_API const HaulFilter *haul_filter_wrap_lines_get (void);

typedef struct
{
  const HaulFilter *(*get) (void);
  FakeOption options[4];
} Subject;

static const Subject subjects[] = {
  { haul_filter_disarm_receipts_get, { { "also", "A B" } } },
  { haul_filter_mend_get, { { NULL, NULL } } },
  { haul_filter_mend_get, { { "line-ends", "no" }, { "nul", "blank" } } },
  { haul_filter_edit_header_get, { { "add", "A" }, { "value", "b" } } },
  { haul_filter_edit_header_get, { { "remove", "A" }, { "match", "^(a+)+b" } } },
  { haul_filter_edit_header_get,
    { { "replace", "Subject" }, { "match", "(.)b?" }, { "value", "\\1\\1\\\\" } } },
  { haul_filter_edit_header_get, { { "rename", "A" }, { "to", "B" } } },
  { haul_filter_strip_attachment_get, { { "types", "*/*" } } },
  { haul_filter_strip_attachment_get, { { "larger-than", "20" } } },
  { haul_filter_wrap_lines_get, { { "limit", "60" } } },
  { haul_filter_wrap_lines_get, { { "limit", "60" }, { "method", "break" } } },
};

static void
compare (const FakeResult *whole, const FakeResult *cut)
{
  g_assert_cmpint (whole->error == NULL, ==, cut->error == NULL);
  g_assert_cmpstr (whole->skip, ==, cut->skip);
  if (whole->error == NULL)
    g_assert_cmpmem (whole->bytes->data, whole->bytes->len, cut->bytes->data,
                     cut->bytes->len);
}

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  if (size < 1)
    return 0;
  for (gsize i = 0; i < G_N_ELEMENTS (subjects); i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter)
          filter = fake_filter_new (subjects[i].get (), subjects[i].options, &message);
      g_auto (FakeResult) whole = fake_transform (filter, data + 1, size - 1, size, size);
      g_auto (FakeResult) bytes = fake_transform (filter, data + 1, size - 1, 1, 1);
      g_auto (FakeResult)
          pieces = fake_transform (filter, data + 1, size - 1, data[0], 1 + data[0] % 64);

      g_assert_cmpstr (message, ==, NULL);
      compare (&whole, &bytes);
      compare (&whole, &pieces);
    }
  return 0;
}

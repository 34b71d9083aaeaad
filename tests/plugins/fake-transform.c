/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The SDK functions that transforms call, and a chain of one transform. One thread.
 */
#include "fake-transform.h"

#include <string.h>

gboolean
haul_transform_write (HaulTransformOut *out, const void *data, gsize length,
                      GError **error)
{
  g_byte_array_append (out->bytes, data, (guint) length);
  return TRUE;
}

void
haul_transform_skip (HaulTransformOut *out, const char *reason)
{
  if (out->skip == NULL)
    out->skip = g_strdup (reason);
}

HaulPath
haul_message_folder (const HaulMessage *message)
{
  static const char *const folder[] = { "Work", "a/b", NULL };

  return folder;
}

void
fake_result_clear (FakeResult *result)
{
  g_clear_pointer (&result->bytes, g_byte_array_unref);
  g_clear_pointer (&result->skip, g_free);
  g_clear_error (&result->error);
}

FakeResult
fake_transform (const FakeFilter *self, const guint8 *data, gsize length, gsize first,
                gsize step)
{
  HaulMessage message = { .size_bytes = length };
  HaulTransformOut out = { g_byte_array_new (), NULL };
  FakeResult result = { 0 };
  gboolean ok = TRUE;
  gpointer stream = self->filter->transform_begin (self->instance, &message,
                                                   &result.error);

  g_assert_no_error (result.error);
  if (stream == NULL)
    g_byte_array_append (out.bytes, data, (guint) length);
  for (gsize at = 0, next = MIN (first, length); ok && stream != NULL && at < length;
       at = next, next = MIN (next + step, length))
    {
      /* A copy of its own, so that a sanitizer sees who reads beyond it. */
      g_autofree guint8 *piece = g_memdup2 (data + at, next - at);
      ok = next == at
           || self->filter->transform_push (stream, piece, next - at, &out,
                                            &result.error);
    }
  ok = ok
       && (stream == NULL
           || self->filter->transform_finish (stream, &out, &result.error));
  g_assert_cmpint (ok, ==, result.error == NULL);
  if (stream != NULL)
    self->filter->transform_free (stream);
  result.skip = out.skip;
  if (ok)
    result.bytes = out.bytes;
  else
    g_byte_array_unref (out.bytes);
  return result;
}

static void
check_once (const FakeFilter *self, GBytes *input, GBytes *expected, gsize first,
            gsize step)
{
  gsize length = 0, wanted = 0;
  const guint8 *data = g_bytes_get_data (input, &length);
  const guint8 *want = g_bytes_get_data (expected, &wanted);
  g_auto (FakeResult) result = fake_transform (self, data, length, first, step);

  g_assert_no_error (result.error);
  if (result.bytes->len != wanted
      || (wanted > 0 && memcmp (result.bytes->data, want, wanted) != 0))
    {
      g_autofree char *got = g_strndup ((const char *) result.bytes->data,
                                        result.bytes->len);
      g_autofree char *text = g_strndup ((const char *) want, wanted);
      g_test_message ("cut at %" G_GSIZE_FORMAT ", then every %" G_GSIZE_FORMAT, first,
                      step);
      g_assert_cmpstr (got, ==, text);
    }
  g_assert_cmpmem (result.bytes->data, result.bytes->len, want, wanted);
}

void
fake_transform_check_bytes (const FakeFilter *self, GBytes *input, GBytes *expected)
{
  gsize length = g_bytes_get_size (input);

  check_once (self, input, expected, length, length + 1);
  check_once (self, input, expected, 1, 1);
  for (gsize at = 0; at <= length; at++)
    check_once (self, input, expected, at, length + 1);
}

void
fake_transform_check (const FakeFilter *self, const char *input, const char *expected)
{
  g_autoptr (GBytes) from = g_bytes_new (input, strlen (input));
  g_autoptr (GBytes) to = g_bytes_new (expected, strlen (expected));

  fake_transform_check_bytes (self, from, to);
}

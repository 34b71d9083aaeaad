/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the transform of one filter over messages that are cut anywhere.
 */
#pragma once

#include "fakes.h"

/* _HaulTransformOut: what a transform wrote. */
struct _HaulTransformOut
{
  GByteArray *bytes;
  char *skip; /* the reason for which it leaves the message out; NULL: it does not */
};

/* FakeResult: what a transform made of a message. */
typedef struct
{
  GByteArray *bytes; /* NULL: it failed */
  char *skip;
  GError *error;
} FakeResult;

/* fake_result_clear: frees the members. */
void fake_result_clear (FakeResult *result);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (FakeResult, fake_result_clear)

/* fake_transform: @data in pieces of @first and then @step bytes. Clear the result. */
FakeResult fake_transform (const FakeFilter *self, const guint8 *data, gsize length,
                           gsize first, gsize step);

/* fake_transform_check: @input becomes @expected, whole, byte by byte and cut in two at
 * every position. */
void fake_transform_check (const FakeFilter *self, const char *input,
                           const char *expected);
/* fake_transform_check_bytes: the same for bytes with NUL among them. */
void fake_transform_check_bytes (const FakeFilter *self, GBytes *input, GBytes *expected);

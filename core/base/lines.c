/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Line ends: counts and converts them at memory speed, since every byte of every message
 * passes here. Counting works on vectors of bytes, converting on runs between line ends.
 * Knows nothing of messages. Any thread.
 */
#include <mailhaul/lines.h>

#include <string.h>

/* A vector of bytes (GNU C; gcc and clang make it one register where there is one). */
#define VECTOR_BYTES 16
typedef guint8 ByteVector __attribute__ ((vector_size (VECTOR_BYTES)));

/* A byte lane counts at most this many matches before it must be added up. */
#define LANE_LIMIT 255

static ByteVector
vector_load (const guint8 *data)
{
  ByteVector vector;

  memcpy (&vector, data, sizeof vector);
  return vector;
}

static guint
vector_sum (ByteVector vector)
{
  guint sum = 0;

  for (gsize i = 0; i < VECTOR_BYTES; i++)
    sum += vector[i];
  return sum;
}

gsize
haul_lines_count_lf (const guint8 *data, gsize length)
{
  const ByteVector lf = (ByteVector){ 0 } + '\n';
  gsize count = 0, at = 0;

  while (length - at >= VECTOR_BYTES)
    {
      gsize rounds = MIN ((length - at) / VECTOR_BYTES, LANE_LIMIT);
      ByteVector lanes = { 0 };

      for (gsize i = 0; i < rounds; i++, at += VECTOR_BYTES)
        lanes -= (ByteVector) (vector_load (data + at) == lf); /* a match is -1 */
      count += vector_sum (lanes);
    }
  for (; at < length; at++)
    count += data[at] == '\n';
  return count;
}

/* The LF bytes of @data[1 …] that have no CR before them. */
static gsize
count_lone_lf (const guint8 *data, gsize length)
{
  const ByteVector lf = (ByteVector){ 0 } + '\n';
  const ByteVector cr = (ByteVector){ 0 } + '\r';
  gsize count = 0, at = 1;

  while (length - at >= VECTOR_BYTES)
    {
      gsize rounds = MIN ((length - at) / VECTOR_BYTES, LANE_LIMIT);
      ByteVector lanes = { 0 };

      for (gsize i = 0; i < rounds; i++, at += VECTOR_BYTES)
        lanes -= (ByteVector) ((vector_load (data + at) == lf)
                               & (vector_load (data + at - 1) != cr));
      count += vector_sum (lanes);
    }
  for (; at < length; at++)
    count += data[at] == '\n' && data[at - 1] != '\r';
  return count;
}

guint64
haul_lines_crlf_size (HaulLineState *state, const guint8 *data, gsize length)
{
  if (length == 0)
    return 0;

  guint64 size = (guint64) length + (data[0] == '\n' && !state->after_cr);
  size += count_lone_lf (data, length);
  state->after_cr = data[length - 1] == '\r';
  return size;
}

gsize
haul_lines_to_crlf (HaulLineState *state, const guint8 *data, gsize length, guint8 *out)
{
  const guint8 *end = data + length;
  guint8 *start = out;
  gboolean after_cr = state->after_cr;

  while (data < end)
    {
      const guint8 *lf = memchr (data, '\n', (gsize) (end - data));
      gsize run = (gsize) ((lf != NULL ? lf : end) - data);

      memcpy (out, data, run);
      out += run;
      if (run > 0)
        after_cr = data[run - 1] == '\r';
      data += run;
      if (lf == NULL)
        break;
      if (!after_cr)
        *out++ = '\r';
      *out++ = '\n';
      after_cr = FALSE;
      data++;
    }
  state->after_cr = after_cr;
  return (gsize) (out - start);
}

gsize
haul_lines_to_lf (HaulLineState *state, const guint8 *data, gsize length, guint8 *out)
{
  const guint8 *end = data + length;
  guint8 *start = out;

  if (length == 0)
    return 0;
  if (state->after_cr && data[0] != '\n')
    *out++ = '\r';
  state->after_cr = FALSE;

  while (data < end)
    {
      const guint8 *cr = memchr (data, '\r', (gsize) (end - data));
      gsize run = (gsize) ((cr != NULL ? cr : end) - data);

      if (out != data)
        memmove (out, data, run); /* may be in place: out never passes data then */
      out += run;
      data += run;
      if (cr == NULL)
        break;
      data++;
      if (data == end)
        state->after_cr = TRUE;
      else if (*data != '\n')
        *out++ = '\r';
    }
  return (gsize) (out - start);
}

gsize
haul_lines_finish_lf (HaulLineState *state, guint8 *out)
{
  if (!state->after_cr)
    return 0;
  state->after_cr = FALSE;
  *out = '\r';
  return 1;
}

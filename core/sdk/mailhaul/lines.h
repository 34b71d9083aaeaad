/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Line ends. On the wire and inside mailhaul a message's lines end in CRLF; files hold LF
 * or a mixture. These functions convert between them a span at a time and count sizes.
 */
#pragma once

#include <mailhaul/macros.h>

G_BEGIN_DECLS

/* HaulLines: how the lines of a body that is under way end. */
typedef enum
{
  HAUL_LINES_CRLF = 0, /* wire form: CRLF; a lone CR is data, a lone LF does not occur */
  HAUL_LINES_ANY = 1, /* as stored: LF or CRLF, also mixed; wire form = lone LF → CRLF */
} HaulLines;

/*
 * HaulLineState: what a conversion must remember between two spans of one message. Zeroed
 * for each message.
 */
typedef struct
{
  gboolean after_cr; /* the last byte seen was a CR (to_lf: it is still held back) */
} HaulLineState;

/*
 * haul_lines_crlf_size: how many bytes @data takes when each lone LF becomes CRLF. @state
 * carries a CR over the border of two spans. Adding up all spans gives the wire size.
 */
HAUL_API guint64 haul_lines_crlf_size (HaulLineState *state, const guint8 *data,
                                       gsize length);

/*
 * haul_lines_to_crlf: converts lone LF to CRLF from @data into @out, which has room for
 * 2 × @length bytes. Returns the number of bytes written.
 */
HAUL_API gsize haul_lines_to_crlf (HaulLineState *state, const guint8 *data, gsize length,
                                   guint8 *out);

/*
 * haul_lines_to_lf: converts CRLF to LF from @data into @out, which has room for
 * @length + 1 bytes and may be @data itself only if state->after_cr is FALSE. A lone CR
 * stays. A CR at the end of the span is held back until the next call or
 * haul_lines_finish_lf(). Returns the number of bytes written.
 */
HAUL_API gsize haul_lines_to_lf (HaulLineState *state, const guint8 *data, gsize length,
                                 guint8 *out);

/* haul_lines_finish_lf: at the end of a message, writes the CR held back, if any, to @out
 * (room for 1 byte). Returns 0 or 1. */
HAUL_API gsize haul_lines_finish_lf (HaulLineState *state, guint8 *out);

/* haul_lines_count_lf: the number of LF bytes in @data. */
HAUL_API gsize haul_lines_count_lf (const guint8 *data, gsize length);

G_END_DECLS

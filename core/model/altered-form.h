/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What stores make of a message: a digest that survives every change that a server or our
 * own mending is known to make, and a count of what such changes take away.
 * docs/internals/matching.md has the reasons.
 */
#pragma once

#include <glib.h>

#include "base/digest.h"

/* AlteredKind: what a message holds that a store may change, or what we changed. */
typedef enum
{
  ALTERED_8BIT = 1 << 0,     /* 8-bit bytes in the header: Cyrus makes them X */
  ALTERED_NUL = 1 << 1,      /* NUL bytes: left out */
  ALTERED_LONG = 1 << 2,     /* lines that are broken */
  ALTERED_FROM = 1 << 3,     /* the separator of an mbox before the header: left out */
  ALTERED_NAME = 1 << 4,     /* header lines that are none: they get a name */
  ALTERED_ENCLOSED = 1 << 5, /* it is enclosed in a message of ours */
} AlteredKind;

/*
 * AlteredForm: plain data. @known: the rest is. @kinds: AlteredKind. @digest: of the form
 * in which all of that is levelled. The counts: what the canonical form of
 * content-digest.h leaves out.
 */
typedef struct
{
  gboolean known;
  guint32 kinds;
  guint8 digest[DIGEST_LENGTH];
  guint32 private_fields;
  guint64 nuls, lone_crs, final_line_ends;
} AlteredForm;

/* altered_form_explains: @copy is @own as a store that changes it would keep it: all that
 * differs was there to be changed, and is gone. */
gboolean altered_form_explains (const AlteredForm *own, const AlteredForm *copy);

/* altered_form_difference: what of @own's bytes @copy lacks or has beside, though their
 * canonical content is the same, in words; NULL: nothing, or it is not known. (transfer
 * full) */
char *altered_form_difference (const AlteredForm *own, const AlteredForm *copy);

/* AlteredReader: makes one of a message, span by span. Opaque. */
typedef struct _AlteredReader AlteredReader;

/* altered_reader_new: (transfer full). */
AlteredReader *altered_reader_new (void);
/* altered_reader_reset: for the next message. */
void altered_reader_reset (AlteredReader *self);
/* altered_reader_update: the next bytes, LF or CRLF, cut anywhere. */
void altered_reader_update (AlteredReader *self, const guint8 *data, gsize length);
/* altered_reader_finish: then only reset or free. */
void altered_reader_finish (AlteredReader *self, AlteredForm *out);
/* altered_reader_free: accepts NULL. */
void altered_reader_free (AlteredReader *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (AlteredReader, altered_reader_free)

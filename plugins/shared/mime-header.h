/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the header of a part says about its content (RFC 2045, 2183, 2231), leniently.
 */
#pragma once

#include "mime.h"

/* MimeInfo: starts zeroed. */
typedef struct
{
  MimePart part;
  char *boundary;  /* of a multipart; NULL: none that can be used */
  gboolean broken; /* a line is no field: nobody knows where the header ends for others */
} MimeInfo;

/* mime_info_read: the block @data with its empty line. @digest: a part that does not say
 * its type is a message. */
void mime_info_read (MimeInfo *self, const guint8 *data, gsize length, gboolean digest);
/* mime_info_clear: frees the members. */
void mime_info_clear (MimeInfo *self);

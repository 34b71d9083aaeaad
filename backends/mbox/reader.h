/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Runs the scanner over a file and says of each message what a listing and a fetch need.
 */
#pragma once

#include "file.h"
#include "header-filter.h"
#include "index.h"
#include "scanner.h"
#include "status.h"

/* MBOX_HEADERS_LIMIT_BYTES: of a header block handed over; twice of what the engine's
 * identity looks at (256 KiB), so that its limit decides. */
#define MBOX_HEADERS_LIMIT_BYTES (512 * 1024)

/* MBOX_DETECT_BYTES: of a file that are looked at to find out how it is quoted. */
#define MBOX_DETECT_BYTES (64 * 1024 * 1024)

/* MboxMessage: one message of a file. All pointers stand during the call that gets it.
 * @rule: its quoting, decided. */
typedef struct
{
  MboxIndexEntry entry;
  MboxScanEnd end;
  HaulBytes from_line;
  gboolean has_date;
  MboxFromLine from;
  const MboxStatus *status;
  MboxRule rule;
  HaulBytes headers; /* its own fields, if the setup keeps them */
} MboxMessage;

/* MboxMessageFunc: takes a message; sets *@stop to end the run early. FALSE with @error
 * set fails the run. */
typedef gboolean (*MboxMessageFunc) (const MboxMessage *message, gboolean *stop,
                                     gpointer user_data, GError **error);

/* MboxReader: how to run. @buffer: MBOX_BUFFER_BYTES of the session. @rule: for messages
 * that do not say it themselves. @trust_length: a Content-Length that lands counts.
 * @headers_only: the run ends with the first header block; sizes and ends are unknown. */
typedef struct
{
  MboxFile *file;
  guint8 *buffer;
  GCancellable *cancellable;
  MboxRule rule;
  gboolean trust_length;
  gboolean keep_headers;
  gboolean headers_only;
  MboxMessageFunc func;
  gpointer user_data;
} MboxReader;

/*
 * mbox_reader_run: the messages from @from, where one begins, up to @limit, which counts
 * as the end of the file. HAUL_ERROR_CORRUPT (folder) when something else than a message
 * stands at @from; G_IO_ERROR_CANCELLED.
 */
gboolean mbox_reader_run (const MboxReader *reader, guint64 from, guint64 limit,
                          GError **error);

/* mbox_reader_detect: how the foreign messages of the first MBOX_DETECT_BYTES before
 * @limit are quoted. Uses the reader's file, buffer and cancellable only. */
gboolean mbox_reader_detect (const MboxReader *reader, guint64 limit, MboxRule *out_rule,
                             GError **error);

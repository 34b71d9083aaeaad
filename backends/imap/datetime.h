/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* INTERNALDATE, as servers really write it, and as we write it. */
#pragma once

#include "text.h"

/* Parses a date-time (RFC 3501 date-time; hazard 15). Accepts a day without padding or
 * with a zero, a year of two digits, full month names, a missing, named or
 * colon-separated zone, and missing seconds. @out_unix gets seconds since 1970 UTC,
 * @out_zone_minutes the zone as written (0 if missing or unknown). Impossible days and
 * times (30-Feb, 25:00) give FALSE: unknown. */
gboolean imap_datetime_parse (ImapString text, gint64 *out_unix, gint *out_zone_minutes);

/* The fixed-width form "dd-Mmm-yyyy hh:mm:ss +zzzz" without quotes, (transfer full). NULL
 * if the year in that zone is outside 1970 to 9999 or the zone is a day or more: nothing
 * else may be sent, as servers store such dates silently wrong (imap.md rule 14). No
 * error is set: the caller knows what it passed. */
gchar *imap_datetime_format (gint64 unix_seconds, gint zone_minutes);

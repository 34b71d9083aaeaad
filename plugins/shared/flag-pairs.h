/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keywords that mean the same: data for map-flag. Compared without case, so that spelling
 * by case ($MdnSent) needs no row.
 */
#pragma once

#include <glib.h>

/* FLAG_NAMES: the most spellings of one row, and NULL. */
#define FLAG_NAMES 8

/* FlagPair: the registered name (IANA, RFC 5788), the plain one, then what else occurs:
 * Apple Mail, Thunderbird, KMail, Evolution and the vendor flags with a backslash that
 * imapsync knows. */
typedef struct
{
  const char *names[FLAG_NAMES];
} FlagPair;

/* flag_pairs: one meaning a row. */
static const FlagPair flag_pairs[] = {
  { { "$Forwarded", "Forwarded", "\\Forwarded", "\\Forward", "\\X-Forwarded",
      "\\$Forwarded", "Fwd" } },
  { { "$Junk", "Junk", "\\Junk", "\\$Junk", "JunkRecorded", "Spam" } },
  { { "$NotJunk", "NonJunk", "NotJunk", "$NonJunk", "\\NotJunk", "\\NonJunk",
      "NoJunk" } },
  { { "$MDNSent", "MDNSent", "\\MDNSent", "\\ReadRcpt", "\\ReceiptChecked" } },
  { { "$Phishing", "Phishing", "\\Phishing" } },
  { { "$HasAttachment", "HasAttachment", "\\Attached", "\\X-Has-Attach",
      "\\X-EON-Has-Attachment" } },
  { { "$Important", "Important", "\\Important", "\\Priority" } },
  { { "$Submitted", "Submitted" } },
};

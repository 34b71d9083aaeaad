/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the test's peers share. */
#pragma once

#include <openssl/x509.h>

#include "tls-peer.h"

struct _PeerCertificate
{
  X509 *certificate;
  EVP_PKEY *key;
  char *file;
};

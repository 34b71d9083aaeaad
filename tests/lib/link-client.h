/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the tests of the link share: the client's side of a conversation. */
#pragma once

#include <mailhaul/link.h>

#include "tls-peer.h"

/* TEST_PATIENCE_US: time-out where the test expects none to strike. */
#define TEST_PATIENCE_US ((gint64) 60 * G_USEC_PER_SEC)

/* TEST_SHORT_US: time-out that is meant to strike. */
#define TEST_SHORT_US ((gint64) 200 * 1000)

/* link_options: for @host and @port, with patience. */
HaulLinkOptions link_options (const char *host, guint port, gboolean implicit_tls);

/* link_must_open: fails the test if it cannot. (transfer full) */
HaulLink *link_must_open (const HaulLinkOptions *options);

/* link_must_fail: opening it must end with @code and @scope; all of @words, separated by
 * '|', must be in the message. */
void link_must_fail (const HaulLinkOptions *options, HaulErrorCode code,
                     HaulErrorScope scope, const char *words);

/* link_has_words: all of @words, separated by '|', are in the error's message. */
void link_has_words (const GError *error, const char *words);

/* link_say: writes all of it. */
void link_say (HaulLink *link, const char *text);

/* link_hear: the next @length bytes, as text. (transfer full) */
char *link_hear (HaulLink *link, gsize length);

/* link_hear_line: the next line without its LF. (transfer full) */
char *link_hear_line (HaulLink *link);

/* link_last: reads until END or FAILED, which it returns; what came is thrown away. */
HaulLinkResult link_last (HaulLink *link, GError **error);

/* link_write_until_failure: writes until it FAILED. */
void link_write_until_failure (HaulLink *link, GError **error);

/* link_echo: sends @total bytes and reads as many, both at once; they must be equal. */
void link_echo (HaulLink *link, gsize total);

/* ---- certificates ---- */

/* TestWorld: authorities and a good certificate for "localhost" and 127.0.0.1. */
typedef struct
{
  PeerCertificate *authority;
  PeerCertificate *stranger; /* an authority that is not trusted */
  PeerCertificate *good;
} TestWorld;

/* test_world_init, test_world_clear: makes them; frees them. */
void test_world_init (TestWorld *self);
void test_world_clear (TestWorld *self);
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (TestWorld, test_world_clear)

/* test_authority, test_leaf: one more of that kind. (transfer full) */
PeerCertificate *test_authority (const char *name);
PeerCertificate *test_leaf (const char *names, const PeerCertificate *issuer);

/* test_trusting: implicit TLS that trusts the world's authority. */
HaulLinkOptions test_trusting (const TestWorld *world, const char *host,
                               const TlsPeer *peer);

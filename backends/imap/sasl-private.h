/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files of the login share. */
#pragma once

#include "sasl.h"

/* Reject challenges above this (imap.md §4): none of a real mechanism is near it; GSSAPI
 * tickets with long group lists reach 48 KiB. */
#define SASL_LIMIT_CHALLENGE_BYTES ((gsize) 64 * 1024)

/* PBKDF2 rounds that a server may ask for: a second of CPU; above is an attack. */
#define SASL_LIMIT_ITERATIONS 1000000u

/* Attempts with a password in all: many servers lock an account after three. */
#define SASL_LIMIT_PASSWORD_ATTEMPTS 2u

/* How a mechanism works. */
typedef enum
{
  SASL_XOAUTH2,
  SASL_OAUTHBEARER,
  SASL_EXTERNAL,
  SASL_SCRAM,
  SASL_GSSAPI,
  SASL_CRAM,
  SASL_PLAIN,
  SASL_LOGIN,
  SASL_LOGIN_COMMAND,
} SaslKind;

/* Rounds of one dialogue; GSSAPI takes four. */
#define SASL_LIMIT_STEPS 16u

/* One mechanism. */
typedef struct
{
  const char *word; /* in the job */
  const char *name; /* on the wire, and for people */
  SaslKind kind;
  GChecksumType hash; /* SCRAM, CRAM */
  gboolean plus;      /* SCRAM with channel binding */
  gboolean password;  /* needs the password */
  gboolean token;     /* needs the token */
  gboolean exposes;   /* whoever reads along can log in, at once or after guessing */
  gboolean plain;     /* the server itself is handed the password */
  gboolean authzid;   /* can log in on behalf of somebody */
} SaslMechanism;

/* The mechanisms in the order of preference on a secure channel. */
#define SASL_MECHANISMS 14
extern const SaslMechanism sasl_mechanisms[SASL_MECHANISMS];

/* A secret that was sent, known again but not kept: its length, a cheap sum, and a keyed
 * digest. */
typedef struct
{
  gsize length;
  guint32 sum;
  guint8 digest[32];
} SaslTrace;

/* What sasl.c holds of libgsasl. */
typedef struct _SaslEngine SaslEngine;

struct _ImapSasl
{
  ImapSaslSettings settings;
  guint8 key[32];
  GArray *traces; /* of SaslTrace */

  /* The choice. */
  const SaslMechanism *current; /* NULL: none yet */
  guint32 usable;               /* bits of sasl_mechanisms, as of the last choice */
  guint32 refused;              /* not to be tried again */
  gboolean protecting_refused;  /* one that protects the password was refused */
  gboolean plain_offered;       /* the server takes the password itself */
  gboolean proxy_offered;       /* PROXYAUTH may follow */
  gboolean proxy_wanted;        /* the job says proxyauth */
  guint password_attempts;
  char *last_refusal; /* redacted words of the server; NULL: none */

  /* The dialogue. */
  guint steps;               /* challenges answered */
  gboolean finished;         /* nothing more may come */
  gboolean failed;           /* the server has said that it failed */
  gboolean proven;           /* the server has proven itself */
  char *nonce;               /* SCRAM: ours */
  char *scram_error;         /* SCRAM: e=… */
  gboolean raw_password;     /* SCRAM: without SASLprep */
  gboolean prepared_differs; /* SCRAM: SASLprep changes the password */
  SaslEngine *engine;        /* libgsasl's */
  GError *engine_error;      /* why a callback of it failed */

  /* Tokens. */
  char *token;          /* read ahead by imap_sasl_may_retry(); NULL: read at start */
  char *token_status;   /* of the refusal */
  gboolean token_tried; /* `token_digest` is that of the one that was sent */
  gboolean token_renewed;
  guint8 token_digest[32];
};

/* ---- sasl-choose.c ---- */

/* The mechanism of @word in any case; NULL: unknown. */
const SaslMechanism *sasl_mechanism_find (const char *word);

/* Whether the job's list makes sense; notes "proxyauth". FALSE with HAUL_ERROR_CONFIG. */
gboolean sasl_list_is_valid (ImapSasl *self, GError **error);

/* Whether the user's name follows by PROXYAUTH. */
gboolean sasl_proxies (const ImapSasl *self);

/* Who authenticates, and for whom: NULL when it is the same. */
const char *sasl_authcid (const ImapSasl *self);
const char *sasl_authzid (const ImapSasl *self);

/* ---- sasl.c ---- */

/* Forgets the dialogue of the last mechanism. */
void sasl_reset (ImapSasl *self);

/* Whether this build can do @mechanism. */
gboolean sasl_engine_supports (const ImapSasl *self, const SaslMechanism *mechanism);

/* Whether this connection has channel binding. */
gboolean sasl_has_binding (const ImapSasl *self);

/* ---- sasl-plain.c: mechanisms without libgsasl ---- */

/* The initial response, wiped when it is freed; NULL without error: there is none. */
gboolean sasl_own_start (ImapSasl *self, GBytes **out_initial, GError **error);

/* The answer to @challenge, raw, wiped when it is freed. */
gboolean sasl_own_step (ImapSasl *self, GBytes *challenge, GBytes **out_answer,
                        GError **error);

/* Reads the password for an attempt. (transfer full), haul_secret_free_text(). */
char *sasl_password (ImapSasl *self, GError **error);

/* @length bytes at @data (transfer full) that are wiped when they are freed. */
GBytes *sasl_secret_bytes (guint8 *data, gsize length);

/* ---- sasl-scram.c: what a server may say (RFC 5802 §5, §7) ---- */

/* Whether @message is one that an honest server answers to our @nonce. */
gboolean sasl_scram_check_first (HaulBytes message, const char *nonce, GError **error);

/* Whether @message is v=… (TRUE, *out_error NULL) or e=… (TRUE, *out_error its words,
 * transfer full). */
gboolean sasl_scram_check_final (HaulBytes message, char **out_error, GError **error);

/* Our nonce in the client-first-message; NULL: there is none. (transfer full) */
char *sasl_scram_nonce (HaulBytes client_first);

/* PBKDF2-HMAC (RFC 8018 §5.2), first block, of a password as it is. @out_key has room for
 * the digest's bytes. */
void sasl_pbkdf2 (GChecksumType hash, const char *password, HaulBytes salt,
                  guint iterations, guint8 *out_key);

/* ---- sasl-redact.c ---- */

/* Lets imap_sasl_redact() know @length bytes of @secret again. */
void sasl_remember (ImapSasl *self, const char *secret, gsize length);

/* SHA-256 with the object's key. */
void sasl_digest (const ImapSasl *self, const char *data, gsize length,
                  guint8 out_digest[32]);

/* ---- sasl-refused.c ---- */

/* Whether the refusal is only that the server is busy (hazard 43). */
gboolean sasl_is_busy (ImapCode code, ImapString text);

/* Whether the server said that it cannot do the mechanism or command at all. */
gboolean sasl_is_unsupported (ImapCode code, ImapString text);

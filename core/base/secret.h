/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The making of a HaulSecret; plugins only read it (<mailhaul/options.h>).
 */
#pragma once

#include <mailhaul/options.h>

/* SecretKind: where the secret stands. */
typedef enum
{
  SECRET_TEXT = 0,    /* in the job itself */
  SECRET_FILE = 1,    /* in a file of its own */
  SECRET_ENV = 2,     /* in an environment variable */
  SECRET_COMMAND = 3, /* printed by a command */
} SecretKind;

/* SECRET_KINDS: the number of kinds. */
#define SECRET_KINDS 4

/* secret_suffix: what a kind adds to the option's name: "", "-file", … (static). */
const char *secret_suffix (SecretKind kind);

/*
 * secret_new: @option names it in errors ("password-file"); @value is the text, an
 * absolute file, the variable's name, or a command line with a shell's quotes (but no
 * shell runs it). @directory (may be NULL): where a command starts. All are copied.
 * Returns: (transfer full), free with secret_free().
 */
HaulSecret *secret_new (SecretKind kind, const char *option, const char *value,
                        const char *directory);

/*
 * secret_file_is_open: whether every user of this machine can read @file, as its mode and
 * those of the folders above it say: then it keeps no secret. A file that is not there is
 * not open.
 */
gboolean secret_file_is_open (const char *file);

/* secret_free: wipes and frees. Accepts NULL. */
void secret_free (HaulSecret *self);

/* secret_read_within: haul_secret_read() with a limit of its own for a command. */
char *secret_read_within (const HaulSecret *self, gint64 limit_us, GError **error);

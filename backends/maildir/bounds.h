/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every limit of the Maildir backend, each with its reason.
 */
#pragma once

/* MAILDIR_KEYWORD_LETTERS: keywords that fit into a file name, a to z (Dovecot). */
#define MAILDIR_KEYWORD_LETTERS 26

/* MAILDIR_MAX_DEPTH: nesting of folders that is followed; deeper is a loop of links. */
#define MAILDIR_MAX_DEPTH 64

/* MAILDIR_MAX_NAME: bytes of one directory entry; what every Linux file system takes. */
#define MAILDIR_MAX_NAME 255

/* MAILDIR_MAX_PATH: bytes of a folder's directory below the store's top: with the top and
 * a message's name it stays within PATH_MAX. */
#define MAILDIR_MAX_PATH 3000

/* MAILDIR_MAX_HOST: bytes of the host's name in a file name, so that the rest fits. */
#define MAILDIR_MAX_HOST 64

/* MAILDIR_MAX_HEADERS: bytes of header block that a scan reads; identity needs a few
 * lines near the top, and a file without a blank line must not be read whole. */
#define MAILDIR_MAX_HEADERS (256 * 1024)

/* MAILDIR_HEADER_STEP: bytes of the first read, which holds nearly every header block. */
#define MAILDIR_HEADER_STEP (16 * 1024)

/* MAILDIR_IO_BYTES: bytes of one read or write of a body; the engine's chunk. */
#define MAILDIR_IO_BYTES (64 * 1024)

/* MAILDIR_SMALL_BYTES: a file up to this size is read once and converted in memory; a
 * bigger one is counted first and read again, so that memory stays bounded. */
#define MAILDIR_SMALL_BYTES (256 * 1024)

/* MAILDIR_BATCH_MESSAGES, MAILDIR_BATCH_BYTES: one flush to disk covers so much; larger
 * batches gain nothing and put more mail in doubt. */
#define MAILDIR_BATCH_MESSAGES 256
#define MAILDIR_BATCH_BYTES    (16 * 1024 * 1024)

/* MAILDIR_FEW_FILES: up to so many files are made durable one by one; beyond, one
 * syncfs() is cheaper. */
#define MAILDIR_FEW_FILES 4

/* MAILDIR_MAX_PASSES: readings of a folder that changes all the while. */
#define MAILDIR_MAX_PASSES 6

/* MAILDIR_MAX_CONTROL_FILE: bytes of a keyword or subscription file that are read; a
 * bigger one is no such file. */
#define MAILDIR_MAX_CONTROL_FILE (16 * 1024 * 1024)

/* MAILDIR_LOCK_WAIT_US: how long a dotlock of the mail server is waited for. */
#define MAILDIR_LOCK_WAIT_US (10 * G_USEC_PER_SEC)

/* MAILDIR_LOCK_STALE_SECONDS: a dotlock unchanged for so long is left over from a dead
 * process (Dovecot's own rule for dovecot-uidlist.lock). */
#define MAILDIR_LOCK_STALE_SECONDS 120

/* MAILDIR_RACY_NS: a directory changed more recently than this gives no token, for a
 * second change might leave the same time stamp (ext3, HFS+: 1 s; FAT: 2 s). */
#define MAILDIR_RACY_NS (2 * G_GINT64_CONSTANT (1000000000))

/* MAILDIR_REMOTE_RACY_NS: the same on a network file system, whose clock is another. */
#define MAILDIR_REMOTE_RACY_NS (120 * G_GINT64_CONSTANT (1000000000))

/* MAILDIR_TICK_NS: two changes within one tick of the kernel's clock may leave the same
 * time stamp (10 ms at HZ=100, doubled). */
#define MAILDIR_TICK_NS (20 * G_GINT64_CONSTANT (1000000))

/* MAILDIR_CHASE_US: how long one message is chased that a mail client keeps renaming;
 * long enough for several readings of a folder of 10⁵ files. */
#define MAILDIR_CHASE_US (5 * G_USEC_PER_SEC)

/* MAILDIR_KEEP_NAMES: the names of a folder with more messages are forgotten after a
 * scan: a fetch reads them again in a fraction of a second, and the engine needs the
 * memory. */
#define MAILDIR_KEEP_NAMES 20000

/* MAILDIR_TMP_STALE_SECONDS: a file in tmp/ unchanged for so long is nobody's any more:
 * the 36 hours of the Maildir specification. */
#define MAILDIR_TMP_STALE_SECONDS (36 * 3600)

/* MAILDIR_CLEANING_WAIT_MS, MAILDIR_CLEANING_ATTEMPTS: how often, and in what distance, a
 * store looks whether another session is still cleaning tmp/ up, which takes a moment;
 * one that was stopped in the middle must not hold it up for ever. */
#define MAILDIR_CLEANING_WAIT_MS  10
#define MAILDIR_CLEANING_ATTEMPTS 500

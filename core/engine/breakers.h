/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Messages at which a source broke off its session: some servers hang up at one that they
 * cannot read (imap.md §3, 10 and 11). Each time that they break it again they are read
 * in smaller company, at last alone, and then they have failed; all others are copied.
 */
#pragma once

#include <glib.h>

#include <mailhaul/macros.h>

/* BREAKERS_ALONE: sessions that a message may break all by itself: once may be chance. */
#define BREAKERS_ALONE 2u

/* Breakers: of one folder, over several sessions. One thread at a time. */
typedef struct _Breakers Breakers;

/* breakers_new: (transfer full). */
Breakers *breakers_new (void);
/* breakers_free: accepts NULL. */
void breakers_free (Breakers *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Breakers, breakers_free)

/* breakers_blame: the session broke with @reason while @key was one of @count messages
 * that are to blame; @alone: nothing else was asked for. */
void breakers_blame (Breakers *self, HaulBytes key, guint count, gboolean alone,
                     const GError *reason);
/* breakers_company: how many such messages one fetch may ask for; 0: it is none. */
guint breakers_company (const Breakers *self, HaulBytes key);
/* breakers_failed: why the message is given up, a reason of scope message; NULL: it is
 * not. (transfer none) */
const GError *breakers_failed (const Breakers *self, HaulBytes key);

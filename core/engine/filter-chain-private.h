/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What filter-chain.c and transform.c share.
 */
#pragma once

#include "engine/filter-chain.h"

/* FilterLink: one filter of the chain. */
typedef struct
{
  const HaulFilter *filter;
  gpointer settings;
  gpointer instance;
  guint32 effects; /* of this instance */
} FilterLink;

struct _FilterChain
{
  GPtrArray *links; /* of FilterLink */
  guint32 effects;
  guint64 hash;
};

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One side of an account: its backend, its settings, and the text that says which mailbox
 * it is.
 */
#pragma once

#include "model/job.h"
#include "plugin/registry.h"
#include "plugin/session.h"

/* Endpoint: one side of an account, ready to be opened. */
typedef struct
{
  const HaulBackend *backend;
  gpointer settings;
  HaulOpen open;
  char *identity; /* "maildir path=/srv/mail": the options marked HAUL_OPT_IDENTITY */
  char *place;    /* the same, but equal for all ways to write it: real paths, whatever
                     the backend, or the host in small letters */
} Endpoint;

/* endpoint_init: loads the backend and parses the settings of @element for @account. All
 * mistakes go to @problems; FALSE when there were some. */
gboolean endpoint_init (Endpoint *self, const Job *job, const JobElement *element,
                        const JobAccount *account, HaulRole role, Registry *registry,
                        Problems *problems);
/* endpoint_clear: accepts a half-built one. */
void endpoint_clear (Endpoint *self);

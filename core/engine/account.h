/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One account of a request from opening its state to its result.
 */
#pragma once

#include "engine/engine.h"
#include "engine/pace.h"

/*
 * account_run: runs (plans, verifies) @job_account on the calling thread and those of its
 * destinations; fills in @result. @events and @pace are shared by all accounts.
 */
void account_run (const EngineRequest *request, const JobAccount *job_account,
                  Events *events, Pace *pace, AccountResult *result);

/* account_check: the account's values against all plugins' option tables; mistakes go to
 * @problems. */
void account_check (const Job *job, const JobAccount *job_account, Registry *registry,
                    Problems *problems);
/* account_destination_place: see Endpoint.place; (transfer full); NULL: it has mistakes,
 * which account_check() tells. */
char *account_destination_place (const Job *job, const JobAccount *job_account,
                                 Registry *registry);

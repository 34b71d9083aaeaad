/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A backend that keeps or breaks the contract as a test tells it.
 */
#pragma once

#include <mailhaul/backend.h>

/* Behaviour: how the fake answers. */
typedef enum
{
  BEHAVE_WELL = 0,
  FAIL_FOLDER,   /* FALSE with an error of folder scope */
  FAIL_SESSION,  /* FALSE with an error of session scope */
  FAIL_SILENTLY, /* FALSE without an error */
  SUCCEED_WITH_ERROR,
  FORGET_A_RESULT,
  EMPTY_NAME,
  BAD_UTF8,
  NO_STRUCT_SIZE,
  OLD_STRUCT,
  EMPTY_KEY,
  CANCELLED,
  BAD_FACT,
  ENDLESS_FACTS,
} Behaviour;

/* Fake: settings and session in one; the test owns it. */
typedef struct
{
  Behaviour behaviour;
  guint closed;
  guint calls;
} Fake;

/* fake_least: a source with nothing that may be absent. */
extern const HaulBackend fake_least;
/* fake_full: both roles with all that session.c calls. */
extern const HaulBackend fake_full;

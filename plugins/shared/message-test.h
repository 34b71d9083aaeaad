/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Conditions on messages: shared by skip-message and select-message. Three answers: a
 * message of which something is not known (no size, no date) is neither in nor out by it.
 */
#pragma once

#include <mailhaul/filter.h>

/* Dates that no message meets stand for "not given". */
#define TEST_NEVER_BEFORE "0001-01-01"
#define TEST_NEVER_AFTER  "9999-12-31"

/* TestSettings: the attributes of one element. */
typedef struct
{
  guint64 larger_than;
  guint64 smaller_than;
  gint64 older_than_us;
  gint64 newer_than_us;
  gint64 before_unix;
  gint64 after_unix;
  int date; /* 0: INTERNALDATE, 1: the header's */
  char **flag;
  char **not_flag;
  char *header;
  char *contains;
  GRegex *match;
  char **from;
  char **to;
  char **cc;
  char **address;
  gboolean has_attachment;
  gboolean list;
} TestSettings;

/* TestAnswer: three-valued (Kleene). */
typedef enum
{
  TEST_NO = 0,
  TEST_UNKNOWN = 1,
  TEST_YES = 2,
} TestAnswer;

/* TestKind: how the conditions of an element go together. */
typedef enum
{
  TEST_ANY,
  TEST_ALL,
} TestKind;

/* Test: an element with its conditions, or one condition; never changes. */
typedef struct _Test Test;

/* test_options: the option table of every element that has conditions. */
extern const HaulOptionSpec test_options[];

/* test_new: from an element, its conditions together by @kind. (transfer full); NULL with
 * HAUL_ERROR_CONFIG. */
Test *test_new (TestKind kind, const TestSettings *settings, GError **error);
/* test_check: the same mistakes, without making one. */
gboolean test_check (TestKind kind, const TestSettings *settings, GError **error);
/* test_free: accepts NULL. */
void test_free (Test *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC (Test, test_free)

/* test_wants_headers: some condition looks at the header. */
gboolean test_wants_headers (const Test *self);
/* test_ask: FALSE with @error set: a pattern gave up. */
gboolean test_ask (const Test *self, const HaulMessage *message, TestAnswer *out_answer,
                   GError **error);
/* test_decide: the same; *@out_why (static as long as @self) is the text of the condition
 * that decided it: of TEST_ANY the first that holds, of TEST_ALL the first that does not.
 */
gboolean test_decide (const Test *self, const HaulMessage *message,
                      TestAnswer *out_answer, const char **out_why, GError **error);

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter pipe, alone, with commands that every system has.
 */
#include <signal.h>
#include <string.h>

#include "plugins/fake-transform.h"

HAUL_API const HaulFilter *haul_filter_pipe_get (void);

#define MAIL "A: b\r\n\r\nbody\r\n"

static FakeFilter *
make (const char *command, const char *timeout)
{
  const FakeOption options[] = { { "command", command },
                                 { "timeout", timeout },
                                 { "reason", "unwanted" },
                                 { NULL, NULL } };
  g_autofree char *message = NULL;
  FakeFilter *filter = fake_filter_new (haul_filter_pipe_get (), options, &message);

  g_assert_cmpstr (message, ==, NULL);
  return filter;
}

static FakeResult
run (const char *command, const char *input, gsize step)
{
  g_autoptr (FakeFilter) filter = make (command, "20s");

  return fake_transform (filter, (const guint8 *) input, strlen (input), step, step);
}

static void
assert_text (const FakeResult *result, const char *expected)
{
  g_assert_no_error (result->error);
  g_assert_cmpstr (result->skip, ==, NULL);
  g_assert_cmpmem (result->bytes->data, result->bytes->len, expected, strlen (expected));
}

static void
test_output (void)
{
  static const struct
  {
    const char *command, *expected;
  } vectors[] = {
    { "cat", MAIL },
    { "sed s/b/c/", "A: c\r\n\r\ncody\r\n" },
    { "sh -c 'cat; printf \"%s\" \"$1\"' sh \"a  b\"", MAIL "a  b" },
    /* no shell: nothing is expanded */
    { "printf %s '$HOME' `id` > /nowhere", "$HOME`id`>/nowhere" },
    { "sh -c 'printf %s \"$MAILHAUL_FOLDER\"'", "Work/a%2Fb" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    for (gsize step = 1; step < 40; step += 37)
      {
        g_auto (FakeResult) result = run (vectors[i].command, MAIL, step);

        assert_text (&result, vectors[i].expected);
      }
}

static void
test_keep (void)
{
  g_auto (FakeResult) result = run ("sh -c 'cat >/dev/null; echo x; exit 99'", MAIL, 3);

  assert_text (&result, MAIL);
}

static void
test_skip (void)
{
  g_auto (FakeResult) result = run ("sh -c 'cat; exit 100'", MAIL, 3);

  g_assert_no_error (result.error);
  g_assert_cmpstr (result.skip, ==, "unwanted");
}

static void
test_failures (void)
{
  static const struct
  {
    const char *command, *message;
  } vectors[] = {
    { "sh -c 'cat; echo no good >&2; echo \"\tat all\" >&2; exit 3'",
      "run 'sh': it ended with status 3: no good  at all" },
    { "sh -c 'kill -9 $$'", "run 'sh': it was ended by signal 9" },
    { "sh -c 'cat >/dev/null'", "run 'sh': it printed nothing" },
    { "false", "run 'false': it ended with status 1" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_auto (FakeResult) result = run (vectors[i].command, MAIL, 3);

      g_assert_error (result.error, HAUL_ERROR, HAUL_ERROR_REJECTED);
      g_assert_cmpstr (result.error->message, ==, vectors[i].message);
    }
}

/* The last words count, not the first megabyte. */
static void
test_many_words (void)
{
  g_auto (FakeResult) result = run (
      "sh -c 'cat >/dev/null; head -c 1000000 /dev/zero >&2; echo end >&2; exit 1'", MAIL,
      3);

  g_assert_error (result.error, HAUL_ERROR, HAUL_ERROR_REJECTED);
  g_assert_true (g_str_has_suffix (result.error->message, "end"));
  g_assert_cmpuint (strlen (result.error->message), <, 5000);
}

static void
test_hangs (void)
{
  static const char *const commands[] = { "sleep 1000", "sh -c 'exec sleep 1000 >&-'" };

  for (gsize i = 0; i < G_N_ELEMENTS (commands); i++)
    {
      g_autoptr (FakeFilter) filter = make (commands[i], "1s");
      g_auto (FakeResult)
          result = fake_transform (filter, (const guint8 *) MAIL, strlen (MAIL), 3, 3);

      g_assert_error (result.error, HAUL_ERROR, HAUL_ERROR_REJECTED);
      g_assert_nonnull (strstr (result.error->message, "it did nothing for 1 s and was "
                                                       "killed"));
    }
}

/* Larger than all buffers on the way, both ways and neither. */
static void
test_large (void)
{
  gsize length = 8 * 1024 * 1024;
  g_autofree char *input = g_malloc (length + 1);
  memset (input, 'x', length);
  input[length] = '\0';

  g_auto (FakeResult) same = run ("cat", input, 100000);
  g_assert_no_error (same.error);
  g_assert_cmpmem (same.bytes->data, same.bytes->len, input, length);

  /* reads nothing: its end is no error of ours */
  g_auto (FakeResult) kept = run ("sh -c 'exit 99'", input, 100000);
  g_assert_no_error (kept.error);
  g_assert_cmpuint (kept.bytes->len, ==, length);

  g_auto (FakeResult) head = run ("head -c 10", input, 100000);
  g_assert_no_error (head.error);
  g_assert_cmpuint (head.bytes->len, ==, 10);
}

/* What a command leaves running does not hold up the message. */
static void
test_left_behind (void)
{
  g_auto (FakeResult) result = run ("sh -c 'cat; sleep 1000 & printf %s $!'", MAIL, 3);
  guint64 pid = 0;

  g_assert_no_error (result.error);
  g_byte_array_append (result.bytes, (const guint8 *) "", 1);
  g_assert_true (g_str_has_prefix ((const char *) result.bytes->data, MAIL));
  g_assert_true (g_ascii_string_to_unsigned (
      (const char *) result.bytes->data + strlen (MAIL), 10, 2, G_MAXINT, &pid, NULL));
  g_assert_cmpint (kill ((pid_t) pid, SIGKILL), ==, 0);
}

/* A message that is broken off: the command is gone with it. */
static void
test_broken_off (void)
{
  g_autoptr (FakeFilter) filter = make ("sleep 1000", "60s");
  HaulMessage message = { .size_bytes = 1 };
  gpointer stream = filter->filter->transform_begin (filter->instance, &message, NULL);

  g_assert_nonnull (stream);
  filter->filter->transform_free (stream);
}

static void
test_mistakes (void)
{
  static const FakeOption quotes[] = { { "command", "cat 'x" }, { NULL, NULL } };
  static const FakeOption missing[] = { { "command", "/no/such/program -x" },
                                        { NULL, NULL } };
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_assert_null (fake_filter_new (haul_filter_pipe_get (), quotes, &first));
  g_assert_true (g_str_has_prefix (first, "\"command\": "));
  g_assert_null (fake_filter_new (haul_filter_pipe_get (), missing, &second));
  g_assert_cmpstr (second, ==, "\"command\": there is no program '/no/such/program'");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/pipe-filter/output/takes-the-place", test_output);
  g_test_add_func ("/pipe-filter/status/keep", test_keep);
  g_test_add_func ("/pipe-filter/status/skip", test_skip);
  g_test_add_func ("/pipe-filter/status/failures-have-words", test_failures);
  g_test_add_func ("/pipe-filter/limits/many-words", test_many_words);
  g_test_add_func ("/pipe-filter/limits/a-command-that-hangs-is-killed", test_hangs);
  g_test_add_func ("/pipe-filter/limits/larger-than-all-buffers", test_large);
  g_test_add_func ("/pipe-filter/limits/what-a-command-leaves-running", test_left_behind);
  g_test_add_func ("/pipe-filter/limits/a-message-that-is-broken-off", test_broken_off);
  g_test_add_func ("/pipe-filter/check/mistakes-are-named", test_mistakes);
  return g_test_run ();
}

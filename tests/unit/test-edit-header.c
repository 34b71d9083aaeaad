/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter edit-header, alone.
 */
#include <string.h>

#include "plugins/fake-transform.h"

HAUL_API const HaulFilter *haul_filter_edit_header_get (void);

typedef struct
{
  FakeOption options[4];
  const char *input, *expected;
} Vector;

static FakeFilter *
make (const FakeOption *options)
{
  g_autofree char *message = NULL;
  FakeFilter *filter = fake_filter_new (haul_filter_edit_header_get (), options,
                                        &message);

  g_assert_cmpstr (message, ==, NULL);
  return filter;
}

static void
check (const Vector *vectors, gsize count)
{
  for (gsize i = 0; i < count; i++)
    {
      g_autoptr (FakeFilter) filter = make (vectors[i].options);

      fake_transform_check (filter, vectors[i].input, vectors[i].expected);
    }
}

#define ADD                                                                              \
  {                                                                                      \
    { "add", "X-New" }, { "value", "yes" }                                               \
  }

static void
test_add (void)
{
  static const Vector vectors[] = {
    { ADD, "A: b\r\n\r\nX-New: body\r\n", "A: b\r\nX-New: yes\r\n\r\nX-New: body\r\n" },
    { ADD, "A: b\r\nX-New: no\r\n\r\n", "A: b\r\nX-New: no\r\nX-New: yes\r\n\r\n" },
    { ADD, "A: b\n c\n\nx", "A: b\n c\nX-New: yes\r\n\nx" },
    { ADD, "\r\nbody", "X-New: yes\r\n\r\nbody" },
    /* headers without end */
    { ADD, "", "X-New: yes\r\n" },
    { ADD, "A: b", "A: b\r\nX-New: yes\r\n" },
    { ADD, "A: b\r\n c", "A: b\r\n c\r\nX-New: yes\r\n" },
    { ADD, "A: b\r\nHello Bob\r\n\r\nx\r\n",
      "A: b\r\nX-New: yes\r\nHello Bob\r\n\r\nx\r\n" },
    { ADD, "Hello\r\n", "X-New: yes\r\nHello\r\n" },
    /* lines that mailboxes leave there do not end it */
    { ADD, "From a 2004\r\nA: b\r\n>From c 2004\r\nD: e\r\n\r\n",
      "From a 2004\r\nA: b\r\n>From c 2004\r\nD: e\r\nX-New: yes\r\n\r\n" },
    { ADD, " folded\r\nA: b\r\n\r\n", " folded\r\nA: b\r\nX-New: yes\r\n\r\n" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_add_if_missing (void)
{
  static const Vector vectors[] = {
    { { { "add", "X-New" }, { "value", "1" }, { "if-missing", "yes" } },
      "x-nEW : 0\r\n\r\n",
      "x-nEW : 0\r\n\r\n" },
    { { { "add", "X-New" }, { "value", "1" }, { "if-missing", "yes" } },
      "X-Newer: 0\r\n\r\n",
      "X-Newer: 0\r\nX-New: 1\r\n\r\n" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_add_value (void)
{
  static const Vector vectors[] = {
    { { { "add", "Subject" }, { "value", "Gr\303\274\303\237e" } },
      "\r\n",
      "Subject: =?UTF-8?B?R3LDvMOfZQ==?=\r\n\r\n" },
    { { { "add", "X-Long" },
        { "value", "one two three four five six seven eight nine ten eleven twelve "
                   "thirteen fourteen" } },
      "\r\n",
      "X-Long: one two three four five six seven eight nine ten eleven twelve\r\n"
      " thirteen fourteen\r\n\r\n" },
    { { { "add", "X-Empty" }, { "value", "" } }, "\r\n", "X-Empty: \r\n\r\n" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_remove (void)
{
  static const Vector vectors[] = {
    { { { "remove", "x-spam" } },
      "X-Spam: a\r\n b\r\nA: b\r\nX-Spam : c\r\nX-Spammer: d\r\n\r\nX-Spam: e",
      "A: b\r\nX-Spammer: d\r\n\r\nX-Spam: e" },
    { { { "remove", "X-Spam" } }, "X-Spam: a", "" },
    { { { "remove", "X-Spam" }, { "match", "^yes,\\s+5" } },
      "X-Spam: yes,\r\n\t50\r\nX-Spam: no, 50\r\n\r\n",
      "X-Spam: no, 50\r\n\r\n" },
    /* not UTF-8: each byte is a character */
    { { { "remove", "S" }, { "match", "^\303\244.b$" } },
      "S: \344\377b\r\nS: \344b\r\n\r\n",
      "S: \344b\r\n\r\n" },
    { { { "remove", "S" } }, "nonsense\r\nS: x\r\n\r\n", "nonsense\r\n\r\n" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_replace (void)
{
  static const Vector vectors[] = {
    { { { "replace", "Subject" }, { "match", "^\\[ext\\] *" }, { "value", "" } },
      "subject: [ext] Hello\r\n there\r\nSubject: Hello\r\n\r\n",
      "subject: Hello there\r\nSubject: Hello\r\n\r\n" },
    { { { "replace", "To" }, { "match", "(\\w+)@old" }, { "value", "\\1@new\\\\" } },
      "To: a@old, b@old\r\n\r\n",
      "To: a@new\\, b@new\\\r\n\r\n" },
    { { { "replace", "S" }, { "match", "x*" }, { "value", "-" } },
      "S: axb\r\n\r\n",
      "S: -a--b-\r\n\r\n" },
    { { { "replace", "S" }, { "value", "new" } },
      "S: a\r\n b\r\nT: c\r\nS:",
      "S: new\r\nT: c\r\nS: new\r\n" },
    { { { "replace", "S" }, { "match", "b" }, { "value", "c" } },
      "S: \344b\377\r\n\r\n",
      "S: \344c\377\r\n\r\n" },
    /* a CR in a value begins no new field */
    { { { "replace", "S" }, { "match", "b" }, { "value", "c" } },
      "S: b\rBcc: x\r\n\r\n",
      "S: c Bcc: x\r\n\r\n" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_rename (void)
{
  static const Vector vectors[] = {
    { { { "rename", "X-Old" }, { "to", "X-New" } },
      "X-Old : a\r\n b\r\nX-Older: c\r\nx-old:\r\n\r\nX-Old: d",
      "X-New : a\r\n b\r\nX-Older: c\r\nX-New:\r\n\r\nX-Old: d" },
    { { { "rename", "A" }, { "to", "B" }, { "match", "2" } },
      "A: 1\r\nA: 2\r\n\r\n",
      "A: 1\r\nB: 2\r\n\r\n" },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

/* A field that is longer than what is held. */
static void
check_long (const FakeOption *options, const char *before, const char *after)
{
  g_autoptr (FakeFilter) filter = make (options);
  g_autoptr (GString) input = g_string_new ("A: b\r\nX-Long: begins\r\n");
  g_autoptr (GString) expected = g_string_new ("A: b\r\n");
  const gsize steps[] = { 1, 4095, 4096, 4097, 1 << 20 };

  g_string_append (expected, before);
  while (input->len < 300000)
    {
      const char *line = input->len < 150000 ? " folded\r\n" : " not folded for long";

      g_string_append (input, line);
      if (*before != '\0' && g_str_has_suffix (before, "begins\r\n"))
        g_string_append (expected, line);
    }
  g_string_append (input, "\r\nC: d\r\n\r\nbody");
  g_string_append (expected, after);
  for (gsize i = 0; i < G_N_ELEMENTS (steps); i++)
    {
      g_auto (FakeResult) result = fake_transform (filter, (const guint8 *) input->str,
                                                   input->len, 1, steps[i]);
      g_assert_no_error (result.error);
      g_assert_cmpmem (result.bytes->data, result.bytes->len, expected->str,
                       expected->len);
    }
}

static void
test_long (void)
{
  static const FakeOption removed[] = { { "remove", "X-Long" }, { NULL, NULL } };
  static const FakeOption renamed[] = { { "rename", "X-Long" },
                                        { "to", "Y" },
                                        { NULL, NULL } };
  static const FakeOption replaced[] = { { "replace", "X-Long" },
                                         { "value", "v" },
                                         { NULL, NULL } };
  static const FakeOption matched[] = {
    { "replace", "X-Long" }, { "match", "begins" }, { "value", "v" }, { NULL, NULL }
  };

  check_long (removed, "", "C: d\r\n\r\nbody");
  check_long (renamed, "Y: begins\r\n", "\r\nC: d\r\n\r\nbody");
  check_long (replaced, "X-Long: v\r\n", "C: d\r\n\r\nbody");
  check_long (matched, "X-Long: begins\r\n", "\r\nC: d\r\n\r\nbody");
}

static void
test_mistakes (void)
{
  static const struct
  {
    FakeOption options[4];
    const char *message;
  } vectors[] = {
    { { { "match", "x" } },
      "give exactly one of \"add\", \"remove\", \"replace\" and \"rename\"" },
    { { { "add", "A" }, { "remove", "B" } },
      "give exactly one of \"add\", \"remove\", \"replace\" and \"rename\"" },
    { { { "remove", "A B" } },
      "\"remove\" must be a header field's name (printable ASCII without colon and "
      "blank, 76 bytes at most), got 'A B'" },
    { { { "add", "A" } }, "give \"value\" beside \"add\" and \"replace\"" },
    { { { "remove", "A" }, { "value", "b" } },
      "\"value\" goes with \"add\" and \"replace\" only" },
    { { { "rename", "A" } }, "give \"to\" beside \"rename\"" },
    { { { "add", "A" }, { "value", "b" }, { "to", "C" } },
      "\"to\" goes with \"rename\" only" },
    { { { "add", "A" }, { "value", "b" }, { "match", "C" } },
      "\"match\" does not go with \"add\"" },
    { { { "remove", "A" }, { "if-missing", "yes" } },
      "\"if-missing\" goes with \"add\" only" },
    { { { "add", "A" }, { "value", "b\r\nBcc: c" } },
      "\"value\" must not have line ends or control characters" },
    { { { "replace", "A" }, { "match", "(a)" }, { "value", "\\2" } },
      "\"value\" may have \\\\ and \\0 to \\9 for the 1 groups of \"match\", got '\\2'" },
    { { { "add", "From" }, { "value", "\303\244 <a@b>" } },
      "\"value\" must be ASCII in a field with a syntax of its own, got '\303\244 "
      "<a@b>'" },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *message = NULL;
      g_autoptr (FakeFilter) filter = fake_filter_new (haul_filter_edit_header_get (),
                                                       vectors[i].options, &message);

      g_assert_null (filter);
      g_assert_cmpstr (message, ==, vectors[i].message);
    }
}

static void
test_effects (void)
{
  static const struct
  {
    FakeOption options[4];
    gboolean identity;
  } vectors[] = {
    { { { "remove", "message-id" } }, TRUE },
    { { { "remove", "X-A" } }, FALSE },
    { { { "rename", "X-A" }, { "to", "subject" } }, TRUE },
    { { { "add", "X-A" }, { "value", "" } }, FALSE },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (FakeFilter) filter = make (vectors[i].options);
      guint32 effects = filter->filter->instance_effects (filter->instance);

      g_assert_cmpint ((effects & HAUL_FILTER_CHANGES_IDENTITY) != 0, ==,
                       vectors[i].identity);
      g_assert_cmpuint (effects & HAUL_FILTER_CHANGES_SIZE, !=, 0);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/edit-header/add/stands-at-the-end-of-the-header", test_add);
  g_test_add_func ("/edit-header/add/only-if-missing", test_add_if_missing);
  g_test_add_func ("/edit-header/add/is-encoded-and-folded", test_add_value);
  g_test_add_func ("/edit-header/remove/by-name-and-value", test_remove);
  g_test_add_func ("/edit-header/replace/by-name-and-value", test_replace);
  g_test_add_func ("/edit-header/rename/by-name-and-value", test_rename);
  g_test_add_func ("/edit-header/limits/fields-of-any-length", test_long);
  g_test_add_func ("/edit-header/check/mistakes-are-named", test_mistakes);
  g_test_add_func ("/edit-header/effects/say-what-identifies", test_effects);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Builds conditions from an element's attributes and asks them about messages. What the
 * conditions on the header see is message-header.c's, the words of the report
 * message-words.c's. Any thread: a test never changes.
 */
#include "message-test.h"

#include <string.h>

#include <mailhaul/error.h>

#include "message-header.h"
#include "message-words.h"

#define NEVER_BEFORE_UNIX (-G_GINT64_CONSTANT (62135596800))
#define NEVER_AFTER_UNIX  G_GINT64_CONSTANT (253402214400)

typedef enum
{
  DATE_INTERNAL = 0,
  DATE_HEADER = 1,
} TestDate;

static const char *const date_names[] = { "internal", "header", NULL };

typedef enum
{
  IS_GROUP,
  IS_LARGER,
  IS_SMALLER,
  IS_OLDER,
  IS_NEWER,
  IS_BEFORE,
  IS_AFTER,
  IS_FLAG,
  IS_WITHOUT,
  IS_HEADER,
  IS_ADDRESS,
  IS_ATTACHMENT,
  IS_LIST,
} Condition;

struct _Test
{
  Condition condition;
  TestKind kind;       /* of a group */
  GPtrArray *children; /* of Test; of a group */
  const TestSettings *settings;
  const char *word;               /* IS_FLAG */
  char **words;                   /* IS_ADDRESS (borrowed) */
  const char *const *field_names; /* IS_ADDRESS */
  char *folded;                   /* IS_HEADER: what it must contain */
  char *text;
};

const HaulOptionSpec test_options[] = {
  HAUL_OPT_SIZE (TestSettings, larger_than, "larger-than", NULL, "1", NULL, HAUL_OPT_NONE,
                 "Messages above this size"),
  HAUL_OPT_SIZE (TestSettings, smaller_than, "smaller-than", NULL, "1", NULL,
                 HAUL_OPT_NONE, "Messages below this size"),
  HAUL_OPT_DURATION (TestSettings, older_than_us, "older-than", NULL, "1s", NULL,
                     HAUL_OPT_NONE, "Messages whose date is longer ago than this"),
  HAUL_OPT_DURATION (TestSettings, newer_than_us, "newer-than", NULL, "1s", NULL,
                     HAUL_OPT_NONE, "Messages whose date is within this time"),
  HAUL_OPT_DATE (TestSettings, before_unix, "before", TEST_NEVER_BEFORE, HAUL_OPT_NONE,
                 "Messages whose date is before this one"),
  HAUL_OPT_DATE (TestSettings, after_unix, "after", TEST_NEVER_AFTER, HAUL_OPT_NONE,
                 "Messages whose date is this one or later"),
  HAUL_OPT_ENUM (TestSettings, date, "date", "internal", date_names, HAUL_OPT_NONE,
                 "Which date the four before mean: INTERNALDATE or the header's Date"),
  HAUL_OPT_LIST (TestSettings, flag, "flag", NULL, HAUL_OPT_NONE,
                 "Messages that have any of these flags or keywords"),
  HAUL_OPT_LIST (TestSettings, not_flag, "not-flag", NULL, HAUL_OPT_NONE,
                 "Messages that have none of these flags or keywords"),
  HAUL_OPT_STRING (TestSettings, header, "header", NULL, HAUL_OPT_NONE,
                   "Messages that have a header field of this name, with \"contains\" or "
                   "\"match\" one that suits"),
  HAUL_OPT_STRING (TestSettings, contains, "contains", NULL, HAUL_OPT_NONE,
                   "Text in the decoded value of \"header\", without regard to case"),
  HAUL_OPT_PATTERN (TestSettings, match, "match", NULL, HAUL_OPT_NONE,
                    "Regular expression on the decoded value of \"header\""),
  HAUL_OPT_LIST (
      TestSettings, from, "from", NULL, HAUL_OPT_NONE,
      "Messages from any of these: a@b.c, @b.c (the domain), @.b.c (and below)"),
  HAUL_OPT_LIST (TestSettings, to, "to", NULL, HAUL_OPT_NONE,
                 "Messages with any of these in To"),
  HAUL_OPT_LIST (TestSettings, cc, "cc", NULL, HAUL_OPT_NONE,
                 "Messages with any of these in Cc"),
  HAUL_OPT_LIST (TestSettings, address, "address", NULL, HAUL_OPT_NONE,
                 "Messages with any of these in From, Sender, Reply-To, To, Cc or Bcc"),
  HAUL_OPT_BOOL (TestSettings, has_attachment, "has-attachment", NULL, HAUL_OPT_NONE,
                 "Messages whose header says that they have attachments"),
  HAUL_OPT_BOOL (TestSettings, list, "list", NULL, HAUL_OPT_NONE,
                 "Messages of mailing lists and newsletters"),
  HAUL_OPT_END
};

void
test_free (Test *self)
{
  if (self == NULL)
    return;
  if (self->children != NULL)
    g_ptr_array_unref (self->children);
  g_free (self->folded);
  g_free (self->text);
  g_free (self);
}

static void
free_test (gpointer data)
{
  test_free (data);
}

/* ---- what a job may say ---- */

static gboolean
is_empty (char **words)
{
  return words == NULL || words[0] == NULL;
}

static gboolean
check_flags (const char *option, char **words, GError **error)
{
  for (char **word = words; word != NULL && *word != NULL; word++)
    {
      g_autofree char *with_backslash = g_strconcat ("\\", *word, NULL);

      if (haul_flag_from_name (with_backslash) != 0)
        return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                               "\"%s\": '%s' is a flag and must be written '%s'", option,
                               *word, with_backslash);
      if (haul_flag_from_name (*word) == 0 && !haul_keyword_is_valid (*word))
        return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                               "\"%s\" must be of \\Seen, \\Answered, \\Flagged, "
                               "\\Deleted, \\Draft and keywords, got '%s'",
                               option, *word);
    }
  return TRUE;
}

static gboolean
check_addresses (const char *option, char **words, GError **error)
{
  for (char **word = words; word != NULL && *word != NULL; word++)
    {
      const char *at = strrchr (*word, '@');

      if (at == NULL || at[1] == '\0' || strpbrk (*word, "<>,;\"") != NULL)
        return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                               "\"%s\" must be of addresses (a@b.c) and domains (@b.c, "
                               "@.b.c), got '%s'",
                               option, *word);
    }
  return TRUE;
}

static gboolean
check_header (const TestSettings *settings, GError **error)
{
  if (settings->header == NULL && (settings->contains != NULL || settings->match != NULL))
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"%s\" needs \"header\"",
                           settings->contains != NULL ? "contains" : "match");
  if (settings->contains != NULL && settings->match != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "give either \"contains\" or \"match\"");
  if (settings->header != NULL && !message_header_is_name (settings->header))
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "\"header\" must be the name of a field, got '%s'",
                           settings->header);
  return TRUE;
}

/* Conditions that leave no message, by how they go together; NULL: good. */
static const char *
contradiction (const TestSettings *s, TestKind kind)
{
  gboolean before = s->before_unix != NEVER_BEFORE_UNIX;
  gboolean after = s->after_unix != NEVER_AFTER_UNIX;

  if (kind == TEST_ALL)
    {
      if (s->smaller_than != 0 && s->larger_than + 1 >= s->smaller_than)
        return "\"larger-than\" leaves nothing below \"smaller-than\"";
      if (s->newer_than_us != 0 && s->older_than_us >= s->newer_than_us)
        return "\"older-than\" leaves nothing within \"newer-than\"";
      return before && after && s->after_unix >= s->before_unix
                 ? "\"after\" leaves nothing \"before\""
                 : NULL;
    }
  if (s->larger_than != 0 && s->larger_than < s->smaller_than)
    return "\"larger-than\" is below \"smaller-than\"";
  if (s->older_than_us != 0 && s->older_than_us < s->newer_than_us)
    return "\"older-than\" is below \"newer-than\"";
  return s->before_unix >= s->after_unix ? "\"before\" is not before \"after\"" : NULL;
}

static gboolean
check_settings (const TestSettings *settings, TestKind kind, GError **error)
{
  const char *wrong = contradiction (settings, kind);

  if (wrong != NULL && kind == TEST_ALL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB, "%s", wrong);
  if (wrong != NULL)
    return haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                           "%s, and each skips by itself: no message would be left",
                           wrong);
  return check_flags ("flag", settings->flag, error)
         && check_flags ("not-flag", settings->not_flag, error)
         && check_header (settings, error)
         && check_addresses ("from", settings->from, error)
         && check_addresses ("to", settings->to, error)
         && check_addresses ("cc", settings->cc, error)
         && check_addresses ("address", settings->address, error);
}

/* ---- building ---- */

static Test *
add (Test *group, Condition condition, char *text)
{
  Test *test = g_new0 (Test, 1);

  test->condition = condition;
  test->settings = group->settings;
  test->text = text;
  g_ptr_array_add (group->children, test);
  return test;
}

static Test *
group_new (TestKind kind, const TestSettings *settings)
{
  Test *self = g_new0 (Test, 1);

  self->condition = IS_GROUP;
  self->kind = kind;
  self->settings = settings;
  self->children = g_ptr_array_new_with_free_func (free_test);
  return self;
}

static void
add_sizes_and_dates (Test *self, const TestSettings *s)
{
  const char *const of = s->date == DATE_HEADER ? "Date " : "";

  if (s->larger_than != 0)
    add (self, IS_LARGER, words_of_size ("larger than ", s->larger_than));
  if (s->smaller_than != 0)
    add (self, IS_SMALLER, words_of_size ("smaller than ", s->smaller_than));
  if (s->older_than_us != 0)
    add (self, IS_OLDER, words_of_duration (of, "older than ", s->older_than_us));
  if (s->newer_than_us != 0)
    add (self, IS_NEWER, words_of_duration (of, "newer than ", s->newer_than_us));
  if (s->before_unix != NEVER_BEFORE_UNIX)
    add (self, IS_BEFORE, words_of_date (of, "before ", s->before_unix));
  if (s->after_unix != NEVER_AFTER_UNIX)
    add (self, IS_AFTER, words_of_date (of, "after ", s->after_unix));
}

static void
add_flags (Test *self, const TestSettings *s)
{
  if (!is_empty (s->flag))
    {
      Test *any = group_new (TEST_ANY, s);
      any->text = words_of_list ("flag ", s->flag);
      for (char **word = s->flag; *word != NULL; word++)
        add (any, IS_FLAG, g_strconcat ("flag ", *word, NULL))->word = *word;
      g_ptr_array_add (self->children, any);
    }
  if (!is_empty (s->not_flag))
    add (self, IS_WITHOUT, words_of_list ("without ", s->not_flag));
}

static void
add_header (Test *self, const TestSettings *s)
{
  if (s->header == NULL)
    return;
  const char *what = s->contains != NULL ? s->contains
                     : s->match != NULL  ? g_regex_get_pattern (s->match)
                                         : NULL;
  Test *test = add (self, IS_HEADER, words_of_header (s->header, what));
  if (s->contains != NULL)
    test->folded = message_header_fold (s->contains);
}

static void
add_addresses (Test *self, const TestSettings *s)
{
  static const char *const from[] = { "From", NULL };
  static const char *const to[] = { "To", NULL };
  static const char *const cc[] = { "Cc", NULL };
  static const char *const all[] = {
    "From", "Sender", "Reply-To", "To", "Cc", "Bcc", NULL
  };
  const struct
  {
    char **words;
    const char *const *fields;
    const char *text;
  } rows[] = { { s->from, from, "from " },
               { s->to, to, "to " },
               { s->cc, cc, "cc " },
               { s->address, all, "address " } };

  for (gsize i = 0; i < G_N_ELEMENTS (rows); i++)
    if (!is_empty (rows[i].words))
      {
        Test *test = add (self, IS_ADDRESS, words_of_list (rows[i].text, rows[i].words));
        test->words = rows[i].words;
        test->field_names = rows[i].fields;
      }
}

Test *
test_new (TestKind kind, const TestSettings *settings, GError **error)
{
  g_autoptr (Test) self = group_new (kind, settings);

  if (!check_settings (settings, kind, error))
    return NULL;
  add_sizes_and_dates (self, settings);
  add_flags (self, settings);
  add_header (self, settings);
  add_addresses (self, settings);
  if (settings->has_attachment)
    add (self, IS_ATTACHMENT, g_strdup ("has attachment"));
  if (settings->list)
    add (self, IS_LIST, g_strdup ("list mail"));
  if (self->children->len == 0)
    {
      haul_error_set (error, HAUL_ERROR_CONFIG, HAUL_SCOPE_JOB,
                      "give at least one condition");
      return NULL;
    }
  return g_steal_pointer (&self);
}

gboolean
test_check (TestKind kind, const TestSettings *settings, GError **error)
{
  g_autoptr (Test) self = test_new (kind, settings, error);

  return self != NULL;
}

gboolean
test_wants_headers (const Test *self)
{
  gboolean wants = self->condition >= IS_HEADER
                   || (self->condition >= IS_OLDER && self->condition <= IS_AFTER
                       && self->settings->date == DATE_HEADER);

  for (guint i = 0; !wants && self->children != NULL && i < self->children->len; i++)
    wants = test_wants_headers (self->children->pdata[i]);
  return wants;
}

/* ---- asking ---- */

static TestAnswer
answer (gboolean holds)
{
  return holds ? TEST_YES : TEST_NO;
}

static TestAnswer
ask_size (const Test *self, const HaulMessage *message)
{
  guint64 size = haul_message_size (message);

  if (size == HAUL_SIZE_UNKNOWN)
    return TEST_UNKNOWN;
  return answer (self->condition == IS_LARGER ? size > self->settings->larger_than
                                              : size < self->settings->smaller_than);
}

/* Now minus @duration_us, in seconds; a fraction of a second decides nothing. */
static gint64
ago (const HaulMessage *message, gint64 duration_us)
{
  return haul_message_now (message) - duration_us / G_USEC_PER_SEC;
}

static TestAnswer
ask_date (const Test *self, const HaulMessage *message)
{
  const TestSettings *settings = self->settings;
  gint64 date = 0;
  gboolean known = settings->date == DATE_HEADER ? message_header_date (message, &date)
                                                 : haul_message_date (message, &date);

  if (!known)
    return TEST_UNKNOWN;
  if (self->condition == IS_OLDER)
    return answer (date < ago (message, settings->older_than_us));
  if (self->condition == IS_NEWER)
    return answer (date > ago (message, settings->newer_than_us));
  return answer (self->condition == IS_BEFORE ? date < settings->before_unix
                                              : date >= settings->after_unix);
}

static gboolean
has_word (const HaulMessage *message, const char *word)
{
  const char *const *keywords = haul_message_keywords (message);
  guint32 flag = haul_flag_from_name (word);

  if (flag != 0)
    return (haul_message_flags (message) & flag) != 0;
  for (; *keywords != NULL; keywords++)
    if (g_ascii_strcasecmp (*keywords, word) == 0)
      return TRUE;
  return FALSE;
}

static TestAnswer
ask_without (const Test *self, const HaulMessage *message)
{
  for (char **word = self->settings->not_flag; *word != NULL; word++)
    if (has_word (message, *word))
      return TEST_NO;
  return TEST_YES;
}

/* Kleene: or is the greatest answer, and the least. */
static gboolean
ask_group (const Test *self, const HaulMessage *message, TestAnswer *out, GError **error)
{
  TestAnswer result = self->kind == TEST_ALL ? TEST_YES : TEST_NO;

  for (guint i = 0; i < self->children->len; i++)
    {
      TestAnswer one = TEST_UNKNOWN;
      if (!test_ask (self->children->pdata[i], message, &one, error))
        return FALSE;
      result = self->kind == TEST_ALL ? MIN (result, one) : MAX (result, one);
      if (result == (self->kind == TEST_ALL ? TEST_NO : TEST_YES))
        break;
    }
  *out = result;
  return TRUE;
}

gboolean
test_ask (const Test *self, const HaulMessage *message, TestAnswer *out_answer,
          GError **error)
{
  gboolean found = FALSE;

  switch (self->condition)
    {
    case IS_GROUP:
      return ask_group (self, message, out_answer, error);
    case IS_LARGER:
    case IS_SMALLER:
      *out_answer = ask_size (self, message);
      return TRUE;
    case IS_OLDER:
    case IS_NEWER:
    case IS_BEFORE:
    case IS_AFTER:
      *out_answer = ask_date (self, message);
      return TRUE;
    case IS_FLAG:
      *out_answer = answer (has_word (message, self->word));
      return TRUE;
    case IS_WITHOUT:
      *out_answer = ask_without (self, message);
      return TRUE;
    case IS_HEADER:
      if (!message_header_find (message, self->settings->header, self->folded,
                                self->settings->match, &found, error))
        return FALSE;
      break;
    case IS_ADDRESS:
      found = message_header_has_address (message, self->field_names,
                                          (const char *const *) self->words);
      break;
    case IS_ATTACHMENT:
      found = message_header_has_attachment (message);
      break;
    case IS_LIST:
      found = message_header_is_list (message);
      break;
    }
  *out_answer = answer (found);
  return TRUE;
}

gboolean
test_decide (const Test *self, const HaulMessage *message, TestAnswer *out_answer,
             const char **out_why, GError **error)
{
  TestAnswer decisive = self->kind == TEST_ALL ? TEST_NO : TEST_YES;
  TestAnswer result = self->kind == TEST_ALL ? TEST_YES : TEST_NO;

  *out_why = self->text;
  for (guint i = 0; i < self->children->len; i++)
    {
      const Test *child = self->children->pdata[i];
      TestAnswer one = TEST_UNKNOWN;
      const char *why = child->text;
      gboolean nested = child->condition == IS_GROUP && child->kind == TEST_ANY
                        && self->kind == TEST_ANY;
      gboolean ok = nested ? test_decide (child, message, &one, &why, error)
                           : test_ask (child, message, &one, error);
      if (!ok)
        return FALSE;
      result = self->kind == TEST_ALL ? MIN (result, one) : MAX (result, one);
      if (one == decisive)
        {
          *out_why = why;
          break;
        }
    }
  *out_answer = result;
  return TRUE;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The matcher: its ladder rung by rung, and that over random mail it always finds exactly
 * the multiset intersection by content.
 */
#include "engine/match.h"

#include <string.h>

/* A message as a vector writes it: 0 stands for what is not known or not there. */
typedef struct
{
  int message_id;
  int headers;
  int size;
  int content;
  int delivery;
  int altered;     /* altered form; 0: it is the content */
  guint32 kinds;   /* AlteredKind */
  int loose;       /* headers with X for 8-bit bytes */
  gboolean unread; /* only the content is known, from when it was copied */
} Mail;

typedef struct
{
  const char *name;
  Mail sources[4];
  Mail destinations[4];
  const char *pairs; /* "source-destination …" */
  const char *asks;  /* "s0 d1 …" */
  MatchSize size;
  gboolean last;
} Vector;

#define END                                                                              \
  {                                                                                      \
    .headers = -1                                                                        \
  }

static const Vector vectors[] = {
  { "both-empty", { END }, { END }, "", "", 0, FALSE },
  { "nothing-there", { { 1, 1, 10, 0, 0 }, END }, { END }, "", "", 0, FALSE },
  { "nothing-to-come", { END }, { { 1, 1, 10, 0, 0 }, END }, "", "", 0, FALSE },

  { "delivery-id",
    { { 0, 0, 0, 0, 7 }, END },
    { { 0, 0, 0, 0, 7 }, END },
    "0-0",
    "",
    0,
    FALSE },
  { "delivery-id-other",
    { { 0, 0, 0, 0, 7 }, END },
    { { 0, 0, 0, 0, 8 }, END },
    "",
    "",
    0,
    FALSE },
  { "delivery-id-reused-by-other-content",
    { { 1, 1, 10, 5, 7 }, END },
    { { 1, 1, 10, 6, 7 }, END },
    "",
    "",
    0,
    FALSE },
  { "delivery-id-reused-by-other-message",
    { { 1, 1, 10, 0, 7 }, END },
    { { 2, 2, 10, 0, 7 }, END },
    "",
    "",
    0,
    FALSE },
  { "delivery-id-copied-once",
    { { 1, 1, 10, 0, 7 }, END },
    { { 1, 1, 10, 0, 7 }, { 1, 1, 10, 0, 7 }, END },
    "0-0",
    "",
    0,
    FALSE },
  { "delivery-id-before-message-id",
    { { 1, 1, 10, 0, 7 }, { 1, 1, 10, 0, 8 }, END },
    { { 1, 1, 10, 0, 8 }, { 1, 1, 10, 0, 7 }, END },
    "0-1 1-0",
    "",
    0,
    FALSE },

  { "content-alone",
    { { 0, 0, 0, 5, 0 }, END },
    { { 0, 0, 0, 5, 0 }, END },
    "0-0",
    "",
    0,
    FALSE },
  { "content-over-sizes",
    { { 1, 1, 10, 5, 0 }, END },
    { { 1, 1, 99, 5, 0 }, END },
    "0-0",
    "",
    0,
    FALSE },
  { "content-differs-all-else-equal",
    { { 1, 1, 10, 5, 0 }, END },
    { { 1, 1, 10, 6, 0 }, END },
    "",
    "",
    0,
    FALSE },
  { "content-keeps-count",
    { { 1, 1, 10, 5, 0 }, { 1, 1, 10, 5, 0 }, { 1, 1, 10, 5, 0 }, END },
    { { 1, 1, 10, 5, 0 }, { 1, 1, 10, 5, 0 }, END },
    "0-0 1-1",
    "",
    0,
    FALSE },

  { "alone-with-a-message-id",
    { { 1, 1, 10, 0, 0 }, { 2, 2, 20, 0, 0 }, END },
    { { 2, 2, 20, 0, 0 }, { 3, 3, 30, 0, 0 }, END },
    "1-0",
    "",
    0,
    FALSE },
  { "one-content-known",
    { { 1, 1, 10, 5, 0 }, END },
    { { 1, 1, 10, 0, 0 }, END },
    "0-0",
    "",
    0,
    FALSE },
  { "other-size-is-a-doubt",
    { { 1, 1, 10, 0, 0 }, END },
    { { 1, 1, 11, 0, 0 }, END },
    "",
    "s0 d0",
    0,
    FALSE },
  { "other-headers-are-a-doubt",
    { { 1, 1, 10, 0, 0 }, END },
    { { 1, 2, 10, 0, 0 }, END },
    "",
    "s0 d0",
    0,
    FALSE },
  { "unknown-size-is-a-doubt",
    { { 1, 1, 10, 0, 0 }, END },
    { { 1, 1, 0, 0, 0 }, END },
    "",
    "s0 d0",
    0,
    FALSE },
  { "several-are-a-doubt",
    { { 1, 1, 10, 0, 0 }, { 1, 1, 10, 0, 0 }, END },
    { { 1, 1, 10, 0, 0 }, END },
    "",
    "s0 s1 d0",
    0,
    FALSE },
  { "only-unknown-content-is-asked-for",
    { { 1, 1, 10, 5, 0 }, { 1, 1, 10, 0, 0 }, END },
    { { 1, 1, 10, 0, 0 }, { 1, 1, 10, 6, 0 }, END },
    "",
    "s1 d0",
    0,
    FALSE },
  { "nothing-is-asked-of-one-side",
    { { 1, 1, 10, 0, 0 }, { 1, 1, 10, 0, 0 }, END },
    { { 2, 1, 10, 0, 0 }, END },
    "",
    "",
    0,
    FALSE },
  { "last-one-left-is-no-proof",
    { { 1, 1, 10, 5, 0 }, { 1, 1, 10, 6, 0 }, END },
    { { 1, 1, 10, 5, 0 }, { 1, 1, 10, 0, 0 }, END },
    "0-0",
    "",
    0,
    TRUE },
  { "last-leaves-doubts",
    { { 1, 1, 10, 0, 0 }, END },
    { { 1, 1, 11, 0, 0 }, END },
    "",
    "",
    0,
    TRUE },

  { "no-message-id-is-a-doubt",
    { { 0, 1, 10, 0, 0 }, END },
    { { 0, 1, 10, 0, 0 }, END },
    "",
    "s0 d0",
    0,
    FALSE },
  { "no-message-id-by-content",
    { { 0, 1, 10, 5, 0 }, { 0, 1, 10, 6, 0 }, END },
    { { 0, 1, 10, 6, 0 }, { 0, 1, 10, 7, 0 }, END },
    "1-0",
    "",
    0,
    FALSE },
  { "no-message-id-other-headers",
    { { 0, 1, 10, 0, 0 }, END },
    { { 0, 2, 10, 0, 0 }, END },
    "",
    "",
    0,
    FALSE },
  { "message-id-on-one-side-only",
    { { 0, 1, 10, 0, 0 }, END },
    { { 1, 1, 10, 0, 0 }, END },
    "",
    "",
    0,
    FALSE },
  { "nothing-known",
    { { 0, 0, 10, 0, 0 }, END },
    { { 0, 0, 10, 0, 0 }, END },
    "",
    "",
    0,
    FALSE },

  { "lines-near",
    { { 1, 1, 1000, 0, 0 }, END },
    { { 1, 1, 1030, 0, 0 }, END },
    "0-0",
    "",
    MATCH_SIZE_LINES,
    FALSE },
  { "lines-far",
    { { 1, 1, 1000, 0, 0 }, END },
    { { 1, 1, 1500, 0, 0 }, END },
    "",
    "s0 d0",
    MATCH_SIZE_LINES,
    FALSE },
  { "any-size",
    { { 1, 1, 1000, 0, 0 }, END },
    { { 1, 1, 0, 0, 0 }, END },
    "0-0",
    "",
    MATCH_SIZE_ANY,
    FALSE },

  { "altered-by-the-store",
    { { 1, 1, 10, 5, .altered = 9, .kinds = ALTERED_8BIT }, END },
    { { 1, 2, 10, 6, .altered = 9 }, END },
    "0-0",
    "",
    0,
    FALSE },
  { "altered-once-for-each",
    { { 1, 1, 10, 5, .altered = 9, .kinds = ALTERED_NUL },
      { 1, 1, 10, 5, .altered = 9, .kinds = ALTERED_NUL },
      { 1, 1, 10, 5, .altered = 9, .kinds = ALTERED_NUL },
      END },
    { { 1, 1, 9, 6, .altered = 9 }, { 1, 1, 9, 6, .altered = 9 }, END },
    "0-0 1-1",
    "",
    0,
    FALSE },
  { "altered-after-equal-content",
    { { 1, 1, 10, 5, .altered = 9, .kinds = ALTERED_NUL },
      { 1, 1, 9, 6, .altered = 9 },
      END },
    { { 1, 1, 9, 6, .altered = 9 }, { 1, 1, 9, 6, .altered = 9 }, END },
    "0-1 1-0",
    "",
    0,
    FALSE },
  { "altered-had-nothing-to-alter",
    { { 1, 1, 10, 5, .altered = 9 }, END },
    { { 1, 1, 10, 6, .altered = 9 }, END },
    "",
    "",
    0,
    FALSE },
  { "altered-copy-still-has-it",
    { { 1, 1, 10, 5, .altered = 9, .kinds = ALTERED_8BIT }, END },
    { { 1, 1, 10, 6, .altered = 9, .kinds = ALTERED_8BIT }, END },
    "",
    "",
    0,
    FALSE },
  { "altered-and-enclosed",
    { { 1, 1, 10, 5, .altered = 9, .kinds = ALTERED_8BIT }, END },
    { { 1, 2, 10, 6, .altered = 9, .kinds = ALTERED_8BIT | ALTERED_ENCLOSED }, END },
    "0-0",
    "",
    0,
    FALSE },
  { "altered-other-body",
    { { 1, 1, 10, 5, .altered = 9, .kinds = ALTERED_8BIT }, END },
    { { 1, 2, 10, 6, .altered = 8 }, END },
    "",
    "",
    0,
    FALSE },
  { "altered-is-asked-for-by-its-loose-headers",
    { { 0, 1, 10, .loose = 7 }, END },
    { { 0, 2, 10, .loose = 7 }, END },
    "",
    "s0 d0",
    0,
    FALSE },
  { "altered-is-asked-for-once",
    { { 0, 1, 10, .loose = 7 }, END },
    { { 0, 1, 10, .loose = 7 }, END },
    "",
    "s0 d0",
    0,
    FALSE },
  { "altered-is-asked-for-where-the-content-is-known",
    { { 1, 1, 10, 5, .unread = TRUE }, END },
    { { 1, 2, 10, 0 }, END },
    "",
    "s0 d0",
    0,
    FALSE },
};

/* Candidates with what they point to. */
typedef struct
{
  guint count;
  Identity *identities;
  guint8 (*ids)[HAUL_DELIVERY_ID_LENGTH];
  MatchCandidate *candidates;
} Side;

static Side
side_new (guint count)
{
  Side side = { .count = count };
  side.identities = g_new0 (Identity, count + 1);
  side.ids = g_malloc0_n (count + 1, HAUL_DELIVERY_ID_LENGTH);
  side.candidates = g_new0 (MatchCandidate, count + 1);
  for (guint i = 0; i < count; i++)
    side.candidates[i].identity = &side.identities[i];
  return side;
}

static void
side_clear (Side *side)
{
  g_free (side->identities);
  g_free (side->ids);
  g_free (side->candidates);
}

static void
set_content (Side *side, guint index, int content)
{
  side->identities[index].known |= IDENTITY_CONTENT;
  memcpy (side->identities[index].content + 20, &content, sizeof content);
  side->identities[index].altered.known = TRUE;
  memcpy (side->identities[index].altered.digest + 20, &content, sizeof content);
}

static void
side_set (Side *side, guint index, const Mail *mail)
{
  Identity *identity = &side->identities[index];
  identity->size_bytes = (guint64) mail->size;
  identity->known = (mail->size != 0 ? IDENTITY_SIZE : 0)
                    | (mail->headers != 0 ? IDENTITY_HEADERS : 0)
                    | (mail->message_id != 0 ? IDENTITY_HAS_MESSAGE_ID : 0);
  memcpy (identity->message_id + 8, &mail->message_id, sizeof mail->message_id);
  memcpy (identity->headers + 8, &mail->headers, sizeof mail->headers);
  if (mail->content != 0)
    set_content (side, index, mail->content);
  if (mail->altered != 0)
    memcpy (identity->altered.digest + 20, &mail->altered, sizeof mail->altered);
  identity->altered.kinds = mail->kinds;
  if (mail->unread)
    identity->altered.known = FALSE;
  identity->has_loose = mail->loose != 0;
  memcpy (identity->loose + 8, &mail->loose, sizeof mail->loose);
  if (mail->delivery != 0)
    {
      memcpy (side->ids[index] + 8, &mail->delivery, sizeof mail->delivery);
      side->candidates[index].delivery_id = side->ids[index];
    }
}

static Side
side_of (const Mail *mails)
{
  guint count = 0;
  while (mails[count].headers >= 0)
    count++;
  Side side = side_new (count);
  for (guint i = 0; i < count; i++)
    side_set (&side, i, &mails[i]);
  return side;
}

static MatchResult *
match (const Side *sources, const Side *destinations, MatchSize size, gboolean last)
{
  MatchInput input = { .sources = sources->candidates,
                       .source_count = sources->count,
                       .destinations = destinations->candidates,
                       .destination_count = destinations->count,
                       .size = size,
                       .last = last };
  return match_candidates (&input);
}

G_GNUC_PRINTF (2, 3)
static void
append (GString *text, const char *format, ...)
{
  va_list arguments;
  if (text->len > 0)
    g_string_append_c (text, ' ');
  va_start (arguments, format);
  g_string_append_vprintf (text, format, arguments);
  va_end (arguments);
}

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;
  Side sources = side_of (vector->sources);
  Side destinations = side_of (vector->destinations);
  g_autoptr (MatchResult)
      result = match (&sources, &destinations, vector->size, vector->last);
  g_autoptr (GString) pairs = g_string_new (NULL);
  g_autoptr (GString) asks = g_string_new (NULL);
  for (guint i = 0; i < result->pairs->len; i++)
    {
      const MatchPair *pair = &g_array_index (result->pairs, MatchPair, i);
      append (pairs, "%u-%u", pair->source, pair->destination);
    }
  for (guint i = 0; i < result->ask_sources->len; i++)
    append (asks, "s%u", g_array_index (result->ask_sources, guint, i));
  for (guint i = 0; i < result->ask_destinations->len; i++)
    append (asks, "d%u", g_array_index (result->ask_destinations, guint, i));
  g_assert_cmpstr (pairs->str, ==, vector->pairs);
  g_assert_cmpstr (asks->str, ==, vector->asks);
  side_clear (&sources);
  side_clear (&destinations);
}

/* ---- random mail ---- */

/* The message that follows from its content: many share a Message-ID, some have none,
 * some have no header at all. Bodies of one Message-ID differ in size, as drafts do. */
static Mail
mail_of (int content, gboolean content_known)
{
  int kind = content % 5;
  return (Mail){ .message_id = kind >= 2 ? 1 + content / 3 : 0,
                 .headers = kind == 0 ? 1 : 1 + content / 3,
                 .size = kind >= 2 ? 100 + content : 100 + content % 2,
                 .content = content_known ? content : 0 };
}

/* Matches, learning content when asked, and checks the count for each content. */
static void
check_property (const int *source_content, Side *sources, const int *destination_content,
                Side *destinations, int content_max)
{
  g_autofree guint *wanted = g_new0 (guint, (gsize) content_max * 2);
  for (guint i = 0; i < sources->count; i++)
    wanted[source_content[i] * 2]++;
  for (guint i = 0; i < destinations->count; i++)
    wanted[destination_content[i] * 2 + 1]++;
  for (guint round = 0; round < 2; round++)
    {
      g_autoptr (MatchResult) result = match (sources, destinations, 0, FALSE);
      if (result->ask_sources->len == 0 && result->ask_destinations->len == 0)
        break;
      g_assert_cmpuint (round, ==, 0);
      for (guint i = 0; i < result->ask_sources->len; i++)
        {
          guint index = g_array_index (result->ask_sources, guint, i);
          set_content (sources, index, source_content[index]);
        }
      for (guint i = 0; i < result->ask_destinations->len; i++)
        {
          guint index = g_array_index (result->ask_destinations, guint, i);
          set_content (destinations, index, destination_content[index]);
        }
    }
  g_autoptr (MatchResult) result = match (sources, destinations, 0, TRUE);
  g_autofree guint8 *used = g_new0 (guint8, destinations->count + 1);
  for (guint i = 0; i < result->pairs->len; i++)
    {
      const MatchPair *pair = &g_array_index (result->pairs, MatchPair, i);
      int content = source_content[pair->source];
      g_assert_cmpint (content, ==, destination_content[pair->destination]);
      g_assert_cmpint (used[pair->destination]++, ==, 0);
      wanted[content * 2]--;
      wanted[content * 2 + 1]--;
    }
  for (int i = 0; i < content_max; i++)
    g_assert_cmpuint (MIN (wanted[i * 2], wanted[i * 2 + 1]), ==, 0);
}

static void
test_random (void)
{
  for (guint round = 0; round < 2000; round++)
    {
      int content_max = g_test_rand_int_range (2, 40);
      Side sources = side_new ((guint) g_test_rand_int_range (0, 30));
      Side destinations = side_new ((guint) g_test_rand_int_range (0, 30));
      int source_content[30], destination_content[30];
      int known = g_test_rand_int_range (0, 3);
      for (guint i = 0; i < sources.count; i++)
        {
          source_content[i] = g_test_rand_int_range (1, content_max);
          Mail mail = mail_of (source_content[i], g_test_rand_int_range (0, 3) < known);
          side_set (&sources, i, &mail);
        }
      for (guint i = 0; i < destinations.count; i++)
        {
          destination_content[i] = g_test_rand_int_range (1, content_max);
          Mail mail = mail_of (destination_content[i],
                               g_test_rand_int_range (0, 3) < known);
          side_set (&destinations, i, &mail);
        }
      check_property (source_content, &sources, destination_content, &destinations,
                      content_max);
      side_clear (&sources);
      side_clear (&destinations);
    }
}

/* ---- size ---- */

enum
{
  MANY = 100000
};

static void
check_many (int message_id_shared, gboolean content_known, guint wanted)
{
  Side sources = side_new (MANY);
  Side destinations = side_new (MANY);
  for (int i = 0; i < MANY; i++)
    {
      Mail mail = { .message_id = message_id_shared != 0 ? 1 : i + 1,
                    .headers = message_id_shared != 0 ? 1 : i + 1,
                    .size = 100,
                    .content = content_known ? i + 1 : 0 };
      side_set (&sources, (guint) i, &mail);
      side_set (&destinations, MANY - 1 - (guint) i, &mail);
    }
  g_test_timer_start ();
  g_autoptr (MatchResult) result = match (&sources, &destinations, 0, FALSE);
  double elapsed = g_test_timer_elapsed ();
  g_assert_cmpuint (result->pairs->len, ==, wanted);
  g_test_message ("%d x %d in %.3f s", MANY, MANY, elapsed);
  g_assert_cmpfloat (elapsed, <, 10.0); /* n² would take minutes */
  side_clear (&sources);
  side_clear (&destinations);
}

static void
test_many_apart (void)
{
  check_many (0, FALSE, MANY);
}

static void
test_many_alike (void)
{
  check_many (1, FALSE, 0);
}

static void
test_many_by_content (void)
{
  check_many (1, TRUE, MANY);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree char *path = g_strconcat ("/match/ladder/", vectors[i].name, NULL);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  g_test_add_func ("/match/random/intersection-by-content", test_random);
  g_test_add_func ("/match/many/different-messages", test_many_apart);
  g_test_add_func ("/match/many/one-message-id", test_many_alike);
  g_test_add_func ("/match/many/one-message-id-by-content", test_many_by_content);
  return g_test_run ();
}

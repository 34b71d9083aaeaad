/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tokens in every mode; each vector whole, byte by byte and split at every position. */
#include <string.h>

#include <glib.h>

#include "lexer.h"

typedef struct
{
  const gchar *name;
  ImapLexMode mode;
  const gchar *wire;
  gsize length;
  const gchar *tokens;
} Vector;

#define VECTOR(name, mode, wire, tokens)                                                 \
  {                                                                                      \
    name, mode, wire, sizeof (wire) - 1, tokens                                          \
  }

static const Vector vectors[] = {
  VECTOR ("atoms-and-lists", IMAP_LEX_DATA, "a (b c) \\Seen nil NILS\r\n",
          "a<a> ( a<b> a<c> ) a<\\Seen> nil<nil> a<NILS> $ "),
  VECTOR ("quoted-strings", IMAP_LEX_DATA, "\"a b\" \"\" \"x\\\"y\\\\z\" \"d\\e\"\r\n",
          "q<a b> q<> q<x\"y\\z> q<d\\e> $ "),
  VECTOR ("h02-literals", IMAP_LEX_DATA,
          "{1}\r\na {2+}\r\nbc {0}\r\n ~{1}\r\nd {1}  \ne\r\n",
          "{1} l<a> {2} l<bc> {0} l<> ~{1} l<d> {1} l<e> $ "),
  VECTOR ("literal-holds-anything", IMAP_LEX_DATA, "{6}\r\n)\r\n{9}\r\n",
          "{6} l<)\r\n{9}> $ "),
  VECTOR ("braces-that-are-no-literal", IMAP_LEX_DATA,
          "{} {a} {5 {5}x {5} y {+} {5+ ~ ~x ~{ a{5}\r\n",
          "a<{}> a<{a}> a<{5> a<{5}x> a<{5}> a<y> a<{+}> a<{5+> a<~> a<~x> a<~{> a<a{5}> "
          "$ "),
  VECTOR ("h02-lone-line-feeds-and-carriage-returns", IMAP_LEX_DATA, "a\nb\rc\r\r\n",
          "a<a> $ a<b> a<c> $ "),
  VECTOR ("h04-unescaped-quotes", IMAP_LEX_DATA, "\"a\"b\" \"c\"d e\" (\"f\")\r\n",
          "q<a\"b> q<c\"d e> ( q<f> ) $ "),
  VECTOR ("h04-quoted-string-ends-with-the-line", IMAP_LEX_DATA, "\"abc\r\nx\r\n",
          "q!<abc> $ a<x> $ "),
  VECTOR ("section-is-one-atom", IMAP_LEX_DATA,
          "BODY[HEADER.FIELDS (A \"]\")]<0> body[] FOO[a b]\r\n",
          "a<BODY[HEADER.FIELDS (A \"]\")]<0>> a<body[]> a<FOO[a> a<b]> $ "),
  VECTOR ("line-start", IMAP_LEX_LINE, "* + A1 *\r\n", "* + a<A1> * $ "),
  VECTOR ("word-ends-at-a-bracket", IMAP_LEX_WORD, "OK \r\n", "a<OK> $ "),
  VECTOR ("code-brackets", IMAP_LEX_CODE, "A b[c]d x] y\r\n",
          "a<A> a<b[c]d> a<x> ] a<y> $ "),
  VECTOR ("text-up-to-the-line-end", IMAP_LEX_TEXT, " a  (\"b\" \r {5}\r\nc\n",
          "t<a  (\"b\" \r {5}> t<c> "),
  VECTOR ("h01-text-with-a-literal-in-its-code", IMAP_LEX_TEXT, "[X {3}\r\n]\r\n] t\r\n",
          "t<[X {3}\r\n]\r\n] t> "),
  VECTOR ("h05-names-run-to-the-line-end", IMAP_LEX_NAME, "a b\tc\"d)  \r\n",
          "a<a b\tc\"d)> $ "),
  VECTOR ("h05-names-end-before-a-list", IMAP_LEX_NAME, "a b(c (\r\n", "a<a b(c> ( $ "),
  VECTOR ("h04-quoted-names", IMAP_LEX_NAME, "\"a \"b\" c\" \r\n", "q<a \"b\" c> $ "),
  VECTOR ("h01-literal-name", IMAP_LEX_NAME, "{2}\r\na \r\n", "{2} l<a > $ "),
  VECTOR ("name-that-looks-like-a-literal", IMAP_LEX_NAME, "{2} x\r\n", "a<{2} x> $ "),
  VECTOR ("h25-delimiter-without-its-escape", IMAP_LEX_DELIMITER,
          "\"\\\" \"\\\\\" \"\\\"\" \"/\"\r\n", "q<\\> q<\\> q<\"> q</> $ "),
};

static void
put_token (GString *out, const ImapToken *token)
{
  static const gchar *const marks[] = { "", "", "*", "+", "a", "nil", "q", "l",
                                        "", "", "",  "(", ")", "]",   "t", "$" };

  if (token->type == IMAP_TOKEN_LITERAL_BEGIN)
    g_string_append_printf (out, "%s{%u}", token->literal8 ? "~" : "",
                            (guint) token->size);
  g_string_append (out, marks[token->type]);
  g_string_append (out, token->damaged ? "!" : "");
  if (strchr ("anqlt", marks[token->type][0]) != NULL && marks[token->type][0] != '\0')
    {
      g_string_append_c (out, '<');
      g_string_append_len (out, (const gchar *) token->data, (gssize) token->length);
      g_string_append_c (out, '>');
    }
  g_string_append_c (out, ' ');
}

static void
feed (ImapLexer *lexer, const gchar *wire, gsize length, GString *out)
{
  g_autofree guint8 *copy = g_memdup2 (wire, length);
  const guint8 *data = copy;
  ImapToken token;

  while (imap_lexer_next (lexer, &data, &length, &token, NULL) != IMAP_TOKEN_MORE)
    {
      g_assert_cmpint (token.type, !=, IMAP_TOKEN_ERROR);
      put_token (out, &token);
      if (token.type == IMAP_TOKEN_LITERAL_BEGIN)
        imap_lexer_use_literal (lexer, IMAP_LITERAL_BUFFER);
    }
  g_assert_cmpuint (length, ==, 0);
}

static void
check_split (const Vector *vector, gsize first, gsize step)
{
  g_autoptr (ImapLexer) lexer = imap_lexer_new ();
  g_autoptr (GString) out = g_string_new (NULL);

  imap_lexer_set_mode (lexer, vector->mode);
  feed (lexer, vector->wire, first, out);
  for (gsize at = first; at < vector->length; at += step)
    feed (lexer, vector->wire + at, MIN (step, vector->length - at), out);
  g_assert_cmpstr (out->str, ==, vector->tokens);
}

static void
test_vector (gconstpointer data)
{
  const Vector *vector = data;

  check_split (vector, vector->length, vector->length);
  check_split (vector, 1, 1);
  for (gsize first = 1; first < vector->length; first++)
    check_split (vector, first, vector->length);
}

/* A literal that is streamed comes as spans of the caller's own buffer. */
static void
test_stream (void)
{
  g_autoptr (ImapLexer) lexer = imap_lexer_new ();
  const guint8 wire[] = "{5}\r\nhello)";
  const guint8 *data = wire;
  gsize length = sizeof (wire) - 1;
  ImapToken token;

  imap_lexer_set_mode (lexer, IMAP_LEX_DATA);
  g_assert_cmpint (imap_lexer_next (lexer, &data, &length, &token, NULL), ==,
                   IMAP_TOKEN_LITERAL_BEGIN);
  imap_lexer_use_literal (lexer, IMAP_LITERAL_STREAM);
  g_assert_cmpint (imap_lexer_next (lexer, &data, &length, &token, NULL), ==,
                   IMAP_TOKEN_LITERAL_DATA);
  g_assert_true (token.data == wire + 5);
  g_assert_cmpuint (token.length, ==, 5);
  g_assert_cmpint (imap_lexer_next (lexer, &data, &length, &token, NULL), ==,
                   IMAP_TOKEN_LITERAL_END);
  g_assert_cmpint (imap_lexer_next (lexer, &data, &length, &token, NULL), ==,
                   IMAP_TOKEN_CLOSE);
}

/* A broken lexer stays broken. */
static void
test_broken (void)
{
  g_autoptr (ImapLexer) lexer = imap_lexer_new ();
  const guint8 wire[] = "{99999999999999999999}\r\n* OK\r\n";
  const guint8 *data = wire;
  gsize length = sizeof (wire) - 1;
  ImapToken token;

  imap_lexer_set_mode (lexer, IMAP_LEX_DATA);
  for (guint i = 0; i < 2; i++)
    {
      g_autoptr (GError) error = NULL;
      g_assert_cmpint (imap_lexer_next (lexer, &data, &length, &token, &error), ==,
                       IMAP_TOKEN_ERROR);
      g_assert_error (error, IMAP_PARSE_ERROR, IMAP_PARSE_ERROR_LIMIT);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  for (guint i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autofree gchar *path = g_strconcat ("/imap/lexer/", vectors[i].name, NULL);
      g_test_add_data_func (path, &vectors[i], test_vector);
    }
  g_test_add_func ("/imap/lexer/stream-does-not-copy", test_stream);
  g_test_add_func ("/imap/lexer/broken-stays-broken", test_broken);
  return g_test_run ();
}

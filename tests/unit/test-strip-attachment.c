/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The filter strip-attachment, alone.
 */
#include <string.h>

#include "plugins/fake-transform.h"

HAUL_API const HaulFilter *haul_filter_strip_attachment_get (void);

/* "Hello" */
#define HELLO_SUM "185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969"
#define NOTE(name, type, size, sum)                                                      \
  "Content-Type: text/plain; charset=us-ascii\r\n"                                       \
  "Content-Transfer-Encoding: 7bit\r\n"                                                  \
  "Content-Disposition: inline\r\n\r\n"                                                  \
  "An attachment was taken out when this message was moved.\r\n\r\n" name "Type: " type  \
  "\r\nSize: " size " bytes\r\nSHA-256: " sum "\r\n"
#define MIXED "From: a\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
#define TEXT  "--x\r\n\r\nThe letter.\r\n"

typedef struct
{
  const char *larger_than, *types;
  const char *input, *expected; /* NULL: as the input */
} Vector;

static FakeFilter *
make (const char *larger_than, const char *types)
{
  FakeOption options[3] = { { NULL, NULL } };
  guint count = 0;
  g_autofree char *message = NULL;

  if (larger_than != NULL)
    options[count++] = (FakeOption){ "larger-than", larger_than };
  if (types != NULL)
    options[count++] = (FakeOption){ "types", types };
  FakeFilter *filter = fake_filter_new (haul_filter_strip_attachment_get (), options,
                                        &message);
  g_assert_cmpstr (message, ==, NULL);
  return filter;
}

static void
check (const Vector *vectors, gsize count)
{
  for (gsize i = 0; i < count; i++)
    {
      g_autoptr (FakeFilter) filter = make (vectors[i].larger_than, vectors[i].types);
      const char *expected = vectors[i].expected;

      fake_transform_check (filter, vectors[i].input,
                            expected != NULL ? expected : vectors[i].input);
    }
}

static void
test_note (void)
{
  static const Vector vectors[] = {
    { "4", NULL,
      MIXED TEXT "--x\r\nContent-Type: Application/PDF; name=\"a \\\"b\\\".pdf\"\r\n"
                 "Content-ID: <i>\r\nContent-Transfer-Encoding: BASE64\r\n\r\n"
                 "SGVs\r\nbG8=\r\n--x--\r\nepilogue\r\n",
      MIXED TEXT
      "--x\r\nContent-ID: <i>\r\n" NOTE ("Name: a \"b\".pdf\r\n", "application/pdf", "5",
                                         HELLO_SUM) "--x--\r\nepilogue\r\n" },
    { "4", NULL,
      MIXED TEXT "--x\r\nContent-Type: text/plain\r\nContent-Transfer-Encoding: "
                 "quoted-printable\r\nContent-Disposition: attachment\r\n\r\nH=65l=\r\nlo"
                 "\r\n--x--\r\n",
      MIXED TEXT "--x\r\n" NOTE ("", "text/plain", "5", HELLO_SUM) "--x--\r\n" },
    { NULL, "application/*",
      MIXED TEXT "--x\r\nContent-Type: application/x; name*=utf-8''%41%2Fb\r\n\r\nHello"
                 "\r\n--x--\r\n",
      MIXED TEXT
      "--x\r\n" NOTE ("Name: A/b\r\n", "application/x", "5", HELLO_SUM) "--x--\r\n" },
    /* the message itself is one: what is not about its content stays */
    { NULL, "image/png", "From: a\r\nContent-Type: image/png\r\nSubject: b\r\n\r\nHello",
      "From: a\r\nSubject: b\r\n" NOTE ("", "image/png", "5", HELLO_SUM) },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

static void
test_stays (void)
{
  static const Vector vectors[] = {
    { "5", NULL, MIXED TEXT "--x\r\nContent-Type: a/b\r\n\r\nHello\r\n--x--\r\n", NULL },
    { NULL, "a/c", MIXED TEXT "--x\r\nContent-Type: a/b\r\n\r\nHello\r\n--x--\r\n",
      NULL },
    /* the letter itself */
    { NULL, "*/*", "A: b\r\n\r\nHello\r\n", NULL },
    { "1", NULL, MIXED TEXT "--x\r\nContent-Type: text/html\r\n\r\nHello\r\n--x--\r\n",
      NULL },
    { "1", NULL,
      "Content-Type: multipart/signed; boundary=x\r\n\r\n--x\r\nContent-Type: a/b\r\n\r\n"
      "Hello\r\n--x\r\nContent-Type: application/pgp-signature\r\n\r\nabc\r\n--x--\r\n",
      NULL },
    { "1", NULL,
      MIXED "--x\r\nContent-Type: multipart/encrypted; boundary=y\r\n\r\n--y\r\n"
            "Content-Type: a/b\r\n\r\nHello\r\n--y--\r\n--x--\r\n",
      NULL },
    { NULL, "*/*", "", NULL },
    { NULL, "*/*", "Content-Type: a/b", NULL },
  };

  check (vectors, G_N_ELEMENTS (vectors));
}

/* A name that is not ASCII. */
static void
test_encoded_note (void)
{
  g_autoptr (FakeFilter) filter = make (NULL, "a/b");
  static const char input[] = "Content-Type: a/b; name*0*=iso-8859-1'de'%FCb; name*1=er"
                              "\r\n\r\nHello";
  g_auto (FakeResult)
      result = fake_transform (filter, (const guint8 *) input, sizeof input - 1, 7, 1);
  g_byte_array_append (result.bytes, (const guint8 *) "", 1);
  const char *text = (const char *) result.bytes->data;
  const char *body = strstr (text, "\r\n\r\n");
  gsize length = 0;

  g_assert_nonnull (strstr (text, "charset=utf-8\r\nContent-Transfer-Encoding: base64"));
  g_assert_nonnull (body);
  g_autofree guchar *note = g_base64_decode (body, &length);
  g_autofree char *copy = g_strndup ((const char *) note, length);
  g_assert_nonnull (strstr (copy, "Name: \303\274ber\r\n"));
}

/* More than memory holds; just below the limit it stays, byte by byte. */
static void
test_large (void)
{
  g_autoptr (GString) input = g_string_new (MIXED "--x\r\nContent-Type: a/b\r\n"
                                                  "Content-Transfer-Encoding: base64\r\n"
                                                  "\r\n");
  for (guint i = 0; i < 20000; i++)
    g_string_append (input, "QUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFB\r\n");
  g_string_append (input, "--x--\r\n");
  g_autoptr (FakeFilter) stays = make ("780000", NULL);
  g_autoptr (FakeFilter) goes = make ("779999", NULL);
  g_auto (FakeResult)
      same = fake_transform (stays, (const guint8 *) input->str, input->len, 3, 1000);
  g_auto (FakeResult)
      note = fake_transform (goes, (const guint8 *) input->str, input->len, 3, 1000);

  g_assert_cmpmem (same.bytes->data, same.bytes->len, input->str, input->len);
  g_assert_cmpuint (note.bytes->len, <, 1000);
}

static void
test_mistakes (void)
{
  static const FakeOption nothing[] = { { NULL, NULL } };
  static const FakeOption wrong[] = { { "types", "video/* pdf" }, { NULL, NULL } };
  g_autofree char *first = NULL;
  g_autofree char *second = NULL;

  g_assert_null (fake_filter_new (haul_filter_strip_attachment_get (), nothing, &first));
  g_assert_cmpstr (first, ==,
                   "give \"larger-than\" or \"types\" (\"*/*\": every attachment)");
  g_assert_null (fake_filter_new (haul_filter_strip_attachment_get (), wrong, &second));
  g_assert_cmpstr (second, ==,
                   "\"types\" must be types such as video/mp4 or video/*, got 'pdf'");
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/strip-attachment/note/says-what-was-there", test_note);
  g_test_add_func ("/strip-attachment/note/with-a-name-in-other-letters",
                   test_encoded_note);
  g_test_add_func ("/strip-attachment/parts/that-stay", test_stays);
  g_test_add_func ("/strip-attachment/limits/size-to-the-byte", test_large);
  g_test_add_func ("/strip-attachment/check/mistakes-are-named", test_mistakes);
  return g_test_run ();
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * SHA-256: the vectors of FIPS 180-4, in pieces and more than once.
 */
#include "base/digest.h"

#include <string.h>

#define ABC        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define TWO_BLOCKS "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"

static void
assert_finish (Digest *digest, const char *expected)
{
  guint8 bytes[DIGEST_LENGTH];
  char text[2 * DIGEST_LENGTH + 1];

  digest_finish (digest, bytes);
  for (guint i = 0; i < DIGEST_LENGTH; i++)
    g_snprintf (text + 2 * i, 3, "%02x", bytes[i]);
  g_assert_cmpstr (text, ==, expected);
}

static void
test_vectors (void)
{
  static const struct
  {
    const char *text, *digest;
  } vectors[] = {
    { "", EMPTY },
    { "abc", ABC },
    { "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", TWO_BLOCKS },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (Digest) digest = digest_new ();
      const char *text = vectors[i].text;

      for (gsize cut = 0; cut <= strlen (text); cut++)
        {
          digest_reset (digest);
          digest_update (digest, text, cut);
          digest_update (digest, text + cut, strlen (text) - cut);
          assert_finish (digest, vectors[i].digest);
        }
    }
}

static void
test_reset (void)
{
  g_autoptr (Digest) digest = digest_new ();

  digest_update (digest, "xyz", 3);
  digest_reset (digest);
  digest_update (digest, "abc", 3);
  assert_finish (digest, ABC);
  digest_reset (digest);
  assert_finish (digest, EMPTY);
}

static void
test_unused (void)
{
  digest_free (digest_new ());
  digest_free (NULL);
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/base/digest/is-sha-256-in-any-pieces", test_vectors);
  g_test_add_func ("/base/digest/starts-anew-after-a-reset", test_reset);
  g_test_add_func ("/base/digest/frees-unused-and-none", test_unused);
  return g_test_run ();
}

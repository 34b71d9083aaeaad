/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Line ends of files: whatever is stored comes back, however it was cut into spans.
 */
#include "stored-lines.h"

#include <string.h>

typedef struct
{
  const char *wire;
  const char *stored;
} Vector;

static const Vector vectors[] = {
  { "", "" },
  { "a\r\nb\r\n", "a\nb\n" },
  { "a\rb\r\n", "a\rb\n" },
  { "a\r\r\n", "a\r\r\n" },
  { "a\r\r\r\nb\r\n", "a\r\r\r\nb\n" },
  { "\r\n\r\n", "\n\n" },
  { "\r", "\r" },
  { "\r\r", "\r\r" },
  { "a\r\n\r", "a\n\r" },
  { "\r\r\n\r\n", "\r\r\n\n" },
};

static gsize
convert (const char *text, gsize cut, char *out)
{
  MaildirStoredLines state = { FALSE, FALSE };
  const guint8 *data = (const guint8 *) text;
  gsize length = strlen (text);
  guint8 *end = (guint8 *) out;

  cut = MIN (cut, length);
  end += maildir_stored_lines (&state, data, cut, end);
  for (gsize i = cut; i < length; i++)
    end += maildir_stored_lines (&state, data + i, 1, end);
  end += maildir_stored_lines_finish (&state, end);
  return (gsize) (end - (guint8 *) out);
}

static void
test_vectors (void)
{
  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    for (gsize cut = 0; cut <= strlen (vectors[i].wire); cut++)
      {
        char out[64];
        gsize length = convert (vectors[i].wire, cut, out);

        g_assert_cmpmem (out, length, vectors[i].stored, strlen (vectors[i].stored));
      }
}

/* Every wire text of seven bytes out of CR, LF after CR, and a letter. */
static void
test_comes_back (void)
{
  for (guint number = 0; number < 2187; number++)
    {
      static const char *const pieces[] = { "\r", "\r\n", "x" };
      g_autoptr (GString) wire = g_string_new (NULL);
      HaulLineState state = { FALSE };
      char stored[64];
      guint8 back[128];
      gsize length = 0;
      guint rest = number;

      for (guint i = 0; i < 7; i++, rest /= 3)
        g_string_append (wire, pieces[rest % 3]);
      length = convert (wire->str, number % 9, stored);
      length = haul_lines_to_crlf (&state, (const guint8 *) stored, length, back);
      g_assert_cmpmem (back, length, wire->str, wire->len);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/maildir/stored-lines/cut-anywhere", test_vectors);
  g_test_add_func ("/maildir/stored-lines/everything-comes-back", test_comes_back);
  return g_test_run ();
}

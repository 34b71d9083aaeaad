/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Behaviours of messages: what goes in comes out again, however strange it is. A message
 * may be refused for its content where that is said; it may never come back changed.
 */
#include <string.h>

#include "harness.h"

#define HEADER                                                                           \
  "From: a@example.org\r\nSubject: strange\r\nMessage-ID: <s@example.org>\r\n"

/* Strange: a body, and whether it may be refused. */
typedef struct
{
  const char *name;
  const char *text;
  gsize length;
  gboolean refusable;
} Strange;

/* check_bodies: all of @strange stored into one folder, between ordinary mails. */
static void
check_bodies (World *world, const Strange *strange, gsize count)
{
  g_auto (GStrv) path = path_of (world, "Strange", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 2);
  g_autoptr (Session) session = open_session (world, HAUL_ROLE_DESTINATION);
  g_autoptr (GError) error = NULL;
  gsize i;

  for (i = 0; i < count; i++)
    {
      Mail *mail = mail_new (path, g_bytes_new (strange[i].text, strange[i].length),
                             HAUL_LINES_CRLF, 100 + (guint) i);
      Mail *between = mail_new (path, body_new (1000 + (guint) i, 200, HAUL_LINES_CRLF),
                                HAUL_LINES_CRLF, 200 + (guint) i);

      g_ptr_array_add (mails, mail);
      g_ptr_array_add (mails, between);
    }
  create_folder (session, path, 0);
  store_mails (session, mails, NULL, &error);
  g_assert_no_error (error);
  for (i = 0; i < count; i++)
    {
      const Mail *mail = g_ptr_array_index (mails, 2 + 2 * i);

      if (mail->outcome != MAIL_DONE && !strange[i].refusable)
        g_error ("%s was not stored: %s", strange[i].name, mail->error->message);
      if (mail->outcome == MAIL_FAILED)
        g_assert_error (mail->error, HAUL_ERROR, HAUL_ERROR_REJECTED);
    }
  g_clear_pointer (&session, session_close);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

#define STRANGE(name, text)                                                              \
  {                                                                                      \
    name, text, sizeof text - 1, FALSE                                                   \
  }
#define STRANGE_REFUSABLE(name, text)                                                    \
  {                                                                                      \
    name, text, sizeof text - 1, TRUE                                                    \
  }

static void
empty_messages (World *world, gconstpointer setup)
{
  static const Strange strange[] = {
    STRANGE ("headers and an empty body", HEADER "\r\n"),
    STRANGE ("headers without the empty line", HEADER),
    STRANGE ("a body of empty lines", HEADER "\r\n\r\n\r\n\r\n"),
    STRANGE_REFUSABLE ("no byte at all", ""),
    STRANGE_REFUSABLE ("one empty line", "\r\n"),
  };

  check_bodies (world, strange, G_N_ELEMENTS (strange));
}

static void
no_header (World *world, gconstpointer setup)
{
  static const Strange strange[] = {
    STRANGE ("an empty line and text", "\r\nJust text.\r\nAnd more.\r\n"),
    STRANGE ("text alone", "Just text.\r\nAnd more of it\r\n"),
    STRANGE ("text with a colon far on", "This is no header: at all\r\n\r\nbody\r\n"),
    STRANGE ("a continuation line first", " folded\r\nSubject: x\r\n\r\nbody\r\n"),
    STRANGE ("binary bytes", "\x01\x80\xff\xfe\r\n\x7f\r\n"),
  };

  check_bodies (world, strange, G_N_ELEMENTS (strange));
}

static void
nul_bytes (World *world, gconstpointer setup)
{
  static const Strange strange[] = {
    STRANGE_REFUSABLE ("only NULs", "\0\0\0\0\0\0\0\0\0\0"),
    STRANGE_REFUSABLE ("NULs in the body", HEADER "\r\na\0b\0\0c\r\n"),
    STRANGE_REFUSABLE ("NULs in the header", "Subject: a\0b\r\n\r\nbody\r\n"),
  };

  check_bodies (world, strange, G_N_ELEMENTS (strange));
}

static void
carriage_returns (World *world, gconstpointer setup)
{
  static const Strange strange[] = {
    STRANGE ("CR only lines", HEADER "\r\none\rtwo\rthree\r"),
    STRANGE ("CR CR LF", HEADER "\r\none\r\r\ntwo\r\r\r\n"),
    STRANGE ("CR at the end", HEADER "\r\none\r\ntwo\r"),
    STRANGE ("nothing but CR", "\r\r\r\r"),
  };

  check_bodies (world, strange, G_N_ELEMENTS (strange));
}

static void
from_lines (World *world, gconstpointer setup)
{
  static const Strange strange[] = {
    STRANGE ("From after an empty line",
             HEADER "\r\nHi\r\n\r\nFrom me to you\r\n\r\nFrom a@b Thu Nov  9 22:33:52 "
                    "2001\r\nSubject: forged\r\n\r\nforged\r\n"),
    STRANGE ("quoted From",
             HEADER "\r\n>From a\r\n>>From b\r\n>>>From c\r\n> From d\r\n"),
    STRANGE ("From as the first line of the body",
             HEADER "\r\nFrom a@b Thu Nov  9 22:33:52 2001\r\nmore\r\n"),
    STRANGE ("From as the last line",
             HEADER "\r\nx\r\n\r\nFrom a@b Thu Nov  9 22:33:52 2001"),
    STRANGE ("a From_ line where the header begins",
             "From a@b Thu Nov  9 22:33:52 2001\r\n" HEADER "\r\nbody\r\n"),
    STRANGE ("a quoted From_ line where the header begins",
             ">From a@b Thu Nov  9 22:33:52 2001\r\n" HEADER "\r\nbody\r\n"),
    STRANGE ("only From", "From \r\n"),
    STRANGE ("MMDF separators", HEADER "\r\n\x01\x01\x01\x01\r\nbody\r\n"),
  };

  check_bodies (world, strange, G_N_ELEMENTS (strange));
}

static void
dot_lines (World *world, gconstpointer setup)
{
  static const Strange strange[] = {
    STRANGE ("dots", HEADER "\r\n.\r\n..\r\n.x\r\n\r\n.\r\n"),
    STRANGE ("literals and tags", HEADER "\r\n{5}\r\n{5+}\r\n* BYE\r\na1 OK done\r\n"),
  };

  check_bodies (world, strange, G_N_ELEMENTS (strange));
}

static void
line_ends_at_end (World *world, gconstpointer setup)
{
  static const Strange strange[] = {
    STRANGE ("no line end", HEADER "\r\nno line end"),
    STRANGE ("many line ends", HEADER "\r\nmany line ends\r\n\r\n\r\n\r\n\r\n"),
    STRANGE ("a header without line end", "Subject: only this"),
    STRANGE ("blanks at the end", HEADER "\r\ntext\r\n \r\n\t\r\n"),
  };

  check_bodies (world, strange, G_N_ELEMENTS (strange));
}

static void
private_headers (World *world, gconstpointer setup)
{
  static const Strange strange[] = {
    STRANGE ("the private headers of an mbox",
             "Status: RO\r\nX-Status: AFDT\r\nX-Keywords: forged\r\nX-UID: 77\r\n"
             "Content-Length: 3\r\nX-IMAPbase: 1 2 forged\r\n" HEADER
             "\r\nlonger than three\r\n"),
    STRANGE ("the pseudo message of c-client",
             "Subject: DON'T DELETE THIS MESSAGE -- FOLDER INTERNAL DATA\r\n"
             "X-IMAP: 1120293473 0000000002\r\nStatus: RO\r\n\r\nThis text is part\r\n"),
    STRANGE ("the headers of Mozilla",
             "X-Mozilla-Status: 0009\r\nX-Mozilla-Status2: "
             "00800000\r\nX-Mozilla-Keys: $label1\r\n" HEADER "\r\nbody\r\n"),
    STRANGE ("private headers in the body",
             HEADER "\r\nStatus: RO\r\nX-Status: F\r\nContent-Length: 1\r\n"),
    STRANGE ("folded and doubled", "Status: R\r\n O\r\nstatus: U\r\n" HEADER "\r\nx\r\n"),
  };

  check_bodies (world, strange, G_N_ELEMENTS (strange));
}

static void
eight_bit_content (World *world, gconstpointer setup)
{
  g_autoptr (GByteArray) all = g_byte_array_new ();
  Strange strange = { "every byte but NUL", NULL, 0, FALSE };
  guint value;

  g_byte_array_append (all, (const guint8 *) HEADER "\r\n", sizeof HEADER + 1);
  for (value = 1; value < 256; value++)
    {
      guint8 byte = (guint8) value;

      if (byte != '\r' && byte != '\n')
        g_byte_array_append (all, &byte, 1);
    }
  g_byte_array_append (all, (const guint8 *) "\r\n", 2);
  strange.text = (const char *) all->data;
  strange.length = all->len;
  check_bodies (world, &strange, 1);
}

static void
line_ends (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Lines", NULL);
  g_autoptr (GPtrArray)
      mails = g_ptr_array_new_with_free_func ((GDestroyNotify) mail_free);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  g_autoptr (GPtrArray) keys = NULL;
  HaulLines forms[] = { HAUL_LINES_CRLF, HAUL_LINES_ANY };
  g_autofree char *first = NULL;
  guint i, form;

  for (i = 0; i < 2; i++)
    g_ptr_array_add (mails, mail_new (path, body_new (1, 5000, forms[i]), forms[i], i));
  deliver (world, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  listing = scan_folder (session, path, NULL, NULL);
  keys = listing_keys (listing);
  for (form = 0; form < 2; form++)
    {
      g_autoptr (GPtrArray) fetched = fetch_keys (session, keys, forms[form]);

      for (i = 0; i < fetched->len; i++)
        {
          const Fetched *one = g_ptr_array_index (fetched, i);
          g_autofree char *content = content_text (one->body->data, one->body->len);

          g_assert_no_error (one->error);
          if (first == NULL)
            first = g_strdup (content);
          g_assert_cmpstr (content, ==, first);
        }
    }
}

static void
wire_form_has_no_lone_lf (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Wire", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 6);
  g_autoptr (GPtrArray) keys = NULL;
  g_autoptr (GPtrArray) fetched = NULL;
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;
  guint i, at;

  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  listing = scan_folder (session, path, NULL, NULL);
  keys = listing_keys (listing);
  fetched = fetch_keys (session, keys, HAUL_LINES_CRLF);
  for (i = 0; i < fetched->len; i++)
    {
      const GByteArray *body = ((Fetched *) g_ptr_array_index (fetched, i))->body;

      for (at = 0; at < body->len; at++)
        if (body->data[at] == '\n')
          g_assert_cmpint (at > 0 ? body->data[at - 1] : 0, ==, '\r');
    }
}

/* check_dates: mails with these INTERNALDATEs come back with them. */
static void
check_dates (World *world, const gint64 *seconds, guint count)
{
  g_auto (GStrv) path = path_of (world, "Dates", NULL);
  g_autoptr (GPtrArray) mails = NULL;
  guint i;

  if (world_lacks (world, HAUL_CAP_DATES, "DATES"))
    return;
  mails = mails_new (path, count);
  for (i = 0; i < mails->len; i++)
    ((Mail *) g_ptr_array_index (mails, i))->date_unix = seconds[i];
  deliver (world, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
dates (World *world, gconstpointer setup)
{
  static const gint64 seconds[] = { 1,          86399,      946684799,
                                    1000000000, 1709164800, 1709251199 };

  check_dates (world, seconds, G_N_ELEMENTS (seconds));
}

static void
future_dates (World *world, gconstpointer setup)
{
  static const gint64 seconds[] = { 2147483647, 2147483648, 4102444800 };

  check_dates (world, seconds, G_N_ELEMENTS (seconds));
}

static void
missing_date (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Dates", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, 1);
  g_autoptr (Session) session = NULL;
  g_autoptr (Listing) listing = NULL;

  ((Mail *) g_ptr_array_index (mails, 0))->has_date = FALSE;
  deliver (world, mails);
  session = open_session (world, HAUL_ROLE_SOURCE);
  listing = scan_folder (session, path, NULL, NULL);
  g_assert_cmpuint (listing->records->len, ==, 1);
}

static void
all_flags (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Flags", NULL);
  g_autoptr (GPtrArray) mails = mails_new (path, HAUL_FLAGS_ALL + 1);

  deliver (world, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
many_keywords (World *world, gconstpointer setup)
{
  static const char *const words[] = { "$Forwarded",    "$Junk",    "NonJunk",
                                       "$Label1",       "a-b",      "x_y",
                                       "IMPORTANT.now", "$MDNSent", "k9",
                                       "work",          NULL };
  g_auto (GStrv) path = path_of (world, "Keywords", NULL);
  g_autoptr (GPtrArray) mails = NULL;
  Mail *all;
  guint i;

  if (world_lacks (world, HAUL_CAP_KEYWORDS, "KEYWORDS"))
    return;
  mails = mails_new (path, 20);
  for (i = 0; i < mails->len; i++)
    {
      Mail *mail = g_ptr_array_index (mails, i);
      const char *one[] = { words[i % 10], words[(i + 3) % 10], NULL };

      g_strfreev (mail->keywords);
      mail->keywords = g_strdupv ((char **) one);
    }
  all = g_ptr_array_index (mails, 7);
  g_strfreev (all->keywords);
  all->keywords = g_strdupv ((char **) words);
  deliver (world, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
duplicates (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Twins", NULL);
  g_autoptr (GPtrArray)
      mails = g_ptr_array_new_with_free_func ((GDestroyNotify) mail_free);
  guint i;

  for (i = 0; i < 7; i++)
    {
      Mail *mail = mail_new (path, body_new (1, 600, HAUL_LINES_CRLF), HAUL_LINES_CRLF,
                             i);

      mail->date_unix = 1000000000;
      g_ptr_array_add (mails, mail);
    }
  deliver (world, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
many_small (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Many", NULL);
  guint count = 10000 / world->setup->scale;
  g_autoptr (GPtrArray)
      mails = g_ptr_array_new_with_free_func ((GDestroyNotify) mail_free);
  guint i;

  for (i = 0; i < count; i++)
    g_ptr_array_add (
        mails, mail_new (path, body_new (i, 250, HAUL_LINES_CRLF), HAUL_LINES_CRLF, i));
  deliver (world, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
one_large (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Large", NULL);
  gsize size = 20 * 1024 * 1024 / world->setup->scale;
  g_autoptr (GPtrArray) mails = mails_new (path, 3);

  g_ptr_array_insert (
      mails, 1,
      mail_new (path, body_new (77, size, HAUL_LINES_CRLF), HAUL_LINES_CRLF, 77));
  deliver (world, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
huge_header (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Header", NULL);
  guint count = 100000 / world->setup->scale;
  g_autoptr (GPtrArray) mails = mails_new (path, 3);
  GString *text = g_string_new ("Message-ID: <huge@example.org>\r\n");
  guint i;

  for (i = 0; i < count; i++)
    g_string_append_printf (text, "X-Line-%u: value %u\r\n", i, i);
  g_string_append (text, "\r\nbody\r\n");
  g_ptr_array_insert (
      mails, 1, mail_new (path, g_string_free_to_bytes (text), HAUL_LINES_CRLF, 50));
  deliver (world, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
long_line (World *world, gconstpointer setup)
{
  g_auto (GStrv) path = path_of (world, "Line", NULL);
  gsize size = 3 * 1024 * 1024 / world->setup->scale;
  g_autofree char *line = g_strnfill (size, 'x');
  g_autoptr (GPtrArray) mails = mails_new (path, 3);
  GString *body = g_string_new (HEADER "\r\n");
  GString *header = g_string_new ("Subject: ");

  g_string_append (body, line);
  g_string_append_printf (header, "%s\r\n\r\nbody\r\n", line);
  g_ptr_array_insert (
      mails, 1, mail_new (path, g_string_free_to_bytes (body), HAUL_LINES_CRLF, 50));
  g_ptr_array_insert (
      mails, 2, mail_new (path, g_string_free_to_bytes (header), HAUL_LINES_CRLF, 51));
  deliver (world, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

static void
every_size (World *world, gconstpointer setup)
{
  static const gsize sizes[] = { 4095, 4096, 4097, 8192, 65535, 65536, 65537, 131072 };
  g_auto (GStrv) path = path_of (world, "Sizes", NULL);
  g_autoptr (GPtrArray)
      mails = g_ptr_array_new_with_free_func ((GDestroyNotify) mail_free);
  guint i, less;

  for (i = 0; i < G_N_ELEMENTS (sizes); i++)
    for (less = 0; less < 3; less++)
      {
        GString *text = g_string_new (HEADER "\r\n");
        gsize length = sizes[i] - 2 - text->len;
        gsize at = text->len;

        g_string_set_size (text, at + length);
        memset (text->str + at, 'a' + (int) less, length);
        if (less > 0)
          g_string_overwrite (text, text->len - 64, "\r\n\r\nFrom x\r\n");
        g_string_append (text, less == 2 ? "\r" : "\r\n");
        g_ptr_array_add (mails, mail_new (path, g_string_free_to_bytes (text),
                                          HAUL_LINES_CRLF, i * 3 + less));
      }
  deliver (world, mails);
  assert_holds (world, HAUL_ROLE_SOURCE, path, mails);
}

void
add_message_behaviours (const Setup *setup)
{
  static const struct
  {
    const char *path;
    void (*run) (World *world, gconstpointer setup);
  } behaviours[] = {
    { "empty-messages-come-back", empty_messages },
    { "messages-without-a-header-come-back", no_header },
    { "nul-bytes-come-back-or-are-refused", nul_bytes },
    { "lone-carriage-returns-come-back", carriage_returns },
    { "from-lines-come-back", from_lines },
    { "dot-lines-come-back", dot_lines },
    { "line-ends-at-the-end-make-no-second-message", line_ends_at_end },
    { "forged-private-headers-set-nothing", private_headers },
    { "every-byte-comes-back", eight_bit_content },
    { "crlf-and-lf-give-the-same-content", line_ends },
    { "wire-form-has-no-lone-line-feed", wire_form_has_no_lone_lf },
    { "dates-come-back", dates },
    { "dates-of-the-future-come-back", future_dates },
    { "a-message-without-a-date-is-stored", missing_date },
    { "all-flags-come-back", all_flags },
    { "keywords-come-back", many_keywords },
    { "equal-messages-stay-as-many-as-they-were", duplicates },
    { "ten-thousand-messages-come-back", many_small },
    { "a-large-message-comes-back", one_large },
    { "a-huge-header-comes-back", huge_header },
    { "a-line-of-megabytes-comes-back", long_line },
    { "sizes-around-block-borders-come-back", every_size },
  };
  gsize i;

  for (i = 0; i < G_N_ELEMENTS (behaviours); i++)
    {
      if (setup->account && behaviours[i].run == future_dates)
        continue;
      g_autofree char *path = g_strconcat ("/contract/", behaviours[i].path, NULL);

      g_test_add (path, World, setup, world_up, behaviours[i].run, world_down);
    }
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads accounts from CSV: RFC 4180, also with a BOM, with any line end, without a last
 * one. A wrong row is told and left out, so that all are told at once. Which columns a
 * job uses is job.c's. On the caller's thread.
 */
#include "job-account.h"

#include <string.h>

/* Csv: a file under way. */
typedef struct
{
  const char *file;
  const char *p;
  const char *end;
  guint line;     /* of @p */
  guint row_line; /* of the row's first byte */
  Problems *problems;
  guint complaints;
} Csv;

JobAccount *
job_account_new (const char *name, guint line)
{
  JobAccount *self = g_new0 (JobAccount, 1);

  self->name = job_safe_name (name);
  self->line = line;
  self->columns = g_new0 (char *, 1);
  self->values = g_new0 (char *, 1);
  return self;
}

void
job_account_free (gpointer account)
{
  JobAccount *self = account;

  if (self == NULL)
    return;
  for (gsize i = 0; self->values[i] != NULL; i++)
    explicit_bzero (self->values[i], strlen (self->values[i])); /* maybe a password */
  g_strfreev (self->columns);
  g_strfreev (self->values);
  g_free (self->name);
  g_free (self);
}

static void
complain (Csv *self, guint line, const char *text)
{
  self->complaints++;
  problems_add (self->problems, self->file, line, "%s", text);
}

/* ---- fields and rows ---- */

static gboolean
at_line_end (const Csv *self)
{
  return self->p >= self->end || *self->p == '\n' || *self->p == '\r';
}

/* Moves behind CR, LF or CRLF. */
static void
take_line_end (Csv *self)
{
  if (self->p < self->end && *self->p == '\r')
    self->p++;
  if (self->p < self->end && *self->p == '\n')
    self->p++;
  self->line++;
}

static void
skip_line (Csv *self)
{
  while (!at_line_end (self))
    self->p++;
}

/* Takes a byte of a quoted field; a line end inside is part of it. */
static void
take_quoted_byte (Csv *self, GString *field)
{
  gboolean crlf = *self->p == '\r' && self->p + 1 < self->end && self->p[1] == '\n';

  if ((*self->p == '\r' && !crlf) || *self->p == '\n')
    self->line++;
  g_string_append_c (field, *self->p++);
}

/* A field in quotes, "" inside it being one; @p is at the first. FALSE: said why. */
static gboolean
take_quoted (Csv *self, GString *field)
{
  guint line = self->line;

  for (self->p++; self->p < self->end;)
    {
      if (*self->p != '"')
        {
          take_quoted_byte (self, field);
          continue;
        }
      self->p++;
      if (self->p < self->end && *self->p == '"')
        g_string_append_c (field, *self->p++);
      else if (at_line_end (self) || *self->p == ',')
        return TRUE;
      else
        {
          complain (self, self->line, "text follows a closing quote");
          return FALSE;
        }
    }
  complain (self, line, "a quote is not closed");
  return FALSE;
}

static gboolean
take_plain (Csv *self, GString *field)
{
  const char *start = self->p;

  while (!at_line_end (self) && *self->p != ',')
    {
      if (*self->p == '"')
        {
          complain (self, self->line,
                    "a quote inside a field: such a field stands in quotes, with \"\" "
                    "for each");
          return FALSE;
        }
      self->p++;
    }
  g_string_append_len (field, start, self->p - start);
  return TRUE;
}

static gboolean
field_is_sound (Csv *self, const GString *field)
{
  if (field->len > ACCOUNTS_LIMIT_FIELD_BYTES)
    complain (self, self->row_line, "a field is longer than 64 KiB");
  else if (memchr (field->str, '\0', field->len) != NULL)
    complain (self, self->row_line, "a field contains a NUL byte");
  else if (!g_utf8_validate (field->str, (gssize) field->len, NULL))
    complain (self, self->row_line, "a field is not valid UTF-8");
  else
    return TRUE;
  return FALSE;
}

/* The next row. NULL: it was wrong, and is behind. (transfer full) */
static GPtrArray *
take_row (Csv *self)
{
  g_autoptr (GPtrArray) row = g_ptr_array_new_with_free_func (g_free);

  self->row_line = self->line;
  for (;;)
    {
      g_autoptr (GString) field = g_string_new (NULL);
      gboolean quoted = self->p < self->end && *self->p == '"';
      gboolean right = quoted ? take_quoted (self, field) : take_plain (self, field);

      if (!right || !field_is_sound (self, field))
        {
          skip_line (self);
          take_line_end (self);
          return NULL;
        }
      g_ptr_array_add (row, g_string_free (g_steal_pointer (&field), FALSE));
      if (self->p >= self->end || *self->p != ',' || row->len > ACCOUNTS_LIMIT_COLUMNS)
        break;
      self->p++;
    }
  skip_line (self);
  take_line_end (self);
  return g_steal_pointer (&row);
}

static gboolean
row_is_blank (const GPtrArray *row)
{
  const char *field = row->pdata[0];

  return row->len == 1 && field[strspn (field, " \t")] == '\0';
}

/* ---- the header ---- */

static gboolean
column_is_sound (Csv *self, GPtrArray *header, guint index)
{
  const char *name = g_strstrip (header->pdata[index]);
  g_autofree char *text = NULL;

  if (*name == '\0')
    text = g_strdup_printf ("column %u has no name", index + 1);
  else if (strpbrk (name, "{}$\r\n") != NULL)
    text = g_strdup_printf ("column %u: a name cannot contain $, {, } or a line end",
                            index + 1);
  for (guint i = 0; text == NULL && i < index; i++)
    if (strcmp (header->pdata[i], name) == 0)
      text = g_strdup_printf ("columns %u and %u are both named \"%s\"", i + 1, index + 1,
                              name);
  if (text != NULL)
    complain (self, self->row_line, text);
  return text == NULL;
}

/* The names of the columns. NULL: said why. (transfer full) */
static GPtrArray *
take_header (Csv *self)
{
  g_autoptr (GPtrArray) header = NULL;
  gboolean right = TRUE;

  do
    {
      g_clear_pointer (&header, g_ptr_array_unref);
      if (self->p >= self->end)
        {
          complain (self, 1, "the file is empty: its first row must name the columns");
          return NULL;
        }
      header = take_row (self);
    }
  while (header != NULL && row_is_blank (header));
  if (header == NULL)
    return NULL;
  if (header->len > ACCOUNTS_LIMIT_COLUMNS)
    {
      complain (self, self->row_line, "the first row names more than 256 columns");
      return NULL;
    }
  if (header->len == 1 && strpbrk (header->pdata[0], ";\t") != NULL)
    {
      complain (self, self->row_line, "columns must be separated by commas");
      return NULL;
    }
  for (guint i = 0; i < header->len; i++)
    right &= column_is_sound (self, header, i);
  return right ? g_steal_pointer (&header) : NULL;
}

static guint
name_column (const GPtrArray *header)
{
  for (guint i = 0; i < header->len; i++)
    if (strcmp (header->pdata[i], "name") == 0)
      return i;
  return 0;
}

/* ---- accounts ---- */

/* Whether @name can be the account's; @names: those before, each with its line. */
static gboolean
name_is_sound (Csv *self, GHashTable *names, const char *name, gboolean shown)
{
  g_autofree char *text = NULL;
  guint line = GPOINTER_TO_UINT (g_hash_table_lookup (names, name));

  if (*name == '\0')
    text = g_strdup ("the account has no name");
  else if (line > 0 && shown)
    text = g_strdup_printf ("account \"%s\" stands twice: the first is in line %u", name,
                            line);
  else if (line > 0)
    text = g_strdup_printf ("an account stands twice: the first is in line %u", line);
  if (text != NULL)
    complain (self, self->row_line, text);
  return text == NULL;
}

/* The account of @row, whose fields it takes over. NULL: said why. */
static JobAccount *
make_account (Csv *self, const GPtrArray *header, GPtrArray *row, GHashTable *names)
{
  guint column = name_column (header);
  gboolean shown = !job_name_is_secret (header->pdata[column]);
  g_autofree char *name = NULL;
  JobAccount *account;

  if (row->len != header->len)
    {
      g_autofree char *text = g_strdup_printf (
          "the row has %u fields, the first row names %u", row->len, header->len);

      complain (self, self->row_line, text);
      return NULL;
    }
  name = g_strstrip (g_strdup (row->pdata[column]));
  if (!name_is_sound (self, names, name, shown))
    return NULL;
  g_hash_table_insert (names, g_strdup (name), GUINT_TO_POINTER (self->row_line));
  account = job_account_new (name, self->row_line);
  g_free (account->columns);
  g_free (account->values);
  account->columns = g_new0 (char *, header->len + 1);
  account->values = g_new0 (char *, header->len + 1);
  for (guint i = 0; i < header->len; i++)
    {
      account->columns[i] = g_strdup (header->pdata[i]);
      account->values[i] = g_steal_pointer (&row->pdata[i]);
    }
  return account;
}

static void
take_accounts (Csv *self, const GPtrArray *header, GPtrArray *accounts)
{
  g_autoptr (GHashTable)
      names = g_hash_table_new_full (g_str_hash, g_str_equal, g_free, NULL);

  while (self->p < self->end && self->complaints < ACCOUNTS_LIMIT_PROBLEMS)
    {
      g_autoptr (GPtrArray) row = take_row (self);
      JobAccount *account;

      if (row == NULL || row_is_blank (row))
        continue;
      if (accounts->len >= ACCOUNTS_LIMIT_ROWS)
        {
          complain (self, self->row_line, "the file has more than 200000 accounts");
          return;
        }
      account = make_account (self, header, row, names);
      if (account != NULL)
        g_ptr_array_add (accounts, account);
    }
  if (self->complaints >= ACCOUNTS_LIMIT_PROBLEMS)
    complain (self, self->row_line,
              "too many mistakes: the rest of the file was not read");
}

GPtrArray *
job_accounts_parse (const char *file, const char *data, gsize length, Problems *problems)
{
  Csv csv = { .file = file,
              .p = data,
              .end = data + length,
              .line = 1,
              .row_line = 1,
              .problems = problems };
  g_autoptr (GPtrArray) accounts = g_ptr_array_new_with_free_func (job_account_free);
  g_autoptr (GPtrArray) header = NULL;

  if (length >= 3 && memcmp (data, "\xef\xbb\xbf", 3) == 0)
    csv.p += 3;
  header = take_header (&csv);
  if (header != NULL)
    take_accounts (&csv, header, accounts);
  if (header != NULL && csv.complaints == 0 && accounts->len == 0)
    complain (&csv, csv.line, "the file names columns but no account");
  return csv.complaints == 0 ? g_steal_pointer (&accounts) : NULL;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reads XML with libxml2, whose only user this is: by SAX events into a tree of our own,
 * since that gives each attribute's line and lets a DOCTYPE stop the parser before its
 * contents matter. What elements mean is left to job-walk.c. On the caller's thread.
 */
#include "job-xml.h"

#include <string.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/parserInternals.h>
#include <libxml/relaxng.h>

#include "base/text.h"

/* COMPLAINT_LIMIT: behind the first few breaks of XML the others are only their echoes.
 */
#define COMPLAINT_LIMIT 10

/* Reader: a parse under way. */
typedef struct
{
  const char *file;
  const char *what; /* "job" */
  Problems *problems;
  xmlParserCtxt *parser;
  JobNode *root;
  GPtrArray *open; /* of JobNode, borrowed: the path to the current element */
  guint elements;
  guint complaints;
  gboolean stopped;
} Reader;

static const char *
word_for (const JobText *text)
{
  return text->what != NULL ? text->what : "job";
}

static guint
current_line (const Reader *self)
{
  return self->parser->input != NULL ? (guint) MAX (self->parser->input->line, 0) : 0;
}

static void
stop (Reader *self)
{
  self->stopped = TRUE;
  xmlStopParser (self->parser);
}

/* ---- places ---- */

static guint
count_lines (const xmlChar *from, const xmlChar *to)
{
  guint lines = 0;

  for (; from < to; from++)
    lines += *from == '\n' ? 1 : 0;
  return lines;
}

static gboolean
is_blank (xmlChar c)
{
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Where the tag starts that the parser has just read: no '<' can stand inside it. */
static const xmlChar *
tag_start (const xmlParserInput *input)
{
  const xmlChar *p = input->cur;

  while (p > input->base && *p != '<')
    p--;
  return p;
}

/* Moves @p behind the next attribute of a tag; *@out_name: where its name starts. FALSE:
 * there is none. */
static gboolean
next_attribute (const xmlChar **p, const xmlChar *end, const xmlChar **out_name)
{
  const xmlChar *at = *p;
  xmlChar quote;

  while (at < end && !is_blank (*at))
    at++;
  while (at < end && is_blank (*at))
    at++;
  *out_name = at;
  while (at < end && *at != '"' && *at != '\'')
    at++;
  if (at >= end)
    return FALSE;
  quote = *at++;
  while (at < end && *at != quote)
    at++;
  *p = at;
  return at < end;
}

static gboolean
declares_namespace (const xmlChar *name, const xmlChar *end)
{
  return end - name > 5 && memcmp (name, "xmlns", 5) == 0
         && (name[5] == ':' || name[5] == '=' || is_blank (name[5]));
}

/* Gives each attribute of @node, which are in document order, its line. */
static void
set_attribute_lines (JobNode *node, const xmlChar *start, const xmlChar *end)
{
  const xmlChar *p = start;
  const xmlChar *name;
  const xmlChar *counted = start;
  guint line = node->line;
  guint index = 0;

  while (index < node->attributes->len && next_attribute (&p, end, &name))
    {
      JobAttribute *attribute = g_ptr_array_index (node->attributes, index);

      line += count_lines (counted, name);
      counted = name;
      if (declares_namespace (name, end))
        continue;
      attribute->line = line;
      index++;
    }
}

/* ---- SAX ---- */

static char *
qualified_name (const xmlChar *prefix, const xmlChar *name)
{
  if (prefix == NULL)
    return g_strdup ((const char *) name);
  return g_strconcat ((const char *) prefix, ":", (const char *) name, NULL);
}

static gboolean
within_limits (Reader *self, int attribute_count)
{
  const char *rule = NULL;

  if (++self->elements > JOB_LIMIT_ELEMENTS)
    rule = "has more than " G_STRINGIFY (JOB_LIMIT_ELEMENTS) " elements";
  else if (self->open->len >= JOB_LIMIT_DEPTH)
    rule = "has elements nested more than " G_STRINGIFY (JOB_LIMIT_DEPTH) " deep";
  else if (attribute_count > JOB_LIMIT_ATTRIBUTES)
    rule = "has an element with more than " G_STRINGIFY (
        JOB_LIMIT_ATTRIBUTES) " attributes";
  if (rule == NULL)
    return TRUE;
  problems_add (self->problems, self->file, current_line (self), "the %s %s", self->what,
                rule);
  stop (self);
  return FALSE;
}

static void
add_attributes (Reader *self, JobNode *node, int count, const xmlChar **attributes)
{
  for (int i = 0; i < count; i++)
    {
      const xmlChar **attribute = attributes + (gsize) i * 5;
      gsize length = attribute[4] - attribute[3];

      if (length > JOB_LIMIT_VALUE_BYTES)
        {
          problems_add (self->problems, self->file, node->line,
                        "%s: the value of \"%s\" is longer than 64 KiB", node->name,
                        (const char *) attribute[0]);
          stop (self);
          return;
        }
      job_node_add_attribute (node, qualified_name (attribute[1], attribute[0]),
                              g_strndup ((const char *) attribute[3], length),
                              node->line);
    }
}

static void
on_start_element (void *data, const xmlChar *name, const xmlChar *prefix,
                  const xmlChar *uri, int namespace_count, const xmlChar **namespaces,
                  int attribute_count, int defaulted, const xmlChar **attributes)
{
  Reader *self = data;
  const xmlParserInput *input = self->parser->input;
  const xmlChar *start;
  JobNode *node;

  if (self->stopped || !within_limits (self, attribute_count))
    return;
  start = tag_start (input);
  node = job_node_new ((const char *) name, (const char *) uri,
                       current_line (self)
                           - MIN (current_line (self), count_lines (start, input->cur)));
  if (self->open->len > 0)
    g_ptr_array_add (
        ((JobNode *) g_ptr_array_index (self->open, self->open->len - 1))->children,
        node);
  else if (self->root == NULL)
    self->root = node;
  g_ptr_array_add (self->open, node);
  add_attributes (self, node, attribute_count, attributes);
  set_attribute_lines (node, start, input->cur);
}

static void
on_end_element (void *data, const xmlChar *name, const xmlChar *prefix,
                const xmlChar *uri)
{
  Reader *self = data;

  if (!self->stopped && self->open->len > 0)
    g_ptr_array_set_size (self->open, (gint) self->open->len - 1);
}

static void
on_text (void *data, const xmlChar *text, int length)
{
  Reader *self = data;
  JobNode *node;
  int i = 0;

  if (self->stopped || self->open->len == 0)
    return;
  node = g_ptr_array_index (self->open, self->open->len - 1);
  while (i < length && is_blank (text[i]))
    i++;
  if (i < length && node->text_line == 0)
    node->text_line = current_line (self)
                      - MIN (current_line (self), count_lines (text + i, text + length));
}

static void
on_doctype (void *data, const xmlChar *name, const xmlChar *public_id,
            const xmlChar *system_id)
{
  Reader *self = data;

  problems_add (self->problems, self->file, current_line (self),
                "a %s has no DOCTYPE: document types and entities are off", self->what);
  stop (self);
}

/* The parser's words, except those that would show what stands in a value. */
static char *
complaint (const xmlError *error)
{
  g_autofree char *first = NULL;

  if (error->code == XML_ERR_UNDECLARED_ENTITY
      || error->code == XML_WAR_UNDECLARED_ENTITY)
    return g_strdup (
        "an entity that is not one of XML's own (an \"&\" is written \"&amp;\")");
  if (error->code == XML_ERR_INVALID_ENCODING || error->code == XML_ERR_INVALID_CHAR)
    return g_strdup (
        "a character that cannot be there, or another encoding than is declared");
  first = g_strndup (error->message != NULL ? error->message : "unknown error",
                     error->message != NULL ? strcspn (error->message, "\n") : 13);
  return text_to_line (g_steal_pointer (&first));
}

static void
on_error (void *data, xmlErrorPtr error)
{
  Reader *self = data;
  g_autofree char *words = NULL;

  if (self->stopped || error->level == XML_ERR_WARNING
      || self->complaints >= COMPLAINT_LIMIT)
    return;
  self->complaints++;
  words = complaint (error);
  problems_add (self->problems, self->file, (guint) MAX (error->line, 0),
                "not well-formed XML: %s", words);
}

/* libxml2 compares the attributes of an element pair by pair while it reads them, so that
 * their number must be known to be small before. Counts what could be one. */
static gboolean
has_small_elements (Reader *self, const JobText *text)
{
  guint line = 1, count = 0;
  gboolean counting = FALSE;

  for (gsize i = 0; i < text->length; i++)
    {
      char c = text->data[i];

      line += c == '\n' ? 1 : 0;
      if (c == '<')
        {
          counting = i + 1 < text->length && text->data[i + 1] != '!'
                     && text->data[i + 1] != '?';
          count = 0;
        }
      else if (c == '=' && counting && ++count > JOB_LIMIT_ATTRIBUTES)
        {
          problems_add (self->problems, self->file, line,
                        "the %s has an element with more than " G_STRINGIFY (
                            JOB_LIMIT_ATTRIBUTES) " attributes",
                        self->what);
          return FALSE;
        }
    }
  return TRUE;
}

static void
set_handlers (Reader *self)
{
  xmlSAXHandler *sax = self->parser->sax;

  memset (sax, 0, sizeof *sax);
  sax->initialized = XML_SAX2_MAGIC;
  sax->startElementNs = on_start_element;
  sax->endElementNs = on_end_element;
  sax->characters = on_text;
  sax->ignorableWhitespace = on_text;
  sax->cdataBlock = on_text;
  sax->internalSubset = on_doctype;
  sax->serror = on_error;
  self->parser->userData = self;
}

JobNode *
job_xml_parse (const JobText *text, Problems *problems)
{
  Reader reader = { .file = text->file, .what = word_for (text), .problems = problems };
  guint before = problems_count (problems);
  g_autoptr (JobNode) root = NULL;

  if (text->length == 0 || text->length > JOB_LIMIT_BYTES)
    {
      if (text->length == 0)
        problems_add (problems, text->file, 0, "the file is empty");
      else
        problems_add (problems, text->file, 0, "the %s is larger than 1 MiB",
                      reader.what);
      return NULL;
    }
  if (!has_small_elements (&reader, text))
    return NULL;
  reader.parser = xmlCreateMemoryParserCtxt (text->data, (int) text->length);
  if (reader.parser == NULL)
    {
      problems_add (problems, text->file, 0, "cannot start the XML parser");
      return NULL;
    }
  reader.open = g_ptr_array_new ();
  set_handlers (&reader);
  /* NOENT: "&amp;" arrives as "&", not as a reference. Only XML's own five entities and
   * character references exist, since a DOCTYPE ends the parse. */
  xmlCtxtUseOptions (reader.parser, XML_PARSE_NONET | XML_PARSE_NOENT);
  xmlParseDocument (reader.parser);
  root = reader.root;
  if (problems_count (problems) == before && (!reader.parser->wellFormed || root == NULL))
    problems_add (problems, text->file, current_line (&reader), "not well-formed XML");
  /* Behind an error a DOCTYPE is read without a word to us, into a document of its own.
   */
  xmlFreeDoc (reader.parser->myDoc);
  reader.parser->myDoc = NULL;
  xmlFreeParserCtxt (reader.parser);
  g_ptr_array_unref (reader.open);
  return problems_count (problems) == before ? g_steal_pointer (&root) : NULL;
}

/* ---- RELAX NG ---- */

/* libxml2's words for a mismatch show values; the element and its line do not. */
static void
on_invalid (void *data, xmlErrorPtr error)
{
  Reader *self = data;
  const xmlNode *node = error->node;

  problems_add (self->problems, self->file, (guint) MAX (error->line, 0),
                "%s: does not match the schema",
                node != NULL && node->name != NULL ? (const char *) node->name
                                                   : self->what);
}

static void
on_schema_error (void *data, xmlErrorPtr error)
{
  Reader *self = data;
  g_autofree char *words = text_to_line (g_strdup (error->message));

  problems_add (self->problems, self->file, 0, "cannot read the schema: %s",
                g_strchomp (words));
}

static xmlDoc *
read_document (const char *data, gsize length)
{
  return xmlReadMemory (data, (int) length, NULL, NULL,
                        XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
}

static xmlRelaxNG *
read_schema (Reader *self, const char *schema, gsize length)
{
  xmlDoc *document = read_document (schema, length);
  xmlRelaxNGParserCtxt *parser;
  xmlRelaxNG *grammar;

  if (document == NULL)
    return NULL;
  parser = xmlRelaxNGNewDocParserCtxt (document);
  xmlRelaxNGSetParserStructuredErrors (parser, on_schema_error, self);
  grammar = xmlRelaxNGParse (parser);
  xmlRelaxNGFreeParserCtxt (parser);
  xmlFreeDoc (document);
  return grammar;
}

gboolean
job_xml_validate (const JobText *text, const char *schema, gsize schema_length,
                  Problems *problems)
{
  Reader reader = { .file = text->file, .what = word_for (text), .problems = problems };
  guint before = problems_count (problems);
  xmlRelaxNG *grammar = read_schema (&reader, schema, schema_length);
  xmlRelaxNGValidCtxt *validator;
  xmlDoc *document;
  gboolean valid;

  if (grammar == NULL)
    {
      if (problems_count (problems) == before)
        problems_add (problems, text->file, 0, "cannot read the schema");
      return FALSE;
    }
  document = read_document (text->data, text->length);
  validator = xmlRelaxNGNewValidCtxt (grammar);
  xmlRelaxNGSetValidStructuredErrors (validator, on_invalid, &reader);
  valid = document != NULL && xmlRelaxNGValidateDoc (validator, document) == 0;
  if (!valid && problems_count (problems) == before)
    problems_add (problems, text->file, 0, "the %s does not match the schema",
                  reader.what);
  xmlRelaxNGFreeValidCtxt (validator);
  xmlRelaxNGFree (grammar);
  xmlFreeDoc (document);
  return problems_count (problems) == before;
}

/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Tests of core/model/job-xml.c: lines, limits, and what of XML is off. */
#include <glib.h>
#include <string.h>

#include "model/job-xml.h"

static JobNode *
parse (const char *data, gsize length, Problems *problems)
{
  JobText text = { .file = "job.xml", .data = data, .length = length };

  return job_xml_parse (&text, problems);
}

static JobNode *
parse_text (const char *data)
{
  g_autoptr (Problems) problems = problems_new ();
  JobNode *root = parse (data, strlen (data), problems);

  g_assert_cmpuint (problems_length (problems), ==, 0);
  g_assert_nonnull (root);
  return root;
}

static const JobNode *
child (const JobNode *node, guint index)
{
  g_assert_cmpuint (index, <, node->children->len);
  return node->children->pdata[index];
}

static const JobAttribute *
attribute (const JobNode *node, guint index)
{
  g_assert_cmpuint (index, <, node->attributes->len);
  return node->attributes->pdata[index];
}

/* @data is refused with exactly one problem, at @line, that contains @part. */
static void
assert_refused (const char *data, gsize length, guint line, const char *part)
{
  g_autoptr (Problems) problems = problems_new ();
  const Problem *problem;

  g_assert_null (parse (data, length, problems));
  g_assert_cmpuint (problems_count (problems), >=, 1);
  problem = problems_get (problems, 0);
  g_test_message ("%s", problem->text);
  g_assert_cmpstr (problem->file, ==, "job.xml");
  g_assert_cmpuint (problem->line, ==, line);
  g_assert_nonnull (strstr (problem->text, part));
}

static void
test_elements_and_attributes (void)
{
  g_autoptr (JobNode) root = parse_text (
      "<job xmlns='urn:mailhaul:job:1' name='a&amp;b'><s><m a='1' b='&#x20AC;'/>"
      "</s><d/></job>");

  g_assert_cmpstr (root->name, ==, "job");
  g_assert_cmpstr (root->namespace, ==, "urn:mailhaul:job:1");
  g_assert_cmpuint (root->children->len, ==, 2);
  g_assert_cmpstr (attribute (root, 0)->name, ==, "name");
  g_assert_cmpstr (attribute (root, 0)->value, ==, "a&b");
  g_assert_cmpstr (child (child (root, 0), 0)->name, ==, "m");
  g_assert_cmpstr (attribute (child (child (root, 0), 0), 1)->value, ==, "\u20ac");
  g_assert_cmpstr (child (root, 1)->name, ==, "d");
}

static void
test_lines (void)
{
  g_autoptr (JobNode) root = parse_text ("<?xml version='1.0'?>\n" /* 1 */
                                         "<!-- a\n b -->\n"        /* 2, 3 */
                                         "<job\n"                  /* 4 */
                                         " xmlns='urn:x'\n"        /* 5 */
                                         " xmlns:y = 'urn:y'\n"    /* 6 */
                                         " one='1\n1' two='>'\n"   /* 7, 8 */
                                         "\n"                      /* 9 */
                                         " y:three\n=\n'3'>\n"     /* 10 to 12 */
                                         "<a/><b\n"                /* 13 */
                                         "c='='\td=\"'\"/>\n"      /* 14 */
                                         "text\n"                  /* 15 */
                                         "<e>\n\n x\n</e>\n"       /* 16 to 19 */
                                         "</job>\n");

  g_assert_cmpuint (root->line, ==, 4);
  g_assert_cmpuint (root->attributes->len, ==, 3);
  g_assert_cmpuint (attribute (root, 0)->line, ==, 7);
  g_assert_cmpstr (attribute (root, 0)->value, ==, "1 1");
  g_assert_cmpuint (attribute (root, 1)->line, ==, 8);
  g_assert_cmpuint (attribute (root, 2)->line, ==, 10);
  g_assert_true (attribute (root, 2)->foreign);
  g_assert_cmpstr (attribute (root, 2)->name, ==, "y:three");
  g_assert_false (attribute (root, 1)->foreign);
  g_assert_cmpuint (root->text_line, ==, 15);
  g_assert_cmpuint (child (root, 0)->line, ==, 13);
  g_assert_cmpuint (child (root, 1)->line, ==, 13);
  g_assert_cmpuint (attribute (child (root, 1), 0)->line, ==, 14);
  g_assert_cmpuint (attribute (child (root, 1), 1)->line, ==, 14);
  g_assert_cmpuint (child (root, 2)->line, ==, 16);
  g_assert_cmpuint (child (root, 2)->text_line, ==, 18);
}

/* The parser drops what it has read from its buffer; lines must not depend on that. */
static void
test_lines_of_a_long_job (void)
{
  g_autoptr (GString) data = g_string_new ("<job>\n");
  g_autoptr (JobNode) root = NULL;

  for (guint i = 0; i < 9000; i++)
    g_string_append_printf (data, "<filter\n  number='%u'/> <!-- some more text -->\n",
                            i);
  g_string_append (data, "</job>");
  root = parse_text (data->str);
  g_assert_cmpuint (root->children->len, ==, 9000);
  for (guint i = 0; i < 9000; i++)
    {
      g_autofree char *number = g_strdup_printf ("%u", i);

      g_assert_cmpuint (child (root, i)->line, ==, 2 + 2 * i);
      g_assert_cmpuint (attribute (child (root, i), 0)->line, ==, 3 + 2 * i);
      g_assert_cmpstr (attribute (child (root, i), 0)->value, ==, number);
    }
}

static void
test_lines_above_65535 (void)
{
  g_autoptr (GString) data = g_string_new ("<job>");
  g_autoptr (JobNode) root = NULL;

  for (guint i = 0; i < 70000; i++)
    g_string_append_c (data, '\n');
  g_string_append (data, "<a b='c'/></job>");
  root = parse_text (data->str);
  g_assert_cmpuint (child (root, 0)->line, ==, 70001);
  g_assert_cmpuint (attribute (child (root, 0), 0)->line, ==, 70001);
}

static void
test_other_encodings (void)
{
  static const char latin1[] =
      "<?xml version='1.0' encoding='ISO-8859-1'?>\n<job\na='\xe9'/>";
  g_autofree char *utf16 = NULL;
  gsize length;
  g_autoptr (Problems) problems = problems_new ();
  g_autoptr (JobNode) first = parse_text (latin1);
  g_autoptr (JobNode) second = NULL;

  g_assert_cmpstr (attribute (first, 0)->value, ==, "\u00e9");
  g_assert_cmpuint (attribute (first, 0)->line, ==, 3);
  utf16 = g_convert ("\ufeff<job\na='\u00e9'/>", -1, "UTF-16LE", "UTF-8", NULL, &length,
                     NULL);
  second = parse (utf16, length, problems);
  g_assert_nonnull (second);
  g_assert_cmpstr (attribute (second, 0)->value, ==, "\u00e9");
  g_assert_cmpuint (attribute (second, 0)->line, ==, 2);
}

static void
test_doctype_is_refused (void)
{
  static const char *const vectors[] = {
    "<?xml version='1.0'?>\n<!DOCTYPE job>\n<job/>",
    "<!-- -->\n<!DOCTYPE job SYSTEM 'http://127.0.0.1/x.dtd'>\n<job/>",
    "\n<!DOCTYPE job [<!ENTITY a 'b'>]><job a='&a;'/>",
    "\n<!DOCTYPE job [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><job>&a;</job>",
    "\n<!DOCTYPE j [<!ENTITY a 'aaaaaaaaaa'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;'>"
    "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>]>"
    "<j a='&d;'/>",
    "\n<!DOCTYPE job [<!ENTITY % p SYSTEM 'file:///etc/passwd'>%p;]><job/>",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (Problems) problems = problems_new ();

      assert_refused (vectors[i], strlen (vectors[i]), 2, "a job has no DOCTYPE");
      g_assert_null (parse (vectors[i], strlen (vectors[i]), problems));
      g_assert_cmpuint (problems_count (problems), ==, 1);
    }
}

static void
test_not_well_formed (void)
{
  static const struct
  {
    const char *data;
    guint line;
  } vectors[] = {
    { "<job>\n<a>\n</job>", 3 },
    { "<job>\n", 2 },
    { "<job a='1'\na='2'/>", 2 },
    { "<job/>\n<job/>", 2 },
    { "\n<job a=1/>", 2 },
    { "<job>\n&nbsp;</job>", 2 },
    { "<job>\n\x01</job>", 2 },
    { "<job>\n\xff\xfe</job>", 2 },
    { "hello", 1 },
    { "<job a='<'/>", 1 },
    { "<x:job/>", 1 },
    { "<!", 1 },
    { "<?xml version='1.0' encoding='no-such-thing'?><job/>", 1 },
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (Problems) problems = problems_new ();

      g_autofree char *shown = g_strescape (vectors[i].data, NULL);

      g_test_message ("%s", shown);
      g_assert_null (parse (vectors[i].data, strlen (vectors[i].data), problems));
      g_assert_cmpuint (problems_count (problems), >=, 1);
      g_assert_cmpuint (problems_get (problems, 0)->line, ==, vectors[i].line);
    }
}

static void
test_empty_and_nul (void)
{
  assert_refused ("", 0, 0, "empty");
  assert_refused ("<job>\n\0</job>", 14, 2, "not well-formed");
}

static void
test_messages_show_no_values (void)
{
  static const char *const vectors[] = {
    "<job password='hunter2&hunter2;'/>",
    "<job password='hunter2&hunter2'/>",
    "<job password='hunter2\xffhunter2'/>",
    "<job password='hunter2<hunter2'/>",
    "<job password='hunter2' password='hunter2'/>",
    "<job password='hunter2",
    "<job password=hunter2 />",
  };

  for (gsize i = 0; i < G_N_ELEMENTS (vectors); i++)
    {
      g_autoptr (Problems) problems = problems_new ();

      g_assert_null (parse (vectors[i], strlen (vectors[i]), problems));
      for (guint j = 0; j < problems_length (problems); j++)
        g_assert_null (strstr (problems_get (problems, j)->text, "hunter2"));
    }
}

static void
test_limits (void)
{
  g_autoptr (GString) deep = g_string_new ("\n");
  g_autoptr (GString) many = g_string_new ("<job>");
  g_autoptr (GString) wide = g_string_new ("<job");
  g_autoptr (GString) value = g_string_new ("<job a='");
  g_autoptr (GString) large = g_string_new ("<job>");

  for (guint i = 0; i < 100000; i++)
    g_string_append (deep, "<a>");
  for (guint i = 0; i < 20000; i++)
    g_string_append (many, "<a/>");
  for (guint i = 0; i < 100000; i++)
    g_string_append_printf (wide, " a%u=''", i);
  for (guint i = 0; i < 70000; i++)
    g_string_append_c (value, 'x');
  while (large->len <= 1024 * 1024)
    g_string_append (large, "                ");
  g_string_append (many, "</job>");
  g_string_append (wide, "/>");
  g_string_append (value, "'/>");
  g_string_append (large, "</job>");
  assert_refused (deep->str, deep->len, 2, "nested more than 16 deep");
  assert_refused (many->str, many->len, 1, "more than 10000 elements");
  assert_refused (wide->str, MIN (wide->len, 1024 * 1024), 1,
                  "more than 4096 attributes");
  assert_refused (value->str, value->len, 1, "longer than 64 KiB");
  assert_refused (large->str, large->len, 0, "larger than 1 MiB");
}

static const char tiny_schema[] =
    "<grammar xmlns='http://relaxng.org/ns/structure/1.0'"
    " datatypeLibrary='http://www.w3.org/2001/XMLSchema-datatypes'><start>"
    "<element name='job'><element name='a'><attribute name='password'>"
    "<data type='int'/></attribute></element></element></start></grammar>";

static void
test_validate (void)
{
  g_autoptr (Problems) problems = problems_new ();
  JobText good = { "job.xml", "<job><a password='1'/></job>", 28 };
  JobText bad = { "job.xml", "<job>\n<a password='hunter2'/></job>", 35 };

  g_assert_true (job_xml_validate (&good, tiny_schema, sizeof tiny_schema - 1, problems));
  g_assert_cmpuint (problems_count (problems), ==, 0);
  g_assert_false (job_xml_validate (&bad, tiny_schema, sizeof tiny_schema - 1, problems));
  g_assert_cmpuint (problems_count (problems), >=, 1);
  for (guint i = 0; i < problems_count (problems); i++)
    {
      g_assert_cmpuint (problems_get (problems, i)->line, ==, 2);
      g_assert_null (strstr (problems_get (problems, i)->text, "hunter2"));
    }
}

static void
test_broken_schema_is_a_problem (void)
{
  JobText good = { "job.xml", "<job/>", 6 };
  static const char *const schemas[] = { "", "<x", "<x/>" };

  for (gsize i = 0; i < G_N_ELEMENTS (schemas); i++)
    {
      g_autoptr (Problems) problems = problems_new ();

      g_assert_false (
          job_xml_validate (&good, schemas[i], strlen (schemas[i]), problems));
      g_assert_cmpuint (problems_count (problems), >=, 1);
    }
}

int
main (int argc, char **argv)
{
  g_test_init (&argc, &argv, NULL);
  g_test_add_func ("/job-xml/tree/elements-and-attributes", test_elements_and_attributes);
  g_test_add_func ("/job-xml/lines/of-elements-attributes-and-text", test_lines);
  g_test_add_func ("/job-xml/lines/of-a-long-job", test_lines_of_a_long_job);
  g_test_add_func ("/job-xml/lines/above-65535", test_lines_above_65535);
  g_test_add_func ("/job-xml/encoding/is-converted", test_other_encodings);
  g_test_add_func ("/job-xml/doctype/is-refused-with-its-line", test_doctype_is_refused);
  g_test_add_func ("/job-xml/not-well-formed/is-refused-with-its-line",
                   test_not_well_formed);
  g_test_add_func ("/job-xml/not-well-formed/empty-and-nul", test_empty_and_nul);
  g_test_add_func ("/job-xml/not-well-formed/shows-no-values",
                   test_messages_show_no_values);
  g_test_add_func ("/job-xml/limits/are-named", test_limits);
  g_test_add_func ("/job-xml/validate/by-a-schema-without-showing-values", test_validate);
  g_test_add_func ("/job-xml/validate/broken-schema-is-a-problem",
                   test_broken_schema_is_a_problem);
  return g_test_run ();
}

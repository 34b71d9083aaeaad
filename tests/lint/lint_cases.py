# SPDX-License-Identifier: LGPL-2.1-or-later
"""What each rule must find (lines) and what it must pass (no lines)."""

from dataclasses import dataclass, field


@dataclass
class Case:
    rule: str
    name: str
    path: str
    text: str
    lines: tuple = ()
    others: dict = field(default_factory=dict)

    @property
    def files(self):
        return {self.path: self.text, **self.others}


def body(*statements, head="int\nf (int a)"):
    """A function whose statements begin on line 4."""
    return head + "\n{\n" + "\n".join(statements) + "\n}\n"


def nested(depth):
    return body(*("if (a)" for _ in range(depth)), "a++;", "return a;")


SPDX = "/* SPDX-License-Identifier: LGPL-2.1-or-later */\n"
A, H = "core/base/a.c", "core/base/a.h"
SDK = "core/sdk/mailhaul/x.h"
TEST = "tests/unit/test-a.c"

CASES = [
    # Text
    Case("format", "badly spaced", A, SPDX + "int f(void){return 1;}\n", (2,), {".clang-format": "BasedOnStyle: GNU\n"}),
    Case("format", "well spaced", A, "int x;\n", (), {".clang-format": "BasedOnStyle: GNU\n"}),
    Case("spdx", "missing in C", A, "int x;\n", (1,)),
    Case("spdx", "missing in a script", "check", "#!/bin/bash\necho\n", (1,)),
    Case("spdx", "after the #! line", "check", "#!/bin/bash\n# SPDX-License-Identifier: LGPL-2.1-or-later\n"),
    Case("spdx", "not wanted in text", "README.md", "# mailhaul\n"),
    Case("file-comment", "missing", A, SPDX + "#include <glib.h>\n", (1,)),
    Case("file-comment", "too long", A, SPDX + "/* 1\n * 2\n * 3\n * 4\n * 5\n * 6\n * 7 */\nint x;\n", (2,)),
    Case("file-comment", "six lines with its frame", A, SPDX + "/*\n * 1\n * 2\n * 3\n * 4\n * 5\n * 6\n */\nint x;\n"),
    Case("file-comment", "licence and purpose in one", A, "/* SPDX-License-Identifier: LGPL-2.1-or-later\n * one */\nint x;\n"),
    Case("file-length", "601 lines", A, "\n" * 601, (601,)),
    Case("file-length", "600 lines", A, "\n" * 600),
    Case("words", "left for later", A, "/* TODO: later */\nint x; /* a stub */\n", (1, 2)),
    Case("words", "outside of the repository", "README.md", "see .." + "/shared/design\n", (1,)),
    Case("words", "parts of other words", A, '/* stubborn */ char *x = "/tmp/aXXXXXX";\n'),
    Case("pragma-once", "a guard", H, SPDX + "#ifndef A_H\n#define A_H\n#endif\n", (2,)),
    Case("pragma-once", "present", H, SPDX + "#pragma once\n#include <glib.h>\n"),
    Case("comment-style", "two slashes", A, "int x; // one\n", (1,)),
    Case("comment-style", "in a string", A, 'const char *x = "http://host"; /* one */\n'),
    Case("test-name", "no such source", "tests/unit/test-b.c", "", (1,), {A: ""}),
    Case("test-name", "no prefix", "tests/unit/a.c", "", (1,), {A: ""}),
    Case("test-name", "by file", TEST, "", (), {A: ""}),
    Case("test-name", "by folder and file", "tests/unit/test-base-a.c", "", (), {A: ""}),
    Case("test-port", "bound", TEST, body("htons (8143);", "int port = 4711;", "port = 0;"), (4, 5)),
    Case("test-port", "in an address", "tests/lib/x.py", 'x = "127.0.0.1:1143"\ns.bind(("", 80))\n', (1, 2)),
    Case("test-port", "any port, and vectors", TEST, body("htons (0);", 'g ("localhost:143", "127.0.0.1:993");')),
    # Functions
    Case("function-length", "101 lines", A, "int\nf (int a)\n{\n" + "  a++;\n" * 98 + "}\n", (2,)),
    Case("function-length", "100 lines", A, "int\nf (int a)\n{\n" + "  a++;\n" * 97 + "}\n"),
    Case("nesting", "5 deep", A, nested(5), (8,)),
    Case("nesting", "4 deep", A, nested(4)),
    Case("nesting", "else if is no step", A, body(*["if (a) a++; else"] * 9, "a++;", "return a;")),
    Case("nesting", "loops count", A, body("for (;;)", "while (a)", "do {", "switch (a) { case 1:", "if (a) a++; }",
                                           "} while (a);"), (8,)),
    Case("nesting", "initializers do not count", A, body("if (a) if (a) if (a) if (a) {", "S s = { { { 1 } } };", "}")),
    Case("banned", "goto", A, body("goto out;", "out: return 1;"), (4,)),
    Case("banned", "functions", A, body("strcpy (a, b);", "x = atoi (s);", "g_usleep (1);", "system (s);"), (4, 5, 6, 7)),
    Case("banned", "in a macro", A, "#define X(a) \\\n  sprintf (a, a)\n", (2,)),
    Case("banned", "in tests too", TEST, body("sleep (1);"), (4,)),
    Case("banned", "in comments, strings and members", A,
         body("/* goto strcpy (a, b) */", 'x = "goto sleep (1)";', "x->system (s);", "int sleep;", "x = '\"'; y = '(';")),
    Case("printing", "outside of core/cli", "core/engine/a.c", body('printf ("x");', 'fprintf (stderr, "x");'), (4, 5)),
    Case("printing", "in a plugin", "plugins/a.c", body('g_print ("x");'), (4,)),
    Case("printing", "in core/cli", "core/cli/a.c", body('g_print ("x");')),
    Case("printing", "into a file or a string", "core/engine/a.c", body('fprintf (file, "x");', "g_snprintf (a, 1, b);")),
    Case("assert-compare", "two values", TEST, body("g_assert (a == b);", "g_assert (f (a) < 3);"), (4, 5)),
    Case("assert-compare", "one truth", TEST, body("g_assert (f (a == b));", "g_assert_cmpint (a, ==, b);",
                                                   "g_assert_true (x);")),
    Case("skip-reason", "none", TEST, body("g_test_skip (NULL);", 'g_test_skip ("");'), (4, 5)),
    Case("skip-reason", "given", TEST, body('g_test_skip ("needs a RAM disk");', "g_test_skip (reason);")),
    Case("test-path", "two parts, blanks", TEST, body('g_test_add_func ("/a/b", f);', 'g_test_add_func ("/a/b/c d_e", f);'), (4, 5)),
    Case("test-path", "three parts", TEST, body('g_test_add_func ("/imap/lexer/splits-at-CRLF", f);', "g_test_add_func (path, f);")),
    Case("assert-input", "inside", A, body("g_return_val_if_fail (a, 1);"), (4,)),
    Case("assert-input", "in the SDK", A, body("g_return_val_if_fail (a, 1);"), (), {SDK: "int f (int a);\n"}),
    Case("mutable-global", "data", A, "static int x;\nint y = 1;\nconst char *z = \"\";\nstatic const char *v[] = { 0 };\n",
         (1, 2, 3, 4)),
    Case("mutable-global", "static in a function", A, body("static int x;", "return 1;"), (4,)),
    Case("mutable-global", "function pointer", A, "static void (*hook) (int);\n", (1,)),
    Case("mutable-global", "constants", A, "static const int x = 1;\nstatic const char *const v[] = { \"a\" };\n"
         "int f (void);\nstruct s { int a; };\ntypedef struct s S;\nenum { B = 1 };\nstatic int *g (int a, int *b);\n"
         "G_DEFINE_QUARK (a, b)\nstatic int (*const h) (int) = f;\n"
         "static const struct { const char *n; } t[] = { { 0 } };\nstatic int *(*const steps[]) (int *a) = { f };\n"
         "int j (void) { static const int k = 1; return k; }\n"),
    Case("locks", "elsewhere", "core/engine/lane.c", body("GMutex m;", "g_mutex_lock (&m);"), (4, 5)),
    Case("locks", "in the pipe", "core/engine/pipe.c", body("GMutex m;", "g_mutex_lock (&m);")),
    # Errors
    Case("error-message", "capital", A, body('g_set_error (error, D, C, "Cannot open");', 'return haul_error_set (error, C, S,',
                                             '"Open %s", x);'), (4, 6)),
    Case("error-message", "full stop", A, body('g_set_error_literal (error, D, C, "cannot open.");'), (4,)),
    Case("error-message", "as it should be", A, body('g_set_error (error, D, C, "open \'%s\': " "%s", a, b);',
                                                     'g_set_error (error, D, C, "UIDVALIDITY changed");',
                                                     'g_set_error (error, D, C, "%s", Capital);')),
    Case("error-prefix", "no colon", A, body('g_prefix_error (error, "open");'), (4,)),
    Case("error-prefix", "colon", A, body('g_prefix_error (error, "open %s: ", a);', "g_prefix_error (error, text);")),
    Case("error-return", "goes on", A, body("if (a)", "g_set_error (error, D, C, m);", "a = 1;", "b = 2;", "return 1;"), (5,)),
    Case("error-return", "returns", A, body("if (a) {", "g_set_error (error, D, C, m);", "a = 1;", "return FALSE;", "}",
                                            "return haul_error_set (error, C, S, m);")),
    Case("error-return", "returns after if and switch", A,
         body("switch (a) {", "case 1: if (a) g_set_error (error, D, C, m); else g_set_error (error, D, C, n); break;",
              "case 2: a = 1;", "}", "return FALSE;")),
    Case("error-return", "error of its own, and void", A, body("g_set_error (&own, D, C, m);", "a = 1;", "b = 1;", "c = 1;") +
         body("g_set_error (error, D, C, m);", head="static void\ng (int a)")),
    Case("switch-default", "over an enum", A, body("switch (a) {", "case HAUL_ERROR_AUTH: return 1;", "default: return 0;", "}"),
         (6,)),
    Case("switch-default", "over an enum of the tree", A, "typedef enum { RED, BLUE } Colour;\n" +
         body("switch (a) {", "case RED: return 1;", "default: return 0;", "}"), (7,)),
    Case("switch-default", "over characters", A, body("switch (a) {", "case '(': return 1;", "case EINTR: return 2;",
                                                      "default: return 0;", "}")),
    Case("switch-default", "inner default is not the outer one's", A,
         body("switch (a) {", "case HAUL_X: switch (b) { case 1: return 1; default: return 2; }", "}")),
    # Includes
    Case("include-direction", "upwards", "core/base/a.c", '#include "model/b.h"\n', (1,), {"core/model/b.h": ""}),
    Case("include-direction", "sideways", "core/net/a.c", '#include "state/b.h"\n', (1,), {"core/state/b.h": ""}),
    Case("include-direction", "plugin into core", "backends/mbox/a.c", '#include "../../core/base/a.h"\n', (1,), {H: ""}),
    Case("include-direction", "plugin into plugin", "backends/mbox/a.c", '#include "../imap/b.h"\n', (1,),
         {"backends/imap/b.h": ""}),
    Case("include-direction", "SDK by quotes", A, '#include "mailhaul/x.h"\n', (1,), {SDK: ""}),
    Case("include-direction", "nothing there", A, '#include "b.h"\n#include <mailhaul/y.h>\n', (1, 2)),
    Case("include-direction", "downwards", "core/engine/a.c", '#include "model/b.h"\n#include <mailhaul/x.h>\n', (),
         {"core/model/b.h": "", SDK: ""}),
    Case("include-direction", "generated", "core/cli/a.c", '#include "config.h"\n', (),
         {"meson.build": "configure_file(output: 'config.h', configuration: c)\n"}),
    Case("include-library", "in the wrong place", "core/engine/a.c", "#include <sqlite3.h>\n#include <libxml/tree.h>\n", (1, 2)),
    Case("include-library", "unknown", A, "#include <curl/curl.h>\n", (1,)),
    Case("include-library", "in an installed header", SDK, "#include <stdio.h>\n", (1,)),
    Case("include-library", "in its place", "core/state/a.c", "#include <sqlite3.h>\n#include <string.h>\n#include <gio/gio.h>\n"),
    Case("include-own", "second", A, "#include <glib.h>\n#include \"a.h\"\n", (1,), {H: ""}),
    Case("include-own", "its private header", A, '#include "a-private.h"\n', (), {H: ""}),
    Case("include-own", "first", A, '#include "a.h"\n', (), {H: ""}),
    Case("pure", "reads files and the clock", "core/engine/planner.c", "#include <unistd.h>\n" +
         body("return g_get_monotonic_time ();"), (1, 5)),
    Case("pure", "takes the time", "core/engine/planner.c", "#include <string.h>\n" + body("return a;")),
    # Headers
    Case("header-alone", "needs another", H, "#pragma once\n\ngsize f (void);\n", (3,)),
    Case("header-alone", "not twice", H, "struct s { int a; };\n", (1,)),
    Case("header-alone", "complete", H, "#pragma once\n#include <glib.h>\ngsize f (void);\n"),
    Case("doc-function", "none", H, "/* f: does it. */\nint f (int a);\n\nint g (void);\n", (4,)),
    Case("doc-function", "a group in the SDK", SDK, "/* f: does it. */\nint f (int a);\nint g (void);\n", (3,)),
    Case("doc-function", "a group in the core", H, "/* Callbacks. */\nint f (int a);\nint g (void);\n"),
    Case("doc-function", "above the attribute", H, "/* f: does it. */\nG_GNUC_PRINTF (1, 2)\nint f (char *a, ...);\n"
         "typedef int (*Call) (int);\nstruct s { int (*a) (int); };\nG_DEFINE_AUTOPTR_CLEANUP_FUNC (A, b)\n"),
    Case("doc-sdk", "macro, type and callback", SDK, "\n#define HAUL_X 1\n\ntypedef struct _A A;\n\n/* B: one. */\n"
         "typedef struct\n{\n  int (*open) (int);\n} B;\n", (2, 4, 9)),
    Case("doc-sdk", "all told", SDK, "\n/* Numbers. */\n#define HAUL_X 1\n#define HAUL_Y 2\n\n/* A: opaque. */\ntypedef struct _A A;\n"
         "\n/* B: one; @close: ends it. */\ntypedef struct\n{\n  /* Opens it. */\n  int (*open) (int,\n    int);\n"
         "  int (*close) (int);\n} B;\n"),
]

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules about who includes what, and about what headers must offer."""

import os
import re
import shlex
import subprocess
from concurrent.futures import ThreadPoolExecutor

from csource import calls, skip_group
from tree import Finding, Skipped, rule

# Direction of dependency: sdk <- base <- model <- {plugin, net, state} <- engine <- cli
ALLOWED = {
    "sdk": set(),
    "base": {"sdk"},
    "model": {"sdk", "base"},
    "plugin": {"sdk", "base", "model"},
    "net": {"sdk", "base", "model"},
    "state": {"sdk", "base", "model"},
    "engine": {"sdk", "base", "model", "plugin", "net", "state"},
    "cli": {"sdk", "base", "model", "plugin", "net", "state", "engine"},
}
# One library, one place: header pattern -> (where, pkg-config name)
LIBRARIES = [
    (r"libxml/.*", ("core/model/job-xml.c",), "libxml-2.0"),
    (r"openssl/.*", ("core/net/tls", "core/base/digest.c"), "libcrypto"),
    (r"sqlite3\.h", ("core/state/",), "sqlite3"),
    (r"gmodule\.h", ("core/plugin/registry.c",), "gmodule-2.0"),
    (r"json-glib/.*", ("core/cli/",), "json-glib-1.0"),
    (r"zlib\.h", ("backends/imap/",), "zlib"),
    (r"gsasl\.h", ("backends/imap/",), "libgsasl"),
    (r"gmime/.*", (), "gmime-3.0"),
]
GLIB = re.compile(r"glib\.h|glib-object\.h|glib-unix\.h|glib/[\w-]+\.h|gio/[\w-]+\.h|gobject/[\w-]+\.h")
SYSTEM = re.compile(
    r"(sys|netinet|arpa|net|linux|sanitizer)/[\w./-]+\.h|(assert|ctype|dirent|dlfcn|elf|endian|errno|fcntl|fenv|float"
    r"|fnmatch|getopt|glob|grp|inttypes|langinfo|limits|locale|malloc|math|netdb|poll|pthread|pwd|sched|signal"
    r"|spawn|stdalign|stdarg|stdatomic|stdbool|stddef|stdint|stdio|stdlib|string|strings|syslog|termios|threads"
    r"|time|unistd|utime|wchar|wctype)\.h")
# Pure and sans-I/O files take data, time and randomness as arguments
PURE = re.compile(r"(core/engine/(planner|matcher|schedule|retry)|core/(base|model)/(uid-set|identity)"
                  r"|backends/imap/(lexer|response|command|pipeline|mutf7|uid-?set|args|capability|datetime|text)[\w-]*|backends/mbox/scanner)\.[ch]")
IMPURE_HEADERS = re.compile(r"gio/.*|glib/gstdio\.h|unistd\.h|fcntl\.h|poll\.h|stdio\.h|sys/(socket|stat|uio|file)\.h")
IMPURE_CALLS = re.compile(r"g_get_(monotonic|real)_time|g_date_time_new_now\w*|g_random_\w+|time|clock_gettime"
                          r"|rand|random|getenv|g_getenv")
JOBS = 2


def includes(tree, paths):
    for path in paths:
        for directive in tree.source(path).directives:
            if directive.include:
                yield path, directive.line, *directive.include


def layer_of(path):
    parts = path.split("/")
    return parts[1] if parts[0] == "core" and len(parts) > 2 else None


def generated_headers(tree):
    """Headers that meson writes into the build directory."""
    return {name for f in tree.files if f.endswith("meson.build")
            for name in re.findall(r"output\s*:\s*\[?\s*'([\w./-]+\.h)'", tree.text(f))}


def resolve(tree, path, target):
    """The file of the tree that an #include "target" in path names, or None."""
    for folder in (os.path.dirname(path), "core", "core/sdk", "", "tests", "tests/lib"):
        found = os.path.normpath(os.path.join(folder, target))
        if found in tree.files:
            return found
    return None


@rule("include-direction", "sdk <- base <- model <- {plugin, net, state} <- engine <- cli, and plugins see the sdk only")
def check_include_direction(tree):
    generated = generated_headers(tree)
    for path, line, style, target in includes(tree, tree.product()):
        if style == "<":
            if target.startswith("mailhaul/") and f"core/sdk/{target}" not in tree.files \
                    and os.path.basename(target) not in generated:
                yield Finding(path, line, f"core/sdk/{target} does not exist")
            continue
        found = resolve(tree, path, target)
        if found is None:
            if os.path.basename(target) not in generated:
                yield Finding(path, line, f'"{target}" is not in the tree: use <> for a library, or write the file')
            continue
        yield from check_direction(path, line, found)


def check_direction(path, line, found):
    layer, other = layer_of(path), layer_of(found)
    if other == "sdk" and layer != "sdk":
        yield Finding(path, line, f"include <{found[len('core/sdk/'):]}>: the SDK is used as its users see it")
    elif layer is not None:
        if not found.startswith("core/"):
            yield Finding(path, line, f"core must not know {found}: turn the dependency round")
        elif other != layer and other not in ALLOWED.get(layer, set()):
            yield Finding(path, line, f"core/{layer} must not include core/{other}: move what both need to "
                          "the lower one, or pass it in")
    elif found.startswith("core/") or found.split("/")[:2] != path.split("/")[:2] and path.startswith("backends/"):
        yield Finding(path, line, "a plugin includes <mailhaul/…> and its own folder only, like a stranger's")


@rule("include-library", "one library, one place")
def check_include_library(tree):
    for path, line, style, target in includes(tree, tree.product()):
        if style != "<" or target.startswith("mailhaul/") or GLIB.fullmatch(target):
            continue
        place = next((where for pattern, where, _ in LIBRARIES if re.fullmatch(pattern, target)), None)
        if path.startswith("core/sdk/") and path.endswith(".h"):
            yield Finding(path, line, f"an installed header includes only GLib, GIO and the SDK, not <{target}>")
        elif place is not None and not path.startswith(place or "-"):
            yield Finding(path, line, f"<{target}> belongs to {' and '.join(place) or 'tests'} alone: call a "
                          "function there")
        elif place is None and not SYSTEM.fullmatch(target):
            yield Finding(path, line, f"<{target}> has no place yet: enter its library and its one place in "
                          "tests/lint/rules_include.py and docs/architecture.md")


@rule("include-own", "a .c file includes its own header first")
def check_include_own(tree):
    for path in tree.product():
        own = os.path.basename(path)[:-2] + ".h"
        if not path.endswith(".c") or os.path.join(os.path.dirname(path), own) not in tree.files:
            continue
        found = [d for d in tree.source(path).directives if d.include]
        first = os.path.basename(found[0].include[1]) if found else ""
        if first != own and not first.startswith(own[:-2] + "-"):
            yield Finding(path, found[0].line if found else 1, f'include "{own}" before all others')


@rule("pure", "pure files include no I/O header and ask for no time and no randomness")
def check_pure(tree):
    for path in (p for p in tree.product() if PURE.fullmatch(p)):
        for _, line, style, target in includes(tree, [path]):
            if style == "<" and IMPURE_HEADERS.fullmatch(target):
                yield Finding(path, line, f"take data as an argument and leave <{target}> to the caller")
        for _, token in calls(tree.source(path).tokens):
            if IMPURE_CALLS.fullmatch(token.text):
                yield Finding(path, token.line, f"take the result of {token.text} as an argument")


def include_paths(path):
    """What a header of this folder may see, as arguments of the compiler."""
    if path.startswith("tests/"):
        return ["-Icore", "-Icore/sdk", "-Itests", "-Itests/lib"]
    if path.startswith("core/") and not path.startswith("core/sdk/"):
        return ["-Icore", "-Icore/sdk"]
    return ["-Icore/sdk"]


def package_flags(path):
    names = ["glib-2.0", "gio-2.0"]
    if path.startswith("tests/"):
        names += [name for _, _, name in LIBRARIES]
    else:
        names += [name for _, where, name in LIBRARIES if where and path.startswith(where)]
    flags = []
    for name in names:
        found = subprocess.run(["pkg-config", "--cflags", name], capture_output=True, text=True)
        if found.returncode == 0:
            flags += shlex.split(found.stdout)
    return flags


@rule("header-alone", "every header compiles alone, and twice")
def check_header_alone(tree):
    headers = tree.select(suffixes=(".h",))
    generated = os.environ.get("LINT_GENERATED", "")
    flags = {}
    for path in headers:
        folder = os.path.dirname(path)
        if folder not in flags:
            flags[folder] = include_paths(path) + package_flags(path) + (["-I" + generated] if generated else [])

    def compile_alone(path):
        command = ["gcc", "-std=gnu11", "-fsyntax-only", "-Wall", "-Wextra", "-Wno-unused", "-Werror", "-D_GNU_SOURCE",
                   *flags[os.path.dirname(path)], "-xc", "-"]
        text = f'#include "{path}"\n' * 2
        return subprocess.run([*command, "-I."], input=text, cwd=tree.root, capture_output=True, text=True)

    try:
        with ThreadPoolExecutor(JOBS) as pool:
            for path, done in zip(headers, pool.map(compile_alone, headers)):
                if done.returncode:
                    first = re.search(r"^(\S+?):(\d+):\d+: (?:fatal )?error: (.*)$", done.stderr, re.M)
                    line = int(first.group(2)) if first and first.group(1) == path else 1
                    reason = first.group(3) if first else done.stderr[:200].replace("\n", " ")
                    yield Finding(path, line, f"include or declare what it needs ({reason})")
    except FileNotFoundError:
        raise Skipped("gcc is not installed (apt-get install gcc)") from None


def doc_above(source, line):
    """True when a comment ends right above the line."""
    comment = source.comment_ending_at(line - 1)
    return comment is not None and comment.text.strip("/* \n") != "" and "SPDX" not in comment.text


def first_line(source, item):
    """The first line of a declaration with the attributes that stand on lines of their own above."""
    line = item.line
    while line > 1 and re.match(r"\s*(G_GNUC_\w+|HAUL_\w+|__attribute__.*)(\s*\(.*\))?\s*$", source.lines[line - 2]):
        line -= 1
    return line


def in_documented_block(source, line):
    """True when the unbroken lines above, of declarations of one kind, begin with a comment."""
    while line > 1 and source.lines[line - 2].strip():
        if source.comment_ending_at(line - 1):
            return doc_above(source, line)
        line -= 1
    return False


@rule("doc-function", "every function in a header has a doc comment above it (inside the core one may head a group)")
def check_doc_function(tree):
    for path in tree.select(suffixes=(".h",)):
        source = tree.source(path)
        for item in source.externals:
            documented = doc_above if path.startswith("core/sdk/") else in_documented_block
            if item.kind in ("prototype", "function") and not documented(source, first_line(source, item)):
                yield Finding(path, item.name_line, f"say above {item.name} what it is for, who owns what, and "
                              "which errors a caller may act on")


@rule("doc-sdk", "every symbol of the installed headers is documented")
def check_doc_sdk(tree):
    for path in (p for p in tree.select("core/sdk") if p.endswith(".h")):
        source = tree.source(path)
        for directive in source.directives:
            if directive.name == "define" and directive.body and re.match(r"(HAUL|haul)_", directive.body[0].text) \
                    and not in_documented_block(source, directive.line):
                yield Finding(path, directive.line, f"say above {directive.body[0].text} what it means")
        for item in source.externals:
            if item.kind in ("type", "variable"):
                if not in_documented_block(source, first_line(source, item)):
                    yield Finding(path, item.line, f"say above {item.name} what it is for")
                yield from check_members(path, source, item)


def check_members(path, source, item):
    """The callbacks among the members of a struct, each with a comment beside or above."""
    at = next((i for i, t in enumerate(item.head) if t.text == "{"), None)
    if at is None:
        return
    body = item.head[at:skip_group(item.head, at)]
    above = source.comment_ending_at(first_line(source, item) - 1)
    told = above.text if above else ""
    for i, token in enumerate(body[:-2]):
        if token.text != "(" or body[i + 1].text != "*" or body[i + 2].kind != "ident":
            continue
        name = body[i + 2]
        if not has_comment(source, name.line) and not member_above(source, body, i) \
                and not re.search(rf"@{name.text}\b", told):
            yield Finding(path, name.line, f"say at {name.text} what it is for, when it is called, and what "
                          "NULL means")


def member_above(source, body, i):
    """True when a comment ends above the first line of the member that body[i] stands in."""
    start = i
    while start > 0 and body[start - 1].text not in (";", "{", ","):
        start -= 1
    return doc_above(source, body[start].line)


def has_comment(source, line):
    return doc_above(source, line) or any(c.line <= line <= c.last_line for c in source.comments)

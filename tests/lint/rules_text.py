# SPDX-License-Identifier: LGPL-2.1-or-later
"""Rules about files as text: format, licence, length, words, names, ports."""

import os
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor

from tree import Finding, Skipped, rule

LICENCE = "SPDX-License-Identifier: LGPL-2.1-or-later"
MAX_FILE_LINES = 600
MAX_FIRST_COMMENT_LINES = 6
JOBS = 2
OWN_FOLDER = "tests/lint/"          # this folder names the words that it forbids


def clang_format():
    """The command of clang-format 14; other versions format differently."""
    for name in ("clang-format-14", "clang-format"):
        path = shutil.which(name)
        if path and " 14." in subprocess.run([path, "--version"], capture_output=True, text=True).stdout:
            return path
    raise Skipped("clang-format 14 is not installed (apt-get install clang-format-14)")


@rule("format", "clang-format 14 would change nothing")
def check_format(tree):
    program, files = clang_format(), tree.select()
    batches = [files[i::JOBS] for i in range(JOBS) if files[i::JOBS]]

    def run(batch):
        return subprocess.run([program, "--dry-run", "--ferror-limit=1", *batch], cwd=tree.root,
                              capture_output=True, text=True).stderr

    with ThreadPoolExecutor(JOBS) as pool:
        for output in pool.map(run, batches):
            for path, line in re.findall(r"^(\S+?):(\d+):\d+: (?:warning|error): code should be", output, re.M):
                yield Finding(path, int(line), f"run `clang-format-14 -i {path}`")


def wants_licence(tree, path):
    name = os.path.basename(path)
    if path.endswith((".c", ".h", ".py", ".sh")) or name in ("meson.build", "meson_options.txt"):
        return True
    return tree.text(path).startswith("#!")


@rule("spdx", "every source file names its licence in its first lines")
def check_spdx(tree):
    for path in tree.files:
        if wants_licence(tree, path) and LICENCE not in "\n".join(tree.text(path).split("\n")[:3]):
            yield Finding(path, 1, f"put `{LICENCE}` into the first line (the second after a #! line)")


@rule("file-comment", f"a .c file begins with a comment of at most {MAX_FIRST_COMMENT_LINES} lines")
def check_file_comment(tree):
    for path in tree.select(suffixes=(".c",)):
        source = tree.source(path)
        code = min([t.line for t in source.tokens[:1]] + [d.line for d in source.directives[:1]] or [1])
        comments = [c for c in source.comments if c.line < code and not is_licence_only(c)]
        if not comments:
            yield Finding(path, 1, "say above the includes what this file does, what it leaves to others, "
                          "and on which thread it runs")
            continue
        first = comments[0]
        words = [w for w in first.text.split("\n") if LICENCE not in w and w.strip(" */")]
        if len(words) > MAX_FIRST_COMMENT_LINES:
            yield Finding(path, first.line, f"shorten this comment from {len(words)} to "
                          f"{MAX_FIRST_COMMENT_LINES} lines; move the rest to docs/internals")


def is_licence_only(comment):
    return LICENCE in comment.text and len(comment.text.split("\n")) == 1


@rule("file-length", f"a file has at most {MAX_FILE_LINES} lines")
def check_file_length(tree):
    for path in tree.select(suffixes=(".c", ".h", ".py")):
        count = tree.text(path).count("\n")
        if count > MAX_FILE_LINES:
            yield Finding(path, MAX_FILE_LINES + 1, f"split this file of {count} lines: one concept a file")


WORDS = re.compile(r"\.\./shared|\bTODO\b|\bFIXME\b|\bXXX\b|\b[Ss]tub(?:s|bed|bing)?\b")


@rule("words", "nothing is left for later, and nothing outside of the repository is needed")
def check_words(tree):
    for path in tree.files:
        if path.startswith(OWN_FOLDER) or path == "COPYING" or "\0" in tree.text(path)[:4096]:
            continue
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            for word in WORDS.findall(line):
                yield Finding(path, number, "the repository stands alone: copy what is needed"
                              if "shared" in word else f"finish it or file an issue, and remove `{word}`")


@rule("pragma-once", "a header is protected by #pragma once")
def check_pragma_once(tree):
    for path in tree.select(suffixes=(".h",)):
        first = tree.source(path).directives[:1]
        if not first or first[0].name != "pragma" or [t.text for t in first[0].body] != ["once"]:
            yield Finding(path, first[0].line if first else 1, "make `#pragma once` the first directive")


@rule("comment-style", "comments are /* */")
def check_comment_style(tree):
    for path in tree.select():
        for comment in tree.source(path).comments:
            if comment.text.startswith("//"):
                yield Finding(path, comment.line, "write /* */ instead of //")


@rule("test-name", "tests/unit/test-FILE.c tests an existing source file FILE.c")
def check_test_name(tree):
    known = set()
    for path in tree.select("core", "backends", "plugins", "tests/lib", "tests/bench"):
        folder, name = os.path.split(os.path.splitext(path)[0])
        known |= {name, f"{os.path.basename(folder)}-{name}"}
    for path in tree.select("tests/unit", suffixes=(".c",)):
        name = os.path.splitext(os.path.basename(path))[0]
        if not name.startswith("test-") or name[5:] not in known:
            yield Finding(path, 1, "name it test-FILE.c (or test-FOLDER-FILE.c) after the file that it tests")


PORTS = [
    re.compile(r"\bhtons\s*\(\s*([1-9]\d*)"),
    re.compile(r"\binet_socket_address_new\w*\s*\([^;]*,\s*([1-9]\d*)\s*\)"),
    re.compile(r"\b\w*port\s*=\s*([1-9]\d{2,})\b"),
    re.compile(r"\.bind\s*\(\s*\([^()]*,\s*([1-9]\d*)\s*\)\s*\)"),
    re.compile(r"(?:127\.0\.0\.1|\[::1\]|\blocalhost):([1-9]\d{1,4})\b"),
]
MAIL_PORTS = {"143", "993"}         # in vectors of what a job means, never bound


@rule("test-port", "a test binds and meets no fixed port")
def check_test_port(tree):
    for path in tree.select("tests", suffixes=(".c", ".h", ".py", ".sh")):
        if path.startswith(OWN_FOLDER):
            continue
        for number, line in enumerate(tree.text(path).split("\n"), 1):
            for port in (p for pattern in PORTS for p in pattern.findall(line)):
                if port not in MAIL_PORTS:
                    yield Finding(path, number, f"bind port 0 and ask for the number instead of {port}")

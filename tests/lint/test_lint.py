#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Feeds each rule bad snippets that it must find, on their line, and good ones that it must pass."""

import contextlib
import io
import os
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import lint                         # noqa: E402
import tree as lint_tree            # noqa: E402
from lint_cases import CASES        # noqa: E402


def plant(folder, files):
    for path, text in files.items():
        file = Path(folder, path)
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return lint_tree.Tree(folder)


def lines_found(rule, files):
    with tempfile.TemporaryDirectory() as folder:
        findings, _ = lint_tree.check(plant(folder, files), rule)
    return [(f.path, f.line) for f in findings]


def check_case(case):
    found = lines_found(case.rule, case.files)
    expected = sorted((case.path, line) for line in case.lines)
    return None if found == expected else f"expected {expected}, found {found}"


def check_every_rule_has_cases():
    caught = {c.rule for c in CASES if c.lines}
    passed = {c.rule for c in CASES if not c.lines}
    missing = sorted((set(lint_tree.RULES) - caught) | (set(lint_tree.RULES) - passed))
    return f"no bad and good case for: {', '.join(missing)}" if missing else None


def check_tap_output():
    """A failing rule prints `not ok`, its place, the rule and the advice; the program counts it."""
    with tempfile.TemporaryDirectory() as folder:
        tree = plant(folder, {"core/base/a.c": "int x (void) { return atoi (\"1\"); }\n"})
        out = io.StringIO()
        failed = lint.run(tree, ["banned", "nesting"], out)
    text = out.getvalue()
    wanted = ["1..2", "not ok 1 - banned", "# core/base/a.c:1: banned: use g_ascii", "ok 2 - nesting"]
    missing = [w for w in wanted if w not in text]
    return None if failed == 1 and not missing else f"failed={failed}, missing {missing} in:\n{text}"


def check_waiver():
    """A waiver needs a reason, and counts for its own rule only."""
    code = "int x (void)\n{\n  /* lint: allow %s */\n  return atoi (\"1\");\n}\n"
    good = lines_found("banned", {"core/base/a.c": code % "banned: the only parser here"})
    bare = lines_found("banned", {"core/base/a.c": code % "banned:"})
    other = lines_found("banned", {"core/base/a.c": code % "nesting: the only parser here"})
    return None if (good, len(bare), len(other)) == ([], 1, 1) else f"{good} {bare} {other}"


@contextlib.contextmanager
def environment(**values):
    before = dict(os.environ)
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def check_skip_fails_in_ci():
    """Without clang-format the format rule fails in CI and is skipped elsewhere, with the reason."""
    answers = {}
    for ci in ("true", ""):
        with tempfile.TemporaryDirectory() as folder, environment(PATH=folder, CI=ci):
            tree = plant(folder, {"core/base/a.c": "int x;\n"})
            out = io.StringIO()
            answers[ci] = lint.run(tree, ["format"], out), out.getvalue()
    good = answers["true"][0] == 1 and answers[""][0] == 0 and "# SKIP clang-format 14" in answers[""][1]
    return None if good else str(answers)


def main():
    tests = [(f"{c.rule}: {c.name}", lambda c=c: check_case(c)) for c in CASES]
    for function in (check_every_rule_has_cases, check_tap_output, check_waiver, check_skip_fails_in_ci):
        tests.append((function.__name__.replace("_", " "), function))
    print(f"1..{len(tests)}")
    failed = 0
    for number, (name, test) in enumerate(tests, 1):
        reason = test()
        failed += reason is not None
        print(f"{'ok' if reason is None else 'not ok'} {number} - {name}")
        if reason is not None:
            print("\n".join("# " + line for line in reason.split("\n")))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())

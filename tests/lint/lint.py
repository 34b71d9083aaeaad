#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Checks the tree against the project's conventions; prints TAP, one test point per rule.

    tests/lint/lint.py [--root DIR] [--list] [RULE...]

Each failure reads `# file:line: rule: what to do`. Where a rule must be broken, say so in the code,
on the line or on the one above: `/* lint: allow RULE: the reason in some words */`."""

import argparse
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

import tree as lint_tree            # noqa: E402
import rules_code                   # noqa: E402,F401  (importing registers the rules)
import rules_include                # noqa: E402,F401
import rules_text                   # noqa: E402,F401


def run(tree, names, out=sys.stdout):
    """Prints the TAP of the named rules; returns the number of rules that failed."""
    failed = 0
    print(f"1..{len(names)}", file=out)
    for number, name in enumerate(names, 1):
        began = time.monotonic()
        purpose = lint_tree.RULES[name][1]
        try:
            findings, waived = lint_tree.check(tree, name)
        except lint_tree.Skipped as why:
            if os.environ.get("CI") == "true":
                failed += 1
                print(f"not ok {number} - {name}: {purpose}\n# {why}; CI skips nothing", file=out)
            else:
                print(f"ok {number} - {name}: {purpose} # SKIP {why}", file=out)
            continue
        failed += bool(findings)
        print(f"{'not ok' if findings else 'ok'} {number} - {name}: {purpose}", file=out)
        for finding in findings:
            print(f"# {finding.path}:{finding.line}: {name}: {finding.advice}", file=out)
        if waived:
            print(f"# {waived} waived in the code", file=out)
        if time.monotonic() - began > 5:
            print(f"# {name} took {time.monotonic() - began:.1f} s", file=out)
        out.flush()
    return failed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--root", default=Path(__file__).resolve().parents[2], help="the tree to check")
    parser.add_argument("--list", action="store_true", help="print the rules and stop")
    parser.add_argument("rule", nargs="*", help="check these rules only")
    options = parser.parse_args()
    if options.list:
        for name, (_, purpose) in lint_tree.RULES.items():
            print(f"{name:20} {purpose}")
        return 0
    unknown = [name for name in options.rule if name not in lint_tree.RULES]
    if unknown:
        parser.error(f"no such rule: {', '.join(unknown)} (see --list)")
    return 1 if run(lint_tree.Tree(options.root), options.rule or list(lint_tree.RULES)) else 0


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Adds up what `meson test` recorded and prints it, the line `N passed, N failed` last.

    count-results.py [--broken PHASE]... [BUILD_DIR...]

Reads BUILD_DIR/meson-logs/testlog.json. A program that prints TAP counts with each of its test
points, any other as one test. A program that ends badly counts at least one failure, whatever its
points say. --broken names a phase that could not be built or run: one failure each. Exits with 1
when anything failed, when nothing ran, and, where CI=true, when anything was skipped."""

import argparse
import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

TAIL_LINES = 60
PLAN = re.compile(r"^1\.\.(\d+)", re.M)
POINT = re.compile(r"^(ok|not ok)\b([^\n]*)", re.M)
# The contract suite asks each backend only for what it promises by its capabilities: a behaviour
# that a backend does not have is not a test left out.
ABSENT = re.compile(r"#\s*skip\s+the backend('s)? ", re.I)
DIRECTIVE = re.compile(r"#\s*(skip|todo)\b\s*(.*)", re.I)
GOOD_RESULTS = {"OK", "EXPECTEDFAIL"}


@dataclass
class Outcome:
    """What one program, or many together, came to."""
    passed: int = 0
    failed: int = 0
    skipped: list = field(default_factory=list)     # the reasons
    absent: int = 0                                 # asked for what the backend does not promise

    def __iadd__(self, other):
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.absent += other.absent
        return self

    def __str__(self):
        skipped = f", {len(self.skipped)} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"


def count_points(name, text):
    outcome = Outcome()
    for verdict, rest in POINT.findall(text):
        directive = DIRECTIVE.search(rest)
        kind = directive.group(1).lower() if directive else ""
        if kind == "skip" and ABSENT.search(rest):
            outcome.absent += 1
        elif kind == "skip" or (kind == "todo" and verdict == "not ok"):
            outcome.skipped.append(f"{name}:{rest.rstrip()}")
        elif verdict == "ok":
            outcome.passed += 1
        else:
            outcome.failed += 1
    return outcome


def count_program(record):
    """The outcome of one line of testlog.json."""
    name, result, text = record["name"], record["result"], record.get("stdout") or ""
    outcome = count_points(name, text) if PLAN.search(text) else Outcome()
    if result == "SKIP":
        if not outcome.skipped:
            reason = re.search(r"#\s*skip\b\s*(.*)", text, re.I)
            outcome.skipped.append(f"{name}: {reason.group(1) if reason else 'no reason given'}")
    elif result not in GOOD_RESULTS:
        outcome.failed = max(outcome.failed, 1)
    elif not (outcome.passed or outcome.failed or outcome.skipped or outcome.absent):
        outcome.passed = 1
    return outcome


def read_records(build_dir):
    """The records of a build directory; None when there is nothing that can be read."""
    try:
        text = Path(build_dir, "meson-logs", "testlog.json").read_text(encoding="utf-8", errors="replace")
        return [json.loads(line) for line in text.split("\n") if line.strip()]
    except (OSError, ValueError):
        return None


def print_failure(build_dir, record):
    print(f"\n--- {Path(build_dir).name}: {record['name']}: {record['result']} "
          f"(exit status {record.get('returncode')}, {record.get('duration', 0):.1f} s)")
    for stream in ("stdout", "stderr"):
        lines = (record.get(stream) or "").rstrip("\n").split("\n")
        if lines == [""]:
            continue
        bad = [line for line in lines[:-TAIL_LINES] if line.startswith(("not ok", "Bail out!"))]
        left_out = [f"  … {len(lines) - TAIL_LINES} lines before …"] if len(lines) > TAIL_LINES else []
        print("\n".join([f"  [{stream}]"] + ["  " + line for line in bad] + left_out
                        + ["  " + line for line in lines[-TAIL_LINES:]]))


def count_build(build_dir):
    records = read_records(build_dir)
    if not records:
        print(f"{Path(build_dir).name}: no test results in {build_dir}/meson-logs")
        return Outcome(failed=1)
    total = Outcome()
    for record in records:
        outcome = count_program(record)
        if outcome.failed:
            print_failure(build_dir, record)
        total += outcome
    print(f"{Path(build_dir).name}: {total} in {len(records)} programs")
    return total


def main(arguments=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--broken", action="append", default=[], metavar="PHASE")
    parser.add_argument("build_dir", nargs="*")
    options = parser.parse_args(arguments)
    total = Outcome()
    for build_dir in options.build_dir:
        total += count_build(build_dir)
    for phase in options.broken:
        print(f"{phase}: could not be built or run, see above")
        total += Outcome(failed=1)
    if total.absent:
        print(f"not asked of a backend without the capability: {total.absent} behaviours")
    for reason in total.skipped:
        print(f"skipped: {reason}")
    good = total.passed > 0 and total.failed == 0
    if total.skipped and os.environ.get("CI") == "true":
        print("CI skips nothing: this counts as a failure of the run")
        good = False
    print(total, flush=True)
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

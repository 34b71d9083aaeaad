#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Tests tests/lib/count-results.py: what each kind of record comes to, the last line, the exit code."""

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

PROGRAM = Path(__file__).resolve().parents[1] / "lib" / "count-results.py"

# name, records as (result, stdout), environment, further arguments, last line, exit code
CASES = [
    ("tap points are counted", [("OK", "1..2\nok 1 - a\nok 2 - b\n")], {}, [], "2 passed, 0 failed", 0),
    ("the plan may come last", [("OK", "# x\nok 1 a\n1..1\n")], {}, [], "1 passed, 0 failed", 0),
    ("a program without tap is one test", [("OK", "hello\n"), ("OK", "")], {}, [], "2 passed, 0 failed", 0),
    ("words that look like tap are not", [("OK", "ok then\nnot ok at all\n")], {}, [], "1 passed, 0 failed", 0),
    ("a failed point", [("FAIL", "1..2\nok 1 a\nnot ok 2 b\n")], {}, [], "1 passed, 1 failed", 1),
    ("a crash after good points", [("ERROR", "1..3\nok 1 a\n")], {}, [], "1 passed, 1 failed", 1),
    ("a timeout", [("TIMEOUT", ""), ("OK", "")], {}, [], "1 passed, 1 failed", 1),
    ("a bad end after failed points is not counted twice", [("ERROR", "1..2\nnot ok 1\nnot ok 2\n")], {}, [],
     "0 passed, 2 failed", 1),
    ("an expected failure is good", [("EXPECTEDFAIL", "")], {}, [], "1 passed, 0 failed", 0),
    ("an unexpected pass is bad", [("UNEXPECTEDPASS", "")], {}, [], "0 passed, 1 failed", 1),
    ("a skipped point", [("OK", "1..2\nok 1 a\nok 2 b # SKIP no disk\n")], {}, [], "1 passed, 0 failed, 1 skipped", 0),
    ("a skipped point fails CI", [("OK", "1..2\nok 1 a\nok 2 b # SKIP no disk\n")], {"CI": "true"}, [],
     "1 passed, 0 failed, 1 skipped", 1),
    ("a skipped program", [("SKIP", ""), ("OK", "")], {}, [], "1 passed, 0 failed, 1 skipped", 0),
    ("a program that skips all", [("SKIP", "1..0 # SKIP no server\n"), ("OK", "")], {}, [],
     "1 passed, 0 failed, 1 skipped", 0),
    ("nothing ran", [], {}, [], "0 passed, 1 failed", 1),
    ("a phase that broke", [("OK", "")], {}, ["--broken", "asan"], "1 passed, 1 failed", 1),
]


def run(records, environment, arguments):
    with tempfile.TemporaryDirectory() as folder:
        logs = Path(folder, "meson-logs")
        logs.mkdir()
        lines = [json.dumps({"name": f"unit / t{i}", "result": result, "stdout": text, "returncode": 0, "duration": 1})
                 for i, (result, text) in enumerate(records)]
        (logs / "testlog.json").write_text("".join(line + "\n" for line in lines), encoding="utf-8")
        env = {k: v for k, v in os.environ.items() if k != "CI"} | environment
        return subprocess.run([sys.executable, str(PROGRAM), *arguments, folder], env=env, capture_output=True, text=True)


def check_tail():
    """The log of a failing program is shown, shortened, with the failed points that were cut off."""
    text = "1..2\nnot ok 1 early\n" + "".join(f"# line {i}\n" for i in range(200)) + "ok 2 late\n"
    output = run([("FAIL", text)], {}, []).stdout
    missing = [w for w in ("not ok 1 early", "ok 2 late", "lines before", "FAIL") if w not in output]
    return f"missing {missing} in:\n{output}" if missing or "line 20\n" in output else None


def check_missing_log():
    done = subprocess.run([sys.executable, str(PROGRAM), "/nonexistent"], capture_output=True, text=True)
    return None if done.stdout.endswith("\n0 passed, 1 failed\n") and done.returncode == 1 else done.stdout


def check_case(records, environment, arguments, last, code):
    done = run(records, environment, arguments)
    found = done.stdout.rstrip("\n").split("\n")[-1], done.returncode
    return None if found == (last, code) else f"expected {last, code}, found {found}\n{done.stderr}"


def main():
    tests = [(name, lambda rest=rest: check_case(*rest)) for name, *rest in CASES]
    tests += [("the log tail of a failure", check_tail), ("no log at all", check_missing_log)]
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

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are two accounts equal, as seen without mailhaul?

    imap-compare.py [--ignore KIND[=FOLDER-REGEX]]… [--rename FROM=TO]… EXPECTED FOUND

Endpoints as in imap_raw.py. Prints one line for each difference, `KIND FOLDER: …`, then `messages EXPECTED FOUND`.
Kinds: missing, extra (messages), flags, keywords, date, no-folder, more-folder (an empty one is no difference),
subscription. Exit code 0 when there is none but ignored ones.
"""
import argparse
import collections
import re
import sys

from imap_raw import read_account


def words(flags):
    return "(" + " ".join(sorted(flag.decode(errors="replace") for flag in flags)) + ")"


def pair(wanted, found):
    """Takes what is equal out of both, then pairs what has the same content."""
    same = wanted & found
    wanted, found = wanted - same, found - same
    rest = collections.defaultdict(list)
    for key in found.elements():
        rest[key[0]].append(key)
    for key in wanted.elements():
        candidates = rest[key[0]]
        if not candidates:
            yield key, None
            continue
        best = max(candidates, key=lambda other: sum(a == b for a, b in zip(key, other)))
        candidates.remove(best)
        yield key, best
    for keys in rest.values():
        for key in keys:
            yield None, key


def compare_folder(path, one, two):
    names = {**two.subjects, **one.subjects}
    for wanted, found in pair(one.messages, two.messages):
        label = f"{path}: '{names[(wanted or found)[0]]}'"
        if found is None:
            yield "missing", label
            continue
        if wanted is None:
            yield "extra", label
            continue
        if wanted[1] != found[1]:
            yield "flags", f"{label} {words(wanted[1])} {words(found[1])}"
        if wanted[2] != found[2]:
            yield "keywords", f"{label} {words(wanted[2])} {words(found[2])}"
        if wanted[3] != found[3]:
            yield "date", f"{label} {wanted[3]} {found[3]}"
    if None not in (one.subscribed, two.subscribed) and one.subscribed != two.subscribed:
        yield "subscription", f"{path}: {one.subscribed} {two.subscribed}"


def compare(one, two):
    for path in sorted(one.keys() | two.keys()):
        if path not in two:
            yield "no-folder", f"{path}: {one[path].messages.total()} messages"
        elif path in one:
            yield from compare_folder(path, one[path], two[path])
        elif two[path].messages:
            yield "more-folder", f"{path}: {two[path].messages.total()} messages"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ignore", action="append", default=[])
    parser.add_argument("--rename", action="append", default=[])
    parser.add_argument("expected")
    parser.add_argument("found")
    options = parser.parse_args()
    one, two = read_account(options.expected), read_account(options.found)
    for rename in options.rename:
        before, after = rename.split("=", 1)
        one = {after + path[len(before):] if path == before or path.startswith(before + "/") else path: folder
               for path, folder in one.items()}
    ignored = [(kind, re.compile(pattern or ".*")) for kind, _, pattern in
               (text.partition("=") for text in options.ignore)]
    differences = 0
    for kind, text in compare(one, two):
        known = any(kind == other and pattern.match(text.split(":")[0]) for other, pattern in ignored)
        differences += not known
        print(f"{'(ignored) ' if known else ''}{kind} {text}")
    print(f"messages {sum(f.messages.total() for f in one.values())} {sum(f.messages.total() for f in two.values())}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())

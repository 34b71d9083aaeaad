#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Are two accounts equal, as seen without mailhaul?

    imap-compare.py [--ignore KIND]… [--report FILE] EXPECTED FOUND

Endpoints as in imap_raw.py. Prints one line for each difference, `KIND FOLDER: …`, then `messages EXPECTED FOUND`.
Kinds: missing, extra (messages), content (of messages with the same subject), flags, keywords, date, no-folder,
more-folder (an empty one is no difference), subscription. With the report of the run that made FOUND out of
EXPECTED, what it names is marked and no difference: a folder that failed or was noted, and as many messages of a
folder as it lists or notes. Exit code 0 when there is no difference but ignored and named ones.
"""
import argparse
import collections
import json
import re
import sys

from imap_raw import read_account


def words(flags):
    return "(" + " ".join(sorted(flag.decode(errors="replace") for flag in flags)) + ")"


def pair(one, two):
    """Takes what is equal out of both, then pairs what has the same content, then the same subject."""
    same = one.messages & two.messages
    wanted, found = list((one.messages - same).elements()), list((two.messages - same).elements())
    for like in (lambda a, b: a[0] == b[0], lambda a, b: one.subjects[a[0]][:14] == two.subjects[b[0]][:14]):
        left = []
        for key in wanted:
            candidates = [other for other in found if like(key, other)]
            if not candidates:
                left.append(key)
                continue
            best = max(candidates, key=lambda other, key=key: sum(a == b for a, b in zip(key, other)))
            found.remove(best)
            yield key, best
        wanted = left
    yield from ((key, None) for key in wanted)
    yield from ((None, key) for key in found)


def compare_folder(path, one, two):
    names = {**two.subjects, **one.subjects}
    for wanted, found in pair(one, two):
        label = f"{path}: '{names[(wanted or found)[0]]}'"
        if found is None:
            yield "missing", path, label
            continue
        if wanted is None:
            yield "extra", path, label
            continue
        if wanted[0] != found[0]:
            yield "content", path, label
        if wanted[1] != found[1]:
            yield "flags", path, f"{label} {words(wanted[1])} {words(found[1])}"
        if wanted[2] != found[2]:
            yield "keywords", path, f"{label} {words(wanted[2])} {words(found[2])}"
        if wanted[3] != found[3]:
            yield "date", path, f"{label} {wanted[3]} {found[3]}"
    # Some servers subscribe INBOX by themselves, and every program shows it.
    if path != "INBOX" and None not in (one.subscribed, two.subscribed) and one.subscribed != two.subscribed:
        yield "subscription", path, f"{path}: {one.subscribed} {two.subscribed}"


def compare(one, two):
    for path in sorted(one.keys() | two.keys()):
        if path not in two:
            yield "no-folder", path, f"{path}: {one[path].messages.total()} messages"
        elif path in one:
            yield from compare_folder(path, one[path], two[path])
        elif two[path].messages:
            yield "more-folder", path, f"{path}: {two[path].messages.total()} messages"


def plain(path, known):
    """What a server does not take in names is written as %XX or =XX there, byte by byte."""
    for sign in ("%25", "="):
        decoded = re.sub(f"(?:{sign}[0-9A-F]{{2}})+", lambda match, sign=sign: bytes.fromhex(
            match.group().replace(sign, "")).decode(errors="replace"), path).replace("%", "%25")
        decoded = decoded.replace("%252F", "%2F").replace("%2525", "%25") if decoded not in known else decoded
        if decoded in known:
            print(f"(escaped) {decoded}")
            return decoded
    return path


class Report:
    """What a run has said about differences."""

    def __init__(self, file):
        self.folders, self.messages = set(), collections.Counter()
        if file is None:
            return
        with open(file, encoding="utf-8") as text:
            accounts = json.load(text)["accounts"]
        for account in accounts:
            for failure in account["failures"]:
                if "key" in failure:
                    self.messages[failure["folder"]] += 1
                else:
                    self.folders.add(failure["folder"])
            for difference in account["differences"]:
                self.messages[difference["folder"]] += 1
            for notice in account["notices"]:
                self._note(notice)

    def _note(self, notice):
        match = re.match(r"folder '(.*?)': .*?(?:\((\d+) messages?\))?$", notice)
        if match and match.group(2):
            self.messages[match.group(1)] += int(match.group(2))
        elif match:
            self.folders.add(match.group(1))

    def names(self, kind, folder):
        if kind in ("no-folder", "more-folder", "subscription"):
            return folder in self.folders
        self.messages[folder] -= 1
        return self.messages[folder] >= 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--ignore", action="append", default=[])
    parser.add_argument("--report")
    parser.add_argument("expected")
    parser.add_argument("found")
    options = parser.parse_args()
    one, two = read_account(options.expected), read_account(options.found)
    report, differences = Report(options.report), 0
    two = {path if path in one else plain(path, one): folder for path, folder in two.items()}
    for kind, path, text in compare(one, two):
        known = "(ignored) " if kind in options.ignore else "(named) " if report.names(kind, path) else ""
        differences += not known
        print(f"{known}{kind} {text}")
    print(f"messages {sum(f.messages.total() for f in one.values())} {sum(f.messages.total() for f in two.values())}")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())

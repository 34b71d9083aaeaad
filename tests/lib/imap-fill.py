#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Fills an account by IMAP, or changes it as its owner would. The same arguments do the same.

    imap-fill.py IMAP-ENDPOINT maildir DIR      what lies in a Maildir++ (corpus_write of tests/functional)
    imap-fill.py IMAP-ENDPOINT mbox FILE        its messages, into INBOX, Sent and two more by turns
    imap-fill.py IMAP-ENDPOINT hard             folders and messages that break naive programs
    imap-fill.py IMAP-ENDPOINT bulk COUNT SEED  small messages, with doubles, equal and missing Message-IDs
    imap-fill.py IMAP-ENDPOINT change           new messages, other flags and keywords, a new folder
    imap-fill.py IMAP-ENDPOINT empty            no message and no folder remains

Prints `refused …` for what the server does not take, and `appended N` at the end.
"""
import email.utils
import mailbox
import os
import random
import re
import sys
import time

from imap_raw import LETTERS, SPECIAL, Link, Literal, Refused, read_keywords, utf7_decode
from imap_corpus import bulk_messages, hard_folders, hard_messages


def stamp(instant, zone=0):
    """INTERNALDATE of an instant, as written in a zone (minutes)."""
    text = time.strftime("%d-%b-%Y %H:%M:%S", time.gmtime(instant + zone * 60))
    return f"{text} {'-' if zone < 0 else '+'}{abs(zone) // 60:02}{abs(zone) % 60:02}".encode()


class Filler:
    def __init__(self, link):
        self.link, self.appended = link, 0
        self.known = set(link.folders())

    def refused(self, what, error):
        print(f"refused {what}: {error}")

    def create(self, path, subscribe=True):
        name = self.link.name_of(path)
        if path not in self.known:
            try:
                self.link.command(b"CREATE", name)
            except Refused as error:
                self.refused(f"folder {path!r}", error)
                return False
            self.known.add(path)
        if subscribe:
            self.link.command(b"SUBSCRIBE", name)
        return True

    def append(self, path, message, flags=(), date=None):
        """date: an instant, or (instant, minutes of the zone), or None."""
        arguments = [self.link.name_of(path), [b"(" + b" ".join(flags) + b")"]]
        if date is not None:
            arguments.append(stamp(*date) if isinstance(date, tuple) else stamp(date))
        try:
            self.link.command(b"APPEND", *arguments, Literal(message))
        except Refused as error:
            self.refused(f"message in {path!r} of {len(message)} octets", error)
            return
        self.appended += 1


def fill_maildir(filler, root):
    for entry in ["."] + sorted(os.listdir(root)):
        folder = os.path.join(root, entry)
        if not os.path.isdir(os.path.join(folder, "cur")):
            continue
        path = "INBOX" if entry == "." else "/".join(utf7_decode(name.encode()) for name in entry[1:].split("."))
        if path != "INBOX" and not filler.create(path):
            continue
        words = read_keywords(folder)
        for file in sorted(os.scandir(os.path.join(folder, "cur")), key=lambda file: file.name):
            letters = file.name.rsplit(":2,", 1)[-1]
            flags = [LETTERS[x] for x in letters if x in LETTERS] + [words[x] for x in letters if x in words]
            with open(file.path, "rb") as data:
                message = data.read().replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
            filler.append(path, message, flags, int(file.stat().st_mtime))


def fill_mbox(filler, file):
    flags = {"R": b"\\Seen", "A": b"\\Answered", "F": b"\\Flagged", "T": b"\\Draft"}
    for number, one in enumerate(mailbox.mbox(file, create=False)):
        text = re.sub(rb"^>(>*From )", rb"\1", one.as_bytes(), flags=re.M)
        text = re.sub(rb"\A(?s:(.*?\n)\n)", lambda head: b"".join(
            line for line in head.group(1).splitlines(keepends=True)
            if not re.match(rb"(x-)?(status|keywords):", line, re.I)) + b"\n", text)
        path = ("INBOX", "INBOX", "Sent", "Projects/Gr\u00fcn", "Archive/2024")[number % 5]
        if not filler.create(path):
            continue
        date = email.utils.parsedate_tz(one.get("Date", ""))
        filler.append(path, text.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n"),
                      [flags[letter] for letter in one.get_flags() if letter in flags],
                      max(email.utils.mktime_tz(date), 86400) if date else 1700000000 + number)


def fill_hard(filler):
    for path, subscribe in hard_folders():
        if filler.create(path, subscribe):
            filler.append(path, f"Subject: in {path.encode('unicode_escape').decode()}\r\n\r\nhello\r\n".encode(),
                          [b"\\Seen"], 1500000000)
    for path, message, flags, date in hard_messages():
        if filler.create(path):
            filler.append(path, message, flags, date)


def fill_bulk(filler, count, seed):
    for path, message, flags, date in bulk_messages(count, seed):
        if path in filler.known or filler.create(path):
            filler.append(path, message, flags, date)


def change(filler):
    link, dice = filler.link, random.Random(7)
    for path, (raw, attributes) in sorted(link.folders().items()):
        if attributes & {b"\\noselect", b"\\nonexistent"}:
            continue
        link.command(b"SELECT", raw)
        uids = [row[0] for row in link.messages(raw)]
        link.command(b"SELECT", raw)  # messages() has examined it
        for uid in dice.sample(uids, len(uids) // 5):
            word = dice.choice([b"+FLAGS (\\Flagged)", b"+FLAGS (\\Seen)", b"-FLAGS (\\Seen)", b"FLAGS (\\Answered)",
                                b"+FLAGS ($Forwarded)", b"+FLAGS (\\Deleted)"])
            link.command(b"UID STORE %d " % uid + word)
        link.command(b"EXAMINE", raw)
        link.command(b"CLOSE")  # Courier appends to no folder that is open read-only; this expunges nothing
        if attributes & SPECIAL or path == "INBOX":
            for i in range(3):
                filler.append(path, f"Message-ID: <new{i}@{path}>\r\nSubject: new {i}\r\n\r\nnew {i}\r\n".encode(),
                              [b"\\Flagged"], 1700000000 + i)
    if filler.create("New folder"):
        filler.append("New folder", b"Subject: first of a new folder\r\n\r\n.\r\n", [], 1710000000)


def empty(link):
    for path, (raw, attributes) in sorted(link.folders().items(), reverse=True):
        try:
            if path == "INBOX":
                link.command(b"SELECT", raw)
                try:
                    link.command(b"STORE 1:* +FLAGS.SILENT (\\Deleted)")
                    link.command(b"EXPUNGE")
                except Refused:
                    pass  # there was no message
            elif not attributes & {b"\\noselect", b"\\nonexistent"}:
                link.command(b"DELETE", raw)
            link.command(b"UNSUBSCRIBE", raw)
        except Refused as error:
            print(f"refused to remove {path!r}: {error}")


def main():
    endpoint, task, *arguments = sys.argv[1:]
    with Link(endpoint) as link:
        if task == "empty":
            empty(link)
            return
        filler = Filler(link)
        if task == "maildir":
            fill_maildir(filler, *arguments)
        elif task == "mbox":
            fill_mbox(filler, *arguments)
        elif task == "hard":
            fill_hard(filler)
        elif task == "bulk":
            fill_bulk(filler, *map(int, arguments))
        elif task == "change":
            change(filler)
        else:
            sys.exit(__doc__)
        print(f"appended {filler.appended}")


if __name__ == "__main__":
    main()

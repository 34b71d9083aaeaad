# SPDX-License-Identifier: LGPL-2.1-or-later
"""Folders and messages that a server may hold and that break naive programs. Always the same."""
import base64
import random

# (path, subscribed); / between names, %2F in them. A server refuses what it cannot name.
FOLDERS = [
    ("Sent", True), ("Drafts", True), ("Trash", False), ("Archive/2023/Q4", True),
    ("With space", True), ("  two  spaces  ", True), ('Quote"d', True), ("Back\\slash", True),
    ("Am&persand", True), ("&AGE-", True), ("Gr\u00fc\u00dfe/\u00dcberg\u00f6\u00dfe", True),
    ("\U0001f4e8 emoji \U0001f9d1\u200d\U0001f4bb", True), ("\u65e5\u672c\u8a9e/\u53d7\u4fe1", False),
    ("combining e\u0301 and \u00e9", True),
    ("a/b/c/d/e/f/g/h", True), ("only/the/leaf", False), ("dots.in.name", True), ("slash%2Fin name", True),
    ("perc%25ent", True), ("st*r", True), ("(brackets) {1}", True), ("NIL", True), ("inbox2", True),
    ("INBOX/child", True), ("~tilde", True), ("#hash", True), ("-rf", True), ("CON", True),
    ("x" * 120, True), ("case", True), ("Case", True),
]

ALL_FLAGS = [b"\\Seen", b"\\Answered", b"\\Flagged", b"\\Draft", b"\\Deleted"]
KEYWORDS = [b"$Forwarded", b"$MDNSent", b"$Junk", b"NonJunk", b"$Label1", b"Work", b"with.dot", b"a+b", b"$Phishing",
            b"Projekt_A", b"x-very-long-" + b"k" * 40]


def hard_folders():
    return FOLDERS


def message(subject, body=b"text\r\n", number=None, extra=b""):
    """CRLF line ends; number: of the Message-ID, None for none."""
    identity = b"Message-ID: <hard%d@corpus.example>\r\n" % number if number is not None else b""
    return (b"From: a@x.example\r\nTo: b@y.example\r\n" + identity + b"Subject: " + subject
            + b"\r\nDate: Fri, 1 Nov 2024 10:00:00 +0100\r\n" + extra + b"\r\n" + body)


def shapes():
    """Bytes that are valid for some server."""
    yield message(b"plain", number=1)
    yield message(b"no Message-ID")
    yield message(b"empty body", b"", 2)
    yield message(b"body of one line end", b"\r\n", 3)
    yield b"Subject: headers only, no blank line\r\n"
    yield b"Subject: no final line end\r\n\r\nlast line"
    yield b"\r\nbody without any header\r\n"
    yield b"\r\n"
    yield b"not a header at all\r\n\r\nand a body\r\n"
    yield message(b"dots", b".\r\n..\r\n.\r\n.a\r\n", 4)
    yield message(b"From_ lines", b"From me\r\n>From me\r\n>>From me\r\n\r\nFrom x Fri Nov  1 10:00:00 2024\r\nx\r\n", 5)
    yield b"From sender@x.example Fri Nov  1 10:00:00 2024\r\n" + message(b"leading From_", number=6)
    yield message(b"12000 lines", b"".join(b"line %d\r\n" % i for i in range(12000)), 7)
    yield message(b"one line of 100000 octets", b"x" * 100000 + b"\r\n", 8)
    yield message(b"long header", number=9, extra=b"References: " + b"\r\n ".join(
        b"<%032d@corpus.example>" % i for i in range(1500)) + b"\r\n")
    yield message(b"8 bit header caf\xe9 (latin-1)", number=10)
    yield message("8 bit header Grüße 😀".encode(), "Körper\r\n".encode(), 11)
    yield message(b"8 bit body", bytes(range(128, 256)) + b"\r\n" + bytes(range(128, 256)) + b"\r\n", 12)
    yield message(b"control characters", bytes(x for x in range(1, 32) if x not in (10, 13)) + b"\x7f\r\n", 13)
    yield message(b"bare CR", b"one\rtwo\r\rthree\r\n", 14)
    yield message(b"bare LF", b"one\ntwo\n\nthree\r\n", 15)
    yield message(b"NUL", b"before\x00after\r\n", 16)
    yield message(b"trailing blank lines", b"text\r\n\r\n\r\n\r\n", 17)
    yield message(b"trailing white space", b"text   \t\r\n   \r\n\t\r\n", 18)
    yield message(b"{10}", b"* 1 FETCH (FLAGS ())\r\na OK done\r\n{5}\r\n+ go\r\n)\r\n", 19)
    yield message(b"private headers", number=20, extra=b"Status: RO\r\nX-Status: F\r\nX-Keywords: a b\r\n"
                  b"X-UID: 12\r\nContent-Length: 3\r\nX-IMAPbase: 1 2\r\n")
    yield message(b"duplicate identity", b"first\r\n", 21)
    yield message(b"duplicate identity", b"second, other length\r\n", 21)
    yield message(b"MIME", b"--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b\r\nContent-Type: application/octet-stream\r\n"
                  b"Content-Transfer-Encoding: base64\r\n\r\n"
                  + base64.encodebytes(random.Random(3).randbytes(1500000)).replace(b"\n", b"\r\n") + b"--b--\r\n", 22,
                  b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n")
    yield message(b"header folded by\r\n tab and\r\n\tspace \r\n  twice", number=23)
    yield message(b"no colon below", number=24, extra=b"this line has no colon\r\n")
    yield b"Message-ID:\r\n <hard25@corpus.example>\r\nsubject:lower case, identity folded\r\n\r\nx\r\n"


# Instants, and as written in zones: before 1970 no Maildir can say it, after 2038 32 bits cannot.
DATES = [(1700000000, 330), (1700000000, -570), (1700000000, 0), (1583020799, 60), (951782400, 0), (86400, 0),
         (1, 0), (500000000, -720), (2147483647, 0), (2524608000, 840)]


def hard_messages():
    """(folder, message, flags, date)"""
    for number, one in enumerate(shapes()):
        yield "INBOX", one, [ALL_FLAGS[number % 5]] if number % 3 else [], 1600000000 + number * 86400
    twin = message(b"byte-identical", b"again\r\n", 50)
    for number in range(3):
        yield "Doubles", twin, [b"\\Seen"], 1600000000
    yield "Doubles", twin, [b"\\Flagged"], 1600000001
    yield "Other/Doubles", twin, [b"\\Seen"], 1600000000
    for number in range(32):
        flags = [flag for bit, flag in enumerate(ALL_FLAGS) if number >> bit & 1]
        yield "Flags", message(b"flags %d" % number, number=100 + number), flags, 1610000000 + number
    for number, keyword in enumerate(KEYWORDS):
        yield "Keywords", message(b"keyword %d" % number, number=200 + number), [keyword], 1620000000 + number
    yield "Keywords", message(b"all keywords", number=220), KEYWORDS + [b"\\Seen"], 1620000100
    for number, date in enumerate(DATES):
        yield "Dates", message(b"date %d" % number, number=300 + number), [], date
    yield "Dates", message(b"no date given", number=320), [], None


def bulk_messages(count, seed):
    """(folder, message, flags, date): small ones; every 10th is a double, some share or lack a Message-ID."""
    dice = random.Random(seed)
    folders = ["INBOX", "Sent", "Archive/2024", "Gr\u00fc\u00dfe"]
    before = None
    for number in range(count):
        if before is None or number % 10 != 9:
            identity = None if number % 25 == 24 else 7 if number % 30 == 8 else 1000 + number
            body = b"".join(b"%d %d\r\n" % (number, dice.getrandbits(64)) for _ in range(dice.randrange(1, 120)))
            flags = [flag for flag in ALL_FLAGS[:4] if dice.random() < 0.3]
            before = (folders[number % 4], message(b"bulk %d" % number, body, identity),
                      flags + ([b"$Forwarded"] if number % 9 == 0 else []), 1650000000 + number * 60)
        yield before

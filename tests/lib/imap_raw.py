# SPDX-License-Identifier: LGPL-2.1-or-later
"""A small IMAP client for tests, independent of mailhaul: looks at accounts and fills them.

An endpoint is imap:HOST:PORT:USER:PASSWORD or maildir:PATH (Maildir++).
"""
import base64
import calendar
import collections
import hashlib
import os
import re
import socket

MONTHS = {m: i + 1 for i, m in enumerate(b"Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split())}
DATE = re.compile(rb" ?(\d+)-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-])(\d\d)(\d\d)$")
SPECIAL = {b"\\drafts", b"\\junk", b"\\trash", b"\\sent", b"\\archive"}
LETTERS = {"S": b"\\seen", "R": b"\\answered", "F": b"\\flagged", "D": b"\\draft", "T": b"\\deleted"}
SECONDS = 60  # for one answer


class Refused(Exception):
    """The server answered NO or BAD."""


class Literal(bytes):
    """A string that came or goes as a literal."""


def instant(text):
    """INTERNALDATE as seconds of Unix time."""
    day, month, year, hour, minute, second, sign, zone_h, zone_m = DATE.match(text).groups()
    offset = (int(zone_h) * 60 + int(zone_m)) * 60 * (-1 if sign == b"-" else 1)
    return calendar.timegm((int(year), MONTHS[month], int(day), int(hour), int(minute), int(second))) - offset


def digest(body):
    """Of a message whose line ends are CRLF and whose last line ends."""
    body = re.sub(rb"\r*\n", b"\r\n", body)
    if body and not body.endswith(b"\n"):
        body += b"\r\n"
    return hashlib.sha256(body).hexdigest()[:24]


def utf7_encode(name):
    out, run = [], []

    def flush():
        if run:
            packed = base64.b64encode("".join(run).encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
            out.append(b"&" + packed + b"-")
            run.clear()
    for char in name:
        if " " <= char <= "~":
            flush()
            out.append(b"&-" if char == "&" else char.encode())
        else:
            run.append(char)
    flush()
    return b"".join(out)


def utf7_decode(raw):
    def one(match):
        text = match.group(1)
        if not text:
            return "&"
        packed = text.replace(b",", b"/")
        return base64.b64decode(packed + b"=" * (-len(packed) % 4)).decode("utf-16-be", errors="replace")
    parts, at = [], 0
    for match in re.finditer(rb"&([A-Za-z0-9+,]*)-", raw):
        parts += [raw[at:match.start()].decode("utf-8", errors="replace"), one(match)]
        at = match.end()
    return "".join(parts) + raw[at:].decode("utf-8", errors="replace")


def parse(chunks):
    """A response as nested lists; chunks are bytes, and Literal where one stood."""
    stack = [[]]
    for chunk in chunks:
        if isinstance(chunk, Literal):
            stack[-1].append(chunk)
            continue
        for match in re.finditer(rb'"((?:[^"\\]|\\.)*)"|([()])|([^\s()"]+)', chunk):
            quoted, bracket, atom = match.groups()
            if quoted is not None:
                stack[-1].append(re.sub(rb"\\(.)", rb"\1", quoted))
            elif bracket == b"(":
                stack.append([])
            elif bracket:
                if len(stack) > 1:
                    done = stack.pop()
                    stack[-1].append(done)
            else:
                stack[-1].append(atom)
    return stack[0]


class Link:
    def __init__(self, endpoint):
        _, host, port, user, password = endpoint.split(":", 4)
        self.socket = socket.create_connection((host, int(port)), SECONDS)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.file = self.socket.makefile("rb", 1 << 20)
        self.file.readline()
        self.command(b"LOGIN", user.encode(), password.encode())
        self.capability = {w.upper() for r in self.command(b"CAPABILITY") for w in r[2:]}
        self.prefix, self.separator = self._namespace()

    def close(self):
        self.file.close()
        self.socket.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _response(self):
        chunks = []
        while True:
            line = self.file.readline()
            if not line.endswith(b"\n"):
                raise ConnectionError("the server hung up")
            match = re.search(rb"~?\{(\d+)\+?\}\r\n$", line)
            if not match:
                return chunks + [line]
            chunks += [line[:match.start()], Literal(self.file.read(int(match.group(1))))]

    def answers(self, tag):
        """Raises Refused, or returns the untagged responses before the tagged one."""
        found = []
        while True:
            chunks = self._response()
            if chunks[0].startswith(tag + b" "):
                if not chunks[0][len(tag) + 1:].upper().startswith(b"OK"):
                    raise Refused(chunks[0].decode(errors="replace").strip())
                return found
            found.append(parse(chunks))

    def send_command(self, tag, word, arguments):
        """A Literal goes as one, other bytes quoted, lists as they are."""
        line = tag + b" " + word
        for argument in arguments:
            if isinstance(argument, Literal):
                self.socket.sendall(line + b" {%d}\r\n" % len(argument))
                answer = self.file.readline()
                while answer.startswith(b"* "):
                    answer = self.file.readline()
                if not answer.startswith(b"+"):
                    raise Refused(answer.decode(errors="replace").strip())
                line = argument
            elif isinstance(argument, list):
                line += b" " + b" ".join(argument)
            else:
                line += b' "' + re.sub(rb'(["\\])', rb"\\\1", argument) + b'"'
        self.socket.sendall(line + b"\r\n")

    def command(self, word, *arguments):
        self.send_command(b"a", word, arguments)
        return self.answers(b"a")

    def _namespace(self):
        try:
            personal = next(r[2][0] for r in self.command(b"NAMESPACE") if r[1] == b"NAMESPACE")
            if personal[1] != b"NIL":
                return personal[0], personal[1]
        except (Refused, StopIteration, IndexError, TypeError):
            pass
        return b"", b"/"

    def path_of(self, raw, separator):
        """UTF-8, / between names, / and % in names escaped; without the namespace's prefix."""
        if raw.upper() == b"INBOX":
            return "INBOX"
        if self.prefix and raw.startswith(self.prefix):
            raw = raw[len(self.prefix):]
        names = [raw] if separator == b"NIL" else raw.split(separator)
        names = [utf7_decode(name).replace("%", "%25").replace("/", "%2F") for name in names]
        if names[0].upper() == "INBOX":
            names[0] = "INBOX"
        return "/".join(names)

    def name_of(self, path):
        if path == "INBOX":
            return b"INBOX"
        names = [utf7_encode(re.sub("%2F", "/", name, flags=re.I).replace("%25", "%")) for name in path.split("/")]
        return self.prefix + self.separator.join(names)

    def folders(self):
        """path → (raw name, attributes)"""
        found = {}
        for row in self.command(b"LIST", b"", b"*"):
            if row[1] != b"LIST":
                continue
            path = self.path_of(row[4], row[3])
            if path != "INBOX" or row[4].upper() == b"INBOX":  # INBOX.INBOX is a mere parent of INBOX.INBOX.child
                found[path] = (row[4], {word.lower() for word in row[2]})
        return found

    def subscribed(self):
        return {self.path_of(row[4], row[3]) for row in self.command(b"LSUB", b"", b"*")
                if row[1] == b"LSUB" and b"\\noselect" not in {word.lower() for word in row[2]}}

    def messages(self, raw):
        """(uid, digest, flags, keywords, instant, subject) of each message of a folder."""
        return next(self.messages_of([raw]))

    def messages_of(self, names):
        """The same for each of many folders; asks for all of them at once."""
        for raw in names:
            self.send_command(b"e", b"EXAMINE", (raw,))
            self.send_command(b"f", b"UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])", ())
        return map(self._messages, names)

    def _messages(self, raw):
        exists = 0
        for row in self.answers(b"e"):
            if row[2:3] == [b"EXISTS"]:
                exists = int(row[1])
        found = []
        try:
            rows = self.answers(b"f")
        except Refused:
            if exists:
                raise
            rows = []
        for row in rows:
            if row[2:3] != [b"FETCH"] or len(row) < 4 or b"BODY[]" not in row[3]:
                continue
            items = dict(zip(row[3][::2], row[3][1::2]))
            body = items[b"BODY[]"]
            flags = {word if word[:1] != b"\\" else word.lower() for word in items[b"FLAGS"]} - {b"\\recent"}
            subject = re.search(rb"^subject: *([^\r\n]*)", body, re.I | re.M)
            found.append((int(items[b"UID"]), digest(body), frozenset(f for f in flags if f[:1] == b"\\"),
                          frozenset(f.lower() for f in flags if f[:1] != b"\\"), instant(items[b"INTERNALDATE"]),
                          subject.group(1)[:80].decode(errors="replace") if subject else ""))
        if len(found) != exists:
            raise Refused(f"{raw!r}: {exists} messages, {len(found)} answers")
        return found


# What lies in one folder: messages is a Counter of (digest, flags, keywords, instant), subjects names digests.
Folder = collections.namedtuple("Folder", "messages subjects subscribed special")


def read_imap(endpoint):
    with Link(endpoint) as link:
        subscribed = link.subscribed()
        folders = {path: folder for path, folder in link.folders().items()
                   if not folder[1] & {b"\\noselect", b"\\nonexistent"}}
        account = {}
        for path, rows in zip(folders, link.messages_of([raw for raw, _ in folders.values()])):
            account[path] = Folder(collections.Counter(row[1:5] for row in rows), {row[1]: row[5] for row in rows},
                                   path in subscribed, folders[path][1] & SPECIAL)
        return account


def read_keywords(folder):
    try:
        with open(os.path.join(folder, "dovecot-keywords"), "rb") as file:
            return {chr(97 + int(number)): word.lower() for number, word in
                    (line.split() for line in file.read().splitlines())}
    except OSError:
        return {}


def read_maildir(root):
    account = {}
    for entry in ["."] + sorted(os.listdir(root)):
        folder = os.path.join(root, entry)
        if not os.path.isdir(os.path.join(folder, "cur")):
            continue
        path = "INBOX" if entry == "." else "/".join(
            utf7_decode(name.encode("utf-8", "surrogateescape")).replace("%", "%25").replace("/", "%2F")
            for name in entry[1:].split("."))
        words = read_keywords(folder)
        messages, subjects = collections.Counter(), {}
        for part in ("cur", "new"):
            for file in os.scandir(os.path.join(folder, part)):
                letters = file.name.rsplit(":2,", 1)[1] if ":2," in file.name else ""
                with open(file.path, "rb") as data:
                    body = data.read()
                keywords = {words[letter] for letter in letters if letter in words}
                keywords |= {b"$forwarded"} if "P" in letters else set()
                messages[(digest(body), frozenset(LETTERS[x] for x in letters if x in LETTERS), frozenset(keywords),
                          int(file.stat().st_mtime))] += 1
                subject = re.search(rb"^subject: *([^\r\n]*)", body, re.I | re.M)
                subjects[digest(body)] = subject.group(1)[:80].decode(errors="replace") if subject else ""
        account[path] = Folder(messages, subjects, None, set())
    return account


def read_account(endpoint):
    kind, _, rest = endpoint.partition(":")
    return read_maildir(rest) if kind == "maildir" else read_imap(endpoint)

# SPDX-License-Identifier: LGPL-2.1-or-later
"""Accounts of a real server for scenario-test: fills them, changes them, says what lies in them. The other end is
imap-side.c: one request a line, its words between tabs; rows come back, then `ok`, or `error` and why.

    account                                         a new account: its name
    folder USER PATH subscribed|- USE|-             makes it if it is not there
    message USER PATH COUNT DATE FLAGS KEYWORDS BODY    the body as base64, flags and keywords with ',' between
    remove USER PATH DIGEST COUNT                   the oldest first
    set USER PATH DIGEST FLAGS KEYWORDS
    renumber|delete-folder USER PATH
    rename-folder USER PATH TO
    read USER                                       rows `folder PATH subscribed|- STATUS` and
                                                    `message PATH UID DIGEST FLAGS KEYWORDS DATE`
"""
import base64
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib"))
# pylint: disable=wrong-import-position
from imap_raw import Link, Literal, Refused, digest, instant  # noqa: E402
from servers_base import PASSWORD, run  # noqa: E402

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
# UIDVALIDITYs that renumber() gives: the hour makes them greater than those of the server.
VALIDITY_STEP = 3600


def date_text(seconds):
    when = time.gmtime(seconds)
    return (f"{when.tm_mday:02}-{MONTHS[when.tm_mon - 1]}-{when.tm_year:04} "
            f"{when.tm_hour:02}:{when.tm_min:02}:{when.tm_sec:02} +0000").encode()


def words(flags, keywords):
    return [b"\\" + word.encode() for word in flags.split(",") if word] + \
        [word.encode() for word in keywords.split(",") if word]


class Side:
    """@accounts gives names that nobody has used; @configuration is Dovecot's, or None."""

    def __init__(self, port, accounts, configuration):
        self.port, self.accounts, self.configuration = port, accounts, configuration
        self.links = {}
        self.steps = 0

    def _link(self, user):
        if user not in self.links:
            self.links[user] = Link(f"imap:127.0.0.1:{self.port}:{user}:{PASSWORD}")
        return self.links[user]

    def close(self):
        for link in self.links.values():
            link.close()
        self.links = {}

    def _select(self, user, path):
        link = self._link(user)
        link.command(b"SELECT", link.name_of(path))
        return link

    @staticmethod
    def _leave(link, name):
        """No folder is open: new mail in it would be \\Recent to us and nobody else. CLOSE after EXAMINE expunges nothing."""
        link.command(b"EXAMINE", name)
        link.command(b"CLOSE")

    def _messages(self, link, wanted):
        """UIDs of the messages of a content, the oldest first."""
        rows = self._rows(link.command(b"UID FETCH 1:* (BODY.PEEK[])"))
        return sorted(int(row[b"UID"]) for row in rows if digest(row[b"BODY[]"]) == wanted)

    @staticmethod
    def _rows(answers):
        rows = [dict(zip(row[3][::2], row[3][1::2])) for row in answers if row[2:3] == [b"FETCH"]]
        return [row for row in rows if b"BODY[]" in row]

    @staticmethod
    def _uids(uids):
        return ",".join(map(str, uids)).encode()

    # ---- requests ----

    def account(self):
        self.close()  # of the scenario before
        yield next(self.accounts)

    def folder(self, user, path, subscribed, use):
        link = self._link(user)
        name = link.name_of(path)
        there = link.folders()
        if path not in there or there[path][1] & {b"\\noselect", b"\\nonexistent"}:
            extra = [[b"(USE (\\" + use.encode() + b"))"]] if use != "-" and b"CREATE-SPECIAL-USE" in link.capability else []
            link.command(b"CREATE", name, *extra)
        if use != "-" and b"\\" + use.encode() not in link.folders()[path][1]:
            raise Refused(f"the server has no special use for '{path}'")
        if subscribed != "-":
            link.command(b"SUBSCRIBE", name)
        return ()

    def message(self, user, path, count, date, flags, keywords, body):
        link = self._link(user)
        for _ in range(int(count)):
            link.command(b"APPEND", link.name_of(path), [b"(" + b" ".join(words(flags, keywords)) + b")"],
                         date_text(int(date)), Literal(base64.b64decode(body)))
        return ()

    def remove(self, user, path, content, count):
        link = self._select(user, path)
        uids = self._messages(link, content)[:int(count)]
        if not uids:
            raise Refused("there is no such message")
        link.command(b"UID STORE " + self._uids(uids) + b" +FLAGS.SILENT (\\Deleted)")
        if b"UIDPLUS" in link.capability:
            link.command(b"UID EXPUNGE " + self._uids(uids))
        else:
            link.command(b"EXPUNGE")
        self._leave(link, link.name_of(path))
        return ()

    def set(self, user, path, content, flags, keywords):
        link = self._select(user, path)
        uids = self._messages(link, content)
        if not uids:
            raise Refused("there is no such message")
        link.command(b"UID STORE " + self._uids(uids) + b" FLAGS.SILENT", [b"(" + b" ".join(words(flags, keywords)) + b")"])
        self._leave(link, link.name_of(path))
        return ()

    def renumber(self, user, path):
        """A new UIDVALIDITY; the UIDs stay."""
        if self.configuration is None:
            raise Refused("this server's UIDVALIDITY cannot be changed from outside")
        self.close()
        self.steps += 1
        link = self._link(user)
        name = link.name_of(path).decode()
        self.close()
        run("doveadm", "-c", self.configuration, "mailbox", "update", "-u", user, "--uid-validity",
            str(int(time.time()) + self.steps * VALIDITY_STEP), name)
        return ()

    def delete_folder(self, user, path):
        link = self._link(user)
        link.command(b"DELETE", link.name_of(path))
        return ()

    def rename_folder(self, user, path, to):
        link = self._link(user)
        link.command(b"RENAME", link.name_of(path), link.name_of(to))
        return ()

    def read(self, user):
        link = self._link(user)
        subscribed = link.subscribed()
        for path, (name, attributes) in link.folders().items():
            if attributes & {b"\\noselect", b"\\nonexistent"}:
                continue
            status = link.command(b"STATUS", name, [b"(MESSAGES RECENT UIDNEXT UIDVALIDITY)"])
            numbers = b" ".join(next(row[3] for row in status if row[1] == b"STATUS")).decode()
            if " UIDNEXT 1 " in f" {numbers} ":  # Courier writes no UIDVALIDITY down before the first message
                numbers = "nothing was ever there"
            yield "\t".join(("folder", path, "subscribed" if path in subscribed else "-", numbers))
            yield from self._read_folder(link, path, name)

    def _read_folder(self, link, path, name):
        link.command(b"EXAMINE", name)
        try:
            rows = self._rows(link.command(b"UID FETCH 1:* (FLAGS INTERNALDATE BODY.PEEK[])"))
        except Refused:  # of an empty folder
            rows = []
        for row in rows:
            flags = {word.decode() for word in row[b"FLAGS"]}
            yield "\t".join(("message", path, row[b"UID"].decode(), digest(row[b"BODY[]"]),
                             ",".join(sorted(word[1:].lower() for word in flags if word[0] == "\\" and word != "\\Recent")),
                             ",".join(sorted(word for word in flags if word[0] != "\\")), str(instant(row[b"INTERNALDATE"]))))
        link.command(b"CLOSE")

    def serve(self, reader, writer):
        """Until the other end closes."""
        requests = {"account": self.account, "folder": self.folder, "message": self.message, "remove": self.remove,
                    "set": self.set, "renumber": self.renumber, "delete-folder": self.delete_folder,
                    "rename-folder": self.rename_folder, "read": self.read}
        for line in reader:
            word, *arguments = line.rstrip("\n").split("\t")
            try:
                rows = list(requests[word](*arguments))
                rows.append("ok")
            except Exception as error:  # pylint: disable=broad-except
                rows = ["error\t" + f"{type(error).__name__}: {error}".replace("\n", " ").replace("\t", " ")]
            writer.write("\n".join(rows) + "\n")
            writer.flush()
        self.close()

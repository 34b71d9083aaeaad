#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Deletions by the program between real servers: what docs/deletions.md promises, from a Dovecot to each kind of server.
After each run that did something another has nothing to do.
"""
import contextlib
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.environ["MAILHAUL_SERVERS"]))
# pylint: disable=wrong-import-position
from imap_raw import Link, Literal  # noqa: E402
from trial import TOKENS, Failed, Server, Tap, report, run  # noqa: E402

TARGETS = {"dovecot": "anyone=yes,separator=.", "cyrus": "users=30", "courier": "users=30"}
REFUSED = 8
# Killed at so many points of a run, with more messages than one batch of deletions has.
KILL_PLACES = 5
KILL_MESSAGES = 103
# What a run that has nothing to do counts none of.
DEEDS = ("copied", "matched", "failed", "flags-updated", "deleted", "source-deleted")
JOB = """<?xml version="1.0" encoding="UTF-8"?>
<job xmlns="urn:mailhaul:job:1" name="deletions">
  <source><imap host="127.0.0.1" port="{source}" user="{user}" password-env="MAILHAUL_SOURCE_PASSWORD" tls="none"/></source>
  <destination><imap host="127.0.0.1" port="{target}" user="{name}" password-env="MAILHAUL_DESTINATION_PASSWORD"
    tls="none"/></destination>
  <sync {rules}/>
  <state directory="state"/>
</job>
"""


class World:
    def __init__(self, stack, folder):
        self.stack, self.folder, self.servers, self.number, self.users = stack, folder, {}, 0, {}
        self.source = self.server("dovecot,anyone=yes")

    def server(self, words):
        if words not in self.servers:
            kind, _, options = words.partition(",")
            self.servers[words] = Server(kind, options)
            self.stack.callback(self.servers[words].stop)
        return self.servers[words]


class Side:
    """One account, changed and looked at as by its user."""

    def __init__(self, endpoint):
        self.endpoint = endpoint

    def put(self, path, *names, size=0):
        with Link(self.endpoint) as link:
            if path not in link.folders():
                link.command(b"CREATE", link.name_of(path))
            for name in names:
                text = (f"From: a@x.example\r\nSubject: {name}\r\nMessage-ID: <{name}@x.example>\r\n\r\n"
                        f"The text of {name}.\r\n" + "and so on, and so on\r\n" * (size // 22))
                link.command(b"APPEND", link.name_of(path), b"01-Feb-2024 10:00:00 +0000", Literal(text.encode()))

    def _on(self, path, name, *commands):
        with Link(self.endpoint) as link:
            raw = link.name_of(path)
            uids = [row[0] for row in link.messages(raw) if row[5] == name]
            link.command(b"SELECT", raw)
            for uid in uids[:1]:
                for word, tail in commands:
                    link.command(word, [b"%d" % uid + tail(link)])
            if not uids:
                raise Failed(f"no {name} in {path}")

    def drop(self, path, *names):
        with Link(self.endpoint) as link:
            raw = link.name_of(path)
            uids = b",".join(b"%d" % row[0] for row in link.messages(raw) if row[5] in names)
            link.command(b"SELECT", raw)
            link.command(b"UID STORE", [uids + b" +FLAGS (\\Deleted)"])
            link.command(b"UID EXPUNGE", [uids])

    def mark(self, path, name, flag):
        self._on(path, name, (b"UID STORE", lambda _: b" +FLAGS (" + flag + b")"))

    def move(self, path, name, to):
        self._on(path, name, (b"UID MOVE", lambda link: b' "' + link.name_of(to) + b'"'))

    def delete(self, path):
        with Link(self.endpoint) as link:
            link.command(b"DELETE", link.name_of(path))

    def has(self, path):
        with Link(self.endpoint) as link:
            return any(found == path and not row[1] & {b"\\noselect", b"\\nonexistent"}
                       for found, row in link.folders().items())

    def see(self, **options):
        """path → sorted subjects of folders that have messages; with uids=True (uid, subject, flags)."""
        with Link(self.endpoint) as link:
            folders = {path: row[0] for path, row in link.folders().items()
                       if not row[1] & {b"\\noselect", b"\\nonexistent"}}
            found = {path: sorted((row[0], row[5], sorted(row[2])) if options else row[5] for row in rows)
                     for path, rows in zip(folders, link.messages_of(folders.values()))}
        return {path: rows for path, rows in found.items() if rows}


class Pair:
    """An account of the source and one of the target, both new."""

    def __init__(self, world, words):
        self.world, self.words = world, words
        world.number += 1
        world.users[words] = world.users.get(words, 0) + 1
        self.server = world.server(words)
        self.user = f"s{world.number}"
        self.name = f"u{world.users[words]}"
        self.source = Side(world.source.endpoint(self.user))
        self.target = Side(self.server.endpoint(self.name))
        self.folder = os.path.join(world.folder, self.user)
        os.mkdir(self.folder)
        self.report = os.path.join(self.folder, "report.json")
        self.text, self.steps = "", 0

    def call(self, verb, rules, orders=None):
        job = os.path.join(self.folder, "job.xml")
        with open(job, "w", encoding="utf-8") as file:
            file.write(JOB.format(source=self.world.source.port, target=self.server.port, user=self.user,
                                  name=self.name, rules=rules))
        done = run([verb, job, "--report", self.report, "--progress", "none"], orders=orders)
        self.text, self.steps = done.text, done.steps
        return done.status

    def counts(self):
        return report(self.report)["accounts"][0]["messages"]

    def sync(self, rules, status=0, **counts):
        """A run; then, if it was to end well, another that has nothing to do."""
        plan = self.plan(rules) if status == 0 and self.server.kind == "dovecot" else None
        found = self.call("run", rules)
        if plan is not None and plan != {name: self.counts()[name] for name in plan}:
            raise Failed(f"{rules}: the plan says {plan}, the run does {self.counts()}\n{self.text}")
        if found != status:
            raise Failed(f"{rules}: exit code {found}, not {status}\n{self.text}")
        self._count(rules, counts)
        if status == 0:
            self.rest(rules)

    def plan(self, rules):
        """What a plan says of deletions; it makes none."""
        before = self.source.see(uids=True), self.target.see(uids=True)
        status = self.call("plan", rules)
        if status != 0 or (self.source.see(uids=True), self.target.see(uids=True)) != before:
            raise Failed(f"{rules}: a plan does something, exit code {status}\n{self.text}")
        return {name: self.counts()[name] for name in ("deleted", "source-deleted", "kept-changed")}

    def rest(self, rules):
        before = self.source.see(uids=True), self.target.see(uids=True)
        found = self.call("run", rules)
        counts = self.counts()
        if found != 0 or any(counts[name] for name in DEEDS):
            raise Failed(f"{rules}: the second run has something to do, exit code {found}: {counts}\n{self.text}")
        if (self.source.see(uids=True), self.target.see(uids=True)) != before:
            raise Failed(f"{rules}: the second run changes something\n{self.text}")

    def _count(self, rules, counts):
        found = self.counts()
        for name, number in counts.items():
            if found[name.replace("_", "-")] != number:
                raise Failed(f"{rules}: {name} is {found[name.replace('_', '-')]}, not {number}\n{self.text}")

    def expect(self, side, **folders):
        found, wanted = side.see(), {path.replace("__", "/"): sorted(names) for path, names in folders.items() if names}
        if found != wanted:
            raise Failed(f"there is {found}, not {wanted}\n{self.text}")

    def says(self, pattern):
        if not re.search(pattern, self.text):
            raise Failed(f"it does not say '{pattern}'\n{self.text}")

    def journal(self):
        done = subprocess.run([os.environ["MAILHAUL_PROGRAM"], "status", os.path.join(self.folder, "job.xml"),
                               "--format=json"], stdout=subprocess.PIPE, check=False)
        try:
            return json.loads(done.stdout)[0]["deletions"]
        except (ValueError, KeyError, IndexError) as error:
            raise Failed(f"status: {error}: {done.stdout[:800]}") from None


# ---- what is deleted at the destination ----

def delivered(world, words):
    pair, rules = Pair(world, words), 'deletions="delivered"'
    pair.source.put("INBOX", "stays", "goes", "flagged", "seen-at-both")
    pair.source.put("Work", "one", "two")
    pair.target.put("INBOX", "theirs")
    pair.sync(rules, copied=6, deleted=0)
    pair.target.mark("INBOX", "flagged", b"\\Flagged")
    pair.source.drop("INBOX", "goes", "flagged")
    pair.source.drop("Work", "one", "two")
    pair.sync(rules, deleted=3, kept_changed=1, copied=0)
    pair.expect(pair.target, INBOX=["stays", "flagged", "seen-at-both", "theirs"])
    if not pair.target.has("Work"):
        raise Failed("the emptied folder is gone")
    entries = pair.journal()
    told = sorted((entry["subject"], entry["reason"], entry["state"]) for entry in entries)
    if told != [(name, "delivered", "done") for name in ("goes", "one", "two")]:
        raise Failed(f"the journal has {entries}")


def delivered_folder(world, words):
    """The whole folder goes at the source; what the user deleted at the destination does not come back."""
    pair, rules = Pair(world, words), 'deletions="delivered"'
    pair.source.put("INBOX", "a", "b")
    pair.source.put("Old", "c", "d")
    pair.sync(rules, copied=4)
    pair.target.put("Old", "theirs")
    pair.target.drop("INBOX", "a")
    pair.source.delete("Old")
    pair.sync(rules, deleted=2, removed_at_destination=1)
    pair.expect(pair.target, INBOX=["b"], Old=["theirs"])


def moved(world, words):
    pair, rules = Pair(world, words), 'deletions="delivered"'
    pair.source.put("INBOX", "stays", "filed", "twice")
    pair.source.put("Work", "there")
    pair.sync(rules, copied=4)
    pair.target.mark("INBOX", "filed", b"\\Flagged")
    pair.source.move("INBOX", "filed", "Work")
    pair.sync(rules, copied=0, deleted=0)
    pair.expect(pair.target, INBOX=["stays", "twice"], Work=["there", "filed"])
    if not any(row[1] == "filed" and "\\flagged" in str(row[2]) for row in pair.target.see(uids=True)["Work"]):
        raise Failed("the moved message lost its flag")
    pair.source.move("Work", "filed", "INBOX")
    pair.source.drop("INBOX", "twice")
    pair.sync(rules, copied=0, deleted=1)
    pair.expect(pair.target, INBOX=["stays", "filed"], Work=["there"])


def empty_source(world, words):
    pair, rules = Pair(world, words), 'deletions="delivered"'
    pair.source.put("INBOX", "a", "b")
    pair.sync(rules, copied=2)
    pair.source.drop("INBOX", "a", "b")
    pair.sync(rules, status=REFUSED, deleted=0)
    pair.says("holds no message at all")
    pair.expect(pair.target, INBOX=["a", "b"])
    pair.sync(rules + ' allow-empty-source="true"', deleted=2)
    pair.expect(pair.target)


def mirror(world, words):
    pair, rules = Pair(world, words), 'deletions="mirror"'
    pair.source.put("INBOX", "a", "b", "c")
    pair.source.put("Old", "d")
    pair.source.put("Old/Deep", "e")
    pair.source.put("Work", "f")
    pair.sync(rules, copied=6)
    pair.source.drop("INBOX", "a", "b")
    pair.source.delete("Old/Deep")
    pair.source.delete("Old")
    pair.sync(rules + ' max-deletions="3"', status=REFUSED, deleted=0)
    pair.says("max-deletions=3")
    pair.sync(rules + ' max-deletions="10%"', status=REFUSED, deleted=0)
    pair.target.put("INBOX", "theirs")
    pair.sync(rules, status=REFUSED, deleted=0)
    pair.says("allow-foreign-deletions")
    pair.expect(pair.target, INBOX=["a", "b", "c", "theirs"], Old=["d"], Old__Deep=["e"], Work=["f"])
    pair.sync(rules + ' allow-foreign-deletions="true" max-deletions="5"', deleted=5)
    pair.expect(pair.target, INBOX=["c"], Work=["f"])
    if pair.target.has("Old") or pair.target.has("Old/Deep"):
        raise Failed("a folder that the source no longer has is left")
    pair.source.drop("Work", "f")
    pair.sync(rules, status=REFUSED, deleted=0)
    pair.says("is empty at the source")
    pair.sync(rules + ' allow-empty-source="true"', deleted=1)
    pair.expect(pair.target, INBOX=["c"])


def trash(world, words):
    pair, rules = Pair(world, words), 'deletions="mirror" deletion-mode="trash"'
    pair.source.put("INBOX", "a", "b", "c")
    pair.source.put("Work", "d", "e")
    pair.sync(rules, copied=5)
    pair.source.drop("INBOX", "a", "b")
    pair.source.drop("Work", "d")
    pair.sync(rules, deleted=3)
    pair.expect(pair.target, INBOX=["c"], Work=["e"], Trash=["a", "b", "d"])


# ---- what the source gives up ----

def take(world, words):
    pair, rules = Pair(world, words), 'source-after-copy="delete"'
    pair.source.put("INBOX", "a", "b", "c")
    pair.source.put("Work", "d")
    pair.sync('source-after-copy="keep"', copied=4)
    pair.target.drop("INBOX", "b")
    pair.source.put("Work", "e")
    pair.sync(rules, copied=1, source_deleted=4)
    pair.expect(pair.source, INBOX=["b"])
    pair.expect(pair.target, INBOX=["a", "c"], Work=["d", "e"])
    # What was taken from the source was not deleted there.
    pair.sync('deletions="delivered"', deleted=0)
    pair.expect(pair.target, INBOX=["a", "c"], Work=["d", "e"])


def take_to(world, words):
    pair, rules = Pair(world, words), 'source-after-copy="move-to:Done/Copied"'
    pair.source.put("INBOX", "a", "b")
    pair.source.put("Work", "c")
    pair.sync(rules, copied=3, source_deleted=3)
    pair.expect(pair.source, Done__Copied=["a", "b", "c"])
    pair.expect(pair.target, INBOX=["a", "b"], Work=["c"])
    pair.source.put("Work", "d")
    pair.sync(rules, copied=1, source_deleted=1)
    pair.expect(pair.source, Done__Copied=["a", "b", "c", "d"])
    if pair.target.has("Done/Copied"):
        raise Failed("the folder of what is done was copied")


# ---- killed in between ----

def killed(world, rules, at):
    """SIGKILL before the at-th call that has an effect; 0: not at all. Returns how many such calls there were."""
    pair, takes = Pair(world, "dovecot," + TARGETS["dovecot"]), rules.startswith("source-after-copy")
    names = [f"m{number}" for number in range(KILL_MESSAGES)]
    pair.source.put("INBOX", "stays", *names)
    pair.sync('source-after-copy="keep"', copied=KILL_MESSAGES + 1)
    if not takes:
        pair.source.drop("INBOX", *names)
        pair.target.put("INBOX", "theirs")
    status = pair.call("run", rules, orders=b"." * (at - 1) + b"k" if at else b"." * TOKENS)
    if status != (-9 if at else 0):
        raise Failed(f"killed at step {at}: exit code {status}\n{pair.text}")
    steps = pair.steps
    pair.sync(rules)
    pair.expect(pair.source, INBOX=[] if takes else ["stays"])
    pair.expect(pair.target, INBOX=["stays", *names] if takes else ["stays", "theirs"])
    entries = pair.journal()
    if any(entry["state"] == "intended" for entry in entries):
        raise Failed(f"killed at step {at}: the journal has an entry without an end: {entries}")
    return steps


def kill_everywhere(world, rules, tap):
    steps = killed(world, rules, 0)
    places = range(steps // KILL_PLACES, steps, steps // KILL_PLACES)
    for at in places:
        killed(world, rules, at)
    tap.say(f"killed at {[*places]} of {steps} steps")


# ---- when nothing is deleted ----

def failed_folder(world, words):
    """A message does not fit: what else went at the source waits for a run in which all goes well."""
    pair, rules = Pair(world, words), 'deletions="delivered"'
    pair.source.put("INBOX", "a", "b")
    pair.source.put("Work", "c", "d")
    pair.sync(rules, copied=4)
    pair.source.drop("INBOX", "a")
    pair.source.put("Work", "big", size=400_000)
    if pair.call("run", rules) == 0 or pair.counts()["deleted"]:
        raise Failed(f"deleted all the same: {pair.counts()}\n{pair.text}")
    pair.says("nothing was deleted")
    pair.expect(pair.target, INBOX=["a", "b"], Work=["c", "d"])
    pair.source.drop("Work", "big")
    pair.sync(rules, deleted=1)
    pair.expect(pair.target, INBOX=["b"], Work=["c", "d"])


def no_uidplus(world, words):
    """Who marks a message for deletion at such a server must not lose it to us."""
    pair, rules = Pair(world, words), 'deletions="delivered"'
    pair.source.put("INBOX", "a", "b")
    pair.target.put("INBOX", "theirs")
    pair.target.mark("INBOX", "theirs", b"\\Deleted")
    pair.sync(rules, copied=2)
    pair.source.drop("INBOX", "a")
    pair.sync(rules, status=REFUSED, deleted=0)
    pair.says("UIDPLUS")
    pair.expect(pair.target, INBOX=["a", "b", "theirs"])


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="mh-deletions-") as folder, contextlib.ExitStack() as stack:
        world = World(stack, folder)
        for kind, options in TARGETS.items():
            for test in (delivered, delivered_folder, moved, empty_source, mirror, trash, take, take_to):
                if kind == "dovecot" or test not in (empty_source, take_to):
                    tap.check(f"/deletions/{kind}/{test.__name__.replace('_', '-')}", test, world, f"{kind},{options}")
        tap.check("/deletions/refusals/a-failed-folder", failed_folder, world, "dovecot,anyone=yes,quota=300K")
        tap.check("/deletions/refusals/no-uidplus", no_uidplus, world, "dovecot,anyone=yes,mask=UIDPLUS MOVE")
        for rules in ('deletions="delivered"', 'source-after-copy="delete"'):
            tap.check(f"/deletions/killed/{rules.partition('=')[0]}", kill_everywhere, world, rules, tap)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())

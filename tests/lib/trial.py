# SPDX-License-Identifier: LGPL-2.1-or-later
"""What trials of the real program share: servers, a mailbox to copy, runs that are killed, a look at both sides.

Needs MAILHAUL_PROGRAM, MAILHAUL_PLUGIN_PATH, MAILHAUL_SERVERS; MAILHAUL_STEP (tests/lib/step.c) to break at a step.
"""
import collections
import json
import os
import re
import shutil
import subprocess
import sys
import time

import imap_raw
from imap_raw import Link, Literal
from servers_base import PASSWORD

PYTHON = sys.executable
PRIVATE = re.compile(rb"^(?:status|x-status|x-keywords|x-uid|x-imapbase|x-imap|content-length):.*\r?\n(?:[ \t].*\r?\n)*",
                     re.I | re.M)
# A run that is not over by then hangs.
RUN_SECONDS = 120
# Tokens that a pipe holds at least, fewer than which a short run takes.
TOKENS = 60000

Outcome = collections.namedtuple("Outcome", "status text seconds steps")


class Failed(Exception):
    """Not as it should be; the text says what."""


class Skipped(Exception):
    """This machine cannot; the text says why."""


class Server:
    """One of tests/lib/servers."""

    def __init__(self, kind, options=""):
        argument = kind + ("," + options if options else "")
        environment = {k: v for k, v in os.environ.items() if k != "LD_PRELOAD"}
        self.kind, self.facts = kind, {}
        self.process = subprocess.Popen([PYTHON, os.environ["MAILHAUL_SERVERS"], argument], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env=environment, text=True)
        for line in self.process.stdout:
            name, _, value = line.strip().partition("=")
            if name == "ready":
                break
            if name == "missing":
                self.stop()
                raise Skipped(f"{kind} cannot run here: {value}")
            if name == "error":
                self.stop()
                raise Failed(f"{kind}: {value}")
            self.facts[name.rpartition(".")[2]] = value

    @property
    def port(self):
        return int(self.facts["port"])

    def command(self, text):
        """Of tests/lib/servers; returns its answer."""
        self.process.stdin.write(text + "\n")
        self.process.stdin.flush()
        return self.process.stdout.readline().strip()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()

    def endpoint(self, user):
        return f"imap:127.0.0.1:{self.port}:{user}:{PASSWORD}"


def fill(endpoint, *task):
    script = os.path.join(os.path.dirname(os.environ["MAILHAUL_SERVERS"]), "imap-fill.py")
    done = subprocess.run([PYTHON, script, endpoint, *map(str, task)], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          check=False)
    if done.returncode != 0:
        raise Failed(f"imap-fill.py: {done.stdout.decode()}")


def twins():
    """What is hard to tell apart; (flags, message)."""
    same = b"From: a@x.example\r\nSubject: twin\r\nMessage-ID: <twin@x.example>\r\n\r\nthe same bytes\r\n"
    for _ in range(3):
        yield [b"\\Seen"], same
    for number in range(4):  # one identity, one length, other bytes
        yield [], b"From: a@x.example\r\nSubject: shared\r\nMessage-ID: <shared@x.example>\r\n\r\nbody %d\r\n" % number
    for number in range(4):
        yield [b"\\Flagged"], b"From: a@x.example\r\nSubject: nameless\r\n\r\nbody %d\r\n" % (number // 2)
    yield [], b"\r\nneither header nor name\r\n"


def big(number, size):
    line = b"%07d the same line over and over, but for its number\r\n"
    return (b"From: a@x.example\r\nSubject: big %d\r\n\r\n" % number
            + b"".join(line % at for at in range(size // len(line % 0))))


def fill_trial(endpoint, messages, size):
    """The mailbox of a trial: bulk mail, twins, a big message without Message-ID and its double."""
    fill(endpoint, "bulk", messages, 3)
    with Link(endpoint) as link:
        link.command(b"CREATE", link.name_of("Twins"))
        link.command(b"SUBSCRIBE", link.name_of("Twins"))
        for flags, message in twins():
            link.command(b"APPEND", link.name_of("Twins"), [b"(" + b" ".join(flags) + b")"],
                         b"01-Feb-2024 10:00:00 +0000", Literal(message))
        for number in (1, 1, 2):
            link.command(b"APPEND", link.name_of("Sent"), b"02-Feb-2024 10:00:00 +0000", Literal(big(number, size)))


# ---- looking at both sides, without mailhaul ----

def bare_digest(body):
    """Of what an mbox keeps: no private headers, no blank lines at the end."""
    head, blank, rest = body.replace(b"\r\n", b"\n").partition(b"\n\n")
    return exact_digest((PRIVATE.sub(b"", head + b"\n") + blank[1:] + rest).rstrip(b"\n") + b"\n")


exact_digest = imap_raw.digest


def read_mbox(root):
    """path → Counter of (digest, flags); mboxrd."""
    account = collections.defaultdict(collections.Counter)
    letters = {"R": b"\\seen", "A": b"\\answered", "F": b"\\flagged", "T": b"\\draft", "D": b"\\deleted"}
    for folder, _, files in os.walk(root):
        for name in files:
            path = os.path.join(folder, name)
            with open(path, "rb") as file:
                text = file.read()
            if not text.startswith(b"From "):
                continue
            key = re.sub(r"\.sbd(/|$)", r"\1", os.path.relpath(path, root))
            for part in re.split(rb"(?:\A|\n)From .*\n", text)[1:]:
                part = re.sub(rb"^>(>*From )", rb"\1", part, flags=re.M)
                head = part.partition(b"\n\n")[0]
                words = b"".join(re.findall(rb"^(?:X-)?Status: *(.*)$", head, re.M)).decode()
                account[key][(imap_raw.digest(part), frozenset(letters[x] for x in words if x in letters))] += 1
    return account


def plain_names(path):
    return imap_raw.utf7_decode(path.encode("utf-8", "surrogateescape")) if "&" in path else path


def look(endpoint):
    """path → Counter of what can be told of messages there."""
    kind, _, rest = endpoint.partition(":")
    if kind == "mbox":
        imap_raw.digest = bare_digest
        found = {plain_names(path).replace("inbox", "INBOX"): messages for path, messages in read_mbox(rest).items()}
    else:
        found = {path: folder.messages for path, folder in imap_raw.read_account(endpoint).items()}
    imap_raw.digest = exact_digest
    return {path: messages for path, messages in found.items() if messages}


def look_bare(endpoint):
    """The same of a source whose copy is an mbox."""
    imap_raw.digest = bare_digest
    account = imap_raw.read_account(endpoint)
    imap_raw.digest = exact_digest
    found = {}
    for path, folder in account.items():
        for key, count in folder.messages.items():
            found.setdefault(path, collections.Counter())[key[:2]] += count
    return found


def differences(expected, found):
    """(lost, doubled or strange, the first few as text)"""
    lost = extra = 0
    text = []
    for path in sorted(expected.keys() | found.keys()):
        one, two = expected.get(path, collections.Counter()), found.get(path, collections.Counter())
        for key in (one - two):
            lost += (one - two)[key]
            text.append(f"lost in {path}: {key}")
        for key in (two - one):
            extra += (two - one)[key]
            text.append(f"surplus in {path}: {key}")
    return lost, extra, text[:6]


# ---- runs ----

class Orders:
    """A pipe with orders for tests/lib/step.c; count() says how many were taken."""

    def __init__(self, orders):
        self.read, write = os.pipe()
        self.given = os.write(write, orders)
        os.close(write)

    def count(self):
        taken = self.given
        while data := os.read(self.read, 1 << 16):
            taken -= len(data)
        os.close(self.read)
        return taken


def run(arguments, kill_after=None, orders=None, kinds=None, directory=None):
    """The program; killed after so many seconds, or as the orders say. status -9: it was killed."""
    environment = dict(os.environ, MAILHAUL_SOURCE_PASSWORD=PASSWORD, MAILHAUL_DESTINATION_PASSWORD=PASSWORD)
    pipe = None
    passed = ()
    if orders is not None:
        pipe = Orders(orders)
        passed = (pipe.read,)
        environment.update(LD_PRELOAD=os.environ["MAILHAUL_STEP"], MAILHAUL_STEP_FD=str(pipe.read))
        if kinds is not None:
            environment["MAILHAUL_STEP_KINDS"] = kinds
    began = time.monotonic()
    process = subprocess.Popen([os.environ["MAILHAUL_PROGRAM"], *arguments], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, pass_fds=passed,
                               cwd=directory)
    try:
        text, _ = process.communicate(timeout=kill_after or RUN_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        text, _ = process.communicate()
        if kill_after is None:
            raise Failed(f"a run hangs: {arguments}\n{text.decode(errors='replace')}") from None
    steps = pipe.count() if pipe is not None else 0
    return Outcome(process.returncode, text.decode(errors="replace"), time.monotonic() - began, steps)


def report(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


def remove(path):
    shutil.rmtree(path, ignore_errors=True)


# ---- what a test program says ----

class Tap:
    """The Test Anything Protocol; one test a call of check()."""

    def __init__(self):
        self.number, self.failed = 0, 0

    def say(self, text):
        for line in text.rstrip().split("\n"):
            print(f"# {line}", flush=True)

    def check(self, name, function, *arguments):
        self.number += 1
        try:
            function(*arguments)
            print(f"ok {self.number} {name}", flush=True)
        except Skipped as reason:
            if os.environ.get("CI") == "true":
                self.failed += 1
                self.say(str(reason))
                print(f"not ok {self.number} {name}", flush=True)
            else:
                print(f"ok {self.number} {name} # SKIP {reason}", flush=True)
        except (Failed, OSError, imap_raw.Refused) as reason:
            self.failed += 1
            self.say(f"{type(reason).__name__}: {reason}")
            print(f"not ok {self.number} {name}", flush=True)

    def end(self):
        print(f"1..{self.number}", flush=True)
        return 1 if self.failed else 0

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs scenarios with the IMAP backend on a real server.

    imap-on-server.py [--variants NAME,…] SCENARIO-TEST SERVER FILE…    SERVER as tests/lib/servers takes it

Variants: to-imap (from the in-memory backend), from-imap (to it), imap (between two accounts); all without the option.

Starts the server once and some processes of the test side by side, as a run after a kill waits for the server more
than it works; each has the other end of imap_side.py. Passes TAP on as one. Exit code: 0 if all went well.
"""
import itertools
import os
import socket
import subprocess
import sys
import tempfile
import threading

from imap_side import Side
from servers_base import PASSWORD  # imap_side has set the path

SERVERS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib", "servers")
PROCESSES = 4


def read_facts(server):
    facts = {}
    for line in server.stdout:
        if line.strip() == "ready":
            return facts
        name, _, value = line.strip().partition("=")
        facts[name] = value
    return None


class Tap:
    """The lines of several processes with numbers that run through."""

    def __init__(self):
        self.lock = threading.Lock()
        self.count = 0
        self.failed = False

    def take(self, lines):
        """One result and what was said before it."""
        with self.lock:
            for line in lines:
                words = line.split(" ")
                at = 1 if words[0] == "ok" else 2
                if words[0] == "ok" or words[:2] == ["not", "ok"]:
                    self.count += 1
                    self.failed |= at == 2
                    line = " ".join(words[:at] + [str(self.count)] + words[at + 1:])
                sys.stdout.write(line)
            sys.stdout.flush()

    def end(self):
        print(f"1..{self.count}")


class Process(threading.Thread):
    """One process of the test."""

    def __init__(self, tap, command, side, environment):
        super().__init__()
        self.tap, self.command, self.side = tap, command, side
        self.ours, self.theirs = socket.socketpair()
        self.environment = dict(os.environ, MAILHAUL_SCENARIO_SIDE=str(self.theirs.fileno()), **environment)
        self.server = threading.Thread(target=self._serve)

    def _serve(self):
        with self.ours, self.ours.makefile("r", encoding="utf-8") as reader, \
                self.ours.makefile("w", encoding="utf-8") as writer:
            self.side.serve(reader, writer)

    def run(self):
        self.server.start()
        with subprocess.Popen(self.command, stdout=subprocess.PIPE, text=True, env=self.environment,
                              pass_fds=[self.theirs.fileno()]) as test:
            self.theirs.close()
            lines = []
            for line in test.stdout:
                if line.startswith(("1..", "TAP version", "# Start of", "# End of", "# random seed", "# GLib-")):
                    continue
                lines.append(line)
                if line.startswith(("ok ", "not ok ")):
                    self.tap.take(lines)
                    lines = []
            self.tap.take(lines)
        if test.returncode != 0:
            self.tap.take([f"# ended with {test.returncode}\n"])
            self.tap.failed = True
        self.server.join()


def wanted(files, variants):
    """Arguments that leave out other variants."""
    names = [os.path.basename(file).split(".")[0] for file in files]
    return [word for name in names for variant in variants for word in ("-p", f"/scenario/{name}/{variant}")]


def main():
    arguments = sys.argv[1:]
    variants = []
    if arguments[0] == "--variants":
        variants = arguments[1].split(",")
        arguments = arguments[2:]
    test, kind, *files = arguments
    with subprocess.Popen([sys.executable, SERVERS, "s=" + kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          text=True) as server, tempfile.NamedTemporaryFile("w") as secret:
        facts = read_facts(server)
        if facts is None:
            server.stdin.close()
            if server.wait() == 77 and os.environ.get("CI") != "true":
                print(f"1..0 # SKIP the machine cannot run {kind}")
                return 0
            print(f"Bail out! {kind}: the server does not run")
            return 1
        secret.write(PASSWORD)
        secret.flush()
        options = f"host=127.0.0.1 port={facts['s.tls_port']} tls-ca-file={facts['ca']} password-file={secret.name} timeout=30s"
        dovecot = kind.startswith("dovecot")
        accounts = (f"{'s' if dovecot else 'u'}{number}" for number in itertools.count(1))
        lock = threading.Lock()

        def names():
            while True:
                with lock:
                    name = next(accounts)
                yield name
        tap = Tap()
        processes = [Process(tap, [test, "--tap", "-k", *files[i::PROCESSES], *wanted(files[i::PROCESSES], variants)],
                             Side(facts["s.port"], names(), facts["s.configuration"] if dovecot else None),
                             {"MAILHAUL_SCENARIO_IMAP": options,
                              "MAILHAUL_SCENARIO_PARENTS": "yes" if kind.startswith("cyrus") else "no"}) for i in range(min(PROCESSES, len(files)))]
        try:
            for process in processes:
                process.start()
            for process in processes:
                process.join()
            tap.end()
        finally:
            server.stdin.close()
            server.wait()
        return 1 if tap.failed or tap.count == 0 else 0


if __name__ == "__main__":
    sys.exit(main())

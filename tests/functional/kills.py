#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""SIGKILL of the program at random times and at every step of what it does; it is started again at once.

Nothing may be lost or doubled, at each kind of destination, with and without a long way to the servers, with one lane
and with several. MAILHAUL_KILLS: how many kills in all (default 12, of every fourth case; the long form is 1000 and more);
MAILHAUL_KILLS_ONLY: a regular expression of cases; MAILHAUL_KILLS_SEED: of the dice.
"""
import collections
import contextlib
import os
import random
import re
import sys
import tempfile

sys.path.insert(0, os.path.dirname(os.environ["MAILHAUL_SERVERS"]))
# pylint: disable=wrong-import-position
from relay import Relay  # noqa: E402
from trial import (Failed, Server, Skipped, Tap, TOKENS, differences, fill_trial, look, look_bare, remove,  # noqa: E402
                   report, run)

# User of the source → messages, and octets of big ones. The second is for Courier far away: three round trips a message.
MAILBOXES = {"u1": (300, 900_000), "u2": (60, 600_000)}
# Rounds begin with an empty destination; so many kills in one at most.
KILLS_A_ROUND = 8
WAYS = {"k": "before", "a": "after", "h": "amid"}

Case = collections.namedtuple("Case", "destination rtt_ms lanes way")
DESTINATIONS = {"dovecot": "anyone=yes", "dovecot-no-uidplus": "anyone=yes,mask=UIDPLUS", "cyrus": "users=150",
                "courier": "users=150", "maildir": None, "mbox": None}


def cases():
    for way in ("random", "steps"):
        for number, destination in enumerate(DESTINATIONS):
            for rtt_ms in (0, 20):
                lanes = 3 if (number + rtt_ms // 20 + (way == "steps")) % 2 else 1
                yield Case(destination, rtt_ms, lanes, way)


class World:
    """Servers that run, started when they are needed first; one source."""

    def __init__(self, stack, folder):
        self.stack, self.folder, self.servers, self.refused, self.rounds = stack, folder, {}, {}, 0
        self.dice = random.Random(int(os.environ.get("MAILHAUL_KILLS_SEED", "1")))
        self.source = self.server("source", "dovecot", "separator=.")
        for user, (messages, size) in MAILBOXES.items():
            fill_trial(self.source.endpoint(user), messages, size)
        self.expected = {user: look(self.source.endpoint(user)) for user in MAILBOXES}
        self.expected_bare = look_bare(self.source.endpoint("u1"))

    def server(self, name, kind, options):
        if name in self.refused:
            raise self.refused[name]
        if name not in self.servers:
            try:
                self.servers[name] = Server(kind, options)
            except Skipped as reason:
                self.refused[name] = reason
                raise
            self.stack.callback(self.servers[name].stop)
        return self.servers[name]


class Round:
    """One destination, empty at first."""

    def __init__(self, world, case, ports):
        self.world, self.case = world, case
        world.rounds += 1
        self.folder = os.path.join(world.folder, f"round-{world.rounds}")
        os.mkdir(self.folder)
        self.report = os.path.join(self.folder, "report.json")
        source, target = ports
        self.user = "u2" if case.destination == "courier" and case.rtt_ms else "u1"
        self.arguments = ["copy", f"imap://{self.user}@127.0.0.1:{source}/"]
        if target is None:
            path = os.path.join(self.folder, "to")
            self.endpoint = f"{case.destination}:{path}"
            self.arguments += [f"{case.destination}:{path}" + ("/" if case.destination == "mbox" else "")]
        else:
            user = f"u{world.rounds if case.destination.startswith('dovecot') else ports_user(world, case)}"
            self.endpoint = world.servers[case.destination].endpoint(user)
            self.arguments += [f"imap://{user}@127.0.0.1:{target}/", "--destination-option", "tls=none",
                               "--destination-option", f"connections={case.lanes}"]
        self.arguments += ["--source-option", "tls=none", "--source-option", f"connections={case.lanes}", "--state",
                           os.path.join(self.folder, "state"), "--report", self.report, "--progress", "none"]

    def compare(self, kills):
        bare = self.case.destination == "mbox"
        expected = self.world.expected_bare if bare else self.world.expected[self.user]
        lost, extra, text = differences(expected, look(self.endpoint))
        if lost or extra:
            raise Failed(f"after {kills}: {lost} lost, {extra} too many\n" + "\n".join(text))

    def finish(self, kills):
        """Runs that are not killed: all is there, and then there is nothing to do."""
        for again in (False, True):
            done = run(self.arguments)
            if done.status != 0:
                raise Failed(f"after {kills}: exit code {done.status}\n{done.text}")
            copied = sum(account["messages"]["copied"] for account in report(self.report)["accounts"])
            if again and copied:
                raise Failed(f"after {kills}: {copied} copied again")
        self.compare(kills)
        remove(self.folder)


def ports_user(world, case):
    """Accounts of these servers are counted."""
    name = f"next {case.destination}"
    world.servers.setdefault(name, iter(range(1, 151)))
    try:
        return next(world.servers[name])
    except StopIteration:
        raise Skipped("the backend's accounts are used up") from None


def order_of(world, at, way):
    return b"." * (at - 1) + way.encode()


class Kills:
    """All kills of one case."""

    def __init__(self, world, case, wanted, tap):
        self.world, self.case, self.wanted, self.tap = world, case, wanted, tap
        self.kills, self.rounds = 0, 0

    def measure(self, ports):
        """A run that is not killed: how long it takes, and how many steps."""
        one = Round(self.world, self.case, ports)
        done = run(one.arguments, orders=b"." * TOKENS if self.case.way == "steps" else None)
        if done.status != 0:
            raise Failed(f"a run that is not killed: exit code {done.status}\n{done.text}")
        one.finish([])
        return done.seconds, done.steps

    def kill_at_random(self, ports, seconds):
        one, said = Round(self.world, self.case, ports), []
        dice = self.world.dice
        while self.kills < self.wanted and len(said) < KILLS_A_ROUND:
            after = max(0.001, dice.random() * seconds * (1 + 0.1 * len(said)))
            done = run(one.arguments, kill_after=after)
            if done.status == 0:
                break
            self.died(done, said, f"{after * 1000:.0f} ms")
        one.finish(said)

    def kill_at_steps(self, ports, steps, at):
        """The first kill comes at the step that is due, a second one anywhere in what comes then."""
        one, said = Round(self.world, self.case, ports), []
        dice = self.world.dice
        for step in (at, dice.randrange(1, max(2, steps // 2))):
            way = dice.choice("kkah")
            done = run(one.arguments, orders=order_of(self.world, step, way))
            if done.status == 0:
                break
            self.died(done, said, f"{WAYS[way]} step {step}")
        one.finish(said)

    def died(self, done, said, when):
        if done.status != -9:
            raise Failed(f"after {said}, to be killed {when}: exit code {done.status}\n{done.text}")
        self.kills += 1
        said.append(when)

    def run(self):
        case, world = self.case, self.world
        with contextlib.ExitStack() as stack:
            ports = [world.source.port, None]
            if DESTINATIONS[case.destination] is not None:
                kind = case.destination.partition("-")[0]
                ports[1] = world.server(case.destination, kind, DESTINATIONS[case.destination]).port
            if case.rtt_ms:
                ports = [port and stack.enter_context(Relay(port, delay=case.rtt_ms / 2000)).port for port in ports]
            seconds, steps = self.measure(ports)
            stride = max(1, 3 * steps // (2 * self.wanted))
            at = 1 + world.dice.randrange(stride)
            while self.kills < self.wanted:
                self.rounds += 1
                if self.rounds > 10 * self.wanted:
                    raise Failed(f"{self.kills} kills in {self.rounds} copies: it does not die")
                if case.way == "random":
                    self.kill_at_random(ports, seconds)
                else:
                    self.kill_at_steps(ports, steps, at)
                    at = at + stride if at + stride <= steps else 1 + world.dice.randrange(stride)
        self.tap.say(f"{self.kills} kills in {self.rounds} copies of {seconds * 1000:.0f} ms"
                     + (f" and {steps} steps" if steps else "") + ", nothing lost, nothing doubled")


def main():
    wanted = int(os.environ.get("MAILHAUL_KILLS", "12"))
    only = re.compile(os.environ.get("MAILHAUL_KILLS_ONLY", ""))
    tap, total = Tap(), 0
    chosen = [case for case in cases() if only.search("-".join(map(str, case)))]
    if wanted < len(chosen):
        chosen = [case for number, case in enumerate(chosen) if number % 12 // 2 % 2 == number // 12 and
                  number % 2 == number // 4 % 2]
    with tempfile.TemporaryDirectory(prefix="mh-kills-") as folder, contextlib.ExitStack() as stack:
        world = World(stack, folder)
        for number, case in enumerate(chosen):
            part = wanted * (number + 1) // len(chosen) - wanted * number // len(chosen)
            kills = Kills(world, case, max(1, part), tap)
            tap.check(f"/kills/{case.way}/{case.destination}/rtt-{case.rtt_ms}-ms/lanes-{case.lanes}", kills.run)
            total += kills.kills
    tap.say(f"{total} kills in all")
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Faults between the program and real servers: a connection that is cut at each byte, an answer that is lost, a server
that is started again in mid-copy, a state that is gone, a disk that is full. One copy of each message afterwards, and then nothing to do.

MAILHAUL_CUTS: how many cuts in each direction, spread evenly (default 6; 0: at every byte).
"""
import contextlib
import os
import random
import sys
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor

sys.path.insert(0, os.path.dirname(os.environ["MAILHAUL_SERVERS"]))
# pylint: disable=wrong-import-position
from imap_raw import Link, Literal  # noqa: E402
from relay import Cut, Relay  # noqa: E402
from trial import (Failed, Server, Tap, TOKENS, differences, fill_trial, look, look_bare, remove, report,  # noqa: E402
                   run)

# Runs at the same time: they mostly wait.
SIDE_BY_SIDE = 8
# A run that ends badly is done again, as its user would.
RUNS_MAX = 4
LOST_STATE_MESSAGES = 20000
# So many times the disk is full, from evenly spread steps on.
FULL_PLACES = 8


class World:
    def __init__(self, stack, folder):
        self.folder, self.stack, self.number, self.lock = folder, stack, 0, threading.Lock()
        self.source = Server("dovecot")
        stack.callback(self.source.stop)
        self.target = Server("dovecot", "anyone=yes,separator=.")
        stack.callback(self.target.stop)
        with Link(self.source.endpoint("u1")) as link:
            for text in (b"Subject: one\r\n\r\nfirst\r\n", b"Subject: two\r\n\r\n" + b"second line\r\n" * 9):
                link.command(b"APPEND", b"INBOX", b"01-Feb-2024 10:00:00 +0000", Literal(text))
        fill_trial(self.source.endpoint("u2"), 200, 700_000)

    def next_number(self):
        with self.lock:
            self.number += 1
            return self.number


class Copy:
    """From a user of the source to a new one of the target."""

    def __init__(self, world, user, target=None):
        number = world.next_number()
        self.world, self.user, self.name = world, user, f"x{number}"
        self.target = target or world.target
        self.folder = os.path.join(world.folder, self.name)
        os.mkdir(self.folder)
        self.report = os.path.join(self.folder, "report.json")
        self.state = os.path.join(self.folder, "state")

    def run(self, port=None):
        return run(["copy", f"imap://{self.user}@127.0.0.1:{self.world.source.port}/",
                    f"imap://{self.name}@127.0.0.1:{port or self.target.port}/", "--source-option", "tls=none",
                    "--destination-option", "tls=none", "--source-option", "connections=1", "--state", self.state,
                    "--report", self.report, "--progress", "none"])

    def copied(self):
        return sum(account["messages"]["copied"] for account in report(self.report)["accounts"])

    def finish(self, what, status=None):
        """Until a run ends well; then another, that copies nothing; then both sides are equal."""
        runs = 1
        while status != 0:
            done = self.run()
            status, runs = done.status, runs + 1
            if runs > RUNS_MAX:
                raise Failed(f"{what}: exit code {status}\n{done.text}")
        done = self.run()
        if done.status != 0 or self.copied():
            raise Failed(f"{what}: the last run copies {self.copied()}, exit code {done.status}\n{done.text}")
        lost, extra, text = differences(look(self.world.source.endpoint(self.user)),
                                        look(self.target.endpoint(self.name)))
        if lost or extra:
            raise Failed(f"{what}: {lost} lost, {extra} too many\n" + "\n".join(text))


def cut_once(world, cut):
    copy = Copy(world, "u1")
    with Relay(world.target.port, cut=cut) as relay:
        done = copy.run(relay.port)
    copy.finish(f"{cut.way} cut after {cut.after} bytes", done.status)


def cut_everywhere(world, way, tap):
    copy = Copy(world, "u1")
    with Relay(world.target.port) as relay:
        done = copy.run(relay.port)
        total = relay.passed[way]
    copy.finish("not cut", done.status)
    wanted = int(os.environ.get("MAILHAUL_CUTS", "6"))
    places = range(1, total + 1, max(1, total // wanted) if wanted else 1)
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        cuts = [Cut(way, place, reset=place % 2 == 0, connection=0) for place in places]
        for result in [pool.submit(cut_once, world, cut) for cut in cuts]:
            result.result()
    tap.say(f"{len(cuts)} cuts of {total} bytes, one copy each")


def lose_answer(world, words, options):
    target = world.target
    if options:
        target = Server("dovecot", options)
        world.stack.callback(target.stop)
    copy = Copy(world, "u2", target)
    with Relay(target.port, lose=words) as relay:
        done = copy.run(relay.port)
        if not relay.lost:
            raise Failed(f"the answer {words} has not come\n{done.text}")
    if done.status != 0:
        raise Failed(f"answer lost: exit code {done.status}\n{done.text}")
    copy.finish("answer lost", done.status)


def restart_server(world, after):
    """The server is killed once so many bytes were sent to it, and started again."""
    target = Server("dovecot", "anyone=yes")
    world.stack.callback(target.stop)
    copy = Copy(world, "u2", target)
    with Relay(target.port, delay=0.01) as relay:
        def meddle():
            while relay.passed["commands"] < after and not over.wait(0.002):
                pass
            said.append(target.command("restart"))
        over, said = threading.Event(), []
        thread = threading.Thread(target=meddle)
        thread.start()
        done = copy.run(relay.port)
        over.set()
        thread.join()
    if said != ["restarted"]:
        raise Failed(f"the server was not started again: {said}")
    copy.finish("server started again", done.status)


def lose_state_of_maildir(world, tap):
    """20,000 messages, doubles and nameless ones among them."""
    folder = os.path.join(world.folder, "many")
    source, target = os.path.join(folder, "from"), os.path.join(folder, "to")
    dice = random.Random(5)
    for name in ("", ".Sent", ".Archive"):
        for part in ("cur", "new", "tmp"):
            os.makedirs(os.path.join(source, name, part))
    for number in range(LOST_STATE_MESSAGES):
        text = f"Subject: {number // 2 if number % 10 == 1 else number}\n"
        if number % 7:
            text += f"Message-ID: <{number - number % 3}@x.example>\n"
        text += "\n" + ("same\n" if number % 10 < 2 else f"{dice.random()}\n")
        path = os.path.join(source, ("", ".Sent", ".Archive")[number % 3], "cur", f"{number}.M1.x:2,S")
        with open(path, "w", encoding="ascii") as file:
            file.write(text)
    arguments = ["copy", f"maildir:{source}", f"maildir:{target}", "--state", os.path.join(folder, "state"), "--report",
                 os.path.join(folder, "report.json"), "--progress", "none"]
    for turn, wanted in enumerate([("copied", LOST_STATE_MESSAGES), ("matched", LOST_STATE_MESSAGES), ("copied", 0)]):
        if turn == 1:
            for name in os.listdir(os.path.join(folder, "state")):
                os.remove(os.path.join(folder, "state", name))
        done = run(arguments)
        if done.status != 0:
            raise Failed(f"run {turn}: exit code {done.status}\n{done.text}")
        counts = report(os.path.join(folder, "report.json"))["accounts"][0]["messages"]
        if counts[wanted[0]] != wanted[1] or (turn and counts["copied"]):
            raise Failed(f"run {turn}: {counts}")
        tap.say(f"run {turn}: {done.seconds:.1f} s, {counts}")
    check_equal(f"maildir:{source}", f"maildir:{target}")


def check_equal(source, target):
    lost, extra, text = differences(look(source), look(target))
    if lost or extra:
        raise Failed(f"{lost} lost, {extra} too many\n" + "\n".join(text))


def lose_state_of_server(world):
    copy = Copy(world, "u2")
    done = copy.run()
    if done.status != 0:
        raise Failed(done.text)
    for name in os.listdir(copy.state):
        os.remove(os.path.join(copy.state, name))
    done = copy.run()
    if done.status != 0 or copy.copied():
        raise Failed(f"without its state a run copies {copy.copied()}\n{done.text}")
    copy.finish("state lost", done.status)


def fill_disk(world, kind, tap):
    """From some write on there is no space left, in the state, the spool and the mail: an error; then there is again."""
    folder = os.path.join(world.folder, f"full-{kind}")
    source = world.source.endpoint("u2")
    expected = look_bare(source) if kind == "mbox" else look(source)
    arguments = ["copy", f"imap://u2@127.0.0.1:{world.source.port}/", f"{kind}:{folder}/to/", "--source-option", "tls=none",
                 "--state", os.path.join(folder, "state"), "--progress", "none"]
    os.mkdir(folder)
    steps = run(arguments, orders=b"." * TOKENS, kinds="wyn").steps
    codes = []
    for place in range(1, steps, max(1, steps // FULL_PLACES)):
        remove(folder)
        os.mkdir(folder)
        done = run(arguments, orders=b"." * (place - 1) + b"e" * (TOKENS - place), kinds="wyn")
        # Who says that all is there must be right: only the last commits may have come too late to matter.
        if done.status < 0 or (done.status == 0 and any(differences(expected, look(f"{kind}:{folder}/to"))[:2])):
            raise Failed(f"full from step {place}: exit code {done.status}\n{done.text}")
        codes.append(done.status)
        again = run(arguments)
        lost, extra, text = differences(expected, look(f"{kind}:{folder}/to"))
        if again.status != 0 or lost or extra:
            raise Failed(f"full from step {place}: {lost} lost, {extra} too many, exit code {again.status}\n{again.text}"
                         + "\n".join(text))
    tap.say(f"{len(codes)} times full, of {steps} steps; exit codes {sorted(set(codes))}")


def main():
    tap = Tap()
    with tempfile.TemporaryDirectory(prefix="mh-faults-") as folder, contextlib.ExitStack() as stack:
        world = World(stack, folder)
        for way in ("commands", "answers"):
            tap.check(f"/faults/cut/{way}", cut_everywhere, world, way, tap)
        tap.check("/faults/answer-lost/appenduid", lose_answer, world, b"APPENDUID", "")
        tap.check("/faults/answer-lost/no-uidplus", lose_answer, world, b"Append completed", "anyone=yes,mask=UIDPLUS")
        for after in (3_000, 60_000, 300_000):
            tap.check(f"/faults/server-restarted/after-{after}-bytes", restart_server, world, after)
        tap.check("/faults/state-lost/maildir", lose_state_of_maildir, world, tap)
        tap.check("/faults/state-lost/dovecot", lose_state_of_server, world)
        # An mbox only by hand (MAILHAUL_DISK_FULL=mbox): one run in many hung in this trial, the cause is not found yet.
        for kind in os.environ.get("MAILHAUL_DISK_FULL", "maildir").split():
            tap.check(f"/faults/disk-full/{kind}", fill_disk, world, kind, tap)
    return tap.end()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Runs a command on a terminal of its own and types.

    typist.py PROMPT TEXT COMMAND...

Types TEXT (with "\\n" and "\\x03" for Return and Ctrl-C) once PROMPT has appeared; prints what the
terminal showed, and ends as the command did."""
import os
import pty
import signal
import sys

PATIENCE_S = 60     # then this program and its terminal are gone, and the command with them


def main():
    prompt, text, command = sys.argv[1].encode(), sys.argv[2], sys.argv[3:]
    text = text.replace("\\n", "\n").replace("\\x03", "\x03").encode()
    pid, fd = pty.fork()
    if pid == 0:
        os.execvp(command[0], command)
    signal.alarm(PATIENCE_S)
    shown = b""
    typed = False
    while True:
        try:
            piece = os.read(fd, 4096)
        except OSError:
            break
        if not piece:
            break
        shown += piece
        if not typed and prompt in shown:
            os.write(fd, text)
            typed = True
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


if __name__ == "__main__":
    sys.exit(main())

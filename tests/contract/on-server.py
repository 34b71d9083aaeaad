#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Holds the IMAP backend to the contract on a real server.

    on-server.py CONTRACT-TEST SERVER [ARGUMENT…]      SERVER as tests/lib/servers takes it: dovecot,format=sdbox

Starts the server, runs the contract test with an account for each behaviour where the server takes any name, and
passes TAP on. Exit code: the test's; 77 where the machine cannot run the server.
"""
import os
import subprocess
import sys
import tempfile

SERVERS = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "lib", "servers")
PASSWORD = "pass-5rT9w"


def read_facts(server):
    facts = {}
    for line in server.stdout:
        if line.strip() == "ready":
            return facts
        name, _, value = line.strip().partition("=")
        facts[name] = value
    return None


def main():
    test, kind, *words = sys.argv[1:]
    with subprocess.Popen([sys.executable, SERVERS, "s=" + kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True) as server, tempfile.NamedTemporaryFile("w") as secret:
        facts = read_facts(server)
        if facts is None:
            server.stdin.close()
            why = server.stderr.read().strip()
            if server.wait() == 77 and os.environ.get("CI") != "true":
                print(f"1..0 # SKIP {why}")
                return 0
            print(f"Bail out! {kind}: {why}")
            return 1
        secret.write(PASSWORD)
        secret.flush()
        user = "{name}" if "anyone=yes" in kind else "u1"
        options = ["host=127.0.0.1", f"port={facts['s.tls_port']}", f"tls-ca-file={facts['ca']}", f"user={user}",
                   f"password-file={secret.name}", "timeout=60s"]
        command = [test, "--tap", "--backend", "imap", "--account"]
        for option in options:
            command += ["--option", option]
        try:
            return subprocess.run(command + words, check=False).returncode
        finally:
            server.stdin.close()
            server.wait()


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Builds tests/sdk/demo.c as a stranger would, and holds it to the contract; prints TAP.

    build-and-test.py SOURCE_DIR BUILD_DIR

Installs BUILD_DIR into a temporary folder, builds the project tests/sdk there with nothing of
mailhaul but what was installed, installs the plugin beside ours, and runs the installed
mailhaul-contract-test against it."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def run(*command, **options):
    """Runs a command; its output goes to the log of the test as comments."""
    done = subprocess.run([str(c) for c in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", **options)
    for line in done.stdout.splitlines()[-60:]:
        print(f"# {line}")
    return done.returncode == 0


def staged_prefix(stage):
    """The folder below the stage that has the pkg-config file, and that file, made to point there."""
    file = next(stage.rglob("mailhaul-plugin-1.pc"))
    lines = file.read_text().splitlines()
    prefix = next(line.split("=", 1)[1] for line in lines if line.startswith("prefix="))
    here = Path(f"{stage}{prefix}")
    file.write_text("\n".join(f"prefix={here}" if line.startswith("prefix=") else line for line in lines) + "\n")
    return here, file


def steps(source, build, folder):
    stage, project = folder / "stage", folder / "build"
    yield "mailhaul can be installed", lambda: run(
        "meson", "install", "-C", build, "--no-rebuild", "--destdir", stage)
    prefix, package = staged_prefix(stage)
    environment = dict(os.environ, PKG_CONFIG_PATH=str(package.parent), LD_LIBRARY_PATH=str(package.parent.parent))
    # A third party's build knows nothing of how ours was configured.
    for name in ("CFLAGS", "LDFLAGS", "DESTDIR", "MESON_TEST_ITERATION", "MAILHAUL_PLUGIN_PATH"):
        environment.pop(name, None)
    yield "a plugin out of tree can be configured", lambda: run(
        "meson", "setup", "--prefix", prefix, project, source / "tests/sdk", env=environment)
    yield "a plugin out of tree can be built without warnings", lambda: run(
        "meson", "compile", "-C", project, env=environment)
    yield "a plugin out of tree can be installed", lambda: run("meson", "install", "-C", project, env=environment)
    backends = package.parent.parent / "mailhaul/1/backends"
    yield "it lies where the core looks for it", lambda: (backends / "mailhaul-backend-demo.so").is_file()
    yield "a filter out of tree can be loaded", lambda: run(
        prefix / "bin/mailhaul", "plugins", "redact", "--plugin-path", backends.parent / "filters", env=environment)
    yield "it keeps the contract", lambda: run(
        prefix / "bin/mailhaul-contract-test", "--backend", "demo", "--option", "account={name}",
        "--plugin-path", backends, env=environment)


def main():
    source, build = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve()
    good, number = True, 0
    with tempfile.TemporaryDirectory(prefix="mailhaul-sdk-") as folder:
        for number, (name, step) in enumerate(steps(source, build, Path(folder)), 1):
            good = step()
            print(f"{'ok' if good else 'not ok'} {number} - {name}", flush=True)
            if not good:
                break
    print(f"1..{number}")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())

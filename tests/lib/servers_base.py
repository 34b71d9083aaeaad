# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every kind of test server needs: a folder, free ports, certificates, processes that end.

Nothing outlives the process that imports this: each child gets a signal when its parent dies,
orphans come back to us (PR_SET_CHILD_SUBREAPER), and stop_all() ends whatever is left of them.
"""
import ctypes
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

PASSWORD = "pass-5rT9w"
MASTER = "master"
MASTER_PASSWORD = "masterpass-5rT9w"
# A path of a Unix socket has at most 107 bytes, and servers put up to 40 below their folder.
LONGEST_FOLDER = 60
START_SECONDS = 60

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
LIBC = ctypes.CDLL(None, use_errno=True)


class Trouble(Exception):
    """The server cannot run; the text says why."""


class Missing(Trouble):
    """The machine lacks something that only its administrator can add."""


def clean_environment():
    """Of the servers: no sanitizer's library and nobody's language."""
    keep = {k: v for k, v in os.environ.items()
            if k not in ("LD_PRELOAD", "LANGUAGE") and not k.startswith(("LC_", "DOVECOT", "CYRUS"))}
    keep["LANG"] = keep["LC_ALL"] = "C"
    for folder in ("/usr/local/sbin", "/usr/sbin", "/sbin"):
        if folder not in keep.get("PATH", "").split(":"):
            keep["PATH"] = keep.get("PATH", "/usr/bin:/bin") + ":" + folder
    return keep


def program(name):
    path = shutil.which(name, path=clean_environment()["PATH"])
    if path is None:
        raise Missing(f"the program {name} is not installed (run ./check once, or see tests/lib/packages.sh)")
    return path


def run(*command, **options):
    """Runs to the end; its output is the error's text when it fails."""
    done = subprocess.run(command, stdin=options.pop("stdin", subprocess.DEVNULL) if "input" not in options else None,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=options.pop("env", clean_environment()),
                          timeout=START_SECONDS, check=False, **options)
    if done.returncode != 0:
        raise Trouble(f"{' '.join(map(str, command))}: {done.stdout.decode(errors='replace').strip()}")
    return done.stdout


def free_port():
    """Outside the range from which the kernel serves clients, so that none of them takes it meanwhile."""
    for _ in range(200):
        port = random.randrange(11000, 32000)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("", port))
                return port
            except OSError:
                continue
    raise Trouble("no free port")


def children():
    """The processes whose parent we are, adopted orphans among them."""
    found = []
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/children", encoding="ascii") as file:
                found += [int(pid) for pid in file.read().split()]
        except OSError:
            pass
    return found


class World:
    """The folder and the processes of one call."""

    def __init__(self):
        LIBC.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
        base = tempfile.gettempdir()
        if len(base) > LONGEST_FOLDER - 12:
            base = "/tmp"
        self.folder = tempfile.mkdtemp(prefix="mh-", dir=base)
        os.chmod(self.folder, 0o711)  # servers go on as other users
        self.processes = []
        self.authority = None

    def path(self, *parts):
        return os.path.join(self.folder, *parts)

    def write(self, name, text, mode=0o644):
        path = self.path(name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(path, mode)
        return path

    def start(self, command, log, env=None):
        """In the foreground below us, in a session of its own; returns the process."""
        def prepare():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

        with open(log, "ab") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       env=env or clean_environment(), start_new_session=True, preexec_fn=prepare)
        self.processes.append(process)
        return process

    def wait_for(self, process, port, log, host="127.0.0.1"):
        """Until the server greets at the port."""
        until = time.monotonic() + START_SECONDS
        while time.monotonic() < until:
            if process.poll() is not None:
                break
            try:
                with socket.create_connection((host, port), 5) as link:
                    link.settimeout(5)
                    if link.recv(6).startswith(b"* "):
                        return
            except OSError:
                pass
            time.sleep(0.02)
        with open(log, encoding="utf-8", errors="replace") as file:
            raise Trouble(f"the server does not answer at port {port}: {file.read()[-2000:]}")

    def stop(self, *processes):
        """Those that start() returned, the last first."""
        for process in reversed(processes):
            if process.poll() is None:
                process.terminate()
        until = time.monotonic() + 5
        for process in processes:
            try:
                process.wait(max(0.1, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            self.processes.remove(process)

    def stop_all(self):
        self.stop(*self.processes)
        for _ in range(500):
            left = children()
            if not left:
                break
            for pid in left:
                try:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                except (ProcessLookupError, ChildProcessError):
                    pass

    def close(self):
        self.stop_all()
        shutil.rmtree(self.folder, ignore_errors=True)


class Authority:
    """A certificate authority, made anew for each call, and what it signs."""

    def __init__(self, world, name="ca"):
        self.world, self.name = world, name
        self.folder = world.path("tls")
        os.makedirs(self.folder, exist_ok=True)
        self.file = self._path("crt")
        run(program("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
            "-days", "30", "-subj", f"/CN=mailhaul test CA {name}", "-keyout", self._path("key"), "-out", self.file)
        os.chmod(self.file, 0o644)

    def _path(self, ending, name=None):
        return os.path.join(self.folder, f"{name or self.name}.{ending}")

    def sign(self, name, names, expired=False):
        """A certificate for the names (DNS:… or IP:…); returns its file and its key's."""
        key, request, out = self._path("key", name), self._path("csr", name), self._path("crt", name)
        extensions = self.world.write(f"tls/{name}.ext", f"subjectAltName={','.join(names)}\n")
        run(program("openssl"), "req", "-newkey", "rsa:2048", "-nodes", "-subj", f"/CN={names[0].split(':', 1)[1]}",
            "-keyout", key, "-out", request)
        period = ["-days", "20"]
        config = self.world.write(f"tls/{name}.cnf", f"""[ca]
default_ca = one
[one]
database = {self._path('db', name)}
new_certs_dir = {self.folder}
serial = {self._path('srl', name)}
default_md = sha256
policy = any
unique_subject = no
[any]
commonName = supplied
""")
        self.world.write(f"tls/{name}.db", "")
        self.world.write(f"tls/{name}.srl", f"{random.getrandbits(60):016x}\n")
        if expired:
            period = ["-startdate", "20200101000000Z", "-enddate", "20210101000000Z"]
        run(program("openssl"), "ca", "-batch", "-notext", "-config", config, "-extfile", extensions, *period,
            "-cert", self.file, "-keyfile", self._path("key"), "-in", request, "-out", out)
        for path in (key, out):
            os.chmod(path, 0o644)  # it is worth nothing
        return out, key

    def fingerprint(self, certificate):
        text = run(program("openssl"), "x509", "-in", certificate, "-noout", "-fingerprint", "-sha256").decode()
        return text.strip().split("=", 1)[1]

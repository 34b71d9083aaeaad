# SPDX-License-Identifier: LGPL-2.1-or-later
"""What every kind of test server needs: a folder, free ports, certificates, processes that end.

Nothing outlives the process that imports this: orphans come back to us (PR_SET_CHILD_SUBREAPER) and stop() ends
them too; and when we are killed ourselves, a watcher (a child that reads a pipe of ours) does what close() does.
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


def unpacked(path, name):
    """The folder below which packages that cannot be installed beside Dovecot's are unpacked."""
    places = [os.environ.get("MAILHAUL_SERVERS_DIR"),
              os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "mailhaul-servers"),
              "/var/cache/mailhaul-servers"]
    for place in places:
        if place and os.path.exists(os.path.join(place, path)):
            return os.path.realpath(place)
    raise Missing(f"{name} is not unpacked in {' or '.join(filter(None, places))} (./check does that; "
                  "see unpack_servers in tests/lib/packages.sh)")


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


def session_of(pid):
    try:
        with open(f"/proc/{pid}/stat", "rb") as file:
            return int(file.read().rsplit(b")", 1)[1].split()[3])
    except (OSError, IndexError):
        return -1


def watch(pipe, folder):
    """The watcher: learns the sessions that we start, and ends them when the pipe ends before `bye`."""
    os.setsid()
    text = b""
    while data := os.read(pipe, 4096):
        text += data
    words = text.decode().split()
    if "bye" in words:
        return
    sessions = set(map(int, words))
    for _ in range(5):
        for pid in filter(str.isdigit, os.listdir("/proc")):
            if session_of(pid) in sessions:
                try:
                    os.kill(int(pid), signal.SIGKILL)
                except ProcessLookupError:
                    pass
    shutil.rmtree(folder, ignore_errors=True)


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
        read, self.pipe = os.pipe()
        self.watcher = os.fork()
        if self.watcher == 0:
            for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(name, signal.SIG_IGN)
            os.closerange(0, read)
            os.closerange(read + 1, 256)
            watch(read, self.folder)
            os._exit(0)
        os.close(read)

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
        with open(log, "ab") as output:
            process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
                                       env=env or clean_environment(), start_new_session=True)
        self.processes.append(process)
        os.write(self.pipe, b"%d\n" % process.pid)
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
        """Those that start() returned and all below them, at once: nothing that they write is worth a wait."""
        for process in processes:
            process.kill()
        for process in processes:
            process.wait()
            self.processes.remove(process)
        for _ in range(500):
            orphans = set(children()) - {process.pid for process in self.processes} - {self.watcher}
            if not orphans:
                break
            for pid in orphans:
                try:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)
                except (ProcessLookupError, ChildProcessError):
                    pass

    def close(self):
        self.stop(*list(self.processes))
        shutil.rmtree(self.folder, ignore_errors=True)
        os.write(self.pipe, b"bye\n")
        os.close(self.pipe)
        os.waitpid(self.watcher, 0)


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
        run(program("openssl"), "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={names[0].split(':', 1)[1]}",
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

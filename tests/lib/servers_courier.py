# SPDX-License-Identifier: LGPL-2.1-or-later
"""Courier IMAP 5, unpacked from its Debian packages. Its paths are compiled in, so that it runs in mount and
process namespaces of its own, where the unpacked packages lie over /usr and /etc. Needs root."""
import os

from servers_base import PASSWORD, Missing, Trouble, free_port, program, run, unpacked

MAIL_UID = 5000

BEGIN = """mount -t overlay mailhaul -o lowerdir={root}/usr:/usr /usr || exit 9
{make}
mount -t overlay mailhaul -o lowerdir={folder}/etc:{root}/etc:/etc /etc || exit 9
mount --bind {folder}/run /run || exit 9
"""

START = """set -a
. /etc/courier/imapd
TLS_CERTFILE={folder}/server.pem COURIERTLS=/usr/bin/couriertls IMAP_STARTTLS=YES
MAXDAEMONS=400 MAXPERIP=400 IMAP_CHECK_ALL_FOLDERS=0 LOGGEROPTS=
{capability}
set +a
/usr/lib/courier/courier-authlib/authdaemond &
/usr/sbin/couriertcpd -address=127.0.0.1 -maxprocs=400 -maxperip=400 -nodnslookup -noidentlookup {tls_port} \\
  /usr/bin/couriertls -server -tcpd /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir &
exec /usr/sbin/couriertcpd -address=127.0.0.1 -maxprocs=400 -maxperip=400 -nodnslookup -noidentlookup {port} \\
  /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir
"""

NAMESPACES = ["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]


class Courier:
    """options: users=N capability='IMAP4rev1 …' quota=BYTES (or 0)"""

    DEFAULTS = {"users": "20", "capability": "", "quota": "0"}

    def __init__(self, world, name, options):
        self.world, self.name, self.options = world, name, options
        self.folder = world.path(name)
        self.facts = {}

    def _system(self):
        """The password file and the settings that it sees."""
        for kind in ("passwd", "group"):
            with open(f"/etc/{kind}", encoding="utf-8", errors="surrogateescape") as file:
                lines = [line for line in file if not line.startswith("courier:")]
            tail = f"courier:x:{MAIL_UID}:" + (f"{MAIL_UID}::/nonexistent:/bin/false" if kind == "passwd" else "")
            path = self.world.write(f"{self.name}/etc/{kind}", "")
            with open(path, "w", encoding="utf-8", errors="surrogateescape") as file:
                file.write("".join(lines) + tail + "\n")
        self.world.write(f"{self.name}/etc/courier/authdaemonrc", 'authmodulelist="authuserdb"\n'
                         'authmodulelistorig="authuserdb"\ndaemons=5\nauthdaemonvar=/run/courier/authdaemon\n'
                         'DEBUG_LOGIN=0\nDEFAULTOPTIONS=""\nLOGGEROPTS=""\n')

    def _accounts(self):
        secret = run(program("openssl"), "passwd", "-1", "-salt", "mailhaul", PASSWORD).decode().strip()
        lines = []
        for i in range(1, int(self.options["users"]) + 1):
            home = os.path.join(self.folder, "mail", f"u{i}")
            box = os.path.join(home, "Maildir")
            for part in ("", "cur", "new", "tmp"):
                os.makedirs(os.path.join(box, part), exist_ok=True)
                os.chown(os.path.join(box, part), MAIL_UID, MAIL_UID)
            os.chown(home, MAIL_UID, MAIL_UID)
            quota = f"|quota={self.options['quota']}S" if self.options["quota"] != "0" else ""
            lines.append(f"u{i}\tuid={MAIL_UID}|gid={MAIL_UID}|home={home}|mail={box}|systempw={secret}"
                         f"|imappw={secret}{quota}\n")
        os.chmod(os.path.join(self.folder, "mail"), 0o755)
        os.chmod(self.folder, 0o755)
        self.world.write(f"{self.name}/etc/courier/userdb", "".join(lines), 0o600)

    def start(self):
        root = unpacked("usr/sbin/couriertcpd", "Courier")
        if os.geteuid() != 0:
            raise Missing("Courier needs root for a mount namespace of its own")
        os.makedirs(os.path.join(self.folder, "run/courier/authdaemon"), exist_ok=True)
        make = f"/usr/sbin/makeuserdb -f {self.folder}/etc/courier/userdb || exit 8"  # while it can write there
        begin = BEGIN.format(root=root, folder=self.folder, make=make)
        self._system()
        self._accounts()
        try:
            run(program("unshare"), *NAMESPACES, "bash", "-c", BEGIN.format(root=root, folder=self.folder, make=""))
        except Trouble as error:
            raise Missing(f"Courier needs a mount namespace with an overlay, which this machine refuses: "
                          f"{str(error).rsplit(': ', 1)[-1]}") from error
        port, tls_port = free_port(), free_port()
        certificate, key = self.world.authority.sign(f"{self.name}-server", ["DNS:localhost", "IP:127.0.0.1"])
        with open(key, encoding="ascii") as one, open(certificate, encoding="ascii") as two:
            self.world.write(f"{self.name}/server.pem", one.read() + two.read())
        capability = self.options["capability"]
        script = begin + START.format(folder=self.folder, port=port, tls_port=tls_port,
                                      capability=f'IMAP_CAPABILITY="{capability}"' if capability else "")
        log = os.path.join(self.folder, "log")
        process = self.world.start([program("unshare"), *NAMESPACES, "bash", "-c", script], log)
        self.world.wait_for(process, port, log)
        self.facts.update(port=port, tls_port=tls_port, log=log, mail=os.path.join(self.folder, "mail"),
                          fingerprint=self.world.authority.fingerprint(certificate))

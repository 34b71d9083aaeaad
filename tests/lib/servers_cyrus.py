# SPDX-License-Identifier: LGPL-2.1-or-later
"""Cyrus IMAP 3.6, unpacked from its Debian packages, as root or not."""
import glob
import os
import pwd
import shutil

from servers_base import PASSWORD, clean_environment, free_port, program, run, unpacked

SERVICES = """START {{
  recover cmd="{bin}/ctl_cyrusdb -C {conf} -r"
}}
SERVICES {{
  imap cmd="{bin}/imapd -C {conf} -U 30" listen="127.0.0.1:{port}" prefork=1 maxchild=200
  imaps cmd="{bin}/imapd -C {conf} -s -U 30" listen="127.0.0.1:{tls_port}" prefork=0 maxchild=200
}}
EVENTS {{
  checkpoint cmd="{bin}/ctl_cyrusdb -C {conf} -c" period=60
}}
"""

SETTINGS = """configdirectory: {folder}/conf
partition-default: {folder}/mail
defaultpartition: default
cyrus_user: {user}
admins: admin
servername: localhost
virtdomains: off
unixhierarchysep: {unix}
altnamespace: {unix}
autocreate_quota: {quota}
autocreate_inbox_folders: Sent|Drafts|Junk|Trash
xlist-sent: Sent
xlist-drafts: Drafts
xlist-junk: Junk
xlist-trash: Trash
specialuse_extra: \\Important
maxlogins_per_user: 0
maxlogins_per_host: 0
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {folder}/sasldb2
sasl_mech_list: PLAIN LOGIN CRAM-MD5 SCRAM-SHA-256
allowplaintext: yes
tls_server_cert: {certificate}
tls_server_key: {key}
tls_sessions_db_path: {folder}/conf/tls_sessions.db
syslog_prefix: mailhaul-test-cyrus
idlesocket: {folder}/conf/socket/idle
lmtpsocket: {folder}/conf/socket/lmtp
notifysocket: {folder}/conf/socket/notify
timeout: 1440
"""


class Cyrus:
    """options: separator=/|. (with . also the prefix INBOX.) users=N quota=KIB (or 0)"""

    DEFAULTS = {"separator": "/", "users": "20", "quota": "0"}

    def __init__(self, world, name, options):
        self.world, self.name, self.options = world, name, options
        self.folder = world.path(name)
        self.facts = {}

    def _accounts(self, environment):
        passwords = os.path.join(self.folder, "sasldb2")
        names = [f"u{i}" for i in range(1, int(self.options["users"]) + 1)] + ["admin"]
        for user in names:
            run(program("saslpasswd2"), "-f", passwords, "-u", "localhost", "-p", "-c", user,
                input=PASSWORD.encode(), env=environment)

    def start(self):
        root = unpacked("usr/lib/cyrus/bin/master", "Cyrus")
        binaries = os.path.join(root, "usr/lib/cyrus/bin")
        environment = clean_environment()
        libraries = {os.path.dirname(path) for path in glob.glob(f"{root}/usr/lib/**/libcyrus*.so.0", recursive=True)}
        environment["LD_LIBRARY_PATH"] = ":".join(sorted(libraries))
        user = "mail" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
        port, tls_port = free_port(), free_port()
        certificate, key = self.world.authority.sign(f"{self.name}-server", ["DNS:localhost", "IP:127.0.0.1"])
        for part in ("mail", "conf/socket", "conf/proc", "conf/db", "conf/log", "conf/msg"):
            os.makedirs(os.path.join(self.folder, part), exist_ok=True)
        conf = self.world.write(f"{self.name}/imapd.conf", SETTINGS.format(
            folder=self.folder, user=user, unix="yes" if self.options["separator"] == "/" else "no",
            quota=self.options["quota"], certificate=certificate, key=key))
        services = self.world.write(f"{self.name}/cyrus.conf", SERVICES.format(
            bin=binaries, conf=conf, port=port, tls_port=tls_port))
        self._accounts(environment)
        if os.geteuid() == 0:
            for parent, folders, files in os.walk(self.folder):
                for name in folders + files:
                    shutil.chown(os.path.join(parent, name), user, user)
            shutil.chown(self.folder, user, user)
        log = os.path.join(self.folder, "log")
        process = self.world.start([os.path.join(binaries, "master"), "-D", "-C", conf, "-M", services,
                                    "-p", os.path.join(self.folder, "pid")], log, env=environment)
        self.world.wait_for(process, port, log)
        self.facts.update(port=port, tls_port=tls_port, log=log, mail=os.path.join(self.folder, "mail"),
                          configuration=conf, fingerprint=self.world.authority.fingerprint(certificate))

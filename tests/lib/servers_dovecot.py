# SPDX-License-Identifier: LGPL-2.1-or-later
"""Dovecot 2.3 from its Debian package, as root or as anybody with a name in the password file."""
import base64
import hashlib
import hmac
import imaplib
import json
import os
import pwd
import grp
import time

from servers_base import Authority, MASTER, MASTER_PASSWORD, PASSWORD, Trouble, free_port, program

TOKEN_SECRET = b"mailhaul-test-token"
MAIL_UID = 5000  # of the mail when we are root: a number without a name will do
MAILBOXES = ("Drafts", "Junk", "Trash", "Sent", "Archive")


def token(user, seconds=86400):
    """A JWT that the server takes for XOAUTH2 and OAUTHBEARER."""
    def pack(data):
        return base64.urlsafe_b64encode(data).rstrip(b"=")
    head = pack(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    now = int(time.time())
    body = pack(json.dumps({"sub": user, "iat": min(now, now + seconds), "exp": now + seconds}).encode())
    sign = pack(hmac.new(TOKEN_SECRET, head + b"." + body, hashlib.sha256).digest())
    return (head + b"." + body + b"." + sign).decode()


def identity():
    """Settings of the users as whom Dovecot runs, and the uid and gid of the mail."""
    if os.geteuid() == 0:
        return "", MAIL_UID, MAIL_UID
    try:
        user = pwd.getpwuid(os.geteuid()).pw_name
        group = grp.getgrgid(os.getegid()).gr_name
    except KeyError as error:
        raise Trouble("Dovecot needs a user and a group with names, and ours have none") from error
    return (f"default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n"
            + "".join(f"service {name} {{\n  chroot =\n}}\n" for name in ("anvil", "imap-login", "stats"))), \
        os.geteuid(), os.getegid()


SETTINGS = """base_dir = {folder}/run
state_dir = {folder}/state
instance_name = {name}
log_path = {log}
protocols = imap
listen = {listen}
ssl = yes
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
auth_master_user_separator = *
auth_failure_delay = 0
auth_verbose = yes
mail_max_userip_connections = 1000
mail_location = {location}
mail_fsync = never
mail_plugins = quota zlib
first_valid_uid = 1
login_trusted_networks =
{users}
passdb {{
  driver = passwd-file
  args = {folder}/master
  master = yes
  mechanisms = plain login
}}
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN {folder}/users
}}
{anyone}userdb {{
  driver = static
  args = uid={uid} gid={gid} home={folder}/mail/%u
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
{mailboxes}}}
protocol imap {{
  mail_plugins = quota zlib imap_quota imap_zlib
  imap_literal_minus = {literal_minus}
  imap_capability = {capability}
}}
plugin {{
  quota_vsizes = yes
{quota}}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
  process_min_avail = 4
  process_limit = 1000
}}
service imap {{
  process_limit = 1000
}}
service anvil {{
  client_limit = 4000
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service auth {{
  client_limit = 6000
}}
"""


ANYONE = f"passdb {{\n  driver = static\n  args = password={PASSWORD}\n}}\n"


class Dovecot:
    """options: format=maildir|sdbox separator=. prefix=INBOX. users=N quota=50M (or 0) special-use=yes|no
    literal-minus=yes|no mechanisms='plain login …' mask='LITERAL+ …' capability='…' bad-certificates=yes
    anyone=yes (any name is an account)"""

    DEFAULTS = {"format": "maildir", "separator": "/", "prefix": "", "users": "20", "quota": "0",
                "special-use": "yes", "literal-minus": "no", "mask": "", "capability": "", "bad-certificates": "no",
                "anyone": "no",
                "mechanisms": "plain login cram-md5 scram-sha-1 scram-sha-256 oauthbearer xoauth2"}

    def __init__(self, world, name, options):
        self.world, self.name, self.options = world, name, options
        self.folder = world.path(name)
        self.log = os.path.join(self.folder, "log")
        self.configuration = os.path.join(self.folder, "dovecot.conf")
        self.facts = {}

    def _accounts(self, uid, gid):
        name = self.name
        mail = os.path.join(self.folder, "mail")
        os.makedirs(mail, exist_ok=True)
        os.chmod(self.folder, 0o755)
        if os.geteuid() == 0:
            os.chown(mail, uid, gid)
        quota = self.options["quota"]
        extra = f"::::::userdb_quota_rule=*:storage={quota}" if quota != "0" else "::::::"
        count = int(self.options["users"])
        self.world.write(f"{name}/users", "".join(f"u{i}:{{PLAIN}}{PASSWORD}{extra}\n" for i in range(1, count + 1)))
        self.world.write(f"{name}/master", f"{MASTER}:{{PLAIN}}{MASTER_PASSWORD}\n")
        self.world.write(f"{name}/keys/default/HS256/default", base64.b64encode(TOKEN_SECRET).decode() + "\n")
        self.world.write(f"{name}/oauth2.conf", "introspection_mode = local\nusername_attribute = sub\n"
                         f"local_validation_key_dict = fs:posix:prefix={self.folder}/keys/\n")

    def _certificates(self):
        """Other addresses of this host show other certificates."""
        if self.options["bad-certificates"] != "yes":
            return "127.0.0.1", ""
        authority = self.world.authority
        stranger = Authority(self.world, "stranger")
        cases = {
            "expired": ("127.0.0.2", authority.sign("expired", ["IP:127.0.0.2"], expired=True)),
            "wrong-host": ("127.0.0.3", authority.sign("wrong-host", ["DNS:other.example"])),
            "stranger": ("127.0.0.4", stranger.sign("strange", ["IP:127.0.0.4"])),
        }
        text = ""
        for case, (address, (certificate, key)) in cases.items():
            text += f"local {address} {{\n  ssl_cert = <{certificate}\n  ssl_key = <{key}\n}}\n"
            self.facts[case] = address
        self.facts["no-tls"] = "127.0.0.5"
        text += "local 127.0.0.5 {\n  ssl = no\n}\n"
        return "127.0.0.1, 127.0.0.2, 127.0.0.3, 127.0.0.4, 127.0.0.5", text

    def _write(self, capability):
        users, uid, gid = identity()
        self._accounts(uid, gid)
        options = self.options
        location = {"maildir": "maildir:~/Maildir", "sdbox": "sdbox:~/sdbox"}.get(options["format"])
        if location is None:
            raise Trouble(f"format {options['format']} is not known")
        mailboxes = "".join(f"  mailbox {box} {{\n    special_use = \\{box}\n  }}\n" for box in MAILBOXES)
        quota = f"  quota = count:User quota\n  quota_rule = *:storage={options['quota']}\n"
        self.world.write(f"{self.name}/dovecot.conf", SETTINGS.format(
            folder=self.folder, name=f"mailhaul-test-{self.name}", log=self.log, listen=self.listen,
            certificate=self.certificate, key=self.key, mechanisms=options["mechanisms"], location=location,
            anyone=ANYONE if options["anyone"] == "yes" else "", users=users, uid=uid, gid=gid, separator=options["separator"], prefix=options["prefix"],
            mailboxes=mailboxes if options["special-use"] == "yes" else "", literal_minus=options["literal-minus"],
            capability=capability, quota=quota if options["quota"] != "0" else "", port=self.port,
            tls_port=self.tls_port) + self.locals)

    def capability(self):
        """What it says to one who has logged in."""
        with imaplib.IMAP4("127.0.0.1", self.port) as link:
            link.login("u1", PASSWORD)
            return link.capability()[1][0].decode().split()

    def start(self):
        self.port, self.tls_port = free_port(), free_port()
        self.certificate, self.key = self.world.authority.sign(
            f"{self.name}-server", ["DNS:localhost", "IP:127.0.0.1", "IP:127.0.0.5"])
        self.facts.update(port=self.port, tls_port=self.tls_port, log=self.log,
                          fingerprint=self.world.authority.fingerprint(self.certificate),
                          mail=os.path.join(self.folder, "mail"), configuration=self.configuration)
        self.listen, self.locals = self._certificates()
        self._write(self.options["capability"])
        self.process = self._run()
        if self.options["mask"]:
            hidden = {word.upper() for word in self.options["mask"].split()}
            self._write(" ".join(word for word in self.capability() if word.upper() not in hidden))
            self.restart()
            if hidden & {word.upper() for word in self.capability()}:
                raise Trouble("the mask of capabilities has no effect")

    def restart(self):
        """All of its processes die at once; the mail stays."""
        self.world.stop(self.process)
        self.process = self._run()

    def _run(self):
        output = os.path.join(self.folder, "output")
        process = self.world.start([program("dovecot"), "-F", "-c", self.configuration], output)
        try:
            self.world.wait_for(process, self.port, output)
        except Trouble as error:
            with open(self.log, encoding="utf-8", errors="replace") as file:
                raise Trouble(f"{error}\n{file.read()[-2000:]}") from error
        return process

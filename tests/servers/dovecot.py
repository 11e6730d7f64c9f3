"""A real Dovecot for one test session: IMAP and POP3 on free ports of loopback, TLS with a throw-away certificate, no root."""

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from imapclient import IMAPClient

PASSWORD = 'correct-"horse'
_CONFIG = """
protocols = imap pop3
base_dir = {base}/run
state_dir = {base}/state
log_path = {base}/dovecot.log
info_log_path = {base}/dovecot.log
default_internal_user = {internal}
default_internal_group = {group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:{base}/mail/%u
mail_plugins = acl
plugin {{
  acl = vfile:cache_secs=0
}}
mail_max_userip_connections = 200
listen = 127.0.0.1
ssl = yes
ssl_cert = <{base}/cert.pem
ssl_key = <{base}/key.pem
ssl_dh =
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_username_chars =
auth_failure_delay = 0
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={base}/home/%u
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap}
  }}
  inet_listener imaps {{
    port = {imaps}
  }}
}}
service pop3-login {{
  chroot =
  inet_listener pop3 {{
    port = {pop3}
  }}
  inet_listener pop3s {{
    port = {pop3s}
  }}
}}
service anvil {{
  chroot =
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
{more}
"""


class Dovecot:
    """One running server; any user name is an account, made by its first use. `more` is added to its configuration."""

    def __init__(self, more: str = "") -> None:
        self.base = Path(tempfile.mkdtemp(prefix="orgo-dovecot-"))
        self.imap, self.imaps, self.pop3, self.pop3s = free_ports(4)
        self.certificate = self.base / "cert.pem"
        self._write(more)
        command = [_binary("dovecot"), "-F", "-c", str(self.base / "dovecot.conf")]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self._until_it_answers()

    def _write(self, more: str) -> None:
        owner = pwd.getpwnam("mail") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
        self._owner = owner.pw_uid, owner.pw_gid
        self.base.chmod(0o755)
        for name in ("mail", "home"):
            (self.base / name).mkdir()
            os.chown(self.base / name, owner.pw_uid, owner.pw_gid)
        make_certificate(self.certificate, self.base / "key.pem", "localhost")
        as_root = os.getuid() == 0
        text = _CONFIG.format(
            base=self.base,
            internal="dovecot" if as_root else owner.pw_name,
            group="dovecot" if as_root else _group(owner.pw_gid),
            login="dovenull" if as_root else owner.pw_name,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
            imap=self.imap,
            imaps=self.imaps,
            pop3=self.pop3,
            pop3s=self.pop3s,
            password=PASSWORD,
            more=more,
        )
        (self.base / "dovecot.conf").write_text(text)

    def _until_it_answers(self) -> None:
        end = time.monotonic() + 20
        while time.monotonic() < end and self._process.poll() is None:
            try:
                with socket.create_connection(("127.0.0.1", self.imap), timeout=5) as probe:
                    if probe.recv(4) == b"* OK":
                        return
            except OSError:
                time.sleep(0.02)
        raise RuntimeError(f"dovecot does not answer:\n{self.log()}")

    def log(self) -> str:
        """What the server has written to its log."""
        path = self.base / "dovecot.log"
        return path.read_text() if path.exists() else ""

    def stop(self) -> None:
        """End the server and remove its mail."""
        self._process.terminate()
        self._process.wait(timeout=20)
        shutil.rmtree(self.base, ignore_errors=True)

    # -- an account, as somebody else's mail program has it

    def client(self, user: str) -> IMAPClient:
        """A second client of this account, signed in."""
        client = IMAPClient("127.0.0.1", self.imap, ssl=False, timeout=20)
        client.login(user, PASSWORD)
        return client

    def put(self, user: str, *mails: bytes, folder: str = "INBOX", at: object = None) -> None:
        """Let mails arrive in a folder (made where it is missing), at the instant `at` where it is given."""
        with self.client(user) as client:
            if not client.folder_exists(folder):
                client.create_folder(folder)
            for mail in mails:
                client.append(folder, mail, msg_time=at)

    def fill(self, user: str, mails: Iterable[bytes], at: datetime) -> None:
        """Let many mails be there that arrived at `at`, put into the mailbox's files as a delivery does."""
        folder = self.base / "mail" / user / "new"
        for place in (folder.parent, *(folder.parent / name for name in ("cur", "new", "tmp"))):
            place.mkdir(exist_ok=True)
            os.chown(place, *self._owner)
        stamp = at.timestamp()
        for number, mail in enumerate(mails):
            file = folder / f"{int(stamp)}.M{number}P1.localhost,S={len(mail)},W={len(mail)}"
            file.write_bytes(mail)
            os.utime(file, (stamp, stamp))
            os.chown(file, *self._owner)

    def delivers(self, address: str) -> str:
        """Lines of Postfix's main.cf that let it put the mail of this address into the account of that name."""
        uid, gid = self._owner
        return (
            f"virtual_transport = virtual\nvirtual_mailbox_base = {self.base}/mail\nvirtual_minimum_uid = 1\n"
            f"virtual_mailbox_maps = inline:{{ {address}={address}/ }}\n"
            f"virtual_uid_maps = static:{uid}\nvirtual_gid_maps = static:{gid}\n"
        )

    def forget_folder(self, user: str, folder: str = "INBOX") -> None:
        """Lose what the server knows of a folder's UIDs, as a restore from a backup does: it begins a new epoch."""
        place = self.base / "mail" / user / ("" if folder == "INBOX" else f".{folder}")
        for name in ("dovecot-uidlist", "dovecot.index", "dovecot.index.log", "dovecot.index.cache"):
            (place / name).unlink(missing_ok=True)

    def make_read_only(self, user: str, folder: str) -> None:
        """Let the account only look up and read a folder (RFC 4314), as with a folder that others share."""
        (self.base / "mail" / user / f".{folder}" / "dovecot-acl").write_text("owner lr\n")

    def flags(self, user: str, folder: str = "INBOX") -> dict[int, tuple[bytes, ...]]:
        """The flags of the mails in a folder, by UID."""
        with self.client(user) as client:
            client.select_folder(folder, readonly=True)
            return {uid: item[b"FLAGS"] for uid, item in client.fetch(client.search(), ["FLAGS"]).items()}


def free_ports(count: int) -> list[int]:
    """Ports of loopback that nobody listens on."""
    probes = [socket.socket() for _ in range(count)]
    for probe in probes:
        probe.bind(("127.0.0.1", 0))
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def make_certificate(certificate: Path, key: Path, name: str, days: int = 2) -> None:
    """A certificate for `name` that signs itself (openssl makes it)."""
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
    ]
    command += ["-keyout", str(key), "-out", str(certificate), "-days", str(days), "-subj", f"/CN={name}"]
    command += ["-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run(command, check=True, capture_output=True)


def _binary(name: str) -> str:
    path = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])
    found = shutil.which(name, path=path)
    assert found, f"{name} is not on this machine"
    return found


def _group(gid: int) -> str:
    import grp

    return grp.getgrgid(gid).gr_name

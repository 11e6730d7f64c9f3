"""A Postfix of the tests' own: own configuration, queue and port; it hands mail for one domain to Orgo by LMTP."""

import grp
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

_MAIN = """
compatibility_level = 3.6
queue_directory = {base}/queue
data_directory = {base}/data
daemon_directory = /usr/lib/postfix/sbin
command_directory = /usr/sbin
maillog_file = {base}/log/postfix.log
maillog_file_prefixes = {base}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.city.example
mydestination =
local_recipient_maps =
alias_maps =
mynetworks = 127.0.0.0/8
smtpd_relay_restrictions = permit_mynetworks, reject_unauth_destination
virtual_mailbox_domains = {domain}
virtual_transport = lmtp:inet:127.0.0.1:{lmtp}
lmtp_destination_recipient_limit = 50
smtp_tls_security_level = none
queue_run_delay = 1s
minimal_backoff_time = 1s
maximal_backoff_time = 1s
import_environment = MAIL_CONFIG
"""
_MASTER = """
{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 1 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
lmtp unix - - n - - lmtp
virtual unix - n n - - virtual
smtp unix - - n - - smtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """Takes mail on `port` by SMTP and hands that for `domain` to the LMTP server on `lmtp` (needs root, as Postfix does).

    `more` are further lines of main.cf; of a key that stands twice they count.
    """

    def __init__(self, lmtp: int, domain: str, more: str = "") -> None:
        self.base = Path(tempfile.mkdtemp(prefix="orgo-postfix-"))
        self.base.chmod(0o755)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.config = self.base / "config"
        for name in ("config", "queue", "data", "log"):
            (self.base / name).mkdir()
        shutil.chown(self.base / "data", "postfix")
        (self.config / "main.cf").write_text(_MAIN.format(base=self.base, lmtp=lmtp, domain=domain) + more)
        (self.config / "master.cf").write_text(_MASTER.format(port=f"127.0.0.1:{self.port}"))

    def start(self) -> "Postfix":
        """Start it; returns when it answers."""
        subprocess.run(
            ["postfix", "-c", str(self.config), "start"], check=True, capture_output=True, text=True
        )
        while True:
            try:
                with socket.create_connection(("127.0.0.1", self.port), timeout=5) as way:
                    if way.recv(3) == b"220":
                        return self
            except ConnectionRefusedError:
                continue

    def stop(self) -> None:
        """End it and take its folders away."""
        subprocess.run(["postfix", "-c", str(self.config), "abort"], capture_output=True)
        shutil.rmtree(self.base, ignore_errors=True)


def may_run() -> bool:
    """Whether this process may start one: Postfix wants root, and its own users."""
    try:
        pwd.getpwnam("postfix")
        grp.getgrnam("postdrop")
    except KeyError:
        return False
    return os.geteuid() == 0

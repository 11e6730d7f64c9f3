"""An account's consent (a refresh token), which its authority may renew with each use: the newest is kept in var/secrets.

RFC 6749 section 6: who is given a new refresh token discards the old one. A consent that is put into the configuration
anew counts again, so each is kept with the hash of the configured one that it came from.
"""

import hashlib
import json
import logging
import os
import re
from contextlib import suppress
from pathlib import Path

from orgo.conf import boot
from orgo.conf.config import Mailbox

log = logging.getLogger("orgo.mailbox")


def newest(account: Mailbox) -> str | None:
    """The refresh token to use: the one given last, else the configured one; None where there is none."""
    if account.refresh_token is None:
        return None
    configured = account.refresh_token.get_secret_value()
    try:
        kept = json.loads(_file(account).read_text())
        if kept["of"] == _hash(configured):
            return str(kept["token"])
    except (OSError, ValueError, KeyError, TypeError):
        pass
    return configured


def keep(account: Mailbox, token: str) -> None:
    """Remember the refresh token that was given in place of the former one, for its owner alone to read."""
    if account.refresh_token is None or token == newest(account):
        return
    file = _file(account)
    new = file.with_name(f".{file.name}.new")
    text = json.dumps({"of": _hash(account.refresh_token.get_secret_value()), "token": token})
    try:
        file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with suppress(FileNotFoundError):
            new.unlink()
        with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as out:
            out.write(text)
        new.replace(file)
    except OSError as error:
        log.error("the new refresh token of %s can't be kept: %s", account.name, error.strerror or error)


def forget(account: Mailbox) -> None:
    """The authority does not take the newest any more: the configured one counts."""
    with suppress(OSError):
        _file(account).unlink()


def _file(account: Mailbox) -> Path:
    readable = re.sub(r"[^A-Za-z0-9._-]", "_", account.name)[:80]
    return boot.config().var / "secrets" / f"{readable}-{_hash(account.name)[:8]}.refresh"


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()

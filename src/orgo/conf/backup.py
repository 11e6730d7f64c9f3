"""The keys of `backup:`: which key seals backups, where they go, how often, how many are kept."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from orgo.conf.kinds import After, Secret, plain_text, whole
from orgo.conf.s3 import S3, S3Store, folder_or_bucket
from orgo.conf.section import Section
from orgo.lib.problems import BadInput, Problem

Kept = Annotated[int, BeforeValidator(whole), Field(ge=0, le=1000)]


class Keep(Section):
    """How many backups stay: the newest of each of the last days, weeks and months that have one."""

    daily: Kept = Field(7, description="Of how many days the last one stays")
    weekly: Kept = Field(5, description="Of how many weeks")
    monthly: Kept = Field(12, description="Of how many months")


SFTP = "sftp://"
_FALSE = ("false", "no", "off", "0", "n", "f")
_SFTP = re.compile(r"sftp://[A-Za-z0-9._-]+@[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[A-Za-z0-9._~-]+)+/?")


def backup_place(text: str) -> str:
    """A folder, a bucket with a folder in it, or a folder of another machine by SFTP."""
    if not text.startswith(SFTP):
        return folder_or_bucket(text)
    if not _SFTP.fullmatch(text):
        raise ValueError("not a folder by SFTP; write it like sftp://user@host/folder")
    return text


_KEY = re.compile(r"(?:^|\s)([a-z][a-z0-9@.-]*) (AAAA[A-Za-z0-9+/]+={0,2})(?=\s|$)")
_KINDS = ("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521", "ssh-rsa")
_SCAN = "take the line of: ssh-keyscan -t ed25519 HOST"


def public_key(text: str) -> str:
    """A machine's key as ssh-keyscan prints it, with the machine's name before it or without."""
    found = _KEY.search(plain_text(text))
    if found is None:
        raise ValueError(f"not a machine's key; {_SCAN}")
    if found[1] not in _KINDS:
        raise ValueError(
            f"a key of a kind that is not spoken here ({found[1]}); {_SCAN}; known: {', '.join(_KINDS)}"
        )
    key = f"{found[1]} {found[2]}"
    from cryptography.hazmat.primitives.serialization import load_ssh_public_key

    try:
        load_ssh_public_key(key.encode())
    except ValueError as error:
        raise ValueError(f"a key that is not whole; {_SCAN}") from error
    return key


Place = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(backup_place)]
PublicKey = Annotated[str, StringConstraints(strict=True), AfterValidator(public_key)]


class SftpStore(Section):
    """How the other machine is spoken to; the address is in `to`."""

    host_key: PublicKey = Field(
        description="Its key, the line of `ssh-keyscan -t ed25519 HOST`: no other machine gets a backup"
    )
    identity: Secret | None = Field(
        None, description="The private key to sign in with (OpenSSH, no passphrase), as `file:path`"
    )
    password: Secret | None = Field(None, description="Or a password, as `${VAR}` or `file:path`")


class LockedS3Store(S3Store):
    """How the S3 store is spoken to; the address is in `to`."""

    lock: After | None = Field(
        None, description="How long nobody can remove a backup (object lock, which the bucket must have)"
    )


class Backup(Section):
    """Backups of all that Orgo holds."""

    key: Secret | None = Field(
        None,
        description="Seals them: 64 hexadecimal digits, only as `${VAR}` or `file:path`; keep a copy elsewhere."
        " It need not be there where `here` is false, nor need the store's secrets",
    )
    to: Place = Field(
        "var/backups",
        description="A folder (it must be there; relative to the home), `s3://bucket/folder` or `sftp://user@host/folder`",
    )
    every: After | None = Field(None, description="How often one is made by itself; never where not given")
    here: bool = Field(
        True, description="Whether this machine may make those that are due; of several that may, one does"
    )
    keep: Keep = Field(default_factory=Keep, description="How many stay")
    sftp: SftpStore | None = Field(None, description="The machine that is spoken to by SFTP")
    s3: LockedS3Store | None = Field(None, description="The S3 store")

    def folder(self, home: Path) -> Path | None:
        """The folder, or None where they leave this machine."""
        return None if self.to.startswith((S3, SFTP)) else home / Path(self.to).expanduser()

    def secret(self) -> str:
        """The key. Raises BadInput where only another machine has it."""
        if self.key is None:
            hint = "do this where backups are made (in a cluster: kubectl exec deploy/orgo-clock -- orgo backup ..)"
            raise BadInput(
                Problem("the key of the backups is not on this machine", key="backup.key", hint=hint)
            )
        return self.key.get_secret_value()


def is_made_elsewhere(config: Mapping[str, Any]) -> bool:
    """Whether a configuration as it was read, unchecked, says `backup.here: false`."""
    backup = config.get("backup")
    here = backup.get("here") if isinstance(backup, dict) else None
    return str(here).lower() in _FALSE

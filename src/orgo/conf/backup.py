"""The keys of `backup:`: which key seals backups, where they go, how often, how many are kept."""

import re
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from orgo.conf.kinds import After, BesideConfig, Secret, Text, WebUrl, plain_text, whole
from orgo.conf.section import Section

S3 = "s3://"
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?")


def backup_place(text: str) -> str:
    """Where backups go: a folder, or a bucket with a folder in it."""
    text = plain_text(text)
    if text.startswith(S3) and not _BUCKET.fullmatch(text):
        raise ValueError("not a bucket; write it like s3://bucket/folder")
    if "://" in text and not text.startswith(S3):
        raise ValueError("not a place for backups; write a folder or s3://bucket/folder")
    return text


Place = Annotated[str, StringConstraints(strict=True, min_length=1), AfterValidator(backup_place)]
Kept = Annotated[int, BeforeValidator(whole), Field(ge=0, le=1000)]


class Keep(Section):
    """How many backups stay: the newest of each of the last days, weeks and months that have one."""

    daily: Kept = Field(7, description="Of how many days the last one stays")
    weekly: Kept = Field(5, description="Of how many weeks")
    monthly: Kept = Field(12, description="Of how many months")


class S3Store(Section):
    """How the S3 store is spoken to; the address is in `to`."""

    endpoint: WebUrl | None = Field(None, description="The store's address; Amazon's where not given")
    region: Text = Field("us-east-1", description="The region, where the store has such")
    access_key: Secret | None = Field(None, description="The account, as `${VAR}` or `file:path`")
    secret_key: Secret | None = Field(None, description="Its secret, as `${VAR}` or `file:path`")
    ca_file: BesideConfig | None = Field(None, description="Certificates of an internal authority (PEM)")
    lock: After | None = Field(
        None, description="How long nobody can remove a backup (object lock, which the bucket must have)"
    )


class Backup(Section):
    """Backups of all that Orgo holds."""

    key: Secret = Field(
        description="Seals them: 64 hexadecimal digits, only as `${VAR}` or `file:path`; keep a copy elsewhere"
    )
    to: Place = Field(
        "var/backups", description="A folder (it must be there; relative to the home) or `s3://bucket/folder`"
    )
    every: After | None = Field(None, description="How often one is made by itself; never where not given")
    here: bool = Field(
        True, description="Whether this machine may make those that are due; of several that may, one does"
    )
    keep: Keep = Field(default_factory=Keep, description="How many stay")
    s3: S3Store | None = Field(None, description="The S3 store")

    def folder(self, home: Path) -> Path | None:
        """The folder, or None where they go to a bucket."""
        return None if self.to.startswith(S3) else home / Path(self.to).expanduser()

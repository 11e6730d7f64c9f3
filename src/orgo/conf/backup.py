"""The keys of `backup:`: which key seals backups, where they go, how often, how many are kept."""

from pathlib import Path
from typing import Annotated

from pydantic import BeforeValidator, Field

from orgo.conf.kinds import After, Secret, whole
from orgo.conf.s3 import S3, FolderOrBucket, S3Store
from orgo.conf.section import Section

Kept = Annotated[int, BeforeValidator(whole), Field(ge=0, le=1000)]


class Keep(Section):
    """How many backups stay: the newest of each of the last days, weeks and months that have one."""

    daily: Kept = Field(7, description="Of how many days the last one stays")
    weekly: Kept = Field(5, description="Of how many weeks")
    monthly: Kept = Field(12, description="Of how many months")


class LockedS3Store(S3Store):
    """How the S3 store is spoken to; the address is in `to`."""

    lock: After | None = Field(
        None, description="How long nobody can remove a backup (object lock, which the bucket must have)"
    )


class Backup(Section):
    """Backups of all that Orgo holds."""

    key: Secret = Field(
        description="Seals them: 64 hexadecimal digits, only as `${VAR}` or `file:path`; keep a copy elsewhere"
    )
    to: FolderOrBucket = Field(
        "var/backups", description="A folder (it must be there; relative to the home) or `s3://bucket/folder`"
    )
    every: After | None = Field(None, description="How often one is made by itself; never where not given")
    here: bool = Field(
        True, description="Whether this machine may make those that are due; of several that may, one does"
    )
    keep: Keep = Field(default_factory=Keep, description="How many stay")
    s3: LockedS3Store | None = Field(None, description="The S3 store")

    def folder(self, home: Path) -> Path | None:
        """The folder, or None where they go to a bucket."""
        return None if self.to.startswith(S3) else home / Path(self.to).expanduser()

"""The keys of `blobs:`: where the bytes of large mail go instead of into the database."""

from pathlib import Path

from pydantic import Field

from orgo.conf.kinds import Size
from orgo.conf.s3 import S3, FolderOrBucket, S3Store
from orgo.conf.section import Section


class Blobs(Section):
    """Large mail beside the database. All parts of Orgo have to reach the same place."""

    to: FolderOrBucket = Field(
        "var/blobs", description="A folder (relative to the home) or `s3://bucket/folder`"
    )
    above: Size = Field(1_000_000, description="Mail larger than this goes there")
    s3: S3Store | None = Field(None, description="The S3 store")

    def folder(self, home: Path) -> Path | None:
        """The folder, or None where they go to a bucket."""
        return None if self.to.startswith(S3) else home / Path(self.to).expanduser()

"""An S3 store: how it is spoken to (the keys of `s3:`), boto3's client for it, and what goes wrong in the store's own words."""

import errno
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, NamedTuple

from pydantic import AfterValidator, Field, StringConstraints

from orgo.conf.kinds import BesideConfig, Secret, Text, WebUrl, plain_text
from orgo.conf.section import Section

S3 = "s3://"
_BUCKET = re.compile(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[A-Za-z0-9._-]+)*/?")


class Away(Exception):
    """The store can't be had now, and why."""


def bucket(text: str) -> str:
    """The address of a bucket, with a folder in it or without."""
    if not _BUCKET.fullmatch(text):
        raise ValueError("not a bucket; write it like s3://bucket/folder")
    return text


def folder_or_bucket(text: str) -> str:
    """A folder, or a bucket with a folder in it."""
    text = plain_text(text)
    if "://" in text and not text.startswith(S3):
        raise ValueError("not a place; write a folder or s3://bucket/folder")
    return bucket(text) if text.startswith(S3) else text


FolderOrBucket = Annotated[
    str, StringConstraints(strict=True, min_length=1), AfterValidator(folder_or_bucket)
]


class S3Store(Section):
    """How the S3 store is spoken to; the address is in `to`."""

    endpoint: WebUrl | None = Field(None, description="The store's address; Amazon's where not given")
    region: Text = Field("us-east-1", description="The region, where the store has such")
    access_key: Secret | None = Field(None, description="The account, as `${VAR}` or `file:path`")
    secret_key: Secret | None = Field(None, description="Its secret, as `${VAR}` or `file:path`")
    ca_file: BesideConfig | None = Field(None, description="Certificates of an internal authority (PEM)")


class Patience(NamedTuple):
    """For how many seconds a store is waited for, to connect and between two pieces of an answer, and how often it is asked."""

    connect: float = 5
    read: float = 60
    attempts: int = 3


class Client:
    """boto3's client on one bucket and a folder in it; `words` is their address."""

    def __init__(self, address: str, s3: S3Store | None, patience: Patience = Patience()) -> None:  # noqa: B008
        self.words = address
        self.bucket, _, folder = address.removeprefix(S3).partition("/")
        self.before = f"{folder.strip('/')}/" if folder.strip("/") else ""
        self.calls, self._failures = _client(s3, patience)

    def key(self, name: str) -> dict[str, str]:
        """The words by which a call names an object."""
        return {"Bucket": self.bucket, "Key": self.before + name}

    @contextmanager
    def asking(self, name: str = "") -> Iterator[None]:
        """Around calls: what they raise becomes Away with the store's own words, and no secret.

        Raises FileNotFoundError where there is no `name`.
        """
        try:
            yield
        except self._failures as error:
            answer = getattr(error, "response", None) or {}  # None where there was no answer
            code = str(answer.get("Error", {}).get("Code", ""))
            if name and code in ("NoSuchKey", "404"):
                raise FileNotFoundError(errno.ENOENT, "it is not there", name) from error
            raise Away(f"{self.words}: {error or type(error).__name__}") from error

    def entries(self, folder: str = "") -> Iterator[dict[str, Any]]:
        """What lies in a folder, as the store lists it, `Name` being without the folders. Raises Away."""
        before = self.before + folder
        pages = self.calls.get_paginator("list_objects_v2")
        with self.asking():
            for page in pages.paginate(Bucket=self.bucket, Prefix=before):
                for entry in page.get("Contents", ()):
                    yield {**entry, "Name": str(entry["Key"]).removeprefix(before)}


def _client(s3: S3Store | None, patience: Patience) -> tuple[Any, tuple[type[BaseException], ...]]:
    """boto3's client, and what it raises. It is imported for who has such a store only."""
    import boto3
    from boto3.exceptions import Boto3Error
    from botocore.config import Config as Settings
    from botocore.exceptions import BotoCoreError, ClientError
    from urllib3.exceptions import HTTPError

    settings = Settings(
        connect_timeout=patience.connect,
        read_timeout=patience.read,
        retries={"mode": "standard", "total_max_attempts": patience.attempts},
    )
    client = boto3.client(
        "s3",
        endpoint_url=s3.endpoint if s3 else None,
        region_name=s3.region if s3 else None,
        aws_access_key_id=s3.access_key.get_secret_value() if s3 and s3.access_key else None,
        aws_secret_access_key=s3.secret_key.get_secret_value() if s3 and s3.secret_key else None,
        verify=str(s3.ca_file) if s3 and s3.ca_file else None,
        config=settings,
    )
    return client, (Boto3Error, BotoCoreError, ClientError, HTTPError, OSError)

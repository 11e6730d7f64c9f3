"""Large mail beside the database: in a folder or a bucket, read wherever mail is read; what can't be had waits or is said."""

import itertools
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from orgo.conf import boot, load
from tests.database import environment
from tests.office import Office
from tests.servers.seaweedfs import ACCESS, SECRET, Seaweedfs

LARGE = "It leaks. " + "Drip, drop. " * 3_000
_number = itertools.count()
IN_BUCKET = "{to: 's3://BUCKET/orgo', above: 20 kB, s3: {endpoint: 'ENDPOINT', access_key: '${S3_ACCESS}', secret_key: '${S3_SECRET}'}}"


def configured(office: Office, blobs: str) -> None:
    """The office goes on with `blobs:` in its configuration."""
    file = office.home / "config" / "config.yaml"
    file.write_text(f"{file.read_text().partition('blobs:')[0]}\nblobs: {blobs}\n")
    office.config = load(office.home, {**environment(), "S3_ACCESS": ACCESS, "S3_SECRET": SECRET})
    boot.use(office.config)


@pytest.fixture
def in_folder(office: Office) -> Office:
    configured(office, "{above: 20 kB}")
    return office


@pytest.fixture
def in_bucket(office: Office, seaweedfs: Seaweedfs) -> Office:
    bucket = seaweedfs.bucket(f"blobs-{next(_number)}")
    configured(office, IN_BUCKET.replace("BUCKET", bucket).replace("ENDPOINT", seaweedfs.endpoint))
    return office


def row_of(mail: Any) -> tuple[bytes, str]:
    from orgo.intake.models import RawMail

    row = RawMail.objects.get(pk=mail.pk)
    return bytes(row.data), row.blob


def comes_back(office: Office) -> str:
    """A large mail is taken, routed and read; returns its blob's name."""
    from orgo.intake.store import read_raw

    large, small = office.mail(body=LARGE), office.mail("bob@people.example", "Door")
    assert (large.outcome, small.outcome) == ("opened", "opened")
    data, blob = row_of(large)
    assert data == b"" and len(blob) == 64 and row_of(small)[1] == ""
    assert LARGE.strip().encode() in read_raw(large.pk)
    return blob


def test_a_large_mail_lies_in_the_folder_under_its_hash(in_folder: Office) -> None:
    import hashlib

    blob = comes_back(in_folder)

    (file,) = [path for path in (in_folder.home / "var" / "blobs").rglob("*") if path.is_file()]
    assert file.name == blob == hashlib.sha256(file.read_bytes()).hexdigest()


@pytest.mark.needs("seaweedfs")
def test_a_large_mail_lies_in_the_bucket(in_bucket: Office, seaweedfs: Seaweedfs) -> None:
    blob = comes_back(in_bucket)
    assert in_bucket.config.blobs is not None
    bucket = in_bucket.config.blobs.to.split("/")[2]

    assert seaweedfs.client().head_object(Bucket=bucket, Key=f"orgo/{blob}")["ContentLength"] > 0


def sweeps(age: Callable[[str], None], office: Office) -> None:
    """Only what is old and has no row goes."""
    from orgo.intake import blobs

    place = blobs.here()
    assert place is not None
    kept, orphan, young = comes_back(office), "ab" * 32, "cd" * 32
    for name in (orphan, young):
        place.put(name, b"x")
    for name in (kept, orphan):
        age(name)
    assert blobs.sweep(place) == 1

    assert place.get(young) == b"x" and len(place.get(kept)) > 100
    with pytest.raises(FileNotFoundError):
        place.get(orphan)


def test_a_blob_that_no_row_names_is_swept_when_it_is_old(in_folder: Office) -> None:
    from orgo.intake import blobs
    from orgo.lib import clock

    def age(name: str) -> None:
        file = in_folder.home / "var" / "blobs" / name[:2] / name
        long_ago = (clock.now() - timedelta(days=3)).timestamp()
        os.utime(file, (long_ago, long_ago))

    sweeps(age, in_folder)
    place = blobs.here()
    assert place is not None
    place.put("ef" * 32, b"x")
    age("ef" * 32)
    place.put("ef" * 32, b"x")  # another mail's: it is young again
    assert blobs.sweep(place) == 0


@pytest.mark.needs("seaweedfs")
def test_a_bucket_is_swept(in_bucket: Office, monkeypatch: Any) -> None:
    from orgo.intake import blobs

    place = blobs.here()
    assert place is not None
    kept = comes_back(in_bucket)
    place.put("ab" * 32, b"x")
    assert blobs.sweep(place) == 0
    monkeypatch.setattr(blobs, "KEPT_WITHOUT_ROW", -timedelta(days=36_500))

    assert blobs.sweep(place) == 1 and len(place.get(kept)) > 100


def test_a_place_that_is_away_keeps_no_mail_out(in_folder: Office) -> None:
    """What comes goes into the database; what lies there waits, and nobody is blamed for it."""
    from orgo.intake.claim import HELD
    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    folder = in_folder.home / "disk"
    folder.mkdir()
    configured(in_folder, f"{{to: {folder}, above: 20 kB}}")
    data = b"From: clara@people.example\r\nTo: info@city.example\r\nSubject: Roof\r\n\r\n" + LARGE.encode()
    (waits,) = take([Incoming(data=data, source="smtp", envelope_to=("info@city.example",))])
    folder.rename(folder.with_name("unmounted"))
    in_folder.settle()

    now = in_folder.mail("dan@people.example", "Cellar", body=LARGE)
    assert now.outcome == "opened" and row_of(now)[1] == ""
    assert Mail.objects.get(pk=waits.pk).outcome == "" and Mail.objects.get(pk=waits.pk).attempts == 0
    folder.with_name("unmounted").rename(folder)
    in_folder.clock.move_to(in_folder.clock.now() + HELD + timedelta(seconds=1))
    in_folder.settle()
    assert Mail.objects.get(pk=waits.pk).outcome == "opened"


@pytest.mark.parametrize("harm", ["gone", "changed"])
def test_a_mail_whose_blob_is_lost_is_in_quarantine_and_the_page_says_so(
    in_folder: Office, harm: str
) -> None:
    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    data = b"From: clara@people.example\r\nTo: info@city.example\r\nSubject: Roof\r\n\r\n" + LARGE.encode()
    (row,) = take([Incoming(data=data, source="smtp", envelope_to=("info@city.example",))])
    file = _file(in_folder, row_of(row)[1])
    if harm == "gone":
        file.unlink()
    else:
        file.write_bytes(file.read_bytes()[:-1])
    in_folder.settle()

    mail = Mail.objects.get(pk=row.pk)
    assert mail.outcome == "quarantined" and f"blob {file.name}" in mail.reason


def _file(office: Office, blob: str) -> Path:
    return office.home / "var" / "blobs" / blob[:2] / blob


def test_the_page_says_that_the_bytes_can_not_be_had(in_folder: Office) -> None:
    from django.test import Client

    from orgo.intake.models import Mail
    from orgo.people.models import User

    blob = comes_back(in_folder)
    _file(in_folder, blob).unlink()
    client = Client()
    client.force_login(User.objects.get(address="admin@city.example"))

    answer = client.get(f"/mail/{Mail.objects.earliest('id').pk}/raw", HTTP_HOST="localhost")

    assert answer.status_code == 503 and b"can't be had" in answer.content

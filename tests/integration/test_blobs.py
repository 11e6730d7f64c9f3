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
def test_a_blob_lasts_before_it_counts_as_put_also_the_second_time(
    in_folder: Office, synced: list[int]
) -> None:
    from orgo.intake.blobs import put

    blob = put(LARGE.encode(), LARGE.encode())
    folder = _file(in_folder, blob).parent
    names = [where.stat().st_ino for where in (folder, folder.parent)]
    var = folder.parents[1].stat().st_ino
    assert synced == [var, _file(in_folder, blob).stat().st_ino, *names]
    synced.clear()
    put(LARGE.encode(), LARGE.encode())
    assert synced == names


def test_a_large_mail_lies_in_the_bucket(in_bucket: Office, seaweedfs: Seaweedfs) -> None:
    blob = comes_back(in_bucket)
    assert in_bucket.config.blobs is not None
    bucket = in_bucket.config.blobs.to.split("/")[2]

    assert seaweedfs.client().head_object(Bucket=bucket, Key=f"orgo/{blob}")["ContentLength"] > 0


def sweeps(age: Callable[[str], None], age_aside: Callable[[str], None], office: Office) -> None:
    """Only what is old and has no row goes: aside first, and away a day later."""
    from orgo.intake import blobs
    from orgo.lib import clock

    place = blobs.here()
    assert place is not None
    kept, orphan, young = comes_back(office), "ab" * 32, "cd" * 32
    for name in (orphan, young):
        place.put(name, b"x")
    for name in (kept, orphan):
        age(name)
    assert blobs.sweep(place) == 1

    assert place.get(young) == b"x" and len(place.get(kept)) > 100
    assert list(place.old(clock.now())) == [kept] and place.get(orphan) == b"x"
    assert blobs.sweep(place) == 0 and place.get(orphan) == b"x"
    age_aside(orphan)
    assert blobs.sweep(place) == 0
    with pytest.raises(FileNotFoundError):
        place.get(orphan)


def _make_old(file: Path) -> None:
    from orgo.lib import clock

    long_ago = (clock.now() - timedelta(days=3)).timestamp()
    os.utime(file, (long_ago, long_ago))


def test_a_blob_that_no_row_names_is_swept_when_it_is_old(in_folder: Office) -> None:
    from orgo.intake import blobs

    sweeps(
        lambda name: _make_old(_file(in_folder, name)),
        lambda name: _make_old(_file(in_folder, name).with_name(f".{name}.swept")),
        in_folder,
    )
    place = blobs.here()
    assert place is not None
    place.put("ef" * 32, b"x")
    _make_old(_file(in_folder, "ef" * 32))
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
    assert place.get("ab" * 32) == b"x"
    assert blobs.sweep(place) == 0
    with pytest.raises(FileNotFoundError):
        place.get("ab" * 32)


def stays_readable(office: Office, name: str) -> None:
    """It was set aside while a mail got its row: that mail is read, and the next sweep puts it back."""
    from orgo.intake import blobs
    from orgo.lib import clock

    place, far = blobs.here(), clock.now() + timedelta(days=36_500)
    assert place is not None
    place.set_aside(name, far)
    assert list(place.old(far)) == [] and list(place.aside(far)) == [name]
    assert len(blobs.get(name)) > 100
    office.clock.move_to(far)
    assert blobs.sweep(place) == 0
    assert list(place.old(far)) == [name] and list(place.aside(far)) == []


def test_what_is_swept_while_a_row_gets_it_comes_back(in_folder: Office) -> None:
    stays_readable(in_folder, comes_back(in_folder))


@pytest.mark.needs("seaweedfs")
def test_what_is_swept_from_a_bucket_while_a_row_gets_it_comes_back(in_bucket: Office) -> None:
    stays_readable(in_bucket, comes_back(in_bucket))


def test_small_mail_goes_by_large_mail_that_waits_for_its_place(
    in_folder: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The place is asked once, whatever waits for it; what waits is blamed for nothing, and goes on when it is back."""
    from orgo.intake import blobs
    from orgo.intake.models import Mail
    from orgo.pipeline import Router, take

    folder = in_folder.home / "disk"
    asked: list[str] = []
    folder.mkdir()
    configured(in_folder, f"{{to: {folder}, above: 20 kB}}")
    large = take([_incoming(number, LARGE) for number in range(8)])
    folder.rename(folder.with_name("unmounted"))
    read = blobs.InFolder.get

    def counted(self: blobs.InFolder, name: str) -> bytes:
        asked.append(name)
        return read(self, name)

    monkeypatch.setattr(blobs.InFolder, "get", counted)
    (small,) = take([_incoming(9, "It drips.")])
    router = Router(in_folder.parser)

    assert router.round(2) == 1
    assert Mail.objects.get(pk=small.pk).outcome == "opened" and len(asked) == 1
    waiting = Mail.objects.filter(pk__in=[mail.pk for mail in large])
    assert set(waiting.values_list("outcome", "attempts")) == {("", 0)}
    folder.with_name("unmounted").rename(folder)
    in_folder.clock.advance(blobs.AWAY_FOR + timedelta(seconds=1))
    while router.round(2):
        pass
    router.close()
    assert set(waiting.values_list("outcome", "attempts")) == {("opened", 1)}


def _incoming(number: int, text: str) -> Any:
    from orgo.intake.store import Incoming

    data = f"From: p{number}@people.example\r\nTo: info@city.example\r\nSubject: Roof {number}\r\n\r\n{text}"
    return Incoming(data=data.encode(), source="smtp", envelope_to=("info@city.example",))


def test_a_place_that_takes_nothing_is_asked_once_and_can_still_be_read(
    in_folder: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.intake import blobs

    tried: list[str] = []

    def full(self: object, name: str, data: bytes) -> None:
        tried.append(name)
        raise blobs.BlobAway("No space left on device")

    blob = comes_back(in_folder)
    with monkeypatch.context() as patched:
        patched.setattr(blobs.InFolder, "put", full)
        assert [blobs.put(b"x" * 30_000, b"%d" % number) for number in range(5)] == [""] * 5
    assert len(tried) == 1 and len(blobs.get(blob)) > 100
    in_folder.clock.advance(blobs.AWAY_FOR)
    assert blobs.put(b"x" * 30_000, b"y") != ""


def test_a_place_that_is_slow_is_read_no_longer_than_the_mails_are_claimed(
    in_folder: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some of a batch are decided, the others wait; even one more that times out ends before the lease does."""
    from orgo.intake import blobs, store
    from orgo.intake.claim import LEASE
    from orgo.intake.models import Mail
    from orgo.pipeline import route, take

    take([_incoming(number, LARGE) for number in range(8)])
    read = blobs.InFolder.get

    def slowly(self: blobs.InFolder, name: str) -> bytes:
        in_folder.clock.advance(seconds=12)
        return read(self, name)

    monkeypatch.setattr(blobs.InFolder, "get", slowly)
    assert route(in_folder.parser) == 8
    outcomes = sorted(Mail.objects.values_list("outcome", "attempts"))
    assert outcomes == [("", 0)] * 5 + [("opened", 1)] * 3
    slowest = (blobs.PATIENCE.connect + blobs.PATIENCE.read) * blobs.PATIENCE.attempts
    assert store.READING + timedelta(seconds=slowest + 10) < LEASE


def test_a_place_that_is_away_keeps_no_mail_out(in_folder: Office) -> None:
    """What comes goes into the database; what lies there waits, and nobody is blamed for it."""
    from orgo.intake.claim import HELD
    from orgo.intake.models import Mail
    from orgo.pipeline import take

    folder = in_folder.home / "disk"
    folder.mkdir()
    configured(in_folder, f"{{to: {folder}, above: 20 kB}}")
    (waits,) = take([_incoming(1, LARGE)])
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
    from orgo.pipeline import take

    (row,) = take([_incoming(1, LARGE)])
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

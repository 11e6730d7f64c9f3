"""Backups in a real S3 store: they come back as they were, wrong keys are refused, locked ones stay."""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest

from orgo.backup.stores import Bucket, Stored, name_of
from orgo.conf.backup import Backup
from orgo.conf.s3 import Away
from orgo.lib import clock
from tests.servers.seaweedfs import ACCESS, SECRET, Seaweedfs

pytestmark = [pytest.mark.needs("seaweedfs"), pytest.mark.of_sqlite]


def bucket(seaweedfs: Seaweedfs, to: str, **more: Any) -> Bucket:
    s3 = {"endpoint": seaweedfs.endpoint, "access_key": ACCESS, "secret_key": SECRET, **more}
    return Bucket(Backup.model_validate({"key": "0" * 64, "to": to, "s3": s3}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A backup that is sent by parts (more than 8 MB)."""
    made = tmp_path / name_of(clock.now())
    made.write_bytes(os.urandom(9_000_000))
    return made


def test_it_comes_back_as_it_was(seaweedfs: Seaweedfs, file: Path) -> None:
    seaweedfs.bucket("backups")
    store = bucket(seaweedfs, "s3://backups/orgo")
    store.put(file)
    seaweedfs.client().put_object(Bucket="backups", Key="orgo/notes.txt", Body=b"not ours")

    assert [(one.name, one.bytes) for one in store.all()] == [(file.name, 9_000_000)]
    found, digest = store.open(file.name), hashlib.sha256()
    while part := found.read(1 << 20):
        assert len(part) == 1 << 20 or not found.read(1)
        digest.update(part)
    assert digest.digest() == hashlib.sha256(file.read_bytes()).digest()
    store.remove(file.name)
    assert store.all() == []


def test_what_is_not_there_is_said_as_such(seaweedfs: Seaweedfs) -> None:
    seaweedfs.bucket("backups")
    with pytest.raises(FileNotFoundError):
        bucket(seaweedfs, "s3://backups").open("orgo-20260101T000000.000000Z.orgo-backup")


@pytest.mark.parametrize("wrong", [{"secret_key": "not the secret"}, {"access_key": "nobody"}])
def test_a_wrong_account_is_refused_and_its_secret_not_said(
    seaweedfs: Seaweedfs, file: Path, wrong: dict[str, str]
) -> None:
    seaweedfs.bucket("backups")
    store = bucket(seaweedfs, "s3://backups", **wrong)
    for call in (store.all, lambda: store.put(file), lambda: store.open(file.name)):
        with pytest.raises(Away) as said:
            call()
        assert "not the secret" not in str(said.value) and SECRET not in str(said.value)


def test_a_store_that_is_not_there_is_away(file: Path, seaweedfs: Seaweedfs) -> None:
    store = bucket(seaweedfs, "s3://backups", endpoint="http://127.0.0.1:1")
    with pytest.raises(Away):
        store.put(file)


def test_a_locked_backup_can_not_be_removed(seaweedfs: Seaweedfs, tmp_path: Path) -> None:
    """The plain removal only hides it: the version stays, and removing that is refused."""
    from botocore.exceptions import ClientError

    seaweedfs.bucket("locked", ObjectLockEnabledForBucket=True)
    small = tmp_path / name_of(clock.now())
    small.write_bytes(b"sealed")
    store = bucket(seaweedfs, "s3://locked", lock="1 day")
    store.put(small)
    (version,) = seaweedfs.client().list_object_versions(Bucket="locked")["Versions"]

    with pytest.raises(ClientError):
        seaweedfs.client().delete_object(Bucket="locked", Key=small.name, VersionId=version["VersionId"])
    kept = seaweedfs.client().get_object(Bucket="locked", Key=small.name, VersionId=version["VersionId"])
    assert kept["Body"].read() == b"sealed"


def test_the_whole_way_by_s3(seaweedfs: Seaweedfs, tmp_path: Path, monkeypatch: Any, capsys: Any) -> None:
    """Configured as an operator does, from `create` to `drill`; a store that went away is waited for."""
    from tests.integration.test_backup import KEY, Place

    seaweedfs.bucket("whole")
    home = tmp_path / "home"
    home.mkdir()
    text = f"backup: {{key: '${{BACKUP_KEY}}', to: 's3://whole/a', s3: {{endpoint: '{seaweedfs.endpoint}', access_key: '${{S3_ACCESS}}', secret_key: '${{S3_SECRET}}'}}}}\n"
    (home / "config.yaml").write_text(text)
    place = Place(home, BACKUP_KEY=KEY, S3_ACCESS=ACCESS, S3_SECRET=SECRET)
    assert place.run("database", "migrate").returncode == 0

    away = place.run("backup", "create", S3_SECRET="another")
    assert away.returncode == 6 and "another" not in away.stderr and SECRET not in away.stderr
    (made,) = place.said("backup", "create")
    assert made["waiting"] == []
    found = place.said("backup", "list")
    assert len(found) == 2 and {one["place"] for one in found} == {"there"}
    (drilled,) = place.said("backup", "drill")
    assert drilled["wrong"] == [] and drilled["name"] == made["name"]


def test_the_time_of_a_backup_is_in_its_name() -> None:
    at = clock.now()
    from orgo.backup.stores import time_of

    assert time_of(name_of(at)) == at and time_of("orgo.orgo-backup") is None
    assert Stored(name_of(at), at, 1).at == at


def test_a_blob_is_locked_for_as_long_as_the_newest_backup_that_needs_it(
    seaweedfs: Seaweedfs, tmp_path: Path
) -> None:
    seaweedfs.bucket("locked-blobs", ObjectLockEnabledForBucket=True)
    blob = tmp_path / ("ab" * 32)
    blob.write_bytes(b"sealed")
    store = bucket(seaweedfs, "s3://locked-blobs/orgo", lock="1 day")
    store.put(blob, "blobs")
    where = {"Bucket": "locked-blobs", "Key": f"orgo/blobs/{blob.name}"}
    first = seaweedfs.client().get_object_retention(**where)["Retention"]["RetainUntilDate"]

    bucket(seaweedfs, "s3://locked-blobs/orgo", lock="2 days").keep_blobs([blob.name])

    later = seaweedfs.client().get_object_retention(**where)["Retention"]["RetainUntilDate"]
    assert store.blobs() == {blob.name} and store.all() == []
    assert (later - first).total_seconds() > 80_000


def test_what_was_cut_off_goes_on_with_the_parts_that_lack(
    seaweedfs: Seaweedfs, tmp_path: Path, monkeypatch: Any
) -> None:
    """Parts of other bytes under the same name are not taken for these."""
    from orgo.backup import multipart

    seaweedfs.bucket("parts")
    monkeypatch.setattr(multipart, "PART", 5 << 20)
    file = tmp_path / name_of(clock.now())
    file.write_bytes(os.urandom(12_000_000))
    sent = Counting(bucket(seaweedfs, "s3://parts"), fail_after=2)
    with pytest.raises(Away):
        sent.store.put(file)
    assert sent.store.all() == []

    again = Counting(bucket(seaweedfs, "s3://parts"))
    again.store.put(file)
    assert again.parts == [3]
    assert again.store.open(file.name).read() == file.read_bytes()

    cut = Counting(bucket(seaweedfs, "s3://parts/other"), fail_after=2)
    with pytest.raises(Away):
        cut.store.put(file)
    file.write_bytes(b"sealed anew" + file.read_bytes()[11:])
    whole = Counting(bucket(seaweedfs, "s3://parts/other"))
    whole.store.put(file)
    assert whole.parts == [1, 3] and whole.store.open(file.name).read() == file.read_bytes()


class Counting:
    """A bucket that notes which parts are sent to it, and whose line breaks after some."""

    def __init__(self, store: Bucket, fail_after: int = 99) -> None:
        self.store, self.parts = store, list[int]()
        real = store._s3.calls.upload_part

        def upload_part(**words: Any) -> Any:
            if len(self.parts) == fail_after:
                raise ConnectionError("the line broke")
            self.parts.append(words["PartNumber"])
            return real(**words)

        store._s3.calls.upload_part = upload_part

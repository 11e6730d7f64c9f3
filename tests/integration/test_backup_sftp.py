"""Backups on another machine by SFTP, against a real OpenSSH: they come back, what was cut off goes on, strangers get none."""

import os
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from orgo.backup import sftp
from orgo.backup.sftp import Elsewhere
from orgo.backup.stores import name_of
from orgo.conf.backup import Backup
from orgo.conf.s3 import Away
from orgo.lib import clock
from tests.servers.openssh import Openssh

pytestmark = [pytest.mark.needs("openssh"), pytest.mark.of_sqlite]


@pytest.fixture(scope="module")
def server() -> Iterator[Openssh]:
    made = Openssh()
    try:
        yield made.start()
    finally:
        made.stop()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "backups"
    made.mkdir()
    return made


def store(server: Openssh, folder: Path, **more: Any) -> Elsewhere:
    keys = {"host_key": server.host_key, "identity": server.identity.read_text(), **more}
    return Elsewhere(Backup.model_validate({"key": "0" * 64, "to": server.url(folder), "sftp": keys}))


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / name_of(clock.now())
    made.write_bytes(os.urandom(5_000_000))
    return made


def test_it_comes_back_as_it_was(server: Openssh, folder: Path, file: Path) -> None:
    there = store(server, folder)
    there.put(file)
    there.put(file, "blobs")
    (folder / "notes.txt").write_text("not ours")

    assert [(one.name, one.bytes) for one in there.all()] == [(file.name, 5_000_000)]
    with there.open(file.name) as found:
        assert found.read(1 << 20) + found.read(-1) == file.read_bytes()
    assert (folder / "blobs" / file.name).read_bytes() == file.read_bytes()
    there.remove(file.name)
    assert there.all() == []
    with pytest.raises(FileNotFoundError):
        there.open(file.name)


@pytest.mark.parametrize("at_once", [False, True])
def test_no_more_is_held_than_a_window(
    server: Openssh, folder: Path, file: Path, monkeypatch: pytest.MonkeyPatch, at_once: bool
) -> None:
    """A backup of gigabytes would be in memory as a whole while it is unpacked.

    Where the first answer is there before the second piece is asked for (`at_once`), paramiko asks for pieces twice.
    """
    opened: weakref.WeakSet[paramiko.SFTPFile] = weakref.WeakSet()
    furthest, ask, open_ = [0], paramiko.SFTPClient._async_request, paramiko.SFTPClient.open

    def opens(client: paramiko.SFTPClient, *what: Any) -> paramiko.SFTPFile:
        opened.add(made := open_(client, *what))
        return made

    def asks(client: paramiko.SFTPClient, of: Any, kind: int, *what: Any) -> Any:
        if kind == paramiko.sftp.CMD_READ:
            _, offset, length = what
            furthest.append(int(offset) + int(length))
            while (
                at_once
                and isinstance(of, paramiko.SFTPFile)
                and of._prefetch_extents
                and not of._prefetch_done
            ):
                os.sched_yield()
        return ask(client, of, kind, *what)

    monkeypatch.setattr(sftp, "_WINDOW", 1 << 20)
    monkeypatch.setattr(paramiko.SFTPClient, "open", opens)
    monkeypatch.setattr(paramiko.SFTPClient, "_async_request", asks)
    file.rename(folder / file.name)
    data = b""
    with store(server, folder).open(file.name) as found:
        while piece := found.read(100_000):
            data += piece
            assert max(furthest) <= len(data) + (1 << 20)
            assert sum(len(one) for held in opened for one in held._prefetch_data.values()) <= 1 << 20
    assert data == (folder / file.name).read_bytes()


def test_what_was_cut_off_goes_on_where_it_was(server: Openssh, folder: Path, file: Path) -> None:
    """What had arrived is not sent again, but for its end."""
    data = file.read_bytes()
    (folder / f"{file.name}.part").write_bytes(b"had arrived" + data[11:3_000_000])

    store(server, folder).put(file)

    assert (folder / file.name).read_bytes() == b"had arrived" + data[11:]
    assert [path.name for path in folder.iterdir()] == [file.name]
    (folder / "blobs").mkdir()
    (folder / "blobs" / f"{file.name}.part").write_bytes(b"of another sealing" * 200_000)
    store(server, folder).put(file, "blobs")
    assert (folder / "blobs" / file.name).read_bytes() == data


def test_another_machine_and_another_key_get_nothing(server: Openssh, folder: Path, file: Path) -> None:
    other = Openssh()
    strange = {"host_key": other.host_key}, {"identity": other.identity.read_text()}, {"identity": "no key"}
    try:
        for wrong in strange:
            with pytest.raises(Away) as said:
                store(server, folder, **wrong).put(file)
            assert "PRIVATE KEY" not in str(said.value)
    finally:
        other.stop()
    with pytest.raises(Away, match="no such folder"):
        store(server, folder / "unmounted").all()
    assert list(folder.iterdir()) == []


def test_the_whole_way_by_sftp(server: Openssh, folder: Path, tmp_path: Path) -> None:
    """Killed while it is sent, it goes on with the next; what lies there can be restored."""
    from tests.crash.test_backup import FURNISH, KEY, Home

    home = Home(tmp_path / "home", "sqlite:///./var/orgo.db")
    (tmp_path / "key").write_text(KEY)
    (home.folder / "config.yaml").write_text(
        f"backup:\n  key: file:{tmp_path / 'key'}\n  to: {server.url(folder)}\n"
        f"  sftp: {{host_key: '{server.host_key}', identity: 'file:{server.identity}'}}\n"
    )
    assert home.run(["-c", FURNISH]).returncode == 0

    assert home.orgo("backup", "create", crash="H13.sending").returncode == -9
    assert [path.suffix for path in folder.iterdir()] == [".part"]
    home.must("backup", "create")

    assert len(list(folder.iterdir())) == 2 and not list(folder.glob("*.part"))
    assert len(home.must("backup", "list").splitlines()) == 2
    home.must("backup", "drill")

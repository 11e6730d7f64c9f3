"""What the machine says of its folders."""

from pathlib import Path

import pytest

from orgo.conf import load
from orgo.conf.machine import network_of

MOUNTS = "/dev/sda1 / ext4 rw 0 0\nfiler:/orgo {folder} nfs4 rw 0 0\n/dev/sdb1 {folder}/local xfs rw 0 0\n"


@pytest.fixture
def share(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that lies on a server, with a local disk in it, as Linux tells it."""
    folder = tmp_path.resolve() / "share"
    (folder / "local").mkdir(parents=True)
    mounts = tmp_path / "mounts"
    mounts.write_text(MOUNTS.format(folder=folder))
    monkeypatch.setattr("orgo.conf.machine._MOUNTS", mounts)
    return folder


def test_a_sqlite_file_on_a_server_is_warned_of(share: Path) -> None:
    """bad input 112: two machines' locks do not hold there, and whoever starts Orgo hears it."""
    (warning,) = load(share, {}).warnings

    assert str(warning) == (
        f"config.yaml: database: {share}/var/orgo.db lies on nfs4, where SQLite's locks do not hold; use a local disk, or PostgreSQL"
    )
    assert load(share / "local", {}).warnings == ()
    assert load(share, {"ORGO_DATABASE": "postgresql://db.example/orgo"}).warnings == ()


def test_the_nearest_mount_decides(share: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert [network_of(file) for file in (share / "a", share / "local" / "a", share.parent / "a")] == [
        "nfs4",
        "",
        "",
    ]
    monkeypatch.setattr("orgo.conf.machine._MOUNTS", share / "none")
    assert network_of(share / "a") == ""

"""The demo's home is a home like any other: commands in it find its ports, and a second start overwrites no letter."""

import os
import smtplib
from pathlib import Path

import pytest

from orgo.cli.demo import _make_private
from orgo.conf import load
from orgo.demo.catcher import Catcher
from orgo.demo.world import furnish


def test_a_command_in_the_demos_home_finds_its_ports(tmp_path: Path) -> None:
    furnish(tmp_path, catcher=4001, smtp=4002, web=4003)
    config = load(tmp_path, {})

    assert config.smtp is not None
    assert (config.smtp.port, config.intake.smtp.port, config.web.port) == (4001, 4002, 4003)
    assert config.web.url.endswith(":4003")


@pytest.mark.skipif(os.name == "nt", reason="Windows has other rights")
def test_nobody_else_reads_the_demos_mail(tmp_path: Path) -> None:
    home = tmp_path / "var" / "demo"
    _make_private(home)
    home.chmod(0o755)
    _make_private(home)

    assert [oct(folder.stat().st_mode & 0o777) for folder in (home.parent, home, home / "var")] == [
        "0o700"
    ] * 3


def _catch(folder: Path, *words: str) -> Catcher:
    catcher = Catcher(folder=folder)
    port = catcher.start()
    try:
        with smtplib.SMTP("127.0.0.1", port, timeout=20) as client:
            for said in words:
                client.sendmail("a@x.example", ["b@x.example"], f"Subject: {said}\r\n\r\n{said}\r\n")
    finally:
        catcher.stop()
    return catcher


def test_a_second_start_numbers_on_and_the_memory_holds_no_letters(tmp_path: Path) -> None:
    _catch(tmp_path, "first", "second")
    again = _catch(tmp_path, "third")
    files = sorted(tmp_path.glob("*.eml"))

    assert [file.stem for file in files] == ["000001", "000002", "000003"]
    assert [b"first" in files[0].read_bytes(), b"third" in files[2].read_bytes()] == [True, True]
    assert again.caught == []

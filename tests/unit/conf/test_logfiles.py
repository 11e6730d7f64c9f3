"""The log as files by kind and day: what goes where, how long it is kept, and that no secret is in it."""

import json
import logging
import os
import shutil
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orgo.conf import load
from orgo.conf import logging as orgo_log
from orgo.conf.logfiles import DayFiles

SECRET = 'geh"eim-7f3a-über'


@pytest.fixture(autouse=True)
def former() -> Iterator[None]:
    """The log as it was, afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    for handler in root.handlers:
        if isinstance(handler, DayFiles):
            handler.close()
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "pw").write_text(SECRET)
    (tmp_path / "config" / "config.yaml").write_text(
        "database: postgresql://orgo:w%C3%BCrgend@127.0.0.1/orgo\n"
        "smtp: {host: 127.0.0.1, username: a@x.example, password: 'file:pw', tls: none}\n"
        "log: {format: json, folder: var/log, keep: {activity: 2 days, error: 36 hours}}\n"
    )
    return tmp_path


def lines(home: Path, kind: str) -> list[dict[str, object]]:
    (file,) = (home / "var" / "log").glob(f"{kind}-*.jsonl")
    return [json.loads(line) for line in file.read_text("utf-8").splitlines()]


def test_each_line_goes_to_the_file_of_its_kind_for_its_owner_alone(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orgo_log.begin(load(home, {}))
    logging.getLogger("orgo.mail").info("decided")
    logging.getLogger("orgo.loops").warning("a round failed")
    logging.getLogger("orgo.security").info(
        "person.signed_in by a@x.example", extra={"type": "person.signed_in"}
    )
    logging.getLogger("django.security.DisallowedHost").error("what host?")

    assert [line["event"] for line in lines(home, "activity")] == ["decided"]
    assert [line["event"] for line in lines(home, "error")] == ["a round failed"]
    security = lines(home, "security")
    assert [line["level"] for line in security] == ["info", "error"]
    assert security[0]["type"] == "person.signed_in"
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["kind"] for line in said] == ["activity", "error", "security", "security"]
    assert {file.stat().st_mode & 0o777 for file in (home / "var" / "log").iterdir()} == {0o600}


def test_a_new_day_begins_a_file_and_removes_what_was_kept_long_enough(home: Path) -> None:
    folder = home / "var" / "log"
    orgo_log.begin(load(home, {}))
    others = ["notes.txt", "activity-of-mine.jsonl", "security-2020-01-01.jsonl"]
    folder.mkdir(parents=True)
    for name in others[:2]:
        (folder / name).touch()
    for day in range(1, 6):
        for level in (logging.INFO, logging.ERROR):
            say(level, datetime(2026, 9, day, 12, tzinfo=UTC))

    names = sorted(file.name for file in folder.iterdir() if file.name not in others)
    assert names == [
        *(f"activity-2026-09-0{day}.jsonl" for day in (3, 4, 5)),
        *(f"error-2026-09-0{day}.jsonl" for day in (3, 4, 5)),
    ]
    assert all((folder / name).exists() for name in others[:2])


def say(level: int, at: datetime) -> None:
    """A record of that instant."""
    log = logging.getLogger("orgo.mail")
    record = log.makeRecord(log.name, level, __file__, 1, "at %s", (at,), None)
    record.created = at.timestamp()
    log.handle(record)


def test_no_secret_is_in_it_not_even_where_an_error_quotes_one(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orgo_log.begin(load(home, {}))
    try:
        raise OSError(
            f"can't connect to postgresql://orgo:w%C3%BCrgend@127.0.0.1/orgo (würgend), with {SECRET}"
        )
    except OSError:
        logging.getLogger("orgo").exception("it failed: %s", SECRET, extra={"words": f"x{SECRET}"})

    (line,) = lines(home, "error")
    said = json.dumps(line, ensure_ascii=False) + capsys.readouterr().err
    assert "can't connect" in said and "***" in said
    for secret in (SECRET, json.dumps(SECRET, ensure_ascii=False)[1:-1], "w%C3%BCrgend", "würgend"):
        assert secret not in said


@pytest.mark.skipif(os.name != "posix", reason="a folder that is a file is another error there")
def test_a_disk_that_takes_no_line_is_said_and_stops_nothing(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    orgo_log.begin(load(home, {}))
    (home / "var").mkdir()
    (home / "var" / "log").write_text("in the way")
    logging.getLogger("orgo").info("go on")

    said = capsys.readouterr().err
    assert "go on" in said and "the log's file can't be written" in said


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no disk here is full at will")
def test_a_full_disk_is_said_once_a_minute_and_what_can_not_be_written_kills_nobody(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    full = home / "var" / "log" / "error-2026-09-01.jsonl"
    full.parent.mkdir(parents=True)
    full.symlink_to("/dev/full")
    orgo_log.begin(load(home, {}))
    noon = datetime(2026, 9, 1, 12, tzinfo=UTC)
    for seconds in (0, 1, 59, 60, 61):
        say(logging.ERROR, noon + timedelta(seconds=seconds))
    said = capsys.readouterr().err
    assert said.count("No space left") == 2 and "Traceback" not in said

    (files,) = (one for one in logging.getLogger().handlers if isinstance(one, DayFiles))
    monkeypatch.setattr(sys, "stderr", None)
    files.handle(logging.makeLogRecord({"msg": "%d", "args": ("no number",)}))
    say(logging.INFO, noon + timedelta(seconds=63))
    assert [line["event"] for line in lines(home, "activity")] == [f"at {noon + timedelta(seconds=63)}"]


@pytest.mark.skipif(os.name != "posix", reason="an open file can't be removed there")
def test_a_folder_that_was_taken_away_comes_back_with_the_next_line(home: Path) -> None:
    orgo_log.begin(load(home, {}))
    logging.getLogger("orgo").info("one")
    shutil.rmtree(home / "var" / "log")
    logging.getLogger("orgo").info("two")

    assert [line["event"] for line in lines(home, "activity")] == ["two"]


def test_without_a_folder_there_are_no_files(tmp_path: Path) -> None:
    orgo_log.begin(load(tmp_path, {}))
    logging.getLogger("orgo").info("go on")

    assert not [handler for handler in logging.getLogger().handlers if isinstance(handler, DayFiles)]

"""Orgo as processes: set up, started, told to stop; bad surroundings (design/bad-input.md 101 to 112)."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from orgo.demo.world import free_port

ORGO = [sys.executable, "-c", "import sys; from orgo.cli.main import main; sys.exit(main(sys.argv[1:]))"]
SOURCE = str(Path(__file__).resolve().parents[3] / "src")


@pytest.fixture
def home(tmp_path):
    """The surroundings of a fresh folder, with ports of its own."""
    more = {
        "ORGO_WEB__PORT": str(free_port()),
        "ORGO_INTAKE__SMTP__PORT": str(free_port()),
        "PYTHONPATH": SOURCE,
    }
    kept = {name: value for name, value in os.environ.items() if not name.startswith("ORGO_")}
    return {"cwd": tmp_path, "env": kept | more}


def run(home, *words, **more):
    env = home["env"] | more.pop("env", {})
    return subprocess.run(
        [*ORGO, *words], cwd=home["cwd"], env=env, capture_output=True, text=True, timeout=60, **more
    )


def started(home, *words):
    return subprocess.Popen(
        [*ORGO, *words], cwd=home["cwd"], env=home["env"], stderr=subprocess.PIPE, text=True
    )


def until(answer, seconds=30.0):
    """Ask again and again until the answer is yes."""
    end = time.monotonic() + seconds
    while not answer():
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.1)


def test_set_up_start_a_sample_mail_and_stop_in_good_order(home):
    first = run(home, "init", "--yes", stdin=subprocess.DEVNULL)
    assert first.returncode == 0, first.stderr
    assert "/sign-in/" in first.stdout
    orgo = started(home, "up")
    try:
        until(lambda: run(home, "mail", "send-sample").returncode == 0)
        until(lambda: run(home, "task", "list").stdout.count("Water Leak"))
        second = run(home, "up")
        assert second.returncode == 2
        assert "is in use" in second.stderr
    finally:
        orgo.send_signal(signal.SIGTERM)
        _, log = orgo.communicate(timeout=60)
    assert orgo.returncode == 0
    assert "Routed To: maintenance@organization.com" in log
    assert f"the page is at http://127.0.0.1:{home['env']['ORGO_WEB__PORT']}" in log
    assert "deadlines and escalations are watched" in log
    assert "Traceback" not in log


def test_without_a_database_the_set_up_is_named_and_nothing_is_made(home):
    done = run(home, "status", "--json")
    assert done.returncode == 2
    assert "orgo init" in done.stderr
    assert "orgo init" in json.loads(done.stdout)["error"]["hint"]
    assert list(home["cwd"].iterdir()) == []


@pytest.mark.parametrize("words", [("--help",), ("mail", "parse", "été.eml"), ("config", "show")])
def test_an_old_locale_and_a_narrow_terminal_are_no_trouble(home, words):
    (home["cwd"] / "été.eml").write_bytes("From: é@b.example\nSubject: été ✓\n\nx\n".encode())
    old = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "COLUMNS": "1"}
    done = run(home, *words, env=old, encoding="utf-8", errors="replace")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""


def test_closed_streams_are_no_trouble(home):
    script = '"$@" mail parse - <&- >&-'
    done = subprocess.run(
        ["sh", "-c", script, "sh", *ORGO], capture_output=True, env=home["env"], cwd=home["cwd"]
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full here")
def test_a_full_disk_is_said(home):
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*ORGO, "config", "show"], stdout=full, stderr=subprocess.PIPE, env=home["env"], cwd=home["cwd"]
        )
    assert done.returncode == 74
    assert b"No space left" in done.stderr


def test_nothing_is_coloured_and_nothing_asked_without_a_terminal(home):
    assert run(home, "init", stdin=subprocess.DEVNULL).returncode == 0
    for words in (("--help",), ("config", "show"), ("doctor",), ("task", "list")):
        done = run(home, *words, env={"FORCE_COLOR": ""})
        assert "\x1b" not in done.stdout + done.stderr


def test_a_file_that_is_no_database_is_said_with_its_name(home):
    (home["cwd"] / "x.db").write_bytes(b"This is no database. " * 1000)
    done = run(home, "task", "list", env={"ORGO_DATABASE": "sqlite:///x.db"})
    assert done.returncode == 74
    assert done.stderr.startswith(f"orgo: the database {home['cwd'] / 'x.db'} is no database")
    assert len(done.stderr.splitlines()) == 1


def test_an_import_that_is_killed_goes_on_and_nothing_comes_twice(home):
    assert run(home, "init", "--yes", stdin=subprocess.DEVNULL).returncode == 0
    mail = b"From a@b Mon Sep  7 10:00:00 2026\nFrom: a@b.example\nSubject: %d\n\nText\n\n"
    (home["cwd"] / "a.mbox").write_bytes(b"".join(mail % number for number in range(250)))
    for place, came in (("H1.before_commit:2", 100), ("H1.after_commit:1", 200)):
        assert run(home, "import", "a.mbox", env={"ORGO_CRASH": place}).returncode == -signal.SIGKILL
        assert json.loads(run(home, "status", "--json").stdout)["mail"]["waiting"] == came
    last = json.loads(run(home, "import", "a.mbox", "--json").stdout)
    assert (last["new"], last["known"]) == (50, 200)


def test_two_migrations_at_once_end_well(home):
    both = [started(home, "database", "migrate") for _ in range(2)]
    assert [one.communicate(timeout=60)[1] for one in both] == ["", ""]
    assert [one.returncode for one in both] == [0, 0]
    assert run(home, "database", "migrate").stdout.startswith("nothing to do")


def hear_ctrl_c() -> None:
    """A test run in the background may ignore it, and so would its children."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_ctrl_c_ends_a_command_with_130_and_a_word(home):
    mail = home["cwd"] / "a.eml"
    mail.write_bytes(b"From: a@b.example\nSubject: x\n\ny\n")
    child = subprocess.Popen(
        [*ORGO, "mail", "parse", "--json", *[str(mail)] * 20_000],
        cwd=home["cwd"],
        env=home["env"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        start_new_session=True,
        preexec_fn=hear_ctrl_c,  # noqa: PLW1509 - one call of the system
    )
    assert child.stdout is not None
    child.stdout.readline()
    os.killpg(child.pid, signal.SIGINT)
    _, said = child.communicate(timeout=60)
    assert said == b"orgo: stopped; nothing that was finished is lost\n"
    assert child.returncode == 130


def test_a_command_in_the_demos_home_goes_by_the_demos_clock_and_ports(tmp_path):
    home = {"cwd": tmp_path, "env": {**os.environ, "PYTHONPATH": SOURCE, "ORGO_HOME": str(tmp_path)}}
    port = free_port()
    demo = started(home, "demo", "--port", str(port))
    there = {**home, "env": {**home["env"], "ORGO_HOME": str(tmp_path / "var" / "demo")}}
    try:
        until(lambda: "clock.json" in [file.name for file in (tmp_path / "var/demo/var").glob("*")], 60)
        until(lambda: run(there, "task", "list", "--json").stdout.count('"reference"'))
        link = run(there, "user", "link", "admin@city.example").stdout
        reference = json.loads(run(there, "task", "list", "--json").stdout.splitlines()[0])["reference"]
        assert run(there, "task", "comment", reference, "From the terminal").returncode == 0
        events = json.loads(run(there, "task", "show", reference, "--json").stdout)["events"]
    finally:
        demo.send_signal(signal.SIGTERM)
        demo.communicate(timeout=60)
    ours = next(event for event in events if event["words"].endswith("left a note"))

    assert f":{port}/sign-in/" in link
    assert abs(datetime.fromisoformat(ours["at"]) - datetime.fromisoformat(events[0]["at"])) < timedelta(
        days=1
    )

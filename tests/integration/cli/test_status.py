"""`orgo status` and `orgo doctor`: how it is, and what to do."""

import json
import socket
import threading
from contextlib import contextmanager, suppress
from types import SimpleNamespace

import pytest

from tests.servers.redis import Redis


def test_status_counts_what_waits(office, run, objects):
    office.mail(subject="A leak")
    (found,) = objects("status")
    mail = {name: count for name, count in found["mail"].items() if count}
    assert mail == {"opened": 1, "total": 1}
    assert found["mail"]["waiting"] == found["mail"]["quarantined"] == 0
    assert found["tasks"]["open"] == found["tasks"]["unassigned"] == 1
    assert found["tasks"]["next_timer"] == office.task().next_level_at.isoformat()
    assert found["database"]["kind"] in ("sqlite", "postgresql")
    assert found["database"]["bytes"] != 0
    assert found["queue"] == {"kind": "none", "place": "", "answers": True, "lets_in": True}
    assert found["letters"]["sent"] == len(office.told())
    assert [*found["listening"]] == ["web", "smtp"]
    assert "1 open" in run("status")[1]


@pytest.mark.needs("redis")
def test_a_broker_that_does_not_let_orgo_in_is_not_told_as_up(office, run, objects, monkeypatch):
    from orgo.conf import load
    from orgo.ops.metrics import exposition

    server, said = Redis().start(), {}
    try:
        with socket.create_connection(("127.0.0.1", server.port)) as way:
            way.sendall(b"CONFIG SET requirepass geheim-7f3a\r\n")
            assert way.recv(16).startswith(b"+OK")
        for word in ("geheim-7f3a", "falsch-7f3a"):
            monkeypatch.setenv("ORGO_QUEUE", f"redis://:{word}@127.0.0.1:{server.port}/0")
            (found,) = objects("status")
            up = exposition(load()).decode().partition("\norgo_broker_up ")[2][:3]
            said[word] = found["queue"]["answers"], found["queue"]["lets_in"], up, run("status")[1]
    finally:
        server.stop()

    place = f"redis 127.0.0.1:{server.port}"
    assert said["geheim-7f3a"][:3] == (True, True, "1.0") and f"{place} answers" in said["geheim-7f3a"][3]
    assert said["falsch-7f3a"][:3] == (True, False, "0.0")
    assert f"{place} does not let Orgo in" in said["falsch-7f3a"][3]


def test_status_tells_the_age_of_what_waits(office, run):
    from orgo.intake.store import Incoming, store

    store([Incoming(data=b"Subject: x\n\ny", source="smtp")])
    office.clock.advance(seconds=90)
    out = run("status")[1]
    assert "1 waiting (the oldest for 90 s)" in out


def test_status_says_that_mail_is_refused_for_want_of_room(office, run, monkeypatch):
    import shutil

    assert "mail is refused" not in run("status")[1]
    monkeypatch.setattr(shutil, "disk_usage", lambda path: shutil._ntuple_diskusage(100, 100, 9_000_000))
    assert (
        f"disk        mail is refused for now: 9 MB free at {office.home}, 75 are needed" in run("status")[1]
    )


def test_doctor_finds_all_well_in_an_office(office, run):
    code, out, _ = run("doctor", "--json")
    found = [json.loads(line) for line in out.splitlines()]
    assert [one["words"] for one in found if one["state"] == "fail"] == []
    assert code == 0
    names = {one["name"] for one in found}
    assert names >= set(
        "versions parser sqlite config rules templates permissions disk secrets database trail backup clock smtp ports queue".split()
    )
    assert "database" in run("doctor")[1]


@pytest.mark.parametrize(
    ("file", "text", "name", "words"),
    [
        ("config/rules.yaml", "rules: [{name: x}]", "rules", "orgo rules check"),
        ("config/templates/received.txt", "Dear {nobody}", "templates", "nobody"),
        ("config/config.yaml", "smtp: {host: 127.0.0.1, port: 1, from: a@b.example}", "smtp", "127.0.0.1:1"),
        ("config/config.yaml", "sntp: 1", "config", "did you mean"),
        ("config/config.yaml", "queue: redis://127.0.0.1:1/0", "queue", "does not answer"),
    ],
)
def test_doctor_names_what_is_not_well(office, run, file, text, name, words):
    (office.home / file).write_text(text)
    code, out, _ = run("doctor", "--json")
    failed = [json.loads(line) for line in out.splitlines()]
    failed = [one for one in failed if one["state"] == "fail"]
    assert code == 1
    assert name in {one["name"] for one in failed}
    assert words in " ".join(one["words"] + one["todo"] for one in failed)


@pytest.mark.of_sqlite
@pytest.mark.parametrize(
    ("to", "state"), [("var/backups", "warn"), ("/dev/shm", "ok"), ("/mnt/away", "fail")]
)
def test_doctor_says_where_backups_lie(office, run, to, state):
    file = office.home / "config" / "config.yaml"
    file.write_text(file.read_text() + f"\nbackup: {{key: '${{BACKUP_KEY}}', to: {to}}}\n")
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("BACKUP_KEY", "0123456789abcdef" * 4)
        found = [json.loads(line) for line in run("doctor", "--json")[1].splitlines()]
        warned = "".join(map(str, run("config", "check")))
    assert [one["state"] for one in found if one["name"] == "backup"] == [state]
    assert ("same disk" in warned) == (state == "warn")


def test_status_says_what_is_late_and_that_the_broker_is_away_without_its_password(office, run, monkeypatch):
    office.mail(subject="A leak")
    office.clock.advance(hours=3)
    monkeypatch.setenv("ORGO_QUEUE", "redis://orgo:hush@127.0.0.1:1/0")
    out = run("status")[1]
    assert "1 timers are late" in out
    assert "redis 127.0.0.1:1 does not answer" in out
    assert "hush" not in out + run("status", "--json")[1]


@contextmanager
def listening(greeting):
    """A server that is not Orgo; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            with suppress(OSError):
                while True:
                    way, _ = server.accept()
                    way.sendall(greeting)
                    way.close()

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


def test_doctor_knows_orgo_from_another_program_on_its_port(office, run, monkeypatch):
    with listening(b"220 mx.example ESMTP Postfix\r\n") as port:
        monkeypatch.setenv("ORGO_INTAKE__SMTP__PORT", str(port))
        code, out, _ = run("doctor")
    assert code == 1
    assert f"intake.smtp 127.0.0.1:{port}: another program is there" in out
    with listening(b"220 mx.example Orgo 0.1.0\r\n") as port:
        monkeypatch.setenv("ORGO_INTAKE__SMTP__PORT", str(port))
        assert f"intake.smtp 127.0.0.1:{port}: Orgo answers" in run("doctor")[1]


@pytest.mark.of_sqlite
def test_doctor_tries_to_write(office, run):
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA query_only = 1")
    try:
        code, out, _ = run("doctor")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA query_only = 0")
    assert code == 1
    assert "can't be written: attempt to write a readonly database" in out


def test_doctor_names_a_secret_file_that_others_may_read(office, run):
    text = (office.home / "config" / "config.yaml").read_text()
    (office.home / "config" / "config.yaml").write_text(
        text.replace("from:", "username: orgo, password: 'file:pw', from:")
    )
    (office.home / "config" / "pw").write_text("hush")
    (office.home / "config" / "pw").chmod(0o640)
    assert f"chmod 600 {office.home / 'config' / 'pw'}" in run("doctor")[1]


def test_doctor_finds_a_clock_behind_the_trail_and_a_key_that_others_may_read(office, run):
    office.mail(subject="A leak")
    office.clock.now = lambda: office.task().opened_at.replace(year=2020)
    (office.home / "var").mkdir(exist_ok=True)
    key = office.home / "var" / "secret.key"
    key.write_text("x")
    key.chmod(0o644)
    out = run("doctor")[1]
    assert "set the clock" in out
    assert f"chmod 600 {key}" in out


def test_watching_shows_a_table_with_rates_until_it_is_interrupted(office, run, monkeypatch):
    looks = []

    def goes_by(seconds):
        looks.append(seconds)
        office.clock.advance(seconds=seconds)
        if len(looks) == 2:
            raise KeyboardInterrupt
        office.mail(subject="A leak")

    monkeypatch.setattr("orgo.cli.status.sleep", goes_by)
    code, out, err = run("status", "--watch")

    assert (code, err) == (0, "")
    first, second = out.split("Orgo ")[1:]
    heads = second.splitlines()[2].split()
    assert heads == ["queue", "waits", "oldest", "a", "second"]
    routing, delivery = (
        next(row for row in second.splitlines() if row.startswith(name)) for name in ("routing", "delivery")
    )
    assert routing.split() == ["routing", "0", "0", "s", "0.5"]
    assert float(delivery.split()[-1]) == len(office.told()) / 2
    assert "0.5" not in first and "1 task that nobody has" in second


def test_watching_goes_on_when_the_database_was_away(office, run, monkeypatch):
    from django.db import OperationalError

    from orgo.ops import status

    snapshot, looks = status.snapshot, []

    def looked(config):
        looks.append(config)
        if len(looks) in (2, 3):
            raise OperationalError("connection to server failed: refused\n\tIs the server running?")
        return snapshot(config)

    def goes_by(seconds):
        office.clock.advance(seconds=seconds)
        if len(looks) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(status, "snapshot", looked)
    monkeypatch.setattr("orgo.cli.status.sleep", goes_by)
    code, out, err = run("status", "--watch")

    assert code == 0 and out.count("Orgo ") == 2
    assert (
        err == "orgo: the database is away: connection to server failed: refused; asked again until Ctrl-C\n"
    )


def test_a_mailbox_in_trouble_is_said_with_why_and_a_paused_one_is_not(office, run, objects, monkeypatch):
    from orgo.conf.config import Config
    from orgo.intake.models import Mailbox

    since = office.clock.now()
    for name, state, paused in (
        ("info", "unreachable", False),
        ("well", "ok", False),
        ("rest", "folder", True),
    ):
        Mailbox.objects.create(name=name, state=state, paused=paused, detail="no route to host", since=since)
    accounts = [SimpleNamespace(name=name) for name in ("info", "well", "rest")]
    monkeypatch.setattr(Config, "accounts", property(lambda self: accounts))

    found = objects("status")[0]["mailboxes"]
    assert [(one["name"], one["state"], one["detail"]) for one in found] == [
        ("info", "unreachable", "no route to host")
    ]
    assert (
        f"info is unreachable since {since.isoformat(' ', 'minutes')}: no route to host" in run("status")[1]
    )

"""Orgo on a real PostgreSQL: the blueprint's statements are enough, and what is wrong is said in a line."""

import http.client
import json
import os
import smtplib
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path

import psycopg
import pytest

from tests.servers.ports import free_port
from tests.servers.postgresql import Postgresql
from tests.warm import ROOT, warm

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.of_sqlite]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    made = Postgresql().start()
    yield made
    made.stop()


class Home:
    """A home whose database is the given one; `run` is its command line."""

    def __init__(self, folder: Path, url: str, **more: str) -> None:
        self.folder = folder
        self.environment = {
            "PATH": os.environ["PATH"],
            "LC_ALL": "C.UTF-8",
            "ORGO_HOME": str(folder),
            "ORGO_DATABASE": url,
            **more,
        }

    def start(self, *words: str) -> "subprocess.Popen[str]":
        command = [sys.executable, str(ROOT / "orgo"), *words]
        return subprocess.Popen(
            command,
            cwd=self.folder,
            env=self.environment,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def run(self, *words: str) -> tuple[int, str, str]:
        done = warm().run([str(ROOT / "orgo"), *words], self.environment, self.folder)
        return done.returncode, done.stdout, done.stderr


def test_a_server_that_is_too_old_gets_one_line(server: Postgresql, tmp_path: Path) -> None:
    """What would come of version 13: Django's own look at the version is told that number."""
    old = "from django.db.backends.postgresql.base import DatabaseWrapper as W; W.get_database_version = lambda self: (13, 22)"
    code = f"{old}; from orgo.cli.main import main; raise SystemExit(main())"
    home = Home(tmp_path, server.url("old"))
    words = "this database can't be used: PostgreSQL 14 or later is required (found 13.22)."
    for order in (["database", "migrate"], ["up"], ["worker"]):
        command = [sys.executable, "-c", code, *order]
        path = {"PYTHONPATH": str(ROOT / "src")}
        done = subprocess.run(
            command, cwd=tmp_path, env=home.environment | path, capture_output=True, text=True, timeout=120
        )
        assert done.returncode == 2
        assert done.stderr == f"orgo: {words}\n"


def test_the_blueprints_three_statements_are_enough(server: Postgresql, tmp_path: Path) -> None:
    home = Home(tmp_path, server.url("three"))

    code, out, err = home.run("init", "--yes")
    assert (code, err) == (0, "") and "Sign in" in out
    tables = server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'orgo'", database="three")
    assert (
        int(tables) > 15
        and server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", database="three")
        == "0\n"
    )
    assert home.run("init", "--yes")[0] == 0
    assert home.run("status")[0] == 0
    assert home.run("database", "migrate")[:2] == (0, "nothing to do: the database is up to date\n")


def test_two_migrations_at_once_are_one(server: Postgresql, tmp_path: Path) -> None:
    home = Home(tmp_path, server.url("twice"))
    both = [home.start("database", "migrate") for _ in range(2)]

    said = [process.communicate(timeout=120) for process in both]
    assert [process.returncode for process in both] == [0, 0], said
    assert sorted("nothing to do" in out for out, _ in said) == [False, True]


@pytest.mark.parametrize("words", [("status",), ("up",), ("init", "--yes"), ("doctor",)])
def test_a_wrong_password_and_a_server_that_is_away_are_a_line(
    server: Postgresql, tmp_path: Path, words: tuple[str, ...]
) -> None:
    away = Home(tmp_path, "postgresql://anna:hidden-word@127.0.0.1:1/orgo")
    nobody = Home(tmp_path, server.url(f"for_{words[0]}").replace("_user:secret", "_nobody:hidden-word"))

    for home in (away, nobody):
        code, out, err = home.run(*words)
        assert code == (1 if words == ("doctor",) else 69), err
        assert "hidden-word" not in out + err and "Traceback" not in err
        assert "127.0.0.1" in out + err


def test_what_the_server_does_not_allow_is_a_line_and_no_defect(server: Postgresql, tmp_path: Path) -> None:
    url = server.url("refusing")
    home, typo = Home(tmp_path, url), Home(tmp_path, f"{url}?sslmod=require")
    assert home.run("init", "--yes")[0] == 0
    add = ("team", "add", "roads@city.example")

    server.sql("ALTER DATABASE refusing SET default_transaction_read_only = on")
    read_only = home.run(*add)
    server.sql("ALTER DATABASE refusing RESET default_transaction_read_only")
    server.sql(
        "ALTER SCHEMA orgo OWNER TO boss", "REASSIGN OWNED BY refusing_user TO boss", database="refusing"
    )
    server.sql("GRANT USAGE ON SCHEMA orgo TO refusing_user", database="refusing")

    for (code, _, err), wanted, words in (
        (read_only, 69, "takes no writes"),
        (home.run("status"), 69, "give it the right"),
        (typo.run("status"), 2, '"sslmod"; mend this in database:'),
    ):
        assert (code, len(err.splitlines())) == (wanted, 1) and words in err, err


def test_the_doctor_names_what_is_wrong_with_the_database_once(server: Postgresql, tmp_path: Path) -> None:
    url = server.url("seen_by_doctor")
    for given, words, todo in (
        (url, "its form is none", "orgo init"),
        (
            "postgresql://anna:hidden-word@127.0.0.1:1/orgo",
            "can't be used: ",
            "start its server, or mend database:",
        ),
        (f"{url}_nowhere", "does not exist", "mend user and name in database:, or have them made"),
    ):
        code, out, _ = Home(tmp_path, given).run("doctor", "--json")
        failed = [one for line in out.splitlines() if (one := json.loads(line))["state"] == "fail"]
        assert code == 1 and "hidden-word" not in out
        assert [(one["name"], one["todo"]) for one in failed] == [("database", todo)]
        assert words in failed[0]["words"] and "\n" not in failed[0]["words"]
        assert '"clock"' in out


def test_the_doctor_asks_for_another_password_where_the_server_takes_none(tmp_path: Path) -> None:
    server = Postgresql().start()
    try:
        url = server.url("closed").replace(":secret@", ":hidden-word@")
        (server.data / "pg_hba.conf").write_text("host all all 127.0.0.1/32 scram-sha-256\n")
        server.end("fast")
        server.begin()
        out = Home(tmp_path, url).run("doctor")[1]
    finally:
        server.stop()

    (failed,) = (line for line in out.splitlines() if line.startswith("fail"))
    assert failed.startswith("fail  database") and failed.endswith("; mend the password in database:")
    assert "hidden-word" not in out


def test_a_server_that_forgets_is_refused_without_a_word_of_consent(tmp_path: Path) -> None:
    forgetful = Postgresql(fsync="off").start()
    try:
        url = forgetful.url("forgetful")
        code, _, err = Home(tmp_path, url).run("init", "--yes")
        assert code == 2 and "fsync=off" in err and "database_may_lose_data" in err
        assert (
            forgetful.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'orgo'", database="forgetful")
            == "0\n"
        )
        assert Home(tmp_path, url, ORGO_DATABASE_MAY_LOSE_DATA="true").run("init", "--yes")[0] == 0
    finally:
        forgetful.stop()


def test_each_setting_by_which_a_server_forgets_is_named(server: Postgresql, tmp_path: Path) -> None:
    home = Home(tmp_path, server.url("half"))
    settings = ("synchronous_commit", "full_page_writes")
    server.sql(*(f"ALTER SYSTEM SET {name} = off" for name in settings), "SELECT pg_reload_conf()")
    try:
        code, _, err = home.run("database", "migrate")
    finally:
        server.sql(*(f"ALTER SYSTEM RESET {name}" for name in settings), "SELECT pg_reload_conf()")

    assert code == 2 and [name for name in settings if f"{name}=off" not in err] == []


def test_doctor_sees_a_setting_that_changed_under_orgo(tmp_path: Path) -> None:
    server = Postgresql().start()
    try:
        home = Home(tmp_path, server.url("orgo_doctor"))
        assert home.run("database", "migrate")[0] == 0
        assert "fsync" not in home.run("doctor")[1]
        for name in ("fsync", "full_page_writes", "synchronous_commit"):
            server.sql(f"ALTER SYSTEM SET {name} = off")
        server.sql("SELECT pg_reload_conf()")
        while server.sql("SHOW fsync").strip() != "off":
            pass
        code, out, _ = home.run("doctor")
    finally:
        server.stop()
    assert code == 1 and "ok    database" not in out
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        assert (
            f"fail  database     the server has {name}=off: what it confirmed may be lost; set it to on"
            in out
        )


def test_a_database_of_another_encoding_is_refused(server: Postgresql, tmp_path: Path) -> None:
    url = server.url("latin")
    server.sql(
        "DROP DATABASE latin",
        "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0",
        "GRANT ALL ON DATABASE latin TO latin_user",
    )

    code, _, err = Home(tmp_path, url).run("init", "--yes")

    assert code == 2 and "UTF8" in err


def test_a_listener_whose_connections_were_ended_takes_mail_again(server: Postgresql, tmp_path: Path) -> None:
    port = free_port()
    home = Home(tmp_path, server.url("ended"), ORGO_INTAKE__SMTP__PORT=str(port))
    assert home.run("init", "--yes")[0] == 0
    intake = home.start("intake")
    try:
        until_open(port)
        with smtplib.SMTP("127.0.0.1", port, timeout=30) as smtp:
            smtp.sendmail("a@x.example", ["info@city.example"], b"Subject: one\r\n\r\nbody\r\n")
            server.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'ended'")
            with suppress(smtplib.SMTPDataError):  # 451: its sender comes again
                smtp.sendmail("a@x.example", ["info@city.example"], b"Subject: two\r\n\r\nbody\r\n")
            smtp.sendmail("a@x.example", ["info@city.example"], b"Subject: three\r\n\r\nbody\r\n")
    finally:
        intake.terminate()
        intake.communicate(timeout=60)
    with psycopg.connect(home.environment["ORGO_DATABASE"]) as connection:
        stored = connection.execute("select count(*) from orgo.intake_mail").fetchone()
    assert stored is not None and stored[0] in (2, 3)


@pytest.mark.slow
def test_who_asks_the_page_while_the_database_is_away_is_told_so_in_a_line(tmp_path: Path) -> None:
    server, port = Postgresql().start(), free_port()
    home = Home(
        tmp_path, server.url("away"), ORGO_WEB__PORT=str(port), ORGO_WEB__METRICS_TOKEN="for-prometheus"
    )
    try:
        assert home.run("init", "--yes")[0] == 0
        page = home.start("web")
        until_open(port)
        before = [asked(port, path) for path in ("readyz", "metrics")]
        server.end("fast")
        away = [asked(port, path) for path in ("readyz", "metrics")]
        server.begin()
        after = [asked(port, path) for path in ("readyz", "metrics")]
        page.terminate()
        said = page.communicate(timeout=60)[1]
    finally:
        server.stop()

    assert [code for code, _ in (*before, *after)] == [200] * 4
    assert away == [(503, "the database can't be used\n")] * 2
    assert "Traceback" not in said and said.count("Service Unavailable") == 2, said


def asked(port: int, path: str) -> tuple[int, str]:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as way:
        way.request("GET", f"/{path}", headers={"Authorization": "Bearer for-prometheus"})
        answer = way.getresponse()
        return answer.status, answer.read().decode()


def until_open(port: int) -> None:
    for _ in range(600):
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            return
        threading.Event().wait(0.1)
    raise AssertionError(f"nothing listens on {port}")

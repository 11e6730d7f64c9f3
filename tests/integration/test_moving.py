"""`orgo database move`: from SQLite to a real PostgreSQL, all of it, also when it was stopped in between."""

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from orgo.cli.main import main
from orgo.conf import load
from tests.office import Office
from tests.servers.postgresql import Postgresql
from tests.warm import ROOT, warm

pytestmark = [pytest.mark.needs("postgresql"), pytest.mark.of_sqlite]


@pytest.fixture(scope="module")
def server() -> Iterator[Postgresql]:
    made = Postgresql().start()
    yield made
    made.stop()


@pytest.fixture
def busy(office: Office) -> Office:
    """An office in which much has happened."""
    for number in range(5):
        office.mail(f"clara{number}@people.example", subject=f"Water leak {number} — façade 💧")
        office.answer(
            "anna@city.example", ("take", "eta 30 min", "done", "wait until friday", "not mine")[number]
        )
    office.mail(subject="Please help", body="This is harassment by my superior.")
    office.later(hours=5)
    return office


@pytest.fixture
def run(
    busy: Office, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    from django.conf import settings

    monkeypatch.setenv("ORGO_HOME", str(busy.home))
    monkeypatch.setenv("ORGO_DATABASE", f"sqlite:///{settings.DATABASES['default']['NAME']}")

    def work(*words: str) -> tuple[int, str, str]:
        code = main(list(words))
        said = capsys.readouterr()
        return code, said.out, said.err

    return work


@pytest.fixture
def settled() -> Iterator[None]:
    """Whatever was connected to is let go, so that the next test has a target of its own."""
    yield
    from django.db import connections

    if "target" in connections.settings:
        connections["target"].close()
        connections["target"].close_pool()  # type: ignore[attr-defined]
        del connections["target"], connections.settings["target"]


def test_everything_arrives_and_orgo_works_there(
    run: Any, server: Postgresql, settled: None, tmp_path: Path
) -> None:
    url = server.url("moved")

    code, out, err = run("database", "move", "--to", url, "--json")
    assert code == 0, err
    moved = json.loads(out)
    assert moved["different"] == [] and moved["rows"]["task_task"] == 6 and moved["rows"]["audit_event"] > 15
    assert "secret" not in err and "now write database: postgresql://" in err

    found = _there(os.environ["ORGO_HOME"], url, "task", "list", "--all", "--json")
    assert len(found.splitlines()) == 5  # the private one is not the administrator's to see
    assert _there(os.environ["ORGO_HOME"], url, "task", "rebuild", "--check", "--json") == ""
    assert (
        len(
            _there(
                os.environ["ORGO_HOME"], url, "task", "list", "--all", "--search", "FACADE", "--json"
            ).splitlines()
        )
        == 5
    )


def test_a_run_that_was_stopped_goes_on(
    run: Any, server: Postgresql, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.ops import moving

    url, batches = server.url("stopped"), []

    def stopped(*told: object) -> None:
        batches.append(told)
        if len(batches) == 9:
            raise KeyboardInterrupt

    monkeypatch.setattr(moving, "BATCH", 2)
    monkeypatch.setattr("orgo.cli.database.Live.say", stopped)
    assert run("database", "move", "--to", url)[0] == 130
    code, out, err = run("database", "move", "--to", url, "--json")

    assert code == 0, err
    assert json.loads(out)["different"] == []


def test_the_last_batch_is_asked_for_as_the_second_is(
    run: Any, server: Postgresql, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A condition more with each batch was too long a statement for SQLite behind a million rows."""
    from django.db import connection

    from orgo.ops import moving

    asked: list[str] = []

    def watch(execute: Any, sql: str, *more: Any) -> Any:
        asked.append(sql)
        return execute(sql, *more)

    monkeypatch.setattr(moving, "BATCH", 2)
    with connection.execute_wrapper(watch):
        assert run("database", "move", "--to", server.url("batches"))[0] == 0
    assert max(sql.count(" > ") for sql in asked) == 1


def test_a_target_that_sorts_as_a_dictionary_does_takes_what_sorts_by_its_bytes(
    run: Any, server: Postgresql, settled: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.lib import clock
    from orgo.ops import moving
    from orgo.ops.models import Certificate

    def stopped(table: str) -> None:
        if table.startswith("ops_certificate: 2 "):
            raise KeyboardInterrupt

    url = server.url("sorted", "LOCALE_PROVIDER icu ICU_LOCALE 'en-US' TEMPLATE template0")
    Certificate.objects.bulk_create(
        Certificate(server=f"{name}:993", until=clock.now()) for name in ("a", "B", "_", "c.d", "cd")
    )
    monkeypatch.setattr(moving, "BATCH", 2)
    with monkeypatch.context() as once:
        once.setattr("orgo.cli.database.Live.say", lambda live, words: stopped(words))
        assert run("database", "move", "--to", url)[0] == 130
    code, out, err = run("database", "move", "--to", url, "--json")

    assert code == 0, err
    assert json.loads(out)["rows"]["ops_certificate"] == 5


def test_under_a_running_orgo_it_is_refused(
    run: Any, busy: Office, server: Postgresql, settled: None, tmp_path: Path
) -> None:
    from orgo.ops.up import Running

    running = Running(load(busy.home, os.environ))
    running._occupy()
    code, _, err = run("database", "move", "--to", server.url("refused"))

    assert code == 5 and "Orgo runs on" in err and "stop it" in err
    assert server.sql("SELECT count(*) FROM pg_tables WHERE schemaname = 'orgo'", database="refused") == "0\n"
    running.stop()
    assert run("database", "move", "--to", server.url("taken"))[0] == 0


def test_from_a_server_on_which_orgo_ran_a_moment_ago_it_is_refused(
    run: Any, server: Postgresql, settled: None, tmp_path: Path
) -> None:
    """The same rows on a server, whence they go on a minute after Orgo stopped."""
    source = server.url("source")
    assert run("database", "move", "--to", source)[0] == 0
    home, target = os.environ["ORGO_HOME"], f"sqlite:///{tmp_path / 'back.db'}"
    for age, code in ((20, 5), (70, 0)):
        role = f"('route', now() - interval '{age} seconds', '')"
        server.sql(
            f"DELETE FROM orgo.ops_role; INSERT INTO orgo.ops_role (name, well_at, ailing) VALUES {role}",
            database="source",
        )
        found, _, err = _done(home, source, "database", "move", "--to", target)
        assert (found, "(route)" in err) == (code, code == 5), err


def test_what_changed_meanwhile_is_found(run: Any, busy: Office, server: Postgresql, settled: None) -> None:
    url = server.url("changed")
    assert run("database", "move", "--to", url)[0] == 0

    busy.answer("anna@city.example", "done")
    code, _, err = run("database", "move", "--to", url)

    assert code == 1 and "task_task" in err


def test_a_database_with_rows_of_its_own_is_left_alone(run: Any, server: Postgresql, settled: None) -> None:
    from orgo.ops import moving

    url = server.url("another")
    assert run("database", "move", "--to", url)[0] == 0
    server.sql("UPDATE orgo.audit_event SET id = id - 1000000", database="another")

    code, _, err = run("database", "move", "--to", url)

    assert code == 2 and "rows of its own" in err
    assert moving.BATCH > 1


@pytest.mark.parametrize(("url", "code"), [("mysql://x", 2), ("postgresql://a:b@127.0.0.1:1/x", 69), ("", 2)])
def test_a_wrong_target_is_a_line(run: Any, url: str, code: int) -> None:
    found, _, err = run("database", "move", "--to", url)

    assert found == code and err.startswith("orgo: ")


def _there(home: str, url: str, *words: str) -> str:
    """What Orgo says on the other database, in a process of its own, with success."""
    code, out, err = _done(home, url, *words)
    assert code == 0, err
    return out


def _done(home: str, url: str, *words: str) -> tuple[int, str, str]:
    environ = {**os.environ, "ORGO_HOME": home, "ORGO_DATABASE": url}
    done = warm().run([str(ROOT / "orgo"), *words], environ)
    return done.returncode, done.stdout, done.stderr

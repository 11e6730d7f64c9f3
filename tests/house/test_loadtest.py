"""`orgo loadtest` on real processes and servers: it counts right, and leaves nothing behind."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from celery import Celery
from kombu.entity import Queue
from redis import Redis

from orgo.conf import Config, load
from orgo.conf.celery import Broker, dead_letters, make_app
from orgo.loadtest.ground import _environ, _leave_the_broker
from orgo.loadtest.names import queue_of
from orgo.loadtest.queue import rings_in
from tests.house.checkout import ROOT, python
from tests.house.test_jobs import redis  # noqa: F401 -- a fixture
from tests.servers.postgresql import Postgresql
from tests.servers.rabbitmq import Rabbitmq

ORGO = ROOT / "orgo"


def loadtest(home: Path, *words: str, **environ: str) -> dict[str, Any]:
    done = python(ORGO, "loadtest", *words, "--json", home=home, **environ)
    assert done.returncode == 0, done.stdout + done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


@pytest.mark.slow
def test_mails_by_smtp_on_sqlite(tmp_path: Path) -> None:
    told = loadtest(
        tmp_path, "--mails", "60", "--hostile", "20%", "--rules", "20", "--html", str(tmp_path / "r.html")
    )

    assert (told["mails"], told["lost"], told["doubled"], told["settled"]) == (60, 0, 0, True)
    assert told["outcomes"]["opened"] >= 40
    assert told["letters"] >= 40
    assert told["p50_ms"] <= told["p99_ms"]
    assert told["peak_rss_mb"] > 20
    assert "<svg" in (tmp_path / "r.html").read_text()
    assert [path.name for path in tmp_path.iterdir()] == ["r.html"]


@pytest.fixture
def server() -> Iterator[Postgresql]:
    started = Postgresql().start()
    try:
        yield started
    finally:
        started.stop()


def owner(server: Postgresql) -> str:
    return f"postgresql://boss@127.0.0.1:{server.port}/postgres"


def databases(server: Postgresql) -> set[str]:
    with psycopg.connect(owner(server)) as connection:
        return {name for (name,) in connection.execute("SELECT datname FROM pg_database").fetchall()}


def ring_at_the_real_one(home: Path, given: dict[str, str]) -> Celery:
    app = make_app(load(home, given))
    Broker(app).ring("routing")
    return app


def test_the_test_has_the_configured_broker_and_a_prefix_of_its_own(tmp_path: Path) -> None:
    queue = "sentinel://one:26379;two:26379/0"
    own = load(tmp_path, {"ORGO_QUEUE": queue, "ORGO_QUEUE_MASTER": "orgos"})

    theirs = load(tmp_path, _environ(own, tmp_path / "orgo-loadtest-x1_y2", "sqlite:///x.db"))

    assert (theirs.queue, theirs.queue_master, theirs.queue_prefix) == (queue, "orgos", "orgo-loadtest-x1_y2")
    options = make_app(theirs).conf.broker_transport_options
    assert (options["master_name"], options["global_keyprefix"]) == ("orgos", "orgo-loadtest-x1_y2:")


@pytest.mark.slow
@pytest.mark.needs("postgresql", "redis")
def test_many_processes_with_a_floor_and_the_queue_test(
    tmp_path: Path,
    server: Postgresql,
    redis: int,  # noqa: F811
) -> None:
    given = {"ORGO_DATABASE": owner(server), "ORGO_QUEUE": f"redis://127.0.0.1:{redis}/0"}
    before, home = databases(server), tmp_path / "home"
    home.mkdir()
    ring_at_the_real_one(tmp_path, given)  # whose worker is away: the test's workers do not take it

    told = loadtest(home, "--mails", "120", "--via", "api", "--rules", "20", "--floor", **given)
    assert (told["lost"], told["doubled"], told["settled"]) == (0, 0, True)
    assert (told["database"], told["broker"], told["via"]) == ("postgresql", "redis", "api")
    assert told["share_of_floor"] > 0

    drained = loadtest(home, "--tasks", "300", "--floor", **given)
    assert (drained["tasks"], drained["rings"], drained["lost"], drained["doubled"]) == (300, 300, 0, 0)
    assert drained["share_of_floor"] > 0

    assert databases(server) == before
    assert list(home.iterdir()) == []
    with Redis(port=redis) as asked:
        keys = {key for key in asked.scan_iter() if not key.startswith(b"orgo:_kombu")}
        assert keys == {b"orgo:routing"}
        assert asked.llen("orgo:routing") == 1
    rings_are_counted(make_app(load(home, given)))


@pytest.mark.slow
@pytest.mark.needs("postgresql", "rabbitmq")
def test_straight_into_the_database_and_one_ring_each_by_rabbitmq(tmp_path: Path, server: Postgresql) -> None:
    broker = Rabbitmq().start()
    given = {"ORGO_DATABASE": owner(server), "ORGO_QUEUE": broker.url}
    app = ring_at_the_real_one(tmp_path, given)
    try:
        told = loadtest(tmp_path, "--mails", "60", "--via", "db", "--rules", "20", **given)
        drained = loadtest(tmp_path, "--tasks", "300", "--batch", "1", "--claim", "1", **given)
        with app.connection() as connection:
            routing = app.amqp.queues["routing"](connection.default_channel)
            assert routing.queue_declare(passive=True).message_count == 1
            rings_are_counted(app)
            nothing_of_a_test_stays(load(tmp_path, {**given, "ORGO_QUEUE_PREFIX": "orgo-loadtest-x"}))
    finally:
        broker.stop()

    assert (told["mails"], told["lost"], told["doubled"], told["settled"]) == (60, 0, 0, True)
    assert (told["broker"], told["via"]) == ("rabbitmq", "db")
    assert (drained["tasks"], drained["rings"], drained["lost"], drained["doubled"]) == (300, 300, 0, 0)
    assert drained["claim"] == 1


def rings_are_counted(app: Celery) -> None:
    with app.connection_for_write() as broker:
        for number in (1, 2, 3):
            app.send_task("orgo.load.ours", queue="orgo.load")
            assert rings_in(broker, "orgo.load") == number


def nothing_of_a_test_stays(config: Config) -> None:
    """On RabbitMQ: every queue that a test's workers declare is gone."""
    app = make_app(config)
    with app.connection() as connection:
        queues = [
            *app.amqp.queues.values(),
            dead_letters(config.queue_prefix),
            Queue(queue_of(config.queue_prefix)),
        ]
        for queue in queues:
            queue(connection.default_channel).declare()
        _leave_the_broker(config)
        for queue in queues:
            with connection.channel() as channel, pytest.raises(connection.channel_errors, match="NOT_FOUND"):
                queue(channel).queue_declare(passive=True)


def test_a_rate_is_not_for_what_is_stored_at_once(tmp_path: Path) -> None:
    done = python(ORGO, "loadtest", "--mails", "5", "--via", "db", "--rate", "10", home=tmp_path)

    assert done.returncode == 2
    assert "--rate goes with --via smtp or api" in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["--claim", "2"], "--batch and --claim go with --tasks"),
        (["--tasks", "10", "--batch", "5", "--claim", "4"], "--claim is at least --batch"),
    ],
)
def test_what_no_ring_could_drain_is_refused(tmp_path: Path, words: list[str], why: str) -> None:
    done = python(ORGO, "loadtest", *words, home=tmp_path)
    assert (done.returncode, why in done.stderr) == (2, True)


def test_the_queue_test_needs_a_queue(tmp_path: Path) -> None:
    done = python(ORGO, "loadtest", "--tasks", "10", home=tmp_path)

    assert done.returncode == 2
    assert "queue: none is configured" in done.stderr


@pytest.mark.needs("postgresql")
def test_a_user_who_may_make_no_database_is_told_what_to_ask_for(tmp_path: Path, server: Postgresql) -> None:
    url = server.url("office")  # as the blueprint's three statements make one: without the right to make more

    done = python(ORGO, "loadtest", "--mails", "5", home=tmp_path, ORGO_DATABASE=url)

    assert done.returncode == 2
    assert "CREATEDB" in done.stderr

"""Celery: what the workers are given, and that the broker only rings."""

import json
import re
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import psutil
import pytest
from celery import Celery

from orgo.conf import load
from orgo.conf.celery import JOBS, RUNG, Broker, dead_letters, make_app, rung_now
from orgo.lib.problems import BadInput
from orgo.ops.brokers import lets_in
from orgo.ops.probe import broker
from tests.house.checkout import ROOT, clean_environment, python
from tests.servers.ports import free_port
from tests.servers.postgresql import Postgresql
from tests.servers.programs import command
from tests.servers.rabbitmq import PASSWORD, Rabbitmq
from tests.servers.redis import Redis, Sentinel

A_MINUTE = 60.0
CELERY = [sys.executable, "-m", "celery", "--workdir", str(ROOT), "-A", "tasks"]


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[int]:
    """A Redis of this test's own, empty, on loopback; gives its port."""
    port = free_port()
    folder = tmp_path / "redis"
    folder.mkdir()
    words = [
        command("redis-server"),
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
    ]
    with subprocess.Popen(words, cwd=folder, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        next(line for line in server.stdout if "Ready to accept connections" in line)
        yield port
        server.terminate()
        server.stdout.read()


def test_without_a_queue_the_worker_ends_with_one_clear_line(tmp_path: Path) -> None:
    environment = clean_environment(ORGO_HOME=str(tmp_path))
    answer = subprocess.run(
        [*CELERY, "worker", "--loglevel=info"], env=environment, capture_output=True, text=True, timeout=60
    )
    assert answer.returncode == 2
    assert answer.stderr.startswith("orgo: queue: none is configured")
    assert len(answer.stderr.splitlines()) == 1


@pytest.fixture
def unsafe() -> Iterator[Postgresql]:
    """A PostgreSQL that loses what it confirmed."""
    made = Postgresql(fsync="off").start()
    yield made
    made.stop()


@pytest.mark.slow
@pytest.mark.needs("postgresql")
def test_a_database_that_can_not_be_used_ends_the_worker_of_celery_as_that_of_orgo(
    tmp_path: Path, unsafe: Postgresql
) -> None:
    loses, gone = unsafe.url("orgo"), f"postgresql://orgo@127.0.0.1:{free_port()}/orgo"
    for url, code, words in ((loses, 2, "the server has fsync=off"), (gone, 69, "can't be reached")):
        environment = clean_environment(
            ORGO_HOME=str(tmp_path), ORGO_DATABASE=url, ORGO_QUEUE=f"redis://127.0.0.1:{free_port()}/0"
        )
        orgo = [
            sys.executable,
            "-c",
            "import sys; from orgo.cli.main import main; sys.exit(main(['worker']))",
        ]
        answers = [
            subprocess.run(words_, env=environment | more, capture_output=True, text=True, timeout=60)
            for words_, more in (([*CELERY, "worker"], {}), (orgo, {"PYTHONPATH": str(ROOT / "src")}))
        ]
        assert words in answers[0].stderr and len(answers[0].stderr.splitlines()) == 1
        assert {(one.returncode, one.stderr) for one in answers} == {(code, answers[0].stderr)}


@pytest.mark.slow
def test_a_watchman_that_can_not_work_says_why_in_one_line(tmp_path: Path) -> None:
    given = {
        "ORGO_DATABASE": f"postgresql://orgo@127.0.0.1:{free_port()}/orgo",
        "PYTHONPATH": str(ROOT / "src"),
    }
    answer = python("-m", "orgo.ops.watchman", home=tmp_path, **given)
    assert answer.returncode == 69
    assert len(answer.stderr.splitlines()) == 1 and "can't be reached" in answer.stderr


def test_jobs_travel_as_json_without_results_and_are_settled_after_the_work(tmp_path: Path) -> None:
    conf = make_app(load(tmp_path, {"ORGO_QUEUE": "amqp://127.0.0.1:5672//"})).conf
    assert (list(conf.accept_content), conf.task_ignore_result, conf.result_backend) == (["json"], True, None)
    assert (conf.task_acks_late, conf.task_reject_on_worker_lost) == (True, True)


def test_no_queue_is_a_problem_with_a_hint(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="main.py"):
        make_app(load(tmp_path, {}))


def test_a_broker_that_is_down_is_swallowed_and_left_alone_for_a_while(tmp_path: Path, monkeypatch) -> None:
    app = make_app(load(tmp_path, {"ORGO_QUEUE": f"redis://127.0.0.1:{free_port()}/0"}))
    tries: list[str] = []
    send = app.send_task

    def sent(job: str, **more: object) -> object:
        tries.append(job)
        return send(job, **more)

    monkeypatch.setattr(app, "send_task", sent)
    broker = Broker(app)
    broker.ring("routing")
    broker.ring("routing")
    assert tries == ["orgo.route"]


@pytest.mark.needs("redis")
def test_a_ring_is_a_message_without_content_on_its_queue(tmp_path: Path, redis: int) -> None:
    Broker(make_app(load(tmp_path, {"ORGO_QUEUE": f"redis://127.0.0.1:{redis}/0"}))).ring("delivery")
    with socket.create_connection(("127.0.0.1", redis)) as connection:
        connection.sendall(b"LRANGE orgo:delivery 0 -1\r\n")
        raw = connection.recv(100_000).decode()
    message = json.loads(raw.splitlines()[2])
    assert message["headers"]["task"] == "orgo.deliver"
    assert 0 <= rung_now()[RUNG] - message["headers"][RUNG] < A_MINUTE
    assert (message["headers"]["argsrepr"], message["headers"]["kwargsrepr"]) == ("()", "{}")


@pytest.fixture(scope="module")
def rabbitmq() -> Iterator[Rabbitmq]:
    made = Rabbitmq().start()
    yield made
    made.stop()


@pytest.fixture
def sentinel() -> Iterator[str]:
    """The address of a Sentinel that leads to a Redis."""
    server = Redis().start()
    made = Sentinel(server)
    try:
        yield made.start().url
    finally:
        made.stop()
        server.stop()


@pytest.fixture(
    params=[
        pytest.param("redis", marks=pytest.mark.needs("redis")),
        pytest.param("sentinel", marks=pytest.mark.needs("redis")),
        pytest.param("rabbitmq", marks=pytest.mark.needs("rabbitmq")),
    ]
)
def queue(request: pytest.FixtureRequest) -> str:
    """The address of a real broker, of each kind."""
    server = request.getfixturevalue(request.param)
    if isinstance(server, int):
        return f"redis://127.0.0.1:{server}/0"
    return server.url if isinstance(server, Rabbitmq) else str(server)


@pytest.mark.needs("redis")
def test_the_redis_that_a_sentinel_names_is_looked_at(tmp_path: Path, sentinel: str) -> None:
    place, up = broker(load(tmp_path, {"ORGO_QUEUE": sentinel}))
    assert (place.startswith("127.0.0.1:"), up) == (True, True)
    assert place.partition(":")[2] not in sentinel

    config = load(tmp_path, {"ORGO_QUEUE": sentinel, "ORGO_QUEUE_MASTER": "another"})
    assert broker(config) == (f"another at the Sentinels {sentinel[11:-2]}", False)


def test_each_sentinel_is_tried_with_the_same_user_and_database(tmp_path: Path) -> None:
    app = make_app(load(tmp_path, {"ORGO_QUEUE": "sentinel://:secret@one:1;two:2/3"}))
    assert app.conf.broker_url == "sentinel://:secret@one:1/3;sentinel://:secret@two:2/3"
    assert app.conf.broker_transport_options["master_name"] == "mymaster"


@pytest.mark.parametrize(
    "wrong", ["sentinel://", "sentinel://one:x", "sentinel://one:1;/0", "sentinel://one:1;two:99999/0"]
)
def test_a_sentinel_that_is_none_is_refused(tmp_path: Path, wrong: str) -> None:
    with pytest.raises(BadInput, match=r"queue: .*(empty|can't be read)"):
        load(tmp_path, {"ORGO_QUEUE": wrong})


def test_a_ring_is_heard_in_its_own_queue_only_and_once(tmp_path: Path, queue: str) -> None:
    app = make_app(load(tmp_path, {"ORGO_QUEUE": queue}))
    with app.connection() as connection:
        queues = {one.alias or name: one(connection.default_channel) for name, one in app.amqp.queues.items()}
        empty(app)
        Broker(app).ring("delivery")
        heard = {name: len(list(iter(partial(one.get, no_ack=True), None))) for name, one in queues.items()}

    assert heard == {"delivery": 1, "routing": 0, "escalation": 0, "intake": 0}


@pytest.mark.slow
@pytest.mark.needs("rabbitmq")
def test_a_message_that_no_worker_can_do_lies_in_the_queue_of_the_dead(
    tmp_path: Path, rabbitmq: Rabbitmq
) -> None:
    given = {"ORGO_QUEUE": rabbitmq.url}
    assert python(ROOT / "setup.py", home=tmp_path, **given).returncode == 0
    app = make_app(load(tmp_path, given))
    app.send_task("orgo.unheard_of", queue="routing")
    with at_work(tmp_path, **given) as worker, app.connection() as connection:
        until(worker, r"Received unregistered task")
        dead = dead_letters("orgo")(connection.default_channel)
        found = next(message for _ in range(600) if (message := dead.get(no_ack=True)) or wait())

    assert found.headers["task"] == "orgo.unheard_of"
    assert found.headers["x-death"][0]["queue"] == "orgo.routing"


@pytest.mark.slow
@pytest.mark.needs("rabbitmq")
def test_a_rabbitmq_lets_in_who_has_its_password_and_its_virtual_host(
    tmp_path: Path, rabbitmq: Rabbitmq
) -> None:
    stranger = rabbitmq.url.replace(f":{PASSWORD}@", ":another@")
    urls = (rabbitmq.url, stranger, f"{rabbitmq.url}nowhere")
    assert [lets_in(load(tmp_path, {"ORGO_QUEUE": url})) for url in urls] == [True, False, False]


@pytest.mark.needs("redis")
def test_a_redis_that_hangs_does_not_let_in_whoever_looks(tmp_path: Path) -> None:
    """Status and /metrics look each time: its own patience with a worker, half a minute, is not for them."""
    server = Redis().start()
    found: list[bool] = []
    config = load(tmp_path, {"ORGO_QUEUE": server.url})
    look = threading.Thread(target=lambda: found.append(lets_in(config, patience=0.2)), daemon=True)
    try:
        server.signal(signal.SIGSTOP)
        look.start()
        look.join(20)
        assert found == [False]
    finally:
        server.signal(signal.SIGCONT)
        server.stop()


def wait() -> bool:
    return threading.Event().wait(0.05)


@pytest.mark.slow
@pytest.mark.needs("rabbitmq")
def test_a_worker_on_quorum_queues_decides_a_mail_and_ends(tmp_path: Path, own_rabbitmq: Rabbitmq) -> None:
    decides_a_mail_when_rung(tmp_path, ORGO_QUEUE=own_rabbitmq.url, ORGO_QUEUE_TYPE="quorum")


STORE = """
from orgo.conf import boot
boot.start()
from orgo.intake.store import Incoming, store
data = b"From: a@b.example\\r\\nSubject: Water leak\\r\\n\\r\\nIt leaks.\\r\\n"
store([Incoming(data=data, source="smtp", envelope_from="a@b.example", envelope_to=("info@organization.com",))])
"""


@pytest.mark.slow
def test_a_worker_finds_the_jobs_and_decides_a_mail_when_it_is_rung(tmp_path: Path, queue: str) -> None:
    decides_a_mail_when_rung(tmp_path, ORGO_QUEUE=queue)


JOB = """
from orgo.conf import boot, logging
from tasks import app
logging.begin(boot.config(), verbose=True)
print(app.tasks["orgo.route"].apply().id)
"""


def test_a_jobs_log_in_json_names_the_mail_its_task_and_the_job(tmp_path: Path) -> None:
    given = {"ORGO_QUEUE": f"redis://127.0.0.1:{free_port()}/0", "ORGO_LOG__FORMAT": "json"}
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    assert python(ROOT / "setup.py", home=tmp_path, **given).returncode == 0
    assert python("-c", STORE, home=tmp_path, **path).returncode == 0

    done = python("-c", JOB, home=tmp_path, **path, **given)

    lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
    with sqlite3.connect(tmp_path / "var" / "orgo.db") as database:
        ((mail, task),) = database.execute("SELECT id, task FROM intake_mail").fetchall()
    (routed,) = (line for line in lines if "mail" in line)
    assert (routed["mail"], routed["task"], routed["job"]) == (mail, task, done.stdout.strip())


LEVELS = """
import logging
import tasks
from celery.signals import setup_logging
for level in (logging.DEBUG, logging.INFO, logging.WARNING):
    setup_logging.send(sender=None, loglevel=level)
    for name, at in (("orgo", logging.INFO), ("orgo", logging.WARNING), ("celery", logging.DEBUG)):
        logging.getLogger(name).log(at, "%s %s %s", level, name, at)
"""


def test_a_worker_shows_what_weighs_as_much_as_its_loglevel_and_files_have_all_of_orgo(
    tmp_path: Path,
) -> None:
    given = {"ORGO_QUEUE": f"redis://127.0.0.1:{free_port()}/0", "ORGO_LOG__FORMAT": "json"}
    path = {"PYTHONPATH": f"{ROOT}:{ROOT / 'src'}"}
    assert python(ROOT / "setup.py", home=tmp_path, **given).returncode == 0
    (tmp_path / "logs").mkdir()

    done = python("-c", LEVELS, home=tmp_path, **path, **given, ORGO_LOG__FOLDER="logs")

    shown = [json.loads(line)["event"] for line in done.stderr.splitlines() if line.startswith("{")]
    kept = "".join(file.read_text() for file in (tmp_path / "logs").iterdir())
    assert shown == ["10 orgo 20", "10 orgo 30", "10 celery 10", "20 orgo 20", "20 orgo 30", "30 orgo 30"], (
        done
    )
    assert "30 orgo 20" in kept and "30 orgo 30" in kept


def decides_a_mail_when_rung(home: Path, **given: str) -> None:
    assert python(ROOT / "setup.py", home=home, **given).returncode == 0
    assert python("-c", STORE, home=home, PYTHONPATH=str(ROOT / "src")).returncode == 0
    with at_work(home, **given) as worker:
        seen = until(worker, r"\bready\.")
        Broker(make_app(load(home, given))).ring("routing")
        done = until(worker, r"orgo\.route\[.*(succeeded|raised)")
    assert all(f"  . {job}" in seen for job in ("orgo.route", "orgo.deliver", "orgo.sweep"))
    assert "succeeded" in done.splitlines()[-1], done
    assert "WARNING" not in seen + done
    with sqlite3.connect(home / "var" / "orgo.db") as database:
        assert database.execute("SELECT outcome FROM intake_mail").fetchall() == [("opened",)], done


PILED_UP, LONG_AGO = 300, 60 * A_MINUTE


@pytest.mark.slow
def test_rings_that_piled_up_are_answered_by_a_few_looks_and_a_new_one_by_its_own(
    tmp_path: Path, queue: str
) -> None:
    given = {"ORGO_QUEUE": queue}
    assert python(ROOT / "setup.py", home=tmp_path, **given).returncode == 0
    app = make_app(load(tmp_path, given))
    empty(app)
    long_ago = {RUNG: rung_now()[RUNG] - LONG_AGO}
    for name, job in [*JOBS.items()] * PILED_UP:
        app.send_task(job, queue=name, headers=long_ago)
    with at_work(tmp_path, **given) as worker:
        until(worker, r"\bready\.")
        last = app.send_task("orgo.route", queue="routing", headers=rung_now())
        seen = until(worker, rf"orgo\.route\[{last.id}\].*(succeeded|raised)")

    answered = Counter(re.findall(r"Task (orgo\.\w+)\[\S+ succeeded", seen))
    assert answered.keys() == {*JOBS.values()}
    assert all(times < PILED_UP / 10 for times in answered.values())


def empty(app: Celery) -> None:
    """No ring waits in any of its queues."""
    with app.connection() as connection:
        for queue in app.amqp.queues.values():
            one = queue(connection.default_channel)
            one.declare()
            one.purge()


FLOOD, DUE = 500, 3


@pytest.mark.slow
@pytest.mark.needs("redis")
def test_a_worker_whose_redis_hangs_ends_when_it_is_told_to(tmp_path: Path) -> None:
    """Whoever ends a service kills it after 30 s; Celery alone waits for the broker's answer, for minutes."""
    server = Redis().start()
    command = [*CELERY, "worker", "--loglevel=info", "--concurrency=1"]
    environment = clean_environment(ORGO_HOME=str(tmp_path), ORGO_QUEUE=server.url)
    try:
        with subprocess.Popen(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as worker:
            assert worker.stdout is not None
            until(worker.stdout, "ready")
            began = psutil.Process(worker.pid).children(recursive=True)
            server.signal(signal.SIGSTOP)
            worker.terminate()
            try:
                assert worker.wait(60) == 1
            finally:
                worker.kill()
        assert began and not psutil.wait_procs(began, timeout=10)[1]
    finally:
        server.signal(signal.SIGCONT)
        server.stop()


def flood(home: Path, queue: str) -> Celery:
    """Escalations behind many rings for mail, and nobody has heard any of them yet."""
    assert python(ROOT / "setup.py", home=home, ORGO_QUEUE=queue).returncode == 0
    app = make_app(load(home, {"ORGO_QUEUE": queue}))
    for queue_name in ["routing"] * FLOOD + ["escalation"] * DUE:
        app.send_task(JOBS[queue_name], queue=queue_name)  # without its time: each is answered
    return app


@pytest.mark.needs("redis")
def test_escalations_overtake_a_flood_of_mail_on_redis(tmp_path: Path, redis: int) -> None:
    queue = f"redis://127.0.0.1:{redis}/0"
    flood(tmp_path, queue)

    with at_work(tmp_path, ORGO_QUEUE=queue) as worker:
        said = until(worker, r"Task orgo\.route\[.* succeeded")

    done = re.findall(r"Task (orgo\.\w+)\[\S+ succeeded", said)
    assert done == ["orgo.sweep"] * DUE + ["orgo.route"]


@pytest.mark.slow
@pytest.mark.needs("rabbitmq")
def test_a_worker_of_its_own_hears_an_escalation_past_a_flood_on_rabbitmq(
    tmp_path: Path, own_rabbitmq: Rabbitmq
) -> None:
    app = flood(tmp_path, own_rabbitmq.url)

    with at_work(tmp_path, "-Q", "escalation,delivery", ORGO_QUEUE=own_rabbitmq.url) as worker:
        said = until(worker, r"Task orgo\.\w+\[.* succeeded")

    assert re.findall(r"Task (orgo\.\w+)\[\S+ succeeded", said) == ["orgo.sweep"]
    with app.connection() as connection:
        mail = app.amqp.queues["routing"](connection.default_channel)
        assert mail.queue_declare(passive=True) == ("orgo.routing", FLOOD, 0)


@contextmanager
def at_work(home: Path, *words: str, **given: str) -> Iterator[Iterable[str]]:
    """What a worker says, line by line; it is told to end, and does."""
    with begun(home, *words, **given) as worker:
        assert worker.stdout is not None
        yield worker.stdout
        worker.terminate()
        last = worker.stdout.read()
        assert worker.wait(60) == 0, last


@contextmanager
def begun(home: Path, *words: str, **given: str) -> Iterator["subprocess.Popen[str]"]:
    """A worker, which is killed where it has not ended."""
    command = [*CELERY, "worker", "--loglevel=info", "--concurrency=1", *words]
    environment = clean_environment(ORGO_HOME=str(home), **given)
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    ) as worker:
        try:
            yield worker
        finally:
            if worker.poll() is None:
                _kill_all(psutil.Process(worker.pid))


def _kill_all(worker: psutil.Process) -> None:
    for one in (*worker.children(recursive=True), worker):
        with suppress(psutil.Error):  # it has ended by itself
            one.kill()


def until(lines: Iterable[str], pattern: str) -> str:
    """The output up to the line that matches; all of it where none does."""
    seen: list[str] = []
    for line in lines:
        seen.append(line)
        if re.search(pattern, line):
            break
    return "".join(seen)

"""A Celery worker whose broker is away, forgets, or is three: the work is done all the same."""

import os
import signal
import socket
import sqlite3
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import cycle
from pathlib import Path

import pytest

from orgo.conf import load
from orgo.conf.celery import Broker, make_app
from orgo.ops.watchman import Keeper
from tests.house.checkout import ROOT, clean_environment, python
from tests.house.test_jobs import CELERY
from tests.servers.ports import free_port
from tests.servers.rabbitmq import PASSWORD, USER, Rabbitmq
from tests.servers.redis import Redis

STORE = """
import sys
from orgo.conf import boot
boot.start()
from orgo.intake.store import Incoming, store
for n in range(int(sys.argv[1]), int(sys.argv[2])):
    data = b"From: a%d@b.example\\r\\nSubject: Water leak %d\\r\\n\\r\\nIt leaks.\\r\\n" % (n, n)
    store([Incoming(data=data, source="smtp", envelope_from="a@b.example", envelope_to=("info@organization.com",))])
"""


class Works:
    """A home, and Celery workers on it."""

    def __init__(self, home: Path, queue: str) -> None:
        self.home, self.given = home, {"ORGO_QUEUE": queue}
        assert python(ROOT / "setup.py", home=home, **self.given).returncode == 0

    @contextmanager
    def worker(self, level: str = "warning") -> Iterator["subprocess.Popen[str]"]:
        environment = clean_environment(ORGO_HOME=str(self.home), **self.given)
        command = [*CELERY, "worker", f"--loglevel={level}", "--concurrency=1"]
        with (self.home / "worker.log").open("a") as log:
            process = subprocess.Popen(command, env=environment, stdout=log, stderr=log, text=True)
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(60)
            finally:
                process.kill()

    def said(self, *words: str) -> int:
        """How many lines of the workers' log have all these words."""
        lines = (self.home / "worker.log").read_text().splitlines()
        return sum(all(word in line for word in words) for line in lines)

    def store(self, first: int, last: int) -> None:
        path = {"PYTHONPATH": str(ROOT / "src")}
        done = python("-c", STORE, str(first), str(last), home=self.home, **path)
        assert done.returncode == 0, done.stderr

    def ring(self) -> None:
        Broker(make_app(load(self.home, self.given))).ring("routing")

    def outcomes(self) -> dict[str, int]:
        with sqlite3.connect(self.home / "var" / "orgo.db", timeout=20) as database:
            return dict(database.execute("SELECT outcome, count(*) FROM intake_mail GROUP BY 1").fetchall())

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, (self.outcomes(), (self.home / "worker.log").read_text()[-3000:])
            threading.Event().wait(0.1)


def watchmen(home: Path) -> list[int]:
    """The watchmen that there are in this home, by the numbers of their processes."""
    wanted, found = f"ORGO_HOME={home}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            words, environ = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            if b"orgo.ops.watchman" in words and wanted in environ:
                found.append(int(process.name))
    return found


@pytest.mark.slow
def test_a_broker_that_is_away_holds_up_nothing(tmp_path: Path) -> None:
    works = Works(tmp_path, f"redis://127.0.0.1:{free_port()}/0")
    with works.worker() as worker:
        works.store(0, 3)
        works.until(lambda: works.outcomes() == {"opened": 3})
        worker.terminate()
        worker.wait(60)
    works.until(lambda: watchmen(tmp_path) == [])


@pytest.mark.slow
def test_a_worker_that_is_killed_leaves_no_watchman_behind(tmp_path: Path) -> None:
    works = Works(tmp_path, f"redis://127.0.0.1:{free_port()}/0")
    with works.worker() as worker:
        works.until(lambda: len(watchmen(tmp_path)) == 1)
        worker.kill()
        worker.wait()
        works.until(lambda: watchmen(tmp_path) == [])


@pytest.mark.slow
def test_a_watchman_does_not_wait_for_the_processes_of_the_pool(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are forked from the worker, with all that it holds: so they let go of what tells the watchman of its end."""
    works = Works(tmp_path, f"redis://127.0.0.1:{free_port()}/0")
    monkeypatch.setenv("ORGO_HOME", str(tmp_path))
    monkeypatch.setenv("ORGO_QUEUE", works.given["ORGO_QUEUE"])
    keeper = Keeper()
    keeper.start()
    works.until(lambda: len(watchmen(tmp_path)) == 1)
    with forked():
        keeper.tell_to_end()
        works.until(lambda: watchmen(tmp_path) == [])
    keeper.end()


def test_no_process_of_the_pool_is_forked_while_a_watchman_begins(monkeypatch: pytest.MonkeyPatch) -> None:
    """It would keep the pipe open that says that the watchman has begun, and the worker would wait for that for ever."""
    steps: list[str] = []

    def fork() -> None:
        with forked():
            steps.append("forked")

    pool = threading.Thread(target=fork)

    def begin(*_: object, **__: object) -> None:
        pool.start()
        pool.join(0.3)
        steps.append("begun")
        raise OSError

    monkeypatch.setattr("orgo.ops.watchman.subprocess.Popen", begin)
    with suppress(OSError):
        Keeper().run()
    pool.join()
    assert steps == ["begun", "forked"]


@contextmanager
def forked() -> Iterator[None]:
    """Another process that has what this one has, and does nothing."""
    number = os.fork()
    if number == 0:
        while True:
            signal.pause()
    try:
        yield
    finally:
        os.kill(number, signal.SIGKILL)
        os.waitpid(number, 0)


@pytest.fixture
def gone(request: pytest.FixtureRequest) -> str:
    """The address of a broker that is not there, of each kind."""
    return {"redis": "redis://127.0.0.1:{}/0", "rabbitmq": "amqp://guest:guest@127.0.0.1:{}//"}[
        request.param
    ].format(free_port())


@pytest.mark.slow
@pytest.mark.parametrize("gone", ["redis", "rabbitmq"], indirect=True)
def test_a_watchman_that_is_killed_has_a_successor(tmp_path: Path, gone: str) -> None:
    works = Works(tmp_path, gone)
    with works.worker():
        works.until(lambda: len(watchmen(tmp_path)) == 1)
        (first,) = watchmen(tmp_path)
        os.kill(first, signal.SIGKILL)
        works.store(0, 3)
        works.until(lambda: works.outcomes() == {"opened": 3})
        assert first not in watchmen(tmp_path)
        works.until(lambda: "the watchman has ended (code -9)" in (tmp_path / "worker.log").read_text())
    works.until(lambda: watchmen(tmp_path) == [])


def test_a_worker_never_gives_its_broker_up(tmp_path: Path) -> None:
    conf = make_app(load(tmp_path, {"ORGO_QUEUE": f"redis://127.0.0.1:{free_port()}/0"})).conf
    assert (conf.broker_connection_retry, conf.broker_connection_max_retries) == (True, None)


@pytest.mark.slow
@pytest.mark.needs("redis")
def test_a_broker_that_comes_late_dies_and_returns_is_listened_to_again(tmp_path: Path) -> None:
    server = Redis()
    works = Works(tmp_path, server.url)
    try:
        with works.worker("info") as worker:
            works.until(lambda: works.said("Cannot connect to") >= 2)
            server.start()
            works.until(lambda: works.said(" ready.") == 1)
            works.ring()
            works.until(lambda: works.said("orgo.route[", "succeeded") == 1)
            server.kill()
            works.until(lambda: works.said("Cannot connect to") >= 4)
            server.start()
            works.until(lambda: works.said(" ready.") == 2 or works.said("Connected to redis") == 2)
            works.ring()
            works.until(lambda: works.said("orgo.route[", "succeeded") == 2)
            assert worker.poll() is None
    finally:
        server.stop()


@pytest.mark.slow
@pytest.mark.needs("rabbitmq")
def test_a_rabbitmq_that_refuses_the_worker_is_away_until_it_lets_it_in_again(
    tmp_path: Path, own_rabbitmq: Rabbitmq
) -> None:
    works = Works(tmp_path, own_rabbitmq.url)
    with works.worker("info") as worker:
        works.until(lambda: works.said(" ready.") == 1)
        own_rabbitmq.control("change_password", USER, "another")
        own_rabbitmq.control("close_all_connections", "the password is another")
        works.until(lambda: works.said("the queue does not let Orgo in", "ACCESS_REFUSED") >= 1)
        works.store(0, 3)
        works.until(lambda: works.outcomes() == {"opened": 3})
        own_rabbitmq.control("change_password", USER, PASSWORD)
        works.until(lambda: works.said("Connected to amqp") == 2)

        own_rabbitmq.control("set_permissions", USER, "^$", ".*", ".*")  # no queue may be declared
        own_rabbitmq.control("close_all_connections", "the rights are others")
        works.until(lambda: works.said("the queue does not let Orgo in", "ACCESS_REFUSED - access to") >= 1)
        own_rabbitmq.control("set_permissions", USER, ".*", ".*", ".*")
        heard = works.said("orgo.route[", "succeeded")
        works.ring()
        works.until(lambda: works.said("orgo.route[", "succeeded") > heard)
        assert worker.poll() is None
    assert worker.returncode == 0
    assert works.said("Traceback") == 0


@pytest.mark.slow
@pytest.mark.needs("rabbitmq")
def test_a_worker_that_a_rabbitmq_refuses_at_its_start_works_and_ends_at_once_when_told(
    tmp_path: Path, own_rabbitmq: Rabbitmq
) -> None:
    works = Works(tmp_path, own_rabbitmq.url.replace(f":{PASSWORD}@", ":wrong@"))
    with works.worker() as worker:
        works.until(lambda: works.said("the queue does not let Orgo in") == 1)
        works.store(0, 3)
        works.until(lambda: works.outcomes() == {"opened": 3})
        worker.terminate()
        assert worker.wait(60) == 0
    assert works.said("Traceback") == 0


@pytest.fixture
def three(tmp_path: Path) -> Iterator[tuple[int, list[Redis]]]:
    """Three Redis behind one address, as replicas of a Deployment are: each connection comes to the next one."""
    with ExitStack() as stack:
        servers = [Redis() for _ in range(3)]
        for server in servers:
            server.start()
            stack.callback(server.stop)
        door = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        threading.Thread(target=_balance, args=(door, servers), daemon=True).start()
        yield door.getsockname()[1], servers


def _balance(door: socket.socket, servers: list[Redis]) -> None:
    for server in cycle(servers):
        try:
            one, _ = door.accept()
            other = socket.create_connection(("127.0.0.1", server.port))
        except OSError:
            return
        for source, target in ((one, other), (other, one)):
            threading.Thread(target=_pass_on, args=(source, target), daemon=True).start()


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    with source, suppress(OSError):
        while data := source.recv(65_536):
            target.sendall(data)
    with suppress(OSError):
        target.shutdown(socket.SHUT_RDWR)


@pytest.mark.slow
@pytest.mark.needs("redis")
def test_three_unrelated_redis_that_forget_lose_nothing(
    tmp_path: Path, three: tuple[int, list[Redis]]
) -> None:
    port, servers = three
    works = Works(tmp_path, f"redis://127.0.0.1:{port}/0")
    with works.worker(), works.worker():
        for number in range(0, 100, 20):
            works.store(number, number + 20)
            works.ring()
            for server in servers:
                server.flush()
        works.until(lambda: works.outcomes() == {"opened": 100})

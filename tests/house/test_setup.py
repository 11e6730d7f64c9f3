"""`python setup.py`: the first set-up, in a folder of its own."""

import os
import pty
import select
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from orgo.conf import load
from orgo.ops.brokers import find_broker
from orgo.ops.probe import broker
from orgo.ops.setup import _with, refusal
from tests.house.checkout import ROOT, clean_environment, python
from tests.servers.redis import Redis

SETUP = ROOT / "setup.py"
CTRL_C = "\x03"
ASKED = """
from pathlib import Path
from orgo.ops.setup import first_setup
answers = {"Name of your organization": "Écoles d'Annecy", "Mail address of the administrator": "Zoe@Annecy.example"}
print(first_setup(Path.cwd(), ask=True, question=lambda words, default: answers[words]))
"""


WITH_BROKER = """
from functools import partial
from pathlib import Path
from orgo.ops import setup
setup.find_broker = partial(setup.find_broker, {redis}, {rabbitmq})
print(setup.first_setup(Path.cwd(), ask=False))
"""


def rows(home: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(home / "var" / "orgo.db") as connection:
        return connection.execute(sql).fetchall()


def test_without_a_terminal_it_takes_defaults_and_prints_a_sign_in_link(tmp_path: Path) -> None:
    answer = python(SETUP, home=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert "nothing was asked, for there is no terminal (--yes says that this is meant)" in answer.stdout
    assert (
        "  organization   Organization; another: organization.name in config/config.yaml\n" in answer.stdout
    )
    assert (
        f"  administrator  admin@organization.com; another: {shlex.quote(str(ROOT / 'orgo'))} user add"
        in answer.stdout
    )
    assert "Administrator: admin@organization.com" in answer.stdout
    assert "http://127.0.0.1:8000/sign-in/" in answer.stdout
    assert (tmp_path / "config" / "config.yaml").read_bytes() == (
        ROOT / "config" / "config.yaml"
    ).read_bytes()
    assert rows(tmp_path, "SELECT count(*) FROM people_team WHERE is_triage") == [(1,)]


def test_it_may_be_repeated_and_keeps_what_was_written(tmp_path: Path) -> None:
    python(SETUP, home=tmp_path)
    rules = tmp_path / "config" / "rules.yaml"
    rules.write_text("version: 1\nrules: []\n")
    before = rows(tmp_path, "SELECT id, address FROM people_user ORDER BY id")
    again = python(SETUP, "--yes", home=tmp_path)
    assert again.returncode == 0, again.stderr
    assert "no terminal" not in again.stdout
    assert rules.read_text() == "version: 1\nrules: []\n"
    assert rows(tmp_path, "SELECT id, address FROM people_user ORDER BY id") == before
    assert rows(tmp_path, "SELECT count(*) FROM people_token WHERE used_at IS NULL") == [(1,)]


@pytest.mark.parametrize("place", [".", "config"])
def test_files_that_are_there_already_are_kept_wherever_they_are(tmp_path: Path, place: str) -> None:
    own = tmp_path / place / "rules.yaml"
    own.parent.mkdir(exist_ok=True)
    own.write_text("version: 1\nrules: []\n")
    answer = python(SETUP, home=tmp_path)
    assert answer.returncode == 0, answer.stderr
    assert own.read_text() == "version: 1\nrules: []\n"
    assert len(list(tmp_path.rglob("rules.yaml"))) == 1


def test_answers_are_written_where_they_belong(tmp_path: Path) -> None:
    answer = python("-c", ASKED, home=tmp_path, PYTHONPATH=str(ROOT / "src"))
    assert answer.returncode == 0, answer.stderr
    assert 'organization:\n  name: "Écoles d\'Annecy"\n' in (tmp_path / "config" / "config.yaml").read_text(
        "utf-8"
    )
    found = rows(tmp_path, "SELECT roles FROM people_user WHERE address = 'zoe@annecy.example'")
    assert "administrator" in str(found[0][0])
    of_sample = "SELECT count(*) FROM people_user WHERE address = 'admin@organization.com'"
    assert rows(tmp_path, of_sample) == [(0,)]
    assert "admin@organization.com" not in (tmp_path / "config" / "rules.yaml").read_text("utf-8")


def test_a_repeated_set_up_makes_the_link_of_whom_was_named(tmp_path: Path) -> None:
    python("-c", ASKED, home=tmp_path, PYTHONPATH=str(ROOT / "src"))
    again = python(SETUP, home=tmp_path)

    assert again.returncode == 0, again.stderr
    assert "Administrator: zoe@annecy.example" in again.stdout


def test_an_administrator_beside_those_of_own_people_is_made_and_no_file_is_changed(tmp_path: Path) -> None:
    python(SETUP, home=tmp_path)
    before = {file: file.read_bytes() for file in (tmp_path / "config").rglob("*.yaml")}
    named = ASKED.replace("Écoles d'Annecy", "Organization")
    answer = python("-c", named, home=tmp_path, PYTHONPATH=str(ROOT / "src"))

    assert "Administrator: zoe@annecy.example" in answer.stdout, answer.stderr
    assert {file: file.read_bytes() for file in before} == before
    assert rows(tmp_path, "SELECT type FROM audit_event") == [("person.made_administrator",)]


def test_a_redis_that_runs_here_becomes_the_queue_and_answers_there(tmp_path: Path) -> None:
    redis = Redis().start()
    try:
        script = WITH_BROKER.format(redis=redis.port, rabbitmq=free_port())
        answer = python("-c", script, home=tmp_path, PYTHONPATH=str(ROOT / "src"))
        config = load(tmp_path, {})
        found = broker(config)
    finally:
        redis.stop()

    assert answer.returncode == 0, answer.stderr
    assert f"written to config/config.yaml: queue: {redis.url}" in answer.stdout
    assert config.queue == redis.url and found[1]


def on_terminal(home: Path, *answers: str) -> tuple[int, str]:
    """Run the set-up on a terminal of its own, and type these lines, each when it is asked for; (exit code, screen)."""
    process, ours = pty.fork()
    if not process:
        signal.signal(signal.SIGINT, signal.SIG_DFL)  # a test run in the background may ignore it
        os.chdir(home)
        os.execve(sys.executable, [sys.executable, str(SETUP)], clean_environment())
    screen, left, said = "", list(answers), ""
    while (more := _read(ours, said if said == CTRL_C else "")) is not None:
        screen += more
        if left and screen.endswith("]: "):
            said = left.pop(0)
            os.write(ours, said.encode())
    os.close(ours)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]), screen


def _read(terminal: int, again: str) -> str | None:
    """What came onto the screen; None where nobody writes there any more.

    `again` is typed anew each second until then: what is pressed between a question and the reading of its answer is missed.
    """
    try:
        while again and not select.select([terminal], [], [], 1.0)[0]:
            os.write(terminal, again.encode())
        return os.read(terminal, 65_536).decode() or None
    except OSError:
        return None


def test_on_a_terminal_it_asks_and_asks_again_for_what_is_no_address(tmp_path: Path) -> None:
    code, screen = on_terminal(tmp_path, "zoe at annecy\n", "zoe@annecy.example\n", "Annecy\n")

    assert code == 0, screen
    assert screen.count("Mail address of the administrator [admin@organization.com]: ") == 2
    assert "not a mail address, such as name@organization.com" in screen
    assert "Administrator: zoe@annecy.example" in screen
    assert "name: Annecy" in (tmp_path / "config" / "config.yaml").read_text("utf-8").replace('"', "")


def test_in_a_checkout_the_samples_administrator_gives_way_to_the_one_who_was_typed(tmp_path: Path) -> None:
    """There the sample lies in config/ already; what nobody edited is still the sample's."""
    shutil.copytree(ROOT / "config", tmp_path / "config")
    code, screen = on_terminal(tmp_path, "zoe@annecy.example\n", "Annecy\n")
    assert code == 0, screen

    active = rows(
        tmp_path, "SELECT address FROM people_user WHERE is_active AND roles LIKE '%administrator%'"
    )
    assert active == [("zoe@annecy.example",)]
    again = python(SETUP, home=tmp_path).stdout
    assert "Administrator: zoe@annecy.example" in again and "beside people.yaml" not in again


def test_who_is_no_longer_in_people_yaml_is_named(tmp_path: Path) -> None:
    python(SETUP, home=tmp_path)
    (tmp_path / "config/people.yaml").write_text(
        "users:\n  - {address: zoe@annecy.example, role: administrator}\n"
    )
    said = python(SETUP, home=tmp_path).stdout

    assert "beside people.yaml the database keeps" in said and "orgo user deactivate" in said


def test_ctrl_c_at_a_question_ends_it_before_there_is_a_database(tmp_path: Path) -> None:
    code, screen = on_terminal(tmp_path, "zoe at annecy\n", CTRL_C)

    assert code == 130
    assert "stopped; start again whenever you like" in screen and "Traceback" not in screen
    assert not (tmp_path / "var").exists()


def test_a_wrong_configuration_changes_nothing_and_says_where(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("web: {prot: 8000}\n")
    answer = python(SETUP, home=tmp_path)
    assert answer.returncode == 2
    assert "config.yaml:1:7" in answer.stderr
    assert "port" in answer.stderr
    assert "Traceback" not in answer.stderr
    assert not (tmp_path / "var").exists()


FLAT = "rules:\ncondition: \"subject contains 'urgent'\"\naction:\nroute_to: works@city.example\n"
STARTS = {
    "setup.py": [sys.executable, str(SETUP), "--yes"],
    "main.py": [sys.executable, str(ROOT / "main.py")],
    "celery": [sys.executable, "-m", "celery", "--workdir", str(ROOT), "-A", "tasks", "worker"],
}


@pytest.mark.parametrize("start", list(STARTS))
def test_nothing_starts_with_rules_that_can_not_be_read(tmp_path: Path, start: str) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "rules.yaml").write_text(FLAT)
    environment = clean_environment(ORGO_HOME=str(tmp_path), ORGO_QUEUE="redis://127.0.0.1:1/0")
    answer = subprocess.run(STARTS[start], env=environment, capture_output=True, text=True, timeout=60)

    assert answer.returncode == 2, answer.stderr
    assert "rules.yaml:1:1" in answer.stderr and "  - condition:" in answer.stderr
    assert "Traceback" not in answer.stderr and not list(tmp_path.rglob("*.db"))


@pytest.mark.parametrize(
    "word", ["build", "install", "sdist", "bdist_wheel", "develop", "egg_info", "--version"]
)
def test_setuptools_words_are_refused_with_the_reason(word: str) -> None:
    assert "hatchling" in (refusal([word]) or "")


def test_an_unknown_word_is_refused_by_exit_code_2(tmp_path: Path) -> None:
    answer = python(SETUP, "--frobnicate", home=tmp_path)
    assert answer.returncode == 2
    assert "--frobnicate" in answer.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#queue: redis://x\nweb: {}\n", "#queue: redis://x\nqueue: Q\nweb: {}\n"),
        ("#queue:\n#  host: x\nweb: {}\n", "queue: Q\n#  host: x\nweb: {}\n"),
        ("web: {}", "web: {}\n\nqueue: Q\n"),
    ],
)
def test_a_key_is_written_below_its_commented_default_or_at_the_end(text: str, expected: str) -> None:
    assert _with(text, "queue", "queue: Q\n") == expected


@pytest.fixture
def answering() -> Iterator[object]:
    """A server on loopback that answers each connection with the same bytes."""
    made: list[socket.socket] = []

    def start(answer: bytes) -> int:
        server = socket.create_server(("127.0.0.1", 0))
        made.append(server)

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(64)
                connection.sendall(answer)

        threading.Thread(target=serve, daemon=True).start()
        return int(server.getsockname()[1])

    yield start
    for server in made:
        server.close()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def test_a_redis_that_answers_is_found(answering) -> None:
    port = answering(b"+PONG\r\n")
    assert find_broker(port, free_port()) == f"redis://127.0.0.1:{port}/0"


def test_a_redis_that_wants_a_password_is_left_alone(answering) -> None:
    assert find_broker(answering(b"-NOAUTH Authentication required.\r\n"), free_port()) is None


def test_a_rabbitmq_is_known_by_its_first_frame(answering) -> None:
    port = answering(b"\x01\x00\x00\x00\x00\x01\xf6\x00\x0a\x00\x0a")
    assert find_broker(free_port(), port) == f"amqp://127.0.0.1:{port}//"


def test_another_server_on_the_port_is_no_broker(answering) -> None:
    assert find_broker(answering(b"HTTP/1.1 400\r\n"), answering(b"AMQP\x00\x00\x09\x00")) is None

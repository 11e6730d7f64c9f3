"""`orgo selftest` passes where all is well, says what to do where it is not, and touches nothing of the house."""

import json
import re
import shutil
import socket
import threading
from contextlib import suppress
from pathlib import Path

import pytest

from orgo.cli.main import main
from orgo.conf import load
from orgo.ops import selftest
from orgo.ops.selftest import EXPECTED, no_network, parsing
from tests.house.checkout import ROOT, python
from tests.house.test_jobs import redis  # noqa: F401 -- a fixture
from tests.servers.ports import free_port
from tests.servers.rabbitmq import PASSWORD, Rabbitmq

ORGO = ROOT / "orgo"


def test_without_a_queue_all_pass_and_the_home_stays_empty(tmp_path: Path) -> None:
    done = python(ORGO, "selftest", home=tmp_path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert EXPECTED in done.stdout
    assert (
        "pass  offline: 3 mails became tasks (1 of them from the watched folder), 3 letters are held"
        in done.stdout
    )
    assert "; no .pst was tried: orgo selftest --pst FILE reads one" in done.stdout
    assert "pass  queue: embedded: no queue is configured" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_archive_of_outlook_is_read_and_nothing_of_it_is_kept(tmp_path: Path, corpus: Path) -> None:
    home, temporary = tmp_path / "home", tmp_path / "temporary"
    home.mkdir()
    temporary.mkdir()
    archive = corpus / "pst/tika/testPST_variousBodyTypes.pst"
    done = python(ORGO, "selftest", "--pst", archive, "--json", home=home, TMPDIR=str(temporary))
    told = [json.loads(line) for line in done.stdout.splitlines()]

    assert (done.returncode, told[1]["name"], told[1]["passed"]) == (0, "offline", True), done.stderr
    assert told[1]["words"].endswith(
        "until there is a network; 4 mails read from testPST_variousBodyTypes.pst"
    )
    assert [*home.iterdir(), *temporary.iterdir()] == []


@pytest.mark.parametrize(
    ("name", "is_read", "words"),
    [
        (
            "aspose-java/PersonalStorage.pst",
            True,
            "0 mails read from PersonalStorage.pst, 6 other items left out",
        ),
        ("derived-corrupt/header-only.pst", False, "is cut off: 564 of its 271360 bytes are here"),
        (
            "derived-corrupt/broken-root.pst",
            False,
            "is no Outlook archive, or a damaged one: its head is not what was written",
        ),
    ],
)
def test_what_an_archive_has_is_counted_and_why_it_cannot_be_read_is_said(
    corpus: Path, name: str, is_read: bool, words: str
) -> None:
    found, said = selftest.outlook(corpus / "pst" / name)

    assert found is is_read and said.endswith(words)


def test_one_that_is_cut_off_fails_and_one_that_is_none_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "cut.pst").write_bytes(b"!BDN" + bytes(4) + b"SM" + bytes(90))
    (tmp_path / "letter.pst").write_bytes(b"Dear all")
    cut = python(ORGO, "selftest", "--pst", "cut.pst", home=tmp_path)
    monkeypatch.chdir(tmp_path)

    assert (cut.returncode, main(["selftest", "--pst", "letter.pst"])) == (1, 2), cut.stdout
    assert capsys.readouterr() == ("", "orgo: letter.pst: --pst: is no archive of Outlook (.pst, .ost)\n")
    assert main(["selftest", "--pst", "none.pst"]) == 2
    assert "none.pst" in capsys.readouterr().err
    assert (
        "FAIL  offline: 3 mails became tasks" in cut.stdout
        and "1 place that can't be read: cut.pst: is " in cut.stdout
    )
    assert "      give an archive that Outlook opens\n" in cut.stdout and cut.stderr == ""
    assert sorted(path.name for path in tmp_path.iterdir()) == ["cut.pst", "letter.pst"]


def test_its_block_is_what_mail_route_prints_in_a_plain_home(tmp_path: Path) -> None:
    python(ORGO, "init", "--yes", home=tmp_path)
    routed = python(ORGO, "mail", "route", "config/samples/water-leak.eml", home=tmp_path)

    assert routed.stdout.strip() == EXPECTED


def queue_outcome(tmp_path: Path, url: str) -> tuple[int, dict[str, object]]:
    done = python(ORGO, "selftest", "--json", "--tasks", "1200", home=tmp_path, ORGO_QUEUE=url)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [one["passed"] for one in told[:2]] == [True, True], done.stdout + done.stderr
    return done.returncode, told[2]


@pytest.mark.needs("redis")
def test_tasks_travel_through_redis_and_leave_nothing_there(tmp_path: Path, redis: int) -> None:  # noqa: F811
    code, told = queue_outcome(tmp_path, f"redis://127.0.0.1:{redis}/0")

    assert (code, told["passed"]) == (0, True)
    words = str(told["words"])
    assert words.startswith(f"1200 tasks through 127.0.0.1:{redis} and back in ")
    if shutil.which("redis-benchmark"):
        assert re.search(r"; redis-benchmark -n 1200 only pushes, by 50 clients: \d{2,} a second$", words)
    else:
        assert words.endswith("redis-benchmark is not on this machine")
    with socket.create_connection(("127.0.0.1", redis)) as asked:
        asked.sendall(b"DBSIZE\r\n")
        assert asked.recv(64) == b":0\r\n"


@pytest.mark.slow
@pytest.mark.needs("rabbitmq")
def test_tasks_travel_through_rabbitmq(tmp_path: Path) -> None:
    server = Rabbitmq().start()
    try:
        code, told = queue_outcome(tmp_path, server.url)
        refused = queue_outcome(tmp_path, server.url.replace(f":{PASSWORD}@", ":another@"))
    finally:
        server.stop()

    assert (code, told["passed"]) == (0, True), told
    assert (refused[0], refused[1]["words"]) == (
        1,
        f"127.0.0.1:{server.port} answers, but does not let Orgo in (AccessRefused)",
    )


def test_a_broker_that_is_down_fails_with_what_to_do_and_without_its_password(tmp_path: Path) -> None:
    port = free_port()
    code, told = queue_outcome(tmp_path, f"redis://:geheim@127.0.0.1:{port}/0")

    assert (code, told["passed"]) == (1, False)
    assert told["words"] == f"127.0.0.1:{port} does not answer"
    assert f"start the broker at 127.0.0.1:{port}" in str(told["todo"])
    assert "geheim" not in json.dumps(told)


def test_no_password_is_given_to_redis_benchmark() -> None:
    if shutil.which("redis-benchmark"):
        assert "could read the password" in selftest.beside("redis://:geheim@127.0.0.1:1/0", 10)
    assert selftest.beside("amqp://guest:guest@127.0.0.1//", 10) == ""


def test_a_server_that_is_no_broker_fails(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        threading.Thread(target=greet, args=(server,), daemon=True).start()
        outcome = selftest.queue(load(tmp_path, {"ORGO_QUEUE": f"redis://127.0.0.1:{port}/0"}), 10)

    assert not outcome.passed and "Error" in outcome.words and f"127.0.0.1:{port}" in outcome.todo


def greet(server: socket.socket) -> None:
    """Say to every connection what no broker says, and end it, until the server is closed."""
    with suppress(OSError):
        while True:
            way = server.accept()[0]
            way.sendall(b"220 mail.city.example\r\n")
            way.close()


def test_a_mail_that_is_read_otherwise_fails_and_is_shown() -> None:
    outcome = parsing(lambda file, house: "Parsed Email:\nSender: nobody")

    assert not outcome.passed and "Sender: nobody" in outcome.words and outcome.todo


def test_a_test_that_breaks_has_failed_and_tells_no_data() -> None:
    def breaks() -> selftest.Outcome:
        raise ValueError("mail of somebody@people.example")

    outcome = selftest.safely("offline", "do this", breaks)

    assert (outcome.passed, outcome.todo) == (False, "do this")
    assert "ValueError" in outcome.words and "people.example" not in outcome.words


def test_without_a_network_what_is_tried_is_refused_and_listed() -> None:
    with no_network() as tried:
        with pytest.raises(OSError, match="no network"):
            socket.create_connection(("192.0.2.1", 25))
        with pytest.raises(OSError, match="no network"), socket.socket() as sock:
            sock.connect(("192.0.2.2", 25))

    assert tried == ["192.0.2.1", "('192.0.2.2', 25)"]

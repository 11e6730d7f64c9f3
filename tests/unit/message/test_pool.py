"""The parser's own process: the same answers as in this one, and no mail takes another down."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from orgo.message import noted, parse
from orgo.message.model import Message
from orgo.message.pool import SECONDS, ParseFailure, ParserPool, _Watch

MAILS = [b"From: a@x.example\r\nSubject: %d\r\n\r\nbody\r\n" % n for n in range(5)]


@pytest.fixture
def pool() -> Iterator[ParserPool]:
    made = ParserPool()
    yield made
    made.close()


def test_the_process_answers_as_the_function_does(pool: ParserPool) -> None:
    assert pool.parse(MAILS) == [parse(raw) for raw in MAILS]
    assert pool.parse([]) == []


def test_a_process_that_was_killed_is_started_again(pool: ParserPool) -> None:
    pool.parse(MAILS[:1])
    assert pool._child is not None
    os.kill(pool._child.pid, signal.SIGKILL)

    assert all(isinstance(message, Message) for message in pool.parse(MAILS))


def test_a_process_that_hangs_is_killed_and_the_mail_read_by_another(
    pool: ParserPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also when the thread that watches has ended meanwhile, for want of questions."""
    real = _Watch.begin

    def begin(self: _Watch, child: "subprocess.Popen[bytes]", seconds: float) -> None:
        """Only the one that hangs has little time: the next has all that a slow machine needs to start it."""
        real(self, child, 0.1 if child is hanging else seconds)

    monkeypatch.setattr(_Watch, "begin", begin)
    hanging = None
    for _ in range(2):
        assert pool.parse(MAILS[:1]) == [parse(MAILS[0])]
        hanging = pool._child
        assert hanging is not None
        os.kill(hanging.pid, signal.SIGSTOP)

        assert pool.parse(MAILS[:1]) == [parse(MAILS[0])]
        assert hanging.returncode == -signal.SIGKILL
        _wait_until(lambda: pool._watch._thread is None)


def test_a_batch_has_no_more_time_than_a_mail(pool: ParserPool, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its mails are leased for a minute and a half, and one that hangs is asked for alone after it."""
    given: list[float] = []
    real = _Watch.begin

    def begin(self: _Watch, child: "subprocess.Popen[bytes]", seconds: float) -> None:
        given.append(seconds)
        real(self, child, seconds)

    monkeypatch.setattr(_Watch, "begin", begin)
    pool.parse(MAILS * 40)

    assert given == [SECONDS] and 2 * SECONDS < 90


def _wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_a_mail_that_kills_its_process_blames_nobody_else(
    pool: ParserPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = ParserPool._ask

    def ask(self: ParserPool, raws: list[bytes]) -> list[Message]:
        if any(b"poison" in raw for raw in raws):
            raise EOFError("it died")
        return real(self, raws)

    monkeypatch.setattr(ParserPool, "_ask", ask)
    found = pool.parse([MAILS[0], b"Subject: poison\r\n\r\n", MAILS[1]])

    assert isinstance(found[1], ParseFailure) and "it died" in found[1].reason
    assert [found[0], found[2]] == [parse(MAILS[0]), parse(MAILS[1])]


FORMATTED = (
    b"From: a@x.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nOne tale\r\n"
    b"--b\r\nContent-Type: text/html\r\n\r\n<p onclick=x>Another <b>tale</b></p><script>1</script>\r\n"
    b"--b\r\nContent-Type: text/csv; name=a.csv\r\n\r\n1,2\r\n--b--\r\n"
)


def test_the_process_gives_what_is_shown_of_a_mail(pool: ParserPool) -> None:
    html, file = pool.html(FORMATTED), pool.file(FORMATTED, 0)

    assert html is not None and html.strip() == "<p>Another <b>tale</b></p>"
    assert file is not None and (file.name, file.data.strip()) == ("a.csv", b"1,2")
    assert pool.noted(FORMATTED) == noted(parse(FORMATTED))


def test_what_is_not_there_is_not_given(pool: ParserPool) -> None:
    assert (pool.html(MAILS[0]), pool.file(MAILS[0], 0), pool.file(FORMATTED, 7)) == (None, None, None)
    assert pool.noted(b"") == ["the mail is empty"]


def test_a_question_that_its_process_does_not_live_through_has_no_answer_and_the_next_one_has(
    pool: ParserPool,
) -> None:
    for ask in (pool.html, pool.noted, lambda raw: pool.file(raw, 0)):
        pool.parse(MAILS)
        pool.seconds = 0.1
        assert pool._child is not None
        os.kill(pool._child.pid, signal.SIGSTOP)
        assert ask(FORMATTED) is None
        pool.seconds = 20.0

        assert ask(FORMATTED)


def test_the_process_imports_no_django() -> None:
    import sys

    code = "import sys; import orgo.message.child, orgo.message.parse; print([m for m in sys.modules if m.startswith('django')])"
    said = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": "src"},
    )

    assert said.stdout.strip() == "[]"

"""`orgo selftest`: the blueprint's three tests after an installation; nothing of the house is touched.

A mail is read, work is done without a network in a home of its own, and messages travel through the configured broker.
"""

import mailbox
import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import format_datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit
from uuid import uuid4

import msgspec

from orgo.conf import Config, boot, load
from orgo.intake import readers
from orgo.intake.outlook.archive import SIGNATURE
from orgo.lib import clock
from orgo.lib.problems import BadInput, Problem
from orgo.lib.text import counted
from orgo.ops import brokers, probe
from orgo.ops.samples import PLAIN, samples_folder
from orgo.ops.setup import WATCHED

if TYPE_CHECKING:
    from kombu.connection import Connection

TASKS = 100_000
NO_ARCHIVE = "no .pst was tried: orgo selftest --pst FILE reads one of yours, and keeps nothing of it"
_BATCH = 500
_PATIENCE = 10.0
_FORGOTTEN_AFTER = 600.0
_LONGEST_BENCHMARK = 600.0
Progress = Callable[[int], None]
_MAILS = (
    ("Water leak in room 7", "The ceiling is wet. Please come.", "maintenance@organization.com"),
    ("Outage of the whole network", "Nothing works since eight o'clock.", "it@organization.com"),
    ("Opening hours in December", "When are you open between the years?", "reception@organization.com"),
)
EXPECTED = """Parsed Email:
Sender: secretary@organization.com
Subject: Water Leak in Room 102
Keywords: [urgent, leak]
Routed To: maintenance@organization.com"""


class Outcome(msgspec.Struct, frozen=True):
    """How a test ended: in words, and what to do where it failed."""

    name: str
    passed: bool
    words: str
    todo: str = ""


def safely(name: str, todo: str, test: Callable[[], Outcome]) -> Outcome:
    """The test's outcome; one that breaks has failed, and says by which kind of error (never with its data)."""
    try:
        return test()
    except Exception as error:
        return Outcome(name, False, f"{type(error).__name__} at {_where(error)}", todo)


def _where(error: Exception) -> str:
    """The last of our own lines that the error came through."""
    place, trace = "", error.__traceback__
    while trace is not None:
        file = Path(trace.tb_frame.f_code.co_filename)
        if "orgo" in file.parts:
            place = f"{file.name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return place


# ---------------------------------------------------------------- the email parsing test


def parsing(block_of: Callable[[Path, Config], str]) -> Outcome:
    """Read the sample mail by the sample rules. `block_of` prints a mail's block for a house, as `orgo mail route`."""
    with tempfile.TemporaryDirectory(prefix="orgo-selftest-") as folder:
        house = furnish(Path(folder))
        found = block_of(samples_folder() / "samples" / "water-leak.eml", house)
    if found != EXPECTED:
        return Outcome("email parsing", False, f"not as expected:\n{found}", "install Orgo again")
    return Outcome("email parsing", True, found)


# ---------------------------------------------------------------- the offline test


def offline(archive: Path | None = None) -> Outcome:
    """Import mail files and take one from the watched folder, all without a network: tasks are made, letters held.

    An archive of Outlook is among them where one is given, for nothing here writes one: it is read, and nothing of it is kept.
    """
    with tempfile.TemporaryDirectory(prefix="orgo-selftest-") as folder, no_network() as tried:
        home = Path(folder)
        boot.start(furnish(home))
        wanted, found = [team for _, _, team in _MAILS], _worked_offline(home)
        read, of_archive = (True, NO_ARCHIVE) if archive is None else outlook(archive)
    became = f"{len(found['teams'])} mails became tasks ({found['dropped']} of them from the watched folder)"
    words = f"{became}, {found['held']} letters are held until there is a network"
    if tried:
        words = f"a network was asked for {len(tried)} times: {', '.join(sorted(set(tried)))}"
    all_came = sorted(found["teams"]) == sorted(wanted) and found["dropped"] == 1
    well = all_came and found["held"] >= len(wanted) and not found["left"]
    if not well:
        words = f"there were {len(wanted)} mails: {became}, {found['held']} letters are held"
    todo = "" if read else "give an archive that Outlook opens"
    if tried or not well:
        todo = "run: orgo doctor; then report this"
    return Outcome("offline", not todo, f"{words}; {of_archive}", todo)


def need_archive(file: Path) -> None:
    """Raise BadInput unless the file begins as Outlook's archives do."""
    begin = b""
    if file.is_file():  # nothing that waits for somebody to write into it
        with file.open("rb") as stream:
            begin = stream.read(len(SIGNATURE))
    if begin != SIGNATURE:
        raise BadInput(Problem("is no archive of Outlook (.pst, .ost)", file=str(file), key="--pst"))


def outlook(file: Path) -> tuple[bool, str]:
    """Read an archive of Outlook and keep nothing of it; returns whether it can be read, and in words what was.

    One of which some items can't be read can be read: old archives are like that.
    """
    others: list[str] = []
    unread: list[str] = []
    reading = readers.read(
        [file], lambda *words: unread.append(": ".join(words)), other=lambda _, kind: others.append(kind)
    )
    mails = sum(1 for _ in reading)
    words = f"{counted(mails, 'mail')} read from {os.fsencode(file.name).decode('utf-8', 'replace')}"
    if others:
        words += f", {counted(len(others), 'other item')} left out"
    if unread:
        words += f", {counted(len(unread), 'place')} that can't be read: {unread[0]}"
    return bool(mails or others or not unread), words


def furnish(home: Path) -> Config:
    """A home with the plain sample and a watched folder; nothing of this machine's configuration."""
    (home / "config").mkdir()
    for name in ("people.yaml", "rules.yaml"):
        shutil.copyfile(PLAIN / name, home / "config" / name)
    shutil.copytree(samples_folder() / "templates", home / "config" / "templates")
    (home / "config" / "config.yaml").write_text(WATCHED, "utf-8")
    return load(home, {})


@contextmanager
def no_network() -> Iterator[list[str]]:
    """No way out of this process: whatever is tried is refused, and listed."""
    tried: list[str] = []
    real = socket.socket.connect, socket.getaddrinfo

    def refused(*words: Any, **_: Any) -> Any:
        tried.append(str(words[-1] if isinstance(words[0], socket.socket) else words[0]))
        raise OSError("no network: orgo selftest plays that there is none")

    socket.socket.connect, socket.getaddrinfo = refused, refused  # type: ignore[method-assign]
    try:
        yield tried
    finally:
        socket.socket.connect, socket.getaddrinfo = real  # type: ignore[method-assign]


def _worked_offline(home: Path) -> dict[str, Any]:
    """Do the work of an offline day on the mails; returns where they went and how the letters are."""
    from orgo import pipeline
    from orgo.intake import importing
    from orgo.intake.models import Mail
    from orgo.message.pool import ParserPool
    from orgo.ops.up import prepare_database
    from orgo.outbox.models import Letter
    from orgo.people.roster import apply_roster
    from orgo.task.models import Task

    prepare_database()
    apply_roster(boot.config().roster)
    importing.run(_written(home / "archive"), importing.Plan("work"), lambda _: None)
    _drop(_mail(len(_MAILS) - 1))
    parser = ParserPool()
    try:
        while pipeline.route(parser):
            pass
    finally:
        parser.close()
    letters = list(Letter.objects.values_list("state", flat=True))
    held = letters.count("held")
    return {
        "teams": list(Task.objects.values_list("team", flat=True)),
        "dropped": Mail.objects.filter(source="folder").count(),
        "held": held,
        "left": len(letters) - held,
    }


def _written(folder: Path) -> list[Path]:
    """All mails but the last as a folder with an .eml file and an mbox, as somebody takes them along on a stick."""
    folder.mkdir()
    first, *others = (_mail(number) for number in range(len(_MAILS) - 1))
    (folder / "first.eml").write_bytes(bytes(first))
    box = mailbox.mbox(folder / "others.mbox")
    try:
        for mail in others:
            box.add(mail)
    finally:
        box.close()
    return [folder]


def _drop(mail: EmailMessage) -> None:
    """Put a mail into the watched folder and look into it twice: what has not changed by the second look is taken."""
    from orgo.intake.folder import FolderWatch

    folder = boot.config().intake.folder
    assert folder.path is not None  # WATCHED says it
    folder.path.mkdir(parents=True)
    (folder.path / "last.eml").write_bytes(bytes(mail))
    watch = FolderWatch(folder.path, folder.after)
    for _ in range(2):
        watch.round()


def _mail(number: int) -> EmailMessage:
    subject, text, _ = _MAILS[number]
    mail = EmailMessage()
    mail["From"], mail["To"] = "Visitor <visitor@people.example>", "info@organization.com"
    mail["Subject"], mail["Date"] = subject, format_datetime(clock.now())
    mail["Message-ID"] = f"<{uuid4().hex}@people.example>"
    mail.set_content(text)
    return mail


# ---------------------------------------------------------------- the task queue load test


def queue(config: Config, tasks: int, progress: Progress = lambda back: None) -> Outcome:
    """Send `tasks` messages through the configured broker and take each back, by a queue of the test's own.

    `progress` hears how many are back. Beside the figure stands that of redis-benchmark, where it is on this machine.
    """
    if config.queue is None:
        words = "embedded: no queue is configured, jobs run in Orgo's own process and no broker is needed"
        return Outcome("queue", True, words)
    place, answers = probe.broker(config, patience=3.0)
    todo = f"start the broker at {place}, or mend queue: in config.yaml (what it says: orgo config show)"
    if not answers:
        return Outcome("queue", False, f"{place} does not answer", todo)
    try:
        brokers.version(config, patience=3.0)
    except Exception as error:  # of its client library, whichever that is; its words may quote the address
        words = f"{place} answers, but does not let Orgo in ({type(error).__name__})"
        return Outcome("queue", False, words, f"{brokers.MEND} (is it the broker that answers at {place}?)")
    from orgo.conf.celery import make_app

    way = make_app(config).connection_for_write()
    outcome = safely("queue", todo, lambda: _carried(way, tasks, place, progress, todo))
    if outcome.passed:
        outcome = msgspec.structs.replace(outcome, words=outcome.words + beside(config.queue, tasks))
    return outcome


def _carried(connection: "Connection", tasks: int, place: str, progress: Progress, todo: str) -> Outcome:
    began, back = time.monotonic(), 0
    with connection:
        connection.ensure_connection(max_retries=1, timeout=_PATIENCE)  # type: ignore[no-untyped-call]
        for more in _round_trip(connection, tasks):
            back += more
            progress(back)
    took = time.monotonic() - began
    if back != tasks:
        return Outcome("queue", False, f"of {tasks} tasks through {place} {back} came back", todo)
    speed = tasks / max(took, 0.001)
    words = f"{tasks} tasks through {place} and back in {took:.1f} s ({speed:.0f} a second)"
    return Outcome("queue", True, words)


def _round_trip(connection: "Connection", tasks: int) -> Iterator[int]:
    """Send and take back, batch by batch; yields how many different ones of each batch came."""
    name = f"orgo-selftest-{uuid4().hex}"
    options = {} if connection.transport.driver_type == "redis" else {"expires": _FORGOTTEN_AFTER}
    with connection.SimpleQueue(name, queue_opts=options) as own:  # type: ignore[no-untyped-call]
        try:
            for first in range(0, tasks, _BATCH):
                sent = set(range(first, min(first + _BATCH, tasks)))
                for number in sent:
                    own.put(number, serializer="json")
                yield len(sent & set(_taken(own, len(sent))))
        finally:
            own.consumer.cancel()
            own.queue.delete()


def _taken(own: Any, count: int) -> Iterator[int]:
    for _ in range(count):
        try:
            message = own.get(timeout=_PATIENCE)
        except own.Empty:
            return
        message.ack()
        yield message.payload


def beside(url: str, tasks: int) -> str:
    """What `redis-benchmark` pushes into a list of its own there, in words; "" where the broker is no Redis.

    A password is not given to it: everybody on this machine could read it in the list of processes.
    """
    place = urlsplit(url)
    if place.scheme != "redis":
        return ""
    program = shutil.which("redis-benchmark")
    if program is None:
        return "; redis-benchmark is not on this machine"
    if place.password:
        return "; redis-benchmark was not run, for others could read the password that it is given"
    key, number = f"orgo-selftest-{uuid4().hex}", place.path.strip("/") or "0"
    there = ["-h", place.hostname or "127.0.0.1", "-p", str(place.port or 6379), "--dbnum", number]
    command = [program, *there, "-n", str(tasks), "--csv", "lpush", key, "12345"]
    try:
        said = subprocess.run(command, capture_output=True, text=True, timeout=_LONGEST_BENCHMARK).stdout
        pushed = float(said.splitlines()[-1].split('","')[1])
    except (OSError, subprocess.SubprocessError, IndexError, ValueError):
        return "; redis-benchmark did not say how much it pushes"
    finally:
        _forget(url, key)
    return f"; redis-benchmark -n {tasks} only pushes, by 50 clients: {pushed:.0f} a second"


def _forget(url: str, key: str) -> None:
    from redis import Redis

    with Redis.from_url(url) as broker:
        broker.delete(key)

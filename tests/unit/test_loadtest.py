"""The pure parts of the load test: its mails, its shares, its curves."""

import json
from contextlib import nullcontext
from pathlib import Path
from smtplib import SMTPServerDisconnected
from statistics import mean
from threading import Lock

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.cli.main import main
from orgo.cli.numbers import Share
from orgo.conf import load
from orgo.loadtest import feed, floor, queue
from orgo.loadtest.count import Counted, Sample, percentile
from orgo.loadtest.mails import HOSTILE, is_hostile, mail, number_of, recipient, sender
from orgo.loadtest.names import broker_of
from orgo.loadtest.page import page
from orgo.loadtest.plan import Plan
from orgo.loadtest.report import Arrived, Report, report, words
from orgo.message import parse


@pytest.mark.parametrize(
    ("looks", "seconds", "rate"),
    [
        ([(0, 300), (4, 300), (5, 270), (6, 150), (7, 0)], 2, 135),
        ([(0, 300), (4, 300), (5, 0)], 1, 300),  # over before it was seen to begin
        ([(0, 300), (2, 0)], 2, 150),
        ([(0, 5), (1, 5), (2, 3), (3, 0)], 1, 3),
        ([(0, 300), (9, 300)], 9, 0),  # nobody did anything
    ],
)
def test_what_was_drained_was_drained_at_some_rate(
    looks: list[tuple[float, int]], seconds: float, rate: float
) -> None:
    assert queue.measured(looks, looks[0][1]) == (seconds, rate)


@pytest.mark.parametrize(
    ("pieces", "rings", "batch", "left"),
    [(0, 0, 1, 0), (1, 0, 1, 1), (0, 1, 1, 1), (300, 300, 1, 300), (0, 3, 10, 15)],
)
def test_all_is_drained_when_neither_pieces_nor_rings_are_left(
    monkeypatch: pytest.MonkeyPatch, pieces: int, rings: int, batch: int, left: int
) -> None:
    monkeypatch.setattr(queue, "_waiting", lambda: pieces)
    monkeypatch.setattr(queue, "rings_in", lambda broker, name: rings)
    assert queue._left(None, "orgo.load", batch) == left


@pytest.mark.parametrize(("queue", "processes"), [("", 2), ("redis://127.0.0.1/0", 3)])
def test_the_floor_has_as_many_processes_as_decide(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, queue: str, processes: int
) -> None:
    config = load(
        tmp_path, {"ORGO_DATABASE": "postgresql://h/orgo"} | ({"ORGO_QUEUE": queue} if queue else {})
    )
    begun: list[int] = []
    monkeypatch.setattr(floor, "made", lambda url, name: nullcontext(url))

    def race(environ: object, source: str, mails: int, processes: int) -> float:
        begun.append(processes)
        return 1.0

    monkeypatch.setattr(floor, "race", race)

    floor.measured(config, {}, Plan(workers=2))

    assert begun == [processes]


class Clock:
    """Time that only goes on while somebody sleeps."""

    def __init__(self) -> None:
        self.now, self._lock = 0.0, Lock()

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.now += seconds


def test_mails_come_no_faster_than_they_are_asked_to(monkeypatch: pytest.MonkeyPatch) -> None:
    time, taken = Clock(), []

    class Door:
        def put(self, number: int, data: bytes) -> None:
            taken.append((number, time.now))

        def close(self) -> None:
            pass

    monkeypatch.setattr(feed, "time", time)
    feeder = feed.Feeder(Plan(mails=30, rate=10), Door)
    feeder.start()
    for thread in feeder._threads:
        thread.join()

    assert sorted(number for number, _ in taken) == list(range(30))
    assert all(at >= number / 10 - 1e-6 for number, at in taken)


def test_mails_that_were_refused_or_never_taken_are_reported(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    plan = Plan(mails=60, hostile=0.3)
    harmful = next(number for number in range(60) if is_hostile(number, 0.3))
    harmless = next(number for number in range(60) if not is_hostile(number, 0.3))

    class Door:
        def put(self, number: int, data: bytes) -> None:
            if number in (harmful, harmless):
                raise feed.Refused
            if number in (40, 50):
                raise SMTPServerDisconnected

        def close(self) -> None:
            pass

    monkeypatch.setattr(feed, "time", Clock())
    feeder = feed.Feeder(plan, Door)
    feeder.start()
    for thread in feeder._threads:
        thread.join()
    counted = Counted({"opened": 56}, 0, 0, [], [], [], [], 1.0, 56, 2.0)
    told = report(plan, load(tmp_path, {}), feeder.handed, counted, [], Arrived(0, 0), True, None, 0.0)

    assert (told.refused, told.refused_harmless, told.unsent) == (2, 1, 2)
    assert {"refused": 2, "refused_harmless": 1, "unsent": 2}.items() <= told.as_json().items()
    assert "refused      2, 1 of them not made to harm\nunsent       2\n" in words(told)
    assert not told.is_well


@pytest.mark.parametrize(
    ("queue", "broker"),
    [(None, "none"), ("redis://h/0", "redis"), ("sentinel://h/0", "redis"), ("amqps://h", "rabbitmq")],
)
def test_the_report_calls_the_broker_by_its_name(queue: str | None, broker: str) -> None:
    assert broker_of(queue) == broker


@given(st.integers(0, 10**9))
def test_a_mail_is_known_again_by_its_recipient(number: int) -> None:
    assert number_of(recipient(number)) == number


@pytest.mark.parametrize(
    "address", ["info@load.example", "m12@people.example", "m@load.example", "", "mx1@load.example"]
)
def test_another_address_is_no_mail_of_the_test(address: str) -> None:
    assert number_of(address) is None


def test_the_mails_are_as_large_as_an_offices_and_all_different() -> None:
    made = [mail(number, 50, 0.05) for number in range(3000)]

    assert 8_000 < mean(map(len, made)) < 14_000
    assert len(set(made)) == len(made)
    assert mail(7, 50, 0.05) == made[7]
    assert {sender(number, 50) for number in range(3000)} == {f"person{n}@people.example" for n in range(50)}


@pytest.mark.parametrize("share", [0.0, 0.05, 1.0])
def test_the_share_of_hostile_mails_is_as_asked(share: float) -> None:
    hostile = sum(is_hostile(number, share) for number in range(10_000)) / 10_000

    assert hostile == pytest.approx(share, abs=0.01)


@pytest.mark.parametrize("kind", range(len(HOSTILE)))
def test_every_hostile_mail_is_read_without_harm(kind: int) -> None:
    read = parse(mail(kind, 1, 1.0))

    assert read.warnings or read.limit or read.subject.startswith("word")


@pytest.mark.parametrize(("said", "meant"), [("5%", 0.05), ("0.05", 0.05), ("0", 0.0), ("100 %", 1.0)])
def test_a_share_is_written_as_people_do(said: str, meant: float) -> None:
    assert Share().convert(said, None, None) == pytest.approx(meant)


@pytest.mark.parametrize("said", ["many", "-1%", "101%", "nan", ""])
def test_what_is_no_share_is_refused(said: str) -> None:
    with pytest.raises(click.BadParameter, match="write it like 5%"):
        Share().convert(said, None, None)


def test_a_percentile_is_one_of_the_values() -> None:
    values = [float(n) for n in range(1, 101)]

    assert (percentile(values, 0.5), percentile(values, 0.99), percentile(values, 1.0)) == (
        51.0,
        100.0,
        100.0,
    )
    assert percentile([], 0.5) is None


def _report(**other: object) -> Report:
    samples = [Sample(float(n), 100 * n, 90 * n, 50 * n, 10**8) for n in range(5)]
    given: dict[str, object] = dict.fromkeys(Report.__struct_fields__, 0)
    given |= {
        "via": "<smtp>",
        "database": "sqlite",
        "broker": "none",
        "outcomes": {"opened": 90},
        "settled": True,
    }
    return Report(**{**given, "samples": samples, **other})  # type: ignore[arg-type]


def test_the_page_has_its_curves_and_no_markup_of_others() -> None:
    shown = page(_report())

    assert shown.count("<polyline") == 4
    assert "&lt;smtp&gt;" in shown
    assert "<smtp>" not in shown


@pytest.mark.parametrize(
    "wrong",
    [
        {"lost": 1},
        {"doubled": 1},
        {"letters_doubled": 1},
        {"settled": False},
        {"unsent": 1},
        {"refused": 1, "refused_harmless": 1},
    ],
)
def test_a_test_is_well_only_when_nothing_is_lost_doubled_or_left(wrong: dict[str, object]) -> None:
    assert _report(refused=1).is_well
    assert not _report(**wrong).is_well


def test_the_json_has_what_is_promised_and_no_curves() -> None:
    told = json.loads(json.dumps(_report().as_json()))
    promised = "mails seconds mails_per_second p50_ms p95_ms p99_ms lost doubled peak_rss_mb floor_mails_per_second share_of_floor"

    assert set(promised.split()) <= set(told)
    assert "samples" not in told


def test_the_words_leave_out_what_was_not_measured() -> None:
    said = words(_report(p50_ms=None, escalations=0, floor_mails_per_second=None))

    assert "to task" not in said
    assert "floor" not in said
    assert "lost         0" in said


def test_a_report_that_could_not_be_written_is_said_before_the_test(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    begun: list[object] = []
    monkeypatch.setattr("orgo.loadtest.run.run", lambda *given: begun.append(given))
    folder = tmp_path / "there"
    assert main(["loadtest", "--mails", "50", "--html", str(folder / "x.html")]) == 2
    assert f"there is no folder {folder}" in capsys.readouterr().err
    monkeypatch.setattr("orgo.cli.loadtest.may_write", lambda place: False)
    assert main(["loadtest", "--mails", "50", "--html", str(tmp_path / "x.html")]) == 2
    assert f"nothing may be written into {tmp_path}" in capsys.readouterr().err
    assert begun == []

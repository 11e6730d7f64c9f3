"""The bench's table: the best turn of each side, and what was promised beside it."""

import json
import subprocess

import pytest

from bench import Row, __main__, best, load, rings
from bench._mails import mails
from orgo.message import body_text, parse


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (Row("a", 10, 5), ""),
        (Row("a", 10, 5, most_ratio=2.0), "ok"),
        (Row("a", 10.1, 5, most_ratio=2.0), "SHORT"),
        (Row("a", 10, most=10), "ok"),
        (Row("a", 10, 10, most=9, most_ratio=2.0), "SHORT"),
        (Row("a", 10, None, most_ratio=2.0), "SHORT"),
    ],
)
def test_a_part_is_ok_where_each_bound_holds(row: Row, verdict: str) -> None:
    assert row.verdict == verdict


def test_of_several_turns_the_best_of_each_side_counts() -> None:
    turns = [[Row("a", 9, 4, most_ratio=2.0), Row("b", 3)], [Row("a", 7, 5, most_ratio=2.0), Row("b", 4)]]
    assert best(turns) == [Row("a", 7, 4, most_ratio=2.0), Row("b", 3)]


def test_of_several_longest_waits_the_longest_counts() -> None:
    turns = [[Row("a", 9, 4, worst=True)], [Row("a", 7, 3, worst=True)]]
    assert best(turns) == [Row("a", 9, 3, worst=True)]


@pytest.mark.parametrize(
    ("rows", "code"),
    [([Row("a", 1, 1, most_ratio=2.0), Row("b", 9, 1)], 0), ([Row("a", 3, 1, most_ratio=2.0)], 1), (None, 1)],
)
def test_a_part_that_falls_short_or_fails_ends_the_bench_with_1(monkeypatch, capsys, rows, code: int) -> None:
    monkeypatch.setattr(__main__, "measure", lambda name: rows)
    assert __main__.main(["parse", "--json"]) == code
    shown = json.loads(capsys.readouterr().out)
    assert [row["verdict"] for row in shown] == [row.verdict or None for row in rows or []]


def test_the_table_shows_what_was_promised_beside_what_was_measured() -> None:
    lines = __main__.table([Row("way", 480, 320, most=500, most_ratio=1.67), Row("load", 5)]).splitlines()
    assert lines[1].split() == ["way", "480.0", "320.0", "1.50", "500,", "x1.67", "ok"]
    assert lines[2].split() == ["load", "5.0"]


def test_the_mails_of_a_whole_way_fill_the_index_and_meet_rules() -> None:
    made = mails(600, rules=100)
    read = [parse(raw) for raw in made]
    words = [set(body_text(message).split()) for message in read]

    assert made == mails(600, rules=100) and len(set(made)) == 600
    assert all(50 <= len(own) <= 70 for own in words)
    assert len(set().union(*words)) > 15_000
    assert all(1_800 < len(raw) < 3_500 for raw in made)
    assert sum(message.text.isascii() for message in read) == 300
    assert {f"word{n}" for n in range(0, 100, 3)} <= {message.subject.split()[-1] for message in read}
    assert sum("word" in message.subject for message in read) == 200


@pytest.mark.parametrize(
    ("wrong", "short"),
    [
        ({}, []),
        ({"seconds": 481}, [0]),
        ({"peak_rss_mb": 801}, [1]),
        ({"lost": 1}, [2]),
        ({"unsent": 1}, [2]),
    ],
)
def test_the_load_falls_short_by_time_memory_or_one_mail(wrong: dict[str, int], short: list[int]) -> None:
    told = dict.fromkeys(("lost", "doubled", "unsent", "refused_harmless"), 0) | {
        "seconds": 480,
        "peak_rss_mb": 800,
    }
    rows = load.rows(told | wrong)
    assert [number for number, row in enumerate(rows) if row.verdict == "SHORT"] == short


@pytest.mark.parametrize(("rate", "verdict"), [(800, "ok"), (799, "SHORT")])
def test_rings_reach_four_fifths_of_the_bare_statement(rate: int, verdict: str) -> None:
    row = rings.row("Redis", {"tasks_per_second": rate, "floor_tasks_per_second": 1000})
    assert row.verdict == verdict


def test_the_long_ones_are_measured_where_they_are_named_and_once(monkeypatch, capsys) -> None:
    begun = []

    def run(command, **_):
        begun.append(command[-1])
        return subprocess.CompletedProcess(command, 0, stdout="[]")

    monkeypatch.setattr(subprocess, "run", run)
    assert __main__.main(["rings", "store"]) == 0
    assert begun == ["rings", "store", "store", "store"]
    monkeypatch.setattr(__main__, "measure", begun.append)
    begun.clear()
    __main__.main([])
    assert "store" in begun and not {"load", "rings", "growth"} & set(begun)

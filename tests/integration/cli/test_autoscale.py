"""`orgo simulate autoscale`: the day as a table and as JSON, by a rate or a load test's report."""

import json
from pathlib import Path

import pytest

from orgo.cli.main import main


def ran(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["simulate", "autoscale", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_day_by_hours(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = ran(capsys, "--rate", "0.5")
    rows = out.splitlines()

    assert code == 0 and rows[0].split() == [
        "HOUR",
        "MAILS",
        "REPLICAS",
        "BACKLOG",
        "LATE,",
        "MEAN",
        "LATE,",
        "MOST",
    ]
    assert len(rows) == 26 and rows[10].startswith("09:00  10,000  ")
    assert rows[-1].startswith("50,000 mails decided by replicas of 0.5 a second; ")


def test_as_json_by_the_report_of_a_load_test(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = tmp_path / "report.json"
    report.write_text(json.dumps({"mails": 1000, "mails_per_second": 3.0, "workers": 2, "lost": 0}))
    code, out, _ = ran(capsys, "--report", str(report), "--mails", "20000", "--json")
    found = json.loads(out)

    assert code == 0
    assert found["plan"]["rate"] == 1.5 and (found["decided"], found["left"]) == (20_000, 0)
    assert [hour["hour"] for hour in found["hours"]] == list(range(24))
    assert found["hours"][9]["replicas_most"] > found["hours"][3]["replicas_most"] == 2


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give one of --rate and --report"),
        (["--rate", "1", "--report", "REPORT"], "give one of --rate and --report"),
        (["--rate", "0"], "--rate"),
        (["--rate", "nan"], "--rate"),
        (["--rate", "1", "--least", "11"], "--least is more than --most"),
        (["--report", "REPORT"], "this is no report of a load test"),
        (["--report", "EMPTY"], "it decided no mail"),
    ],
)
def test_a_wrong_input_is_said(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str], said: str
) -> None:
    files = {"REPORT": "mails: 7", "EMPTY": '{"mails_per_second": 0, "workers": 1}'}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    code, out, err = ran(capsys, *[str(tmp_path / word) if word in files else word for word in words])

    assert (code, out) == (2, "") and said in err and "Traceback" not in err


def test_a_scenario_needs_no_word_before_it(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["nowhere.yaml"], ["play", "nowhere.yaml"], ["--json", "nowhere.yaml"]):
        assert main(["simulate", *words]) == 2
        assert "nowhere.yaml" in capsys.readouterr().err


def test_a_misspelt_command_is_no_scenario(capsys):
    assert main(["simulate", "autoscal"]) == 2
    assert "there is no command 'autoscal'; did you mean autoscale?" in capsys.readouterr().err

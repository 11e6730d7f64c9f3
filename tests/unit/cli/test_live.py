"""The line that says how far long work is: one a second, and nothing of it on standard output."""

import pytest

from orgo.cli import output


def test_elsewhere_than_on_a_terminal_it_is_a_line_a_second(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    seconds = iter([0.0, 0.4, 1.1, 1.1, 1.5, 2.2, 2.2])
    monkeypatch.setattr("orgo.cli.output.time.monotonic", lambda: next(seconds))
    with output.Live() as live:
        for done in (1, 2, 3, 4):
            live.say(f"{done} of 4")
    said = capsys.readouterr()

    assert said.out == "" and said.err.splitlines() == ["2 of 4", "4 of 4"]

"""The log: lines for people, or JSON with the ids of what was worked on."""

import json
import logging
from collections.abc import Iterator

import pytest

from orgo.conf.logging import set_up, within


@pytest.fixture(autouse=True)
def former() -> Iterator[None]:
    """The log as it was, afterwards."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


def test_json_lines_carry_the_ids(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    log = logging.getLogger("orgo.mail")
    with within(job="routing"):
        with within(mail=7, task=9):
            log.info("decided: %s", "Wasserschaden im Büro\nRaum 2")
        log.warning("later")
    log.info("outside")

    first, second, third = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (first["mail"], first["task"], first["job"]) == (7, 9, "routing")
    assert (first["level"], first["logger"]) == ("info", "orgo.mail")
    assert first["event"] == "decided: Wasserschaden im Büro\nRaum 2" and first["timestamp"].endswith("Z")
    assert second["job"] == "routing" and "mail" not in second
    assert not {"job", "mail", "task"} & third.keys()


def test_an_error_is_one_json_line_with_its_trace(capsys: pytest.CaptureFixture[str]) -> None:
    set_up("json")
    try:
        raise ValueError("broken")
    except ValueError:
        logging.getLogger("orgo").exception("it failed")

    (line,) = capsys.readouterr().err.splitlines()
    assert "ValueError: broken" in json.loads(line)["exception"]


def test_lines_for_people_keep_the_blueprints_block_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """No ids are hung to its last line."""
    set_up("text")
    with within(mail=7):
        logging.getLogger("orgo.mail").info("Parsed Email:\nRouted To: works@city.example")

    assert capsys.readouterr().err.endswith("Routed To: works@city.example\n")

"""A rules file that is gone: nothing starts without the rules that decided mail before, and every look at them says so."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from orgo.conf import load
from orgo.lib.problems import BadInput
from orgo.ops.up import Running
from tests.database import environment
from tests.office import Office

GONE = "there is no rules.yaml any more, and mail here was decided by one; put it back"
NONE = "there is no rules.yaml: all mail goes to triage"


def remove_rules(office: Office) -> None:
    (office.home / "config" / "rules.yaml").unlink()


def start(office: Office) -> None:
    """What `orgo up` starts, but for its parts."""
    running = Running(load(office.home, environment()), parts=())
    try:
        running.start()
    finally:
        running.stop()


@pytest.mark.parametrize("subject", ["Water leak", "what no rule wants"])
def test_a_start_without_the_rules_that_there_were_is_refused(office: Office, subject: str) -> None:
    office.mail(subject=subject)
    remove_rules(office)
    with pytest.raises(BadInput, match=GONE):
        start(office)


def test_a_worker_of_celery_does_not_start_either(office: Office) -> None:
    from orgo.conf import boot
    from orgo.ops.jobs import celery_app

    office.mail()
    remove_rules(office)
    boot.use(load(office.home, {**environment(), "ORGO_QUEUE": "redis://127.0.0.1:1/0"}))
    with pytest.raises(BadInput, match=GONE):
        celery_app()


def test_an_empty_rules_file_is_the_way_out(office: Office) -> None:
    office.mail()
    (office.home / "config" / "rules.yaml").write_text("rules: []\n")
    start(office)


def test_a_house_that_never_had_rules_starts(office: Office, run: Callable[..., Any]) -> None:
    remove_rules(office)
    start(office)
    assert NONE in run("status")[1]


def test_every_look_at_the_rules_says_that_they_are_gone(office: Office, run: Callable[..., Any]) -> None:
    office.mail()
    remove_rules(office)
    assert f"rules       {GONE}" in run("status")[1]
    doctor = [json.loads(line) for line in run("doctor", "--json")[1].splitlines()]
    assert [one["state"] for one in doctor if one["name"] == "rules"] == ["fail"]
    code, _, err = run("rules", "check")
    assert code == 2 and NONE in err

"""The terminal tells the organization's time, as the page does; JSON keeps its instants as they are stored."""

import pytest

from tests.office import CONFIG, Office


@pytest.fixture
def office(tmp_path):
    made = Office(tmp_path, config=CONFIG.replace("zone: UTC", "zone: Europe/Luxembourg"))
    yield made
    made.close()


def test_every_command_shows_the_organizations_time_with_its_distance_from_utc(office, run, objects):
    from orgo.intake.store import Incoming, store

    office.clock.advance(seconds=1.5)
    office.mail(subject="A leak")
    office.settle()
    reference = office.task().reference
    store([Incoming(data=b" ", source="smtp")])
    office.settle()
    assert run("user", "absent", "anna@city.example", "--from", "2026-09-08", "--until", "2026-09-08")[0] == 0

    shown = run("task", "show", reference)[1]
    assert "created_at   2026-09-07 10:00+02:00\n" in shown
    assert "2026-09-07 10:00+02:00  the rule 'Leaks' opened it for works" in shown
    assert (
        "2026-09-07 10:00+02:00  2026-09-07 10:00+02:00  ben@city.example"
        in run("task", "told", reference)[1]
    )
    assert "2026-09-07 10:00+02:00" in run("quarantine", "list")[1]
    state = run("status")[1]
    assert "2026-09-07 10:00:01+02:00  web" in state
    assert "the next timer is at 2026-09-07 12:00+02:00" in state
    assert (
        "absent        2026-09-08 00:00+02:00 to 2026-09-09 00:00+02:00"
        in run("user", "show", "anna@city.example")[1]
    )
    assert "clock        2026-09-07 10:00+02:00" in run("doctor")[1]
    assert objects("task", "show", reference)[0]["created_at"] == "2026-09-07T08:00:01.500000+00:00"

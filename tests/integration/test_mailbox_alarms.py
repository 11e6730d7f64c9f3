"""A mailbox in trouble: one letter when it begins, one when it is over, whoever looks how often."""

from typing import Any

import pytest

from tests.office import Office, text_of

ADMIN = "admin@city.example"


@pytest.fixture
def row(office: Office) -> Any:
    from orgo.intake.models import Mailbox

    return Mailbox.objects.create(name="info@city.example", state="ok")


def _state(office: Office, row: Any, state: str, detail: str = "") -> int:
    """The mailbox is in this state from now on; returns how many alarms a look raises."""
    from orgo.flow.mailbox_alarms import watch_mailboxes

    if row.state != state:
        row.state, row.detail, row.since = state, detail, office.clock.now()
        row.save(update_fields=["state", "detail", "since"])
    raised = watch_mailboxes()
    office.settle()
    row.refresh_from_db()
    return raised


def test_a_wrong_password_is_told_once_and_its_end_once(office: Office, row: Any) -> None:
    assert [_state(office, row, "auth_failed", "[AUTHENTICATIONFAILED]") for _ in range(3)] == [1, 0, 0]
    (letter,) = office.letters(ADMIN)
    assert (
        "info@city.example" in str(letter["Subject"])
        and "[AUTHENTICATIONFAILED]" in text_of(letter)
        and "orgo mailbox test" in text_of(letter)
    )

    assert [_state(office, row, "ok") for _ in range(3)] == [1, 0, 0]
    assert "again" in str(office.letters(ADMIN)[-1]["Subject"]) and len(office.letters(ADMIN)) == 2


def test_a_server_that_is_away_for_a_short_time_is_nobodys_trouble(office: Office, row: Any) -> None:
    assert _state(office, row, "unreachable") == 0
    office.clock.advance(minutes=9)
    assert _state(office, row, "unreachable") == 0 and _state(office, row, "ok") == 0
    assert office.told() == []


def test_one_that_is_away_for_long_is_told(office: Office, row: Any) -> None:
    _state(office, row, "unreachable")
    office.clock.advance(minutes=10)

    assert _state(office, row, "unreachable") == 1 and office.told() == [ADMIN]


def test_another_trouble_in_between_is_no_second_letter(office: Office, row: Any) -> None:
    assert [_state(office, row, state) for state in ("certificate", "auth_failed", "tls")] == [1, 0, 0]


def test_a_paused_mailbox_is_left_alone(office: Office, row: Any) -> None:
    row.paused = True
    row.save()

    assert _state(office, row, "auth_failed") == 0


def test_two_processes_tell_once(office: Office, row: Any) -> None:
    """Both have read the row before either tells."""
    from orgo.flow import mailbox_alarms
    from orgo.flow.house import open_house
    from orgo.intake.models import Mailbox

    Mailbox.objects.update(state="auth_failed", since=office.clock.now())
    both = [Mailbox.objects.get(), Mailbox.objects.get()]

    assert [mailbox_alarms._look(one, open_house()) for one in both] == [1, 0]

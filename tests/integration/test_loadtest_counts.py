"""What a load test counts as lost and doubled, on rows that are made so."""

from datetime import timedelta

from tests.office import Office, start_django

start_django()

from orgo.intake.models import Mail
from orgo.lib import clock
from orgo.loadtest.count import counted
from orgo.loadtest.mails import recipient


def row(number: int, outcome: str, seconds: float | None, task: int | None = None) -> None:
    now = clock.now()
    Mail.objects.create(
        source="smtp",
        data_hash=f"{number}-{task}",
        envelope_to=[recipient(number)],
        received_at=now,
        size=1,
        outcome=outcome,
        decided_at=None if seconds is None else now + timedelta(seconds=seconds),
        task=task,
    )


def test_mails_that_are_not_there_or_not_decided_are_lost(office: Office) -> None:
    row(0, "opened", 1.0, task=1)
    row(1, "quarantined", 2.0)
    row(2, "", None)

    found = counted([0, 1, 2, 3], stored_before=False)

    assert found.lost == 2
    assert found.doubled == 0
    assert found.outcomes == {"opened": 1, "quarantined": 1, "waiting": 1}


def test_a_mail_that_made_two_tasks_is_doubled_and_a_known_copy_is_not(office: Office) -> None:
    row(0, "opened", 1.0, task=1)
    row(0, "opened", 2.0, task=2)
    row(1, "opened", 2.0, task=3)
    row(1, "linked", 2.0, task=3)

    assert counted([0, 1], stored_before=False).doubled == 1


def test_times_are_from_arrival_to_decision(office: Office) -> None:
    for number in range(4):
        row(number, "opened", 1.0 + number, task=number)

    found = counted(range(4), stored_before=True)

    assert [round(ms) for ms in found.to_task] == [1000, 2000, 3000, 4000]
    assert round(found.seconds) == 3  # from the first decision
    assert found.within == 3

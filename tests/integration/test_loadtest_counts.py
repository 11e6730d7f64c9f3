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


def test_a_mail_that_was_ignored_is_lost_and_so_is_a_letter_that_nobody_saw(office: Office) -> None:
    from orgo.loadtest.count import never_arrived
    from orgo.outbox.models import Letter

    row(0, "ignored", 1.0)
    row(1, "bounce", 1.0)
    row(2, "joined", 1.0, task=1)
    for number in range(2):
        Letter.objects.create(
            event=number,
            kind="opened",
            recipient="a@b.example",
            message_id=f"<{number}@x>",
            date=clock.now(),
            state="sent",
        )

    assert counted([0, 1, 2], stored_before=False).lost == 2
    assert never_arrived({b"<0@x>a@b.example"}) == 1


def test_beside_a_storm_the_others_times_are_told_apart(office: Office) -> None:
    from orgo.loadtest.plan import STORM, Plan

    plan = Plan(mails=10, storm=90)
    senders = [plan.sender(number) for number in range(plan.total)]
    assert senders.count(STORM) == 90 and senders[:50].count(STORM) == 45
    row(0, "opened", 1.0, task=1)
    row(1, "opened", 50.0, task=2)
    Mail.objects.filter(task=2).update(envelope_from=STORM)

    assert [round(ms) for ms in counted([0, 1], stored_before=False).others] == [1000]


def test_the_test_is_not_quiet_while_a_level_is_about_to_fire(office: Office) -> None:
    from orgo.loadtest.count import levels_soon
    from tests.open_tasks import open_tasks

    open_tasks(1)
    assert not levels_soon()
    office.clock.advance(hours=1, minutes=59, seconds=50)

    assert levels_soon()

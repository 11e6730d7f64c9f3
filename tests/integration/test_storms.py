"""A storm of equal alarms is one task with a counter and few letters (design/bad-input.md 50); what differs is its own work."""

from typing import Any

import pytest

from tests.office import Office, text_of, written

ALARM = {"sender": "monitor@plant.example", "subject": "leak: pressure low in boiler 2"}


def storm(office: Office, count: int, **more: Any) -> None:
    """So many mails that say the same arrive at once (each has a Message-ID of its own)."""
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    made = {**ALARM, **more}
    mails = [
        written(made["sender"], "info@city.example", made["subject"], office.clock.now(), body="Pressure is low.")
        for _ in range(count)
    ]  # fmt: skip
    for at in range(0, count, 50):
        take(
            [
                Incoming(data=data, source="smtp", envelope_from=made["sender"], envelope_to=("info@city.example",), peer="127.0.0.1")
                for data in mails[at : at + 50]
            ]
        )  # fmt: skip
    office.settle()


def test_a_storm_is_one_task_with_a_counter_and_few_letters(office: Office) -> None:
    """bad input 50."""
    from orgo.intake.models import Mail
    from orgo.task.rows import state_of

    storm(office, 1200)

    assert office.tasks() == 1
    outcomes = list(Mail.objects.order_by("id").values_list("outcome", flat=True))
    assert outcomes == ["opened"] + ["linked"] * 1199
    assert set(Mail.objects.values_list("task", flat=True)) == {office.task().pk}
    assert state_of(office.task()).repeats == 1199
    heard = office.letters("anna@city.example")
    assert len(heard) == 5  # the first, the 2nd, the 10th, the 100th, the 1,000th
    assert "has come 1000 times" in text_of(heard[-1])


def test_a_person_who_writes_the_same_again_is_heard(office: Office) -> None:
    office.mail(subject="leak", body="Is anybody there?")
    office.later(minutes=20)
    second = office.mail(subject="leak", body="Is anybody there?")

    assert (second.outcome, office.tasks()) == ("linked", 1)
    assert "has come 2 times" in text_of(office.letters("anna@city.example")[-1])


@pytest.mark.parametrize(
    "other",
    [
        {"subject": "leak: pressure low in boiler 3"},
        {"body": "Pressure is very low."},
        {"sender": "monitor@other.example"},
        {"to": "works@city.example"},
        {"headers": {"Authentication-Results": "mx.city.example; dmarc=fail"}},
    ],
)
def test_what_differs_is_its_own_work(office: Office, other: dict[str, Any]) -> None:
    same = {**ALARM, "body": "Pressure is low."}
    office.mail(**same)
    office.mail(**{**same, **other})
    assert office.tasks() == 2


def test_it_is_a_new_task_after_an_hour_and_after_the_first_is_closed(office: Office) -> None:
    same = {**ALARM, "body": "Pressure is low."}
    office.mail(**same)
    office.later(hours=1, minutes=1)
    office.mail(**same)
    assert office.tasks() == 2

    office.answer("anna@city.example", "done")
    office.later(minutes=1)
    closed = office.mail(**same)
    assert closed.outcome == "opened"


def test_mail_without_message_id_is_never_merged(office: Office) -> None:
    raw = b"From: monitor@plant.example\r\nTo: info@city.example\r\nSubject: leak\r\n\r\nlow\r\n"
    office.mail("monitor@plant.example", raw=raw)
    office.mail("monitor@plant.example", raw=raw + b"\r\n")
    assert office.tasks() == 2

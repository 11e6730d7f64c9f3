"""What a step on the page brings about and says: letters that an undo keeps back, and words that are so."""

from datetime import UTC, datetime
from typing import Any

import pytest

from orgo.lib import clock
from orgo.task.state import ALL_TOLD, NOBODY_HAS_IT
from tests.office import PASS, Office, text_of

MACHINE = {"Authentication-Results": PASS, "Auto-Submitted": "auto-generated"}


@pytest.fixture
def do(office: Office) -> Any:
    """Do something on the page to the last task as Anna; returns the page that follows."""
    from django.test import Client

    from orgo.people.models import User

    client = Client()
    client.force_login(User.objects.get(address="anna@city.example"))

    def act(action: str, **values: str) -> str:
        path = f"/tasks/{office.task().reference}/do/{action}"
        page: str = client.post(path, values, follow=True).content.decode()
        office.settle()
        return page

    return act


def _mail(office: Office, **more: Any) -> None:
    office.mail("clara@people.example", headers={"Authentication-Results": PASS}, **more)
    office.forget()


def test_a_step_that_is_taken_back_at_once_is_told_to_nobody(office: Office, do: Any) -> None:
    from orgo.outbox.models import Letter

    _mail(office)
    do("done")
    assert office.told() == []
    office.later(seconds=1.5)
    page = do("undo")
    office.later(hours=1)

    assert "Your last step was taken back." in page and office.task().state == "pending"
    assert office.told() == []
    assert [letter.state for letter in Letter.objects.filter(kind="completed")] == ["cancelled"]
    assert page.count('<li class="said letter">') == 1, "of the receipt alone"
    assert "taken back before it left" in page


def test_without_an_undo_the_letter_leaves_after_ten_seconds(office: Office, do: Any) -> None:
    _mail(office)
    do("done")
    office.later(seconds=9)
    assert office.told() == []
    office.later(seconds=1)

    assert office.told() == ["clara@people.example"]


def test_a_letter_that_has_left_is_corrected_by_another(office: Office, do: Any) -> None:
    _mail(office)
    do("done")
    office.later(seconds=11)
    do("undo")

    assert office.told() == ["clara@people.example"] * 2
    assert "was a mistake" in text_of(office.letters("clara@people.example")[-1])


def test_a_letter_that_is_leaving_is_not_kept_back(office: Office, do: Any) -> None:
    from orgo.outbox.claim import claim
    from orgo.outbox.models import Letter

    _mail(office)
    do("done")
    office.clock.advance(seconds=10)
    assert len(claim(5)) == 1
    do("undo")

    assert Letter.objects.get(kind="completed").state == "claimed"
    assert office.told() == ["clara@people.example"]


def test_what_was_written_leaves_at_once(office: Office, do: Any) -> None:
    _mail(office)
    page = do("answer", text="We are on our way.")

    assert office.told() == ["clara@people.example"]
    assert (office.task().assignee, "The task is yours now." in page) == ("anna@city.example", True)
    assert "The task is yours now." not in do("answer", text="We have arrived.")


def test_the_moment_is_the_readers_on_a_fast_clock_too(office: Office, do: Any) -> None:
    from orgo.outbox.models import Letter

    _mail(office)
    former = clock.current()
    clock.use(clock.FastClock(60, office.clock.now()))
    try:
        do("done")
    finally:
        clock.use(former)
    letter = Letter.objects.get(kind="completed")

    assert letter.next_attempt_at is not None
    assert (letter.next_attempt_at - letter.date).total_seconds() == 600


def test_nobody_is_promised_to_be_told_who_is_not(office: Office, do: Any) -> None:
    _mail(office)
    assert "Done. The requester will be told." in do("done")
    office.mail(raw=b"Subject: A leak that nobody signed\r\n\r\nIt leaks.\r\n")
    assert office.task().requester == ""
    nobody = "The requester is not told. Nobody knows who asked for it."
    assert f"The time is noted. {nobody}" in do("eta", until="2 hours")
    assert f"Done. {nobody}" in do("done")
    office.mail("monitor@machines.example", "A leak of memory", headers=MACHINE)
    assert office.task().requester
    assert "Done. The requester is not told. The mail came from a machine" in do("done")


def test_each_step_says_what_it_was(office: Office, do: Any) -> None:
    _mail(office)
    assert "The deadline is set." in do("due", until="2026-09-09T12:00")
    assert "The priority is set." in do("change", priority="low")
    assert "Nothing changed" in do("change", priority="low")
    do("wait", until="2 days")
    assert "Work goes on" in do("resume")
    assert "handed over" in do("assign", to="ben@city.example")
    assert "the team&#x27;s again" in do("assign", to="")


@pytest.mark.parametrize("action", ["due", "eta", "wait"])
def test_a_time_that_is_over_is_refused(office: Office, do: Any, action: str) -> None:
    _mail(office)
    page = do(action, until="2020-01-01T12:00")

    assert "Nothing was done: that time is over." in page
    assert office.task().due_at is None and office.task().state == "pending"


@pytest.mark.parametrize("action", ["due", "eta", "wait"])
def test_a_time_of_more_than_ten_years_ahead_is_refused(office: Office, do: Any, action: str) -> None:
    """And a task that waits can still be gone on with afterwards."""
    _mail(office)
    do("wait", until="2 days")
    assert "Nothing was done: that time is more than ten years ahead." in do(action, until="9999-12-31T23:59")

    assert office.task().due_at is None and "Work goes on" in do("resume")


@pytest.mark.parametrize(
    ("action", "words", "at"),
    [
        ("wait", "demain", datetime(2026, 9, 8, 8, tzinfo=UTC)),
        ("wait", "lundi", datetime(2026, 9, 14, 8, tzinfo=UTC)),
        ("wait", "1 mois", datetime(2026, 10, 7, 8, tzinfo=UTC)),
        ("eta", "tomorrow", datetime(2026, 9, 8, 17, tzinfo=UTC)),
        ("eta", "eta demain 14h", datetime(2026, 9, 8, 14, tzinfo=UTC)),
        ("eta", "1h30m", datetime(2026, 9, 7, 9, 30, tzinfo=UTC)),
        ("due", "2026-09-09T12:00", datetime(2026, 9, 9, 12, tzinfo=UTC)),
    ],
)
def test_a_time_is_understood_in_the_words_of_a_reply(
    office: Office, do: Any, action: str, words: str, at: datetime
) -> None:
    _mail(office)
    do(action, until=words)
    task = office.task()
    kept = task.due_at or datetime.fromisoformat(task.more.get("waiting_until") or task.more["eta_at"])

    assert kept == at


def test_what_nobody_has_waits_only_until_a_time(office: Office, do: Any) -> None:
    """On the page and by mail alike."""
    office.mail("clara@people.example", headers={"Authentication-Results": PASS})
    assert "Nothing was done: say until when, or take it first: nobody has this task." in do("wait")
    office.answer("anna@city.example", "warten")
    assert "niemand hat diese Aufgabe übernommen" in " ".join(
        text_of(office.letters("anna@city.example")[-1]).split()
    )
    assert office.task().state == "pending" and office.task().next_level_at is not None

    do("take")
    assert "its clock stands still" in do("wait") and office.task().state == "waiting"


def test_a_person_escalates_up_to_the_last_level_and_no_further(office: Office, do: Any) -> None:
    """On the page and by mail alike."""
    office.mail("clara@people.example", "A leak", headers={"Authentication-Results": PASS})
    for _ in range(2):
        assert "It has been escalated." in do("escalate")
        office.later(minutes=1)
    told = len(office.letters("admin@city.example"))
    assert told and "Nothing was done: everybody has been told already." in do("escalate")
    office.answer("anna@city.example", "escalate")
    office.later(minutes=1)

    assert "everybody has been told already" in text_of(office.letters("anna@city.example")[-1])
    assert len(office.letters("admin@city.example")) == told


def test_what_is_no_time_is_refused_with_examples(office: Office, do: Any) -> None:
    _mail(office)
    assert "is no length of time; write it like" in do("eta", until="soonish")
    assert "there is no such day" in do("eta", until="2026-02-31")


@pytest.mark.parametrize(
    "why", ["that time is over", "that time is more than ten years ahead", NOBODY_HAS_IT, ALL_TOLD]
)
def test_why_nothing_was_done_is_said_in_french_too(office: Office, why: str) -> None:
    from django.utils import translation

    from orgo.web import words

    with translation.override("fr"):
        assert words.refused(why) != why


def test_the_timeline_names_what_somebody_changed_and_nothing_of_the_inside(office: Office, do: Any) -> None:
    from orgo.audit.models import Event

    _mail(office)
    page = do("due", until="2026-09-09T12:00")

    assert "changed the deadline <time" in page
    assert Event.objects.get(type="task.changed").data["fields"] == ["due_at"]
    assert office.task().due_at == datetime(2026, 9, 9, 12, tzinfo=UTC)


def test_who_takes_it_took_it(office: Office, do: Any) -> None:
    _mail(office)

    assert "<b>Anna Abel</b> took it <time" in do("take")


def test_closing_without_doing_it_wants_a_reason_and_keeps_it_as_a_note(office: Office, do: Any) -> None:
    from orgo.audit.models import Event
    from orgo.task.models import Note

    _mail(office)
    assert "Nothing was done: say why it is closed." in do("cancel", reason=" ")
    assert office.task().state == "pending"
    page = do("cancel", reason="It is not our house.")

    assert "It is closed. The requester will be told." in page and "It is not our house." in page
    assert Note.objects.get(kind="note").text == "It is not our house."
    assert "our house" not in str(Event.objects.get(type="task.cancelled").data)


def test_an_undo_is_offered_for_what_can_be_taken_back_alone(office: Office, do: Any) -> None:
    _mail(office)

    assert "Undo <kbd>Z</kbd></button></form></div></div>" in do("take").replace("\n", "")
    assert "Undo <kbd>Z</kbd></button></form></div></div>" not in do("undo").replace("\n", "")

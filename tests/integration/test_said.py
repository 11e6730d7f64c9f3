"""Each placeholder of a letter has a value, and only those that its text names are worked out."""

import pytest

from orgo.outbox.compose import OWN, PLACEHOLDERS, placeholders
from tests.office import Office, text_of, written


def test_every_placeholder_that_a_letter_may_have_has_a_value(office: Office) -> None:
    from orgo.flow.said import SAYS

    assert set(SAYS) | set(OWN) == set(PLACEHOLDERS)


def test_what_a_letter_does_not_say_is_not_worked_out(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.flow import said
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    asked = placeholders("opened", "en")
    assert {"title", "take_link"} <= asked and "members" not in asked

    monkeypatch.setitem(said.SAYS, "members", lambda of: pytest.fail("nobody asked for it"))
    data = written("clara@people.example", "info@city.example", "It leaks", office.clock.now())
    take([Incoming(data=data, source="smtp", envelope_from="", envelope_to=("info@city.example",))])
    office.settle()

    assert office.tasks() == 1


def test_why_a_step_could_not_be_done_is_said_in_the_readers_language(office: Office) -> None:
    from orgo.people.models import User

    User.objects.filter(address="ben@city.example").update(language="fr")
    office.mail(subject="A leak")
    for words in ("fait", "attendre lundi"):
        office.answer("ben@city.example", words)

    answer = text_of(office.letters("ben@city.example")[-1])
    assert "cela n'a pas pu être fait : la tâche est terminée." in answer

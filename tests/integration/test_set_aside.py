"""A mail that nobody can read or decide on: triage's task says whose it is and what it is about (design/reliability.md H2)."""

from typing import Any

import pytest

from tests.office import Office


def mail() -> Any:
    from orgo.intake.models import Mail

    return Mail.objects.get()


def test_one_on_which_the_decision_fails(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*_: object) -> None:
        raise ValueError("nobody thought of that")

    monkeypatch.setattr("orgo.pipeline.place", fails)
    office.mail(subject="Rain in the hall")

    row = mail()
    assert (row.outcome, row.reason) == ("quarantined", "ValueError: nobody thought of that")
    assert (row.from_address, row.subject) == ("clara@people.example", "Rain in the hall")
    assert office.task().title == "A mail could not be read: Rain in the hall"


def test_one_whose_own_headers_no_database_takes(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from orgo.flow import place

    def fails(*_: object) -> None:
        raise ValueError("nobody thought of that")

    real = place._of_the_head
    monkeypatch.setattr("orgo.pipeline.place", fails)
    monkeypatch.setattr(place, "_of_the_head", lambda *given: real(*given) | {"subject": "\ud800"})
    office.mail(subject="Rain in the hall")

    assert (mail().outcome, mail().subject) == ("quarantined", "")
    assert office.task().title == "A mail could not be read: ValueError: nobody thought of that"


def test_one_of_which_deciders_died_is_told_of_by_its_head_alone(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they died of is most likely what is made of its words: it is not made once more."""
    from orgo.intake.claim import MOST_DEATHS
    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming
    from orgo.pipeline import route, take

    made: list[str] = []
    for maker in ("flow.place.body_text", "flow.place.content_key", "pipeline.words_key"):
        monkeypatch.setattr(f"orgo.{maker}", lambda *_, maker=maker: made.append(maker))
    data = b"From: clara@people.example\r\nSubject: Rain in the hall\r\n\r\nPoison.\r\n"
    take([Incoming(data=data, source="smtp", envelope_from="", envelope_to=("office@city.example",))])
    Mail.objects.update(attempts=MOST_DEATHS)
    route(office.parser)

    row = mail()
    assert (row.outcome, row.reason) == ("quarantined", "whoever decided on it died or hung, 5 times")
    assert (row.from_address, row.subject) == ("clara@people.example", "Rain in the hall")
    assert made == []


def test_one_that_the_parser_gave_up_on(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from orgo.message.pool import ParserPool

    real = ParserPool._ask

    def dies(self: ParserPool, raws: list[bytes]) -> Any:
        if any(b"poison" in raw for raw in raws):
            raise EOFError("it died or took too long")
        return real(self, raws)

    monkeypatch.setattr(ParserPool, "_ask", dies)
    office.mail(subject="Rain in the hall", body="poison")

    row = mail()
    assert row.outcome == "quarantined" and "it died or took too long" in row.reason
    assert (row.from_address, row.subject, row.text) == ("clara@people.example", "Rain in the hall", "")
    assert office.task().title == "A mail could not be read: Rain in the hall"


def test_a_head_that_can_not_be_read_either_leaves_the_reason(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orgo.message.pool import ParserPool

    def dies(self: ParserPool, raws: list[bytes]) -> Any:
        raise EOFError("it died or took too long")

    monkeypatch.setattr(ParserPool, "_ask", dies)
    office.mail(subject="Rain in the hall")

    assert (mail().outcome, mail().subject) == ("quarantined", "")
    assert "it died or took too long" in office.task().title

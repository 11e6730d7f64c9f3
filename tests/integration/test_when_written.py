"""Times in a reply count from when it was written, however late Orgo comes to read it."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.office import MONDAY, PASS, Office, text_of, written

LATE = timedelta(hours=6)


def _reply(office: Office, words: str, date: datetime) -> bytes:
    letter = office.letters("anna@city.example")[-1]
    headers = {"In-Reply-To": str(letter["Message-ID"]), "Authentication-Results": PASS}
    to = str(letter["Reply-To"])
    return written("anna@city.example", to, "Re: leak", date, body=words, headers=headers)


def _read_late(office: Office, raw: bytes, **more: Any) -> None:
    """The mail is handed in six hours later, or was by then."""
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    to = (str(office.letters("anna@city.example")[-1]["Reply-To"]),)
    office.clock.advance(LATE if "arrived_at" not in more else timedelta(0))
    take(
        [
            Incoming(
                data=raw,
                source="smtp",
                envelope_from="anna@city.example",
                envelope_to=to,
                peer="127.0.0.1",
                **more,
            )
        ]
    )
    office.clock.advance(LATE if "arrived_at" in more else timedelta(0))
    office.settle()


def _eta(office: Office) -> datetime:
    return datetime.fromisoformat(office.task().more["eta_at"])


def test_a_length_of_time_counts_from_the_date_that_the_mail_bears(office: Office) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    _read_late(office, _reply(office, "eta 8 hours", MONDAY))
    assert _eta(office) == MONDAY + timedelta(hours=8)
    assert "is over already" not in text_of(office.letters("anna@city.example")[-1])


def test_it_counts_from_when_the_mailboxes_server_got_it(office: Office) -> None:
    """Whatever its Date says, and though it was decided six hours later."""
    office.mail()
    _read_late(office, _reply(office, "eta 8 hours", MONDAY - timedelta(hours=3)), arrived_at=MONDAY)
    assert _eta(office) == MONDAY + timedelta(hours=8)


def test_a_time_that_is_over_is_said_to_its_author_and_to_nobody_else(office: Office) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    told = office.told().count("clara@people.example")
    _read_late(office, _reply(office, "eta 30 min", MONDAY))
    assert _eta(office) == MONDAY + timedelta(minutes=30)
    assert "is over already" in text_of(office.letters("anna@city.example")[-1])
    assert office.told().count("clara@people.example") == told


@pytest.mark.parametrize(
    ("words", "why"),
    [
        ("wait until 2020-01-01", "That time is over already, so nothing was done."),
        ("eta 2020-01-01", "That time is over already, so nothing was done."),
        ("wait until 9999-12-31", "more than ten years ahead, so nothing was done."),
        ("attendre jusqu'au 31/06/2027", "Ce jour n'existe pas ; rien n'a été fait."),
        ("warten bis 01.01.2020", "Diese Zeit ist schon vorbei; es wurde nichts getan."),
        ("esperar hasta el 31/12/2050", "Faltan más de diez años para esa hora; no se ha hecho nada."),
    ],
)
def test_who_names_a_time_that_can_not_be_meant_is_answered(office: Office, words: str, why: str) -> None:
    """It was a command; without an answer its author would believe that it was obeyed."""
    office.mail()
    before = office.task().state
    office.answer("anna@city.example", words)

    assert why in " ".join(text_of(office.letters("anna@city.example")[-1]).split())
    assert office.task().state == before == "pending"


@pytest.mark.parametrize("date", [datetime(2019, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)])
def test_a_date_that_can_not_be_is_not_believed(office: Office, date: datetime) -> None:
    office.mail()
    _read_late(office, _reply(office, "eta 30 min", date))
    assert _eta(office) == MONDAY + LATE + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("before", "team"), [(timedelta(hours=5), "hr@city.example"), (timedelta(hours=-5), "works@city.example")]
)
def test_the_hour_of_a_rule_is_that_at_which_the_mailboxs_server_got_the_mail(
    office: Office, before: timedelta, team: str
) -> None:
    """Fetched after an outage, or from a server whose clock is ahead."""
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    at_night = '  - {name: Night, condition: "hour < 6", action: {route_to: hr@city.example}}\n'
    rules = office.home / "config" / "rules.yaml"
    rules.write_text(rules.read_text().replace("rules:\n", f"rules:\n{at_night}"))
    raw = written("clara@people.example", "info@city.example", "A leak", MONDAY)
    take([Incoming(data=raw, source="imap", envelope_to=("info@city.example",), arrived_at=MONDAY - before)])
    office.settle()
    assert office.task().team == team

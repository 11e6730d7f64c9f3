"""S03: receipts can not be used to flood a victim: only to believed senders, one a day, never an unproved sender's words."""

import os

import pytest

from tests.office import PASS, Office, written

FLOOD = int(os.environ.get("ORGO_FLOOD", "500"))  # S03 asks 10,000: `make crash`


@pytest.mark.timeout(0 if FLOOD > 1000 else 300)
@pytest.mark.parametrize(("results", "most"), [("", 0), (f"Authentication-Results: {PASS}\r\n", 1)])
def test_a_flood_in_a_victims_name_brings_the_victim_one_mail_at_most(
    office: Office, results: str, most: int
) -> None:
    """None where the sender was not proved, one receipt where he was (or a relay says so of each)."""
    from orgo import pipeline
    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming
    from orgo.outbox.models import Letter

    victim, at = "victim@people.example", office.clock.now()
    for begin in range(0, FLOOD, 500):
        raws = (
            results.encode()
            + written(victim, "info@city.example", f"leak {n}: buy at http://spam.example/{n}", at)
            for n in range(begin, begin + 500)
        )
        pipeline.take(
            [
                Incoming(
                    data=raw,
                    source="smtp",
                    envelope_from=victim,
                    envelope_to=("info@city.example",),
                    peer="127.0.0.1",
                )
                for raw in raws
            ]
        )
        while pipeline.route(office.parser):
            pass

    assert Mail.objects.filter(outcome="").count() == 0 and Mail.objects.count() == FLOOD
    assert Letter.objects.filter(recipient=victim).count() == most


def test_the_senders_of_one_domain_get_twenty_receipts_an_hour(office: Office) -> None:
    """Whoever can make many believed addresses of one domain can't make Orgo write to all of them."""
    for number in range(30):
        office.mail(f"p{number}@people.example", f"leak {number}", headers={"Authentication-Results": PASS})
    assert sum(1 for who in office.told() if who.endswith("@people.example")) == 20
    office.mail("clara@elsewhere.example", "leak x", headers={"Authentication-Results": PASS})
    assert "clara@elsewhere.example" in office.told()
    office.later(hours=1, minutes=1)
    office.mail("p99@people.example", "leak 99", headers={"Authentication-Results": PASS})
    assert "p99@people.example" in office.told()


def test_a_believed_sender_gets_one_receipt_a_day(office: Office) -> None:
    for number in range(20):
        office.mail("clara@people.example", f"leak {number}", headers={"Authentication-Results": PASS})
    assert office.told().count("clara@people.example") == 1

    office.later(days=1, minutes=1)
    office.mail("clara@people.example", "leak again", headers={"Authentication-Results": PASS})

    receipts = [
        letter for letter in office.letters("clara@people.example") if "Received" in str(letter["Subject"])
    ]
    assert len(receipts) == 2

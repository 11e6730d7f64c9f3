"""S03: receipts can not be used to flood a victim: only to believed senders, one a day, never an unproved sender's words."""

from tests.office import PASS, Office


def test_a_hundred_mails_in_a_victims_name_bring_the_victim_nothing(office: Office) -> None:
    for number in range(100):
        office.mail("victim@people.example", f"leak: buy at http://spam.example/{number}")

    assert "victim@people.example" not in office.told()


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

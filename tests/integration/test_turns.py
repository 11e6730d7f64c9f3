"""A flood from one sender, or to one recipient, delays nobody else's: work is taken in its turn."""

from typing import Any

import pytest

from tests.office import Office, written

STORM = 5_000
AT_ONCE = 200


def _stored(office: Office, sender: str, count: int, envelope: bool = True) -> list[int]:
    from orgo.intake.store import Incoming, store_many

    return store_many(
        Incoming(
            data=written(sender, "info@city.example", f"Leak {n}", office.clock.now()),
            source="smtp",
            envelope_from=sender if envelope else "",
        )
        for n in range(count)
    )


def _claimed() -> list[int]:
    from orgo.intake.claim import claim

    return [mail.pk for mail in claim(AT_ONCE)]


@pytest.mark.parametrize("envelope", [True, False])
def test_a_fresh_senders_mail_is_decided_in_the_first_batch_behind_a_storm(
    office: Office, envelope: bool
) -> None:
    """Whether the sender stands on the envelope or, as in a mailbox, only in the mail."""
    for _ in range(STORM // AT_ONCE):
        _stored(office, "storm@people.example", AT_ONCE, envelope)
    office.clock.advance(seconds=10)
    (fresh,) = _stored(office, "clara@people.example", 1, envelope)

    assert fresh in _claimed()


def test_one_senders_mails_keep_their_order_and_the_storm_is_not_forgotten(office: Office) -> None:
    storm = _stored(office, "storm@people.example", 2 * AT_ONCE)
    office.clock.advance(hours=1)
    later = _stored(office, "clara@people.example", AT_ONCE)
    found = [*_claimed(), *_claimed(), *_claimed()]

    assert [mail for mail in found if mail in set(storm)] == storm
    assert found[: 2 * AT_ONCE] == storm and found[2 * AT_ONCE :] == later


def test_history_stands_in_nobodys_way(office: Office) -> None:
    """A mail of today is not behind what its sender wrote years ago and an archive brings in now."""
    from orgo.intake.store import Incoming, store_many

    old = written("clara@people.example", "info@city.example", "Old", office.clock.now())
    store_many(Incoming(data=old + b"%d" % n, source="import", mode="history") for n in range(50))
    (storm, *_), (new,) = _stored(office, "storm@x.example", 2), _stored(office, "clara@people.example", 1)

    assert _claimed()[:2] == [storm, new]


def _letters(office: Office, recipient: str, count: int, kind: str = "opened") -> list[int]:
    from orgo.conf import sql
    from orgo.lib import ids
    from orgo.outbox.models import Letter
    from orgo.outbox.turns import line_up

    now = office.clock.now()
    blank = {field.name: field.get_default() for field in Letter._meta.concrete_fields}
    made = {**blank, "kind": kind, "recipient": recipient, "date": now, "next_attempt_at": now}
    rows: list[dict[str, Any]] = [
        made | {"id": id, "event": id, "message_id": f"<{id}@x>"}
        for id in (ids.new_id() for _ in range(count))
    ]
    line_up(rows, now)
    sql.insert(Letter, rows)
    return [row["id"] for row in rows]


def _leaving(limit: int) -> list[int]:
    from orgo.outbox.claim import claim

    return [letter.pk for letter in claim(limit)]


def test_a_flood_to_one_recipient_delays_no_others_letter(office: Office) -> None:
    flood = _letters(office, "busy@city.example", 1_000)
    office.clock.advance(seconds=5)
    (other,) = _letters(office, "anna@city.example", 1)

    first = _leaving(20)
    assert other in first and len(first) > 1
    assert _leaving(1_000) == [letter for letter in flood if letter not in first]


def test_what_is_urgent_leaves_first_and_floods_no_other_that_is_urgent(office: Office) -> None:
    usual = _letters(office, "anna@city.example", 3)
    flood = _letters(office, "chief@city.example", 100, "escalated")
    office.clock.advance(seconds=2)
    (urgent,) = _letters(office, "admin@city.example", 1, "escalated")

    assert _leaving(4) == [*flood[:2], flood[2], urgent]
    assert _leaving(200) == [*flood[3:], *usual]


def test_a_letter_that_waits_for_its_next_attempt_is_not_due_before_it(office: Office) -> None:
    from orgo.outbox.claim import claim, settle_later

    _letters(office, "anna@city.example", 1, "escalated")
    (letter,) = claim(1)
    settle_later(letter, "421 later")
    assert claim(1) == []
    office.clock.advance(minutes=2)

    assert [again.pk for again in claim(1)] == [letter.pk]

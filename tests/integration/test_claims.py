"""A mail is decided once, whoever claimed it and wakes up late; what was claimed ahead is given back."""

from typing import Any

import pytest

from tests.office import Office, written


@pytest.fixture
def stored(office: Office) -> list[Any]:
    """Five mails that wait."""
    from orgo.intake.store import Incoming, store

    return store(
        Incoming(
            data=written(f"citizen{n}@people.example", "info@city.example", f"Leak {n}", office.clock.now()),
            source="smtp",
        )
        for n in range(5)
    )


def _read(office: Office, mails: list[Any]) -> list[Any]:
    from orgo.intake.store import read_raws

    raws = read_raws([mail.pk for mail in mails])
    return office.parser.parse([raw for raw in raws if isinstance(raw, bytes)])


@pytest.mark.parametrize("decided_meanwhile", [True, False])
def test_who_wakes_up_late_opens_nothing(office: Office, stored: list[Any], decided_meanwhile: bool) -> None:
    """A worker whose machine slept longer than its lease: another one has the mails, or has decided them already."""
    from orgo import pipeline
    from orgo.intake.claim import claim
    from orgo.intake.models import Mail

    late = claim(10)
    office.clock.advance(minutes=3)
    if decided_meanwhile:
        office.settle()
        assert office.tasks() == 5
    else:
        assert [len(claim(10)) for _ in range(5)] == [1] * 5

    pipeline.decide(late, _read(office, late))

    assert office.tasks() == (5 if decided_meanwhile else 0)
    outcomes = set(Mail.objects.values_list("outcome", "attempts"))
    assert outcomes == {("opened", 2)} if decided_meanwhile else {("", 2)}


def test_who_wakes_up_late_gives_nothing_back(office: Office, stored: list[Any]) -> None:
    from orgo.intake.claim import claim, give_back, release

    late = claim(10)
    office.clock.advance(minutes=3)
    assert [len(claim(10)) for _ in range(5)] == [1] * 5
    give_back(late)
    release(late)

    assert claim(10) == []


def test_rounds_that_overlap_decide_all(office: Office, stored: list[Any]) -> None:
    from orgo.intake.models import Mail
    from orgo.pipeline import Router

    router = Router(office.parser)
    rounds = [router.round(2) for _ in range(4)]
    router.close()

    assert (rounds, office.tasks()) == ([2, 2, 1, 0], 5)
    assert set(Mail.objects.values_list("outcome", "attempts")) == {("opened", 1)}


def test_what_was_claimed_ahead_is_given_back_at_the_end(office: Office, stored: list[Any]) -> None:
    from orgo.intake.models import Mail
    from orgo.pipeline import Router

    router = Router(office.parser)
    router.round(2)
    assert Mail.objects.filter(outcome="", attempts=1).count() == 2
    router.close()

    assert office.tasks() == 2
    waiting = Mail.objects.filter(outcome="").values_list("attempts", "lease_until")
    assert list(waiting) == [(0, None)] * 3


def test_a_mail_that_kills_its_workers_takes_no_other_with_it(office: Office, stored: list[Any]) -> None:
    """The batch is lost once; then each goes alone, and the one that kills again and again ends in quarantine."""
    from orgo.intake.claim import claim
    from orgo.intake.models import Mail
    from orgo.pipeline import route

    killer = claim(10)[0]
    for _ in range(4):
        office.clock.advance(minutes=2)
        (alone,) = claim(10)
        assert alone.pk == killer.pk
    office.settle()
    assert Mail.objects.exclude(pk=killer.pk).filter(outcome="opened").count() == 4
    office.clock.advance(minutes=2)
    assert route(office.parser) == 1

    killer.refresh_from_db()
    assert (killer.outcome, office.tasks()) == ("quarantined", 5) and "died" in killer.reason


def _at_the_dot(office: Office) -> Any:
    """A letter whose last byte leaves two minutes after it was claimed."""
    from orgo.outbox.claim import claim, mark_dot
    from orgo.outbox.models import Letter

    office.mail()
    Letter.objects.exclude(pk=Letter.objects.values("pk")[:1]).delete()
    Letter.objects.update(state="pending", next_attempt_at=office.clock.now(), attempts=0)
    (letter,) = claim(10)
    office.clock.advance(minutes=2)
    assert mark_dot(letter)
    return letter


def test_nobody_sends_a_letter_while_its_sender_still_waits_for_the_answer_after_the_dot(
    office: Office,
) -> None:
    from orgo.delivery.email.courier import AFTER_DOT_TIMEOUT, TIMEOUT
    from orgo.outbox.claim import DOT_LEASE, claim, settle_sent

    letter = _at_the_dot(office)
    office.clock.advance(seconds=AFTER_DOT_TIMEOUT + TIMEOUT)
    assert claim(10) == []
    settle_sent(letter, "250 taken")
    letter.refresh_from_db()

    assert (letter.state, letter.repeated) == ("sent", False)
    assert DOT_LEASE.total_seconds() > AFTER_DOT_TIMEOUT + TIMEOUT


def test_a_letter_whose_sender_died_at_the_dot_goes_once_more_by_its_own_channel(office: Office) -> None:
    from orgo.outbox.claim import claim

    letter = _at_the_dot(office)
    office.clock.advance(minutes=13)
    assert claim(10, "webhook") == []
    letter.refresh_from_db()
    assert letter.state == "dot"
    (again,) = claim(10)

    assert (again.pk, again.repeated) == (letter.pk, True)


def test_a_letter_that_comes_after_there_was_none_is_claimed(office: Office) -> None:
    from orgo.outbox.claim import claim
    from orgo.outbox.models import Letter

    assert (claim(10), claim(10)) == ([], [])
    office.mail()
    assert set(Letter.objects.values_list("state", flat=True)) == {"sent"}

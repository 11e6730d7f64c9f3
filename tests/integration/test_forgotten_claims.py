"""A server that crashes may forget that a letter was claimed: its former sender then sends nothing (docs/adr/0046)."""

from typing import Any

import pytest

from tests.office import Office


def _forget(office: Office) -> None:
    """The rows as they were before the claim."""
    from orgo.outbox.models import Letter

    Letter.objects.update(
        state="pending",
        attempts=0,
        lease_until=None,
        next_attempt_at=office.clock.now(),
        turn=0,
        server_reply="",
    )


@pytest.mark.parametrize("claimed_anew", [True, False])
def test_who_had_a_letter_that_is_free_again_can_not_send_it(office: Office, claimed_anew: bool) -> None:
    from orgo.outbox.claim import claim, mark_dot, settle_sent

    office.mail()
    _forget(office)
    former = claim(1)[0]
    _forget(office)
    office.clock.advance(seconds=1)
    (now,) = claim(1) if claimed_anew else [None]

    assert not mark_dot(former)
    settle_sent(former, "250 taken")

    former.refresh_from_db()
    assert (former.state, former.attempts) == (("claimed", 1) if claimed_anew else ("pending", 0))
    assert now is None or (now.pk == former.pk and mark_dot(now))


def test_who_had_a_letter_that_another_sends_now_does_not_free_it(office: Office) -> None:
    """Whatever the former sender thinks became of it, and though both count it as their first attempt."""
    from orgo.outbox import claim as claims

    office.mail()
    _forget(office)
    former = claims.claim(1)[0]
    _forget(office)
    office.clock.advance(seconds=1)
    (now,) = claims.claim(1)
    assert claims.mark_dot(now) and now.attempts == former.attempts

    claims.settle_later(former, "somebody else's by now")
    claims.settle_failed(former, "no such user")
    claims.settle_ambiguous(former, "no answer")
    claims.give_back([former])

    now.refresh_from_db()
    assert (now.state, now.repeated, now.server_reply) == ("dot", False, "")


def test_a_dead_sender_s_letter_is_given_back_though_others_wait(office: Office) -> None:
    """Its turn is the first; it is looked for every few seconds, not for each claim."""
    from orgo.outbox.claim import LEASE, LOOK_EVERY, claim

    office.mail()
    office.mail(subject="Another leak")
    _forget(office)
    (dead,) = claim(1)
    office.clock.advance(seconds=LEASE.total_seconds() - 1)
    (other,) = claim(1)  # it looked, and the lease held
    office.clock.advance(seconds=LOOK_EVERY.total_seconds() - 1)
    (third,) = claim(1)
    office.clock.advance(seconds=2)
    (again,) = claim(1)

    assert again.pk == dead.pk and len({dead.pk, other.pk, third.pk}) == 3
    assert again.attempts == 2


@pytest.mark.of_postgresql
@pytest.mark.parametrize("within_another", [True, False])
def test_only_the_claim_itself_may_be_forgotten(
    office: Office, within_another: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It does not wait for the disk; what is committed with it or after it does."""
    from contextlib import nullcontext

    from django.db import connection, transaction

    from orgo.conf import sql
    from orgo.outbox.claim import claim

    office.mail()
    _forget(office)
    run, said = sql._rows, []

    def heard(statement: str, *given: Any) -> Any:
        said.append(statement)
        return run(statement, *given)

    monkeypatch.setattr(sql, "_rows", heard)
    with transaction.atomic() if within_another else nullcontext():
        assert claim(1)
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)
    claims = [one for one in said if "UPDATE" in one]
    assert [("'synchronous_commit', 'off'" in one) for one in claims] == [not within_another]

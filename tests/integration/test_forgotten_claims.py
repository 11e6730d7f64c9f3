"""A server that crashes may forget that a letter was claimed: its former sender then sends nothing (docs/adr/0046)."""

import pytest

from tests.office import Office


def _forget(office: Office) -> None:
    """The rows as they were before the claim."""
    from orgo.outbox.models import Letter

    Letter.objects.update(
        state="pending", attempts=0, lease_until=None, next_attempt_at=office.clock.now(), turn=0
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


@pytest.mark.of_postgresql
@pytest.mark.parametrize("within_another", [True, False])
def test_only_the_claim_itself_may_be_forgotten(office: Office, within_another: bool) -> None:
    """What is committed with it or after it waits for the disk."""
    from contextlib import nullcontext

    from django.db import connection, transaction

    from orgo.outbox.claim import claim

    office.mail()
    _forget(office)
    with transaction.atomic() if within_another else nullcontext():
        assert claim(1)
        with connection.cursor() as cursor:
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone() == ("on",)

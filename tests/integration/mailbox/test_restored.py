"""A backup came back: mail that came after it is fetched again by its UID, and what may have been told already is held."""

from collections.abc import Callable
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.integration.mailbox.conftest import leak

pytestmark = pytest.mark.needs("dovecot")


@pytest.fixture
def instant() -> Callable[[], Callable[[], None]]:
    """Remembers what the database holds; what it returns brings that back, made ready as a restore does."""

    def remember() -> Callable[[], None]:
        from orgo.ops import moving

        kept = [(model, list(model._default_manager.values())) for model in moving.tables()]
        return lambda: come_back(kept)

    return remember


def come_back(kept: list[tuple[Any, list[dict[str, Any]]]]) -> None:
    from django.core.management import call_command
    from django.core.management.color import no_style
    from django.db import connection

    from orgo.backup.restoring import Stage, _make_ready
    from orgo.conf import sql

    call_command("flush", interactive=False, verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM search_entry")
    for model, rows in kept:
        sql.insert(model, rows)
    with connection.cursor() as cursor:
        for statement in connection.ops.sequence_reset_sql(no_style(), [model for model, _ in kept]):
            cursor.execute(statement)
    _make_ready(
        cast(
            Stage,
            SimpleNamespace(header=SimpleNamespace(id="b"), manifest=SimpleNamespace(made_at="2026-09-07")),
        )
    )


def held() -> list[tuple[str, str]]:
    from orgo.outbox.claim import held_as_maybe_sent

    return list(held_as_maybe_sent().order_by("id").values_list("kind", "recipient"))


def release(*, cancel: bool = False) -> int:
    from orgo.flow import restored

    return restored.release("admin@city.example", cancel=cancel, can_send=True)


def interrupt(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_mail_of_the_hours_between_is_fetched_again_and_its_letters_wait_for_a_person(box, office, instant):
    there = box(after="flag").live()
    there.put(leak(1), at=office.clock.now())
    there.fetch()
    bring_back = instant()
    office.later(hours=1)
    there.put(leak(2), at=office.clock.now())
    there.fetch()
    office.later(minutes=10)
    office.forget()

    bring_back()
    assert there.fetch() == 1 and there.outcomes() == ["opened", "opened"]
    office.settle()

    assert office.told() == [] and {kind for kind, _ in held()} == {"opened"}
    office.later(minutes=1)
    there.put(leak(3), at=office.clock.now())
    there.fetch()
    assert len([to for to in office.told() if to == "anna@city.example"]) == 1

    office.forget()
    before = held()
    assert release() == len(before)
    office.settle()
    assert held() == [] and sorted(office.told()) == sorted(to for _, to in before)


def test_a_level_that_fell_due_in_between_is_held_and_the_next_one_leaves(box, office, instant):
    there = box(after="flag").live()
    there.put(leak(1), at=office.clock.now())
    there.fetch()
    bring_back = instant()
    office.later(hours=3)
    assert "chief@city.example" in office.told()
    office.forget()

    bring_back()
    office.settle()

    assert "chief@city.example" not in office.told()
    assert ("escalated", "chief@city.example") in held()
    office.later(hours=2)
    assert "admin@city.example" in office.told()


def test_what_is_released_or_cancelled_ends_the_doubt_and_what_is_cut_off_does_nothing(
    box, office, instant, monkeypatch
):
    there = box(after="flag").live()
    bring_back = instant()
    there.put(leak(1), at=office.clock.now())
    there.fetch()
    office.clock.move_to(office.clock.now() + timedelta(minutes=5))
    bring_back()
    there.fetch()
    count = len(held())
    office.forget()

    with monkeypatch.context() as cut, pytest.raises(KeyboardInterrupt):
        cut.setattr("orgo.flow.restored.record", interrupt)
        release()
    assert len(held()) == count
    assert release(cancel=True) == count > 0
    there.put(leak(2), at=office.clock.now() - timedelta(minutes=4))
    there.fetch()
    assert held() == [] and len(office.told()) == count

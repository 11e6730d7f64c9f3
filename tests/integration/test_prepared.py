"""A plan that was made for a few letters is not kept when there are many."""

from typing import Any

import pytest

from orgo.conf import prepared, sql
from tests.office import Office

pytestmark = pytest.mark.of_postgresql


def _letters(first: int, count: int) -> None:
    from orgo.lib import clock
    from orgo.outbox.models import Letter

    blank = {field.name: field.get_default() for field in Letter._meta.concrete_fields}
    now = clock.now()
    given = {"kind": "load", "channel": "load", "date": now, "next_attempt_at": now, "headers": {}}
    sql.insert(
        Letter,
        [
            {**blank, **given, "id": number, "event": number, "message_id": f"<{number}@load>"}
            for number in range(first, first + count)
        ],
    )


def _plan_of_the_claim() -> str:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT name FROM pg_prepared_statements WHERE statement LIKE '%%turn <= $2%%picked%%'"
        )
        ((name,),) = cursor.fetchall()
        cursor.execute(f"EXPLAIN EXECUTE {name} ('load', 99999999999999, now(), now())")
        return "\n".join(line for (line,) in cursor.fetchall())


def test_a_plan_for_few_letters_does_not_outlive_a_flood(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection

    from orgo.outbox import claim

    def claims(times: int) -> list[Any]:
        return [letter for _ in range(times) for letter in claim.claim(1, "load")]

    _letters(1, 30)
    connection.close()  # a connection that has prepared nothing
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE outbox_letter")
    monkeypatch.setattr(prepared, "KEPT", 3600.0)
    assert len(claims(15)) == 15
    _letters(1000, 5000)
    claims(3)
    assert "outbox_letter_turn" not in _plan_of_the_claim()

    monkeypatch.setattr(prepared, "KEPT", 0.0)
    assert len(claims(3)) == 3
    assert "outbox_letter_turn" in _plan_of_the_claim()

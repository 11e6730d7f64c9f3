"""Rows go into the database and are changed in it as they were given, on both databases, and nothing is cut on the way."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest

from orgo.conf import sql
from tests.office import Office

AT = datetime(2026, 9, 7, 8, 0, 0, 123456, tzinfo=timezone(timedelta(hours=2)))


def _row(**values: Any) -> dict[str, Any]:
    from orgo.intake.models import Mail
    from orgo.lib import ids

    blank = {field.name: field.get_default() for field in Mail._meta.concrete_fields}
    given = {"id": ids.new_id(), "source": "smtp", "data_hash": "x", "received_at": AT, "size": 1}
    return {**blank, **given, **values}


def test_what_is_put_in_comes_out(office: Office) -> None:
    from orgo.intake.models import Mail

    odd = {"text": "a\tb\\n\n\N{SNOWMAN} é", "decision": {"a": [None, "\\N", "\t"]}, "has_html": True}
    rows = [_row(**odd), _row(decision=None, arrived_at=AT, size=2**31 - 1, attempts=-(2**15))]

    sql.insert(Mail, rows)

    found = {mail.pk: mail for mail in Mail.objects.all()}
    for row in rows:
        told = {name: getattr(found[row["id"]], name) for name in row}
        assert told == row


@pytest.mark.of_postgresql
@pytest.mark.parametrize("wrong", [{"size": 2**31}, {"attempts": 2**15}, {"attempts": -(2**15) - 1}])
def test_a_number_that_is_too_large_is_refused_and_not_cut(office: Office, wrong: dict[str, int]) -> None:
    from django.db import DataError

    from orgo.intake.models import Mail

    with pytest.raises(DataError):
        sql.insert(Mail, [_row(**wrong)])
    assert not Mail.objects.exists()


def test_rows_are_changed_together_each_to_its_own(office: Office) -> None:
    """Values that all rows have alike, none, and of a column that is asked for as well."""
    from orgo.intake.models import Mail

    rows = [_row(subject=str(number)) for number in range(3)]
    sql.insert(Mail, rows)
    new = [
        {"attempts": 1 + number, "text": text, "task": task, "lease_until": None, "warnings": ["w"], "outcome": "opened"}
        for number, (text, task) in enumerate([("one", None), ("two", 2**62), ("é\\", 3)])
    ]  # fmt: skip

    hit = sql.update(Mail, new, [{"id": row["id"], "attempts": 0, "outcome": ""} for row in rows])
    again = sql.update(Mail, new, [{"id": row["id"], "attempts": 0, "outcome": ""} for row in rows])

    assert (hit, again) == (3, 0)
    for row, values in zip(rows, new, strict=True):
        mail = Mail.objects.get(pk=row["id"])
        assert {name: getattr(mail, name) for name in values} == values and mail.subject == row["subject"]


def test_keys_are_found_each_once(office: Office) -> None:
    from orgo.intake.models import Mail

    rows = [_row(content_key=key) for key in ("a", "a", "b", "")]
    sql.insert(Mail, rows)

    found = sql.among(Mail, ("content_key", "received_at"), "content_key", ["a", "c", "a", "b"])
    assert sorted(found) == [(key, AT.astimezone(UTC)) for key in ("a", "a", "b")]
    assert sql.among(Mail, ("id",), "content_key", []) == []

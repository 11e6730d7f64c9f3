"""No statement of the daily way reads a whole table: a house with a million mails decides the next one as fast as the first."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tests.office import PASS, Office

GROWING = ("intake_mail", "intake_raw", "outbox_letter", "task_task", "audit_event", "task_note")
TRUSTED = {"Authentication-Results": PASS}


@contextmanager
def _statements(found: dict[str, tuple[Any, ...]]) -> Iterator[None]:
    """Keep one example of each statement that is run meanwhile."""
    from django.db import connection

    def watch(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        rows = list(params) if many else [params]
        found.setdefault(sql, tuple(rows[0] or ()) if rows else ())
        return execute(sql, rows if many else params, many, context)

    with connection.execute_wrapper(watch):
        yield


def _a_day(office: Office) -> None:
    """New work, an answer, a stranger's reference, a copy, letters that leave, a level that fires."""
    office.mail(headers={**TRUSTED, "Message-ID": "<first@people.example>"})
    letter = office.letters("anna@city.example")[-1]
    office.mail("anna@city.example", letter["Subject"], to=letter["Reply-To"], body="take", headers=TRUSTED)
    answered = {
        **TRUSTED,
        "In-Reply-To": "<first@people.example>",
        "References": "<a@b.example> <c@d.example>",
    }
    office.mail(headers=answered, body="It still leaks.")
    office.mail("eve@people.example", "Another leak", headers=answered)
    office.later(hours=5)


def _plan(sql: str, params: tuple[Any, ...]) -> list[str]:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", params)
        return [str(row[3]) for row in cursor.fetchall()]


@pytest.mark.of_sqlite
def test_no_statement_of_the_way_reads_a_growing_table_from_end_to_end(office: Office) -> None:
    found: dict[str, tuple[Any, ...]] = {}
    with _statements(found):
        _a_day(office)

    asked = {
        sql: params for sql, params in found.items() if sql.startswith(("SELECT", "UPDATE", "DELETE", "WITH"))
    }
    whole = tuple(f"SCAN {table}" for table in GROWING)
    steps = [(sql, step) for sql, params in asked.items() for step in _plan(sql, params)]
    assert len(asked) > 20
    assert [(sql, step) for sql, step in steps if step.startswith(whole)] == []


@pytest.mark.of_sqlite
def test_what_waits_is_claimed_in_its_order_without_sorting_all_of_it(office: Office) -> None:
    from orgo.intake import claim as mails
    from orgo.outbox import claim as letters

    found: dict[str, tuple[Any, ...]] = {}
    with _statements(found):
        mails.claim(10)
        letters.claim(10)
        letters.claim(10)  # which looks first, for there was nothing

    plans = {sql: _plan(sql, params) for sql, params in found.items() if "ORDER BY" in sql}
    assert len(plans) == 4 and not [plan for plan in plans.values() if "TEMP B-TREE" in str(plan)]


def _read_in_order(rows: Any) -> str:
    """How PostgreSQL reads a list where an index could give it in its order."""
    from django.db import connection, transaction

    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(
            "SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_sort = off"
        )
        return str(rows.explain())


@pytest.mark.of_postgresql
@pytest.mark.parametrize("user", ["admin@city.example", "anna@city.example"])
def test_the_pages_lists_come_out_of_their_indexes_in_order(office: Office, user: str) -> None:
    from orgo.people.models import User
    from orgo.people.visibility import Viewer
    from orgo.task.queries import in_order

    viewer = Viewer(User.objects.get(address=user))
    plans = {
        queue: _read_in_order(in_order(viewer, queue, office.clock.now())[:200])
        for queue in ("all", "closed")
    }

    assert "task_task_list" in plans["all"] and "task_task_closed" in plans["closed"]
    assert not [plan for plan in plans.values() if "Sort" in plan]


@pytest.mark.of_postgresql
def test_what_one_person_may_see_is_found_without_reading_all_tasks(office: Office) -> None:
    from django.db import connection, transaction

    from orgo.people.models import User
    from orgo.people.visibility import Viewer
    from orgo.task.models import Task

    viewer = Viewer(User.objects.get(address="anna@city.example"))
    with transaction.atomic(), connection.cursor() as cursor:
        # These two read all that anybody watches: as good in a house of one task.
        cursor.execute("SET LOCAL enable_seqscan = off; DROP INDEX task_task_watched, task_task_called")
        plan = Task.objects.filter(viewer.filter()).explain()
        transaction.set_rollback(True)

    assert "Seq Scan" not in plan
    assert all(index in plan for index in ("task_task_public", "task_task_watching", "task_task_calling"))


@pytest.mark.of_sqlite
@pytest.mark.parametrize("page", ["/ignored", "/letters"])
def test_whether_a_row_belongs_to_a_visible_task_is_asked_by_that_tasks_number(
    office: Office, page: str
) -> None:
    """A list of all visible tasks is what PostgreSQL, under an OR, reads from end to end for each row."""
    from django.test import Client

    from orgo.people.models import User

    client = Client()
    found: dict[str, tuple[Any, ...]] = {}
    client.force_login(User.objects.get(address="admin@city.example"))
    with _statements(found):
        assert client.get(page).status_code == 200

    plans = {
        sql: _plan(sql, params) for sql, params in found.items() if "task_task" in sql and "(SELECT" in sql
    }
    of_tasks = [step for plan in plans.values() for step in plan if " U0" in step]
    assert of_tasks and all(step.endswith("(id=?)") for step in of_tasks), plans


def test_the_newest_of_an_empty_list_is_not_looked_for_among_all_tasks(office: Office) -> None:
    """There a database reads from the newest task back to the first, and finds none."""
    from django.test import Client

    from orgo.people.models import User

    client = Client()
    found: dict[str, tuple[Any, ...]] = {}
    client.force_login(User.objects.get(address="anna@city.example"))
    with _statements(found):
        assert b"since=0" in client.get("/?queue=closed").content

    assert [sql for sql in found if "task_task" in sql] and not [sql for sql in found if "MAX(" in sql]

"""What the page says in French: times, priorities, states, what is in trouble, why a mail lies aside."""

from typing import Any

import pytest

from orgo.ops import trouble
from tests.office import PASS, Office


@pytest.fixture
def page(office: Office) -> Any:
    """A page as the administrator's French browser shows it."""
    from django.test import Client

    from orgo.people.models import User

    client = Client(headers={"Accept-Language": "fr"})
    client.force_login(User.objects.get(address="admin@city.example"))
    return lambda path: client.get(path).content.decode()


def test_a_task_is_french_to_the_last_word(office: Office, page: Any) -> None:
    from orgo.task.models import Task

    office.mail(headers={"Authentication-Results": PASS})
    Task.objects.update(due_at=office.clock.now())
    office.clock.advance(days=2)
    shown = page(f"/tasks/{office.task().reference}?queue=all")

    assert "lun 7 sep, 08:00" in shown and "Sep," not in shown
    assert ">haute</option>" in shown and ">basse</option>" in shown
    assert "en retard de 2 j" in shown


def test_a_row_says_when_it_is_due(office: Office, page: Any) -> None:
    from datetime import timedelta

    from orgo.task.models import Task

    office.mail(headers={"Authentication-Results": PASS})
    assert "échéance" not in page("/?queue=all").partition('class="rows"')[2]
    Task.objects.update(due_at=office.clock.now() + timedelta(hours=3))
    assert "échéance dans 3 h" in page("/?queue=all")


def test_trouble_and_reasons_are_french_where_the_words_are_orgos(office: Office, page: Any) -> None:
    office.mail("a@x.example", raw=b"\r\n")
    trouble.note("smtp", "letters can't leave by mail.city.example:25: 421 busy")
    trouble.note("other", "something that nobody translated")
    try:
        shown = page("/quarantine")
    finally:
        trouble.over("smtp")
        trouble.over("other")

    assert "Les messages ne peuvent pas partir par mail.city.example:25 : 421 busy" in shown
    assert "something that nobody translated" in shown and "le message est vide" in shown

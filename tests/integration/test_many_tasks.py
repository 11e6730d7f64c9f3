"""A queue with very many tasks: counted up to a point, and said so."""

import re

import pytest
from django.test import Client

from tests.office import Office
from tests.open_tasks import open_tasks


@pytest.mark.parametrize(("most", "said"), [(1_000, "12"), (10, "9+")])
def test_a_queue_is_counted_up_to_a_point(
    office: Office, monkeypatch: pytest.MonkeyPatch, most: int, said: str
) -> None:
    from orgo.people.models import User

    open_tasks(12)
    monkeypatch.setattr("orgo.task.queries.MOST_COUNTED", most)
    monkeypatch.setattr("orgo.web.views.tasks.MOST_COUNTED", most)
    client = Client()
    client.force_login(User.objects.get(address="anna@city.example"))
    page = client.get("/?queue=all").content.decode()

    assert re.findall(r'queue=all"[^>]*>.*?<b>([^<]+)</b>', page) == [said]


def test_letters_of_tasks_that_one_may_not_see_are_not_listed(office: Office) -> None:
    from orgo.people.models import User

    office.mail(subject="Water leak")
    pages = {}
    for user in ("anna@city.example", "sofie@school.example"):
        client = Client()
        client.force_login(User.objects.get(address=user))
        pages[user] = client.get("/letters").content.decode()

    assert "Water leak" in pages["anna@city.example"] and "Water leak" not in pages["sofie@school.example"]

"""The link "I take it" of a letter: a button where there is something to take, else at once what became of the task."""

import re
from typing import Any

import pytest

from tests.office import Office, text_of

BUTTON = '<form method="post"'


@pytest.fixture
def client() -> Any:
    """Somebody without an account."""
    from django.test import Client

    return Client()


def link_of(office: Office, address: str) -> str:
    """The link in the last letter to this address."""
    found = re.search(r"(/tasks/\w+/take\?\S+)", text_of(office.letters(address)[-1]))
    assert found is not None
    return found[1]


def _press(client: Any, link: str) -> str:
    path, _, query = link.partition("?")
    values = dict(part.split("=", 1) for part in query.replace("%40", "@").split("&"))
    page: str = client.post(path, values).content.decode()
    return page


def test_it_shows_a_button_while_nobody_has_it(office: Office, client: Any) -> None:
    office.mail()
    link = link_of(office, "ben@city.example")

    assert BUTTON in client.get(link).content.decode() and office.task().assignee == ""
    assert "It is yours now." in _press(client, link) and office.task().assignee == "ben@city.example"


def test_it_says_who_has_the_task(office: Office, client: Any) -> None:
    office.mail()
    link = link_of(office, "ben@city.example")
    office.answer("anna@city.example", "take")
    page = client.get(link).content.decode()

    assert "Anna Abel has taken it." in page and BUTTON not in page
    assert "Nothing was done: Anna Abel has taken it." in _press(client, link)


def test_it_says_to_who_has_it_that_it_is_so(office: Office, client: Any) -> None:
    office.mail()
    link = link_of(office, "ben@city.example")
    office.answer("ben@city.example", "take")
    page = client.get(link).content.decode()

    assert "It is yours now." in page and BUTTON not in page


def test_it_says_that_the_task_is_done(office: Office, client: Any) -> None:
    office.mail()
    link = link_of(office, "ben@city.example")
    office.answer("anna@city.example", "done")
    page = client.get(link).content.decode()

    assert "It is completed." in page and BUTTON not in page
    assert "Elle est terminée." in client.get(link, headers={"accept-language": "fr"}).content.decode()


def test_it_says_to_whom_a_task_has_left_no_more_than_that(office: Office, client: Any) -> None:
    office.mail()
    link = link_of(office, "ben@city.example")
    office.answer("anna@city.example", "not mine, try it: hr@city.example")
    office.answer("hanna@city.example", "take")
    page = client.get(link).content.decode()

    assert "It has gone to another team." in page and "Hanna" not in page and BUTTON not in page

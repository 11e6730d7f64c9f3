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


@pytest.mark.parametrize(
    ("who", "word", "said"),
    [
        ("anna", "take", "Anna Abel has taken it."),
        ("ben", "take", "It is yours now."),
        ("anna", "done", "It is completed."),
    ],
)
def test_it_says_what_became_of_the_task(office: Office, client: Any, who: str, word: str, said: str) -> None:
    office.mail()
    link = link_of(office, "ben@city.example")
    office.answer(f"{who}@city.example", word)
    page = client.get(link).content.decode()

    assert said in page and BUTTON not in page


def test_it_says_so_after_the_press_and_in_french(office: Office, client: Any) -> None:
    office.mail()
    link = link_of(office, "ben@city.example")
    office.answer("anna@city.example", "take")
    assert "Nothing was done: Anna Abel has taken it." in _press(client, link)
    office.answer("anna@city.example", "done")
    assert "Elle est terminée." in client.get(link, headers={"accept-language": "fr"}).content.decode()


def test_it_says_to_whom_a_task_has_left_no_more_than_that(office: Office, client: Any) -> None:
    office.mail()
    link = link_of(office, "ben@city.example")
    office.answer("anna@city.example", "not mine, try it: hr@city.example")
    office.answer("hanna@city.example", "take")
    page = client.get(link).content.decode()

    assert "It has gone to another team." in page and "Hanna" not in page and BUTTON not in page

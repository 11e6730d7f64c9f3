"""The pages are in the language that is set for a user; where none is set, and before signing in, the browser decides."""

from typing import Any

import pytest

from tests.office import Office


def _browser(language: str, who: str = "") -> Any:
    """A browser that asks for this language, with somebody signed in."""
    from django.test import Client

    from orgo.people.models import User

    client = Client(headers={"Accept-Language": language})
    if who:
        client.force_login(User.objects.get(address=who))
    return client


@pytest.mark.parametrize(
    ("own", "asked", "shown"), [("fr", "en", "fr"), ("en", "fr", "en"), ("", "en", "en"), ("", "fr", "fr")]
)
def test_a_users_own_language_goes_before_the_browsers(
    office: Office, own: str, asked: str, shown: str
) -> None:
    from orgo.people.models import User

    User.objects.filter(address="anna@city.example").update(language=own)
    answer = _browser(asked, "anna@city.example").get("/")

    assert f'<html lang="{shown}">' in answer.content.decode()
    assert ("Mes équipes" in answer.content.decode()) == (shown == "fr")
    assert answer.headers["Content-Language"] == shown


def test_a_page_that_is_not_there_is_in_the_users_language_too(office: Office) -> None:
    answer = _browser("en", "sofie@school.example").get("/tasks/000000")
    assert answer.status_code == 404 and "Cette page" in answer.content.decode()


@pytest.mark.parametrize(("asked", "words"), [("en", "Password"), ("fr", "Mot de passe")])
def test_the_sign_in_page_goes_by_the_browser(office: Office, asked: str, words: str) -> None:
    """Also right after somebody with another language signed out."""
    client = _browser(asked, "sofie@school.example")
    client.get("/")
    client.post("/sign-out")

    assert words in client.get("/sign-in").content.decode()
    assert words in _browser(asked).get("/sign-in").content.decode()

"""A session that ends while somebody writes: the way back leads to the task, and nothing shows a foreign page."""

from typing import Any

import pytest

from tests.office import Office

NEXT = "/sign-in?next="


@pytest.fixture
def strict(office: Office) -> Any:
    """A browser that keeps cookies and is asked for the token of its forms."""
    from django.test import Client

    return Client(enforce_csrf_checks=True)


@pytest.fixture
def client(office: Office) -> Any:
    from django.test import Client

    return Client()


def test_an_answer_after_the_session_leads_back_to_the_page_it_was_written_on(
    office: Office, client: Any
) -> None:
    path = f"/tasks/{office.mail() and office.task().reference}"
    act = f"{path}/do/answer"

    for referer, wanted in {
        f"http://testserver{path}?queue=mine": f"{path}%3Fqueue%3Dmine",
        "http://evil.example/tasks/X": path,
        "http://testserver//evil.example/": "/evil.example/",
        "": path,
    }.items():
        answer = client.post(act, {"text": "Long words"}, headers={"Referer": referer})
        assert answer.headers["Location"] == NEXT + wanted
    assert client.post("/quarantine/retry").headers["Location"] == f"{NEXT}/"


def test_signing_in_leads_there_even_after_a_wrong_password(office: Office, client: Any) -> None:
    from orgo.people.models import User

    user = User.objects.get(address="anna@city.example")
    user.set_password("correct horse battery")
    user.save()
    office.mail()
    wanted = f"/tasks/{office.task().reference}?queue=mine"
    values = {"address": user.address, "next": wanted}
    again = client.post("/sign-in", {**values, "password": "wrong"}).content.decode()
    assert f'name="next" value="{wanted}"' in again

    assert (
        client.post("/sign-in", {**values, "password": "correct horse battery"}).headers["Location"] == wanted
    )
    assert client.get("/sign-in", {"next": wanted}).headers["Location"] == wanted
    assert client.get("/sign-in", {"next": "//evil.example"}).headers["Location"] == "/"


def test_a_part_of_a_page_is_never_replaced_by_the_sign_in_form(office: Office, client: Any) -> None:
    part = client.get("/news?queue=all&since=0", headers={"HX-Request": "true"})
    dropped = client.post("/mail/drop", headers={"Accept": "application/json"})

    assert part.status_code == dropped.status_code == 401
    assert dropped.json() == {"error": "You are signed out. Sign in again."}


@pytest.mark.parametrize("language", ["en", "fr"])
def test_a_form_without_a_valid_token_gets_a_page_of_orgo_that_leads_back(
    office: Office, strict: Any, language: str
) -> None:
    office.mail()
    path = f"/tasks/{office.task().reference}"
    headers = {"Accept-Language": language, "Referer": f"http://testserver{path}"}
    answer = strict.post(f"{path}/do/done", headers=headers)
    page = answer.content.decode()

    assert answer.status_code == 403 and office.task().state == "pending"
    assert {"en": "Nothing was done", "fr": "Rien n'a été fait"}[language] in page
    assert f'href="{path}"' in page and "orgo.css" in page and "CSRF" not in page

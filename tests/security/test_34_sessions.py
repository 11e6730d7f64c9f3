"""S34, S41: a session is a new one after signing in, is no use to a thief of the database, and no other site can act in it."""

from collections.abc import Callable
from typing import Any

from tests.office import Office


def test_a_session_from_before_signing_in_is_worth_nothing(office: Office, enter: Callable[..., Any]) -> None:
    from orgo.people.keeping import set_password
    from orgo.people.models import User

    set_password(User.objects.get(address="anna@city.example"), "a long enough word", by="test")
    client = enter()
    client.cookies["orgo"] = "a" * 32
    client.post("/sign-in", {"address": "anna@city.example", "password": "a long enough word"})

    cookie = client.cookies["orgo"]
    assert cookie.value != "a" * 32
    assert cookie["httponly"] and cookie["samesite"] == "Lax"


def test_a_form_of_another_site_does_nothing(office: Office, enter: Callable[..., Any]) -> None:
    office.mail()
    client = enter("anna@city.example", enforce_csrf_checks=True)

    answer = client.post(
        f"/tasks/{office.task().reference}/do/done", headers={"Origin": "https://evil.example"}
    )

    assert answer.status_code == 403 and office.task().state == "pending"


def test_signing_out_ends_the_session(office: Office, enter: Callable[..., Any]) -> None:
    client = enter("anna@city.example")
    kept = client.cookies["orgo"].value
    client.post("/sign-out")

    thief = enter()
    thief.cookies["orgo"] = kept
    assert thief.get("/").status_code == 302


def test_somebody_who_was_deactivated_is_out_at_once(office: Office, enter: Callable[..., Any]) -> None:
    from orgo.people.models import User

    client = enter("anna@city.example")
    User.objects.filter(address="anna@city.example").update(is_active=False)

    assert client.get("/").status_code == 302


def test_the_way_back_after_signing_in_leads_to_no_other_site(
    office: Office, enter: Callable[..., Any]
) -> None:
    from orgo.people.keeping import set_password
    from orgo.people.models import User

    set_password(User.objects.get(address="anna@city.example"), "a long enough word", by="test")
    for evil in ("https://evil.example/", "//evil.example/", "/\\evil.example", "javascript:alert(1)"):
        answer = enter().post(
            "/sign-in", {"address": "anna@city.example", "password": "a long enough word", "next": evil}
        )
        assert answer.status_code == 302 and answer["Location"] == "/"

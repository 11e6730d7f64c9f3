"""S32, S33: links and tokens are random, stored hashed, used once, end, and are good for one purpose."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.office import Office


def _link(office: Office) -> str:
    from orgo.people.models import User
    from orgo.people.signin import sign_in_link

    return sign_in_link(User.objects.get(address="anna@city.example"), "")


def _press(client: Any, link: str) -> Any:
    """What the button of the link's page does."""
    return client.post(link, {name: values[0] for name, values in parse_qs(urlsplit(link).query).items()})


def test_a_sign_in_link_works_once(office: Office, enter: Callable[..., Any]) -> None:
    link = _link(office)

    assert enter().post(link).status_code == 302
    assert enter().post(link).status_code == 403


def test_a_sign_in_link_ends_after_72_hours_and_with_the_next_one(
    office: Office, enter: Callable[..., Any]
) -> None:
    old = _link(office)
    new = _link(office)
    assert enter().post(old).status_code == 403

    office.later(hours=72, minutes=1)
    assert enter().post(new).status_code == 403


def test_looking_at_a_link_uses_nothing_up(office: Office, enter: Callable[..., Any]) -> None:
    link = _link(office)
    for _ in range(3):
        assert enter().get(link).status_code == 200

    assert enter().post(link).status_code == 302


def test_no_secret_of_a_link_is_in_the_database(office: Office) -> None:
    from orgo.people.models import Token

    secret = _link(office).rsplit("/", 1)[1]

    assert len(secret) >= 43
    assert all(secret not in str(value) for row in Token.objects.values() for value in row.values())


def test_a_take_link_is_good_for_its_task_and_person_only(office: Office, enter: Callable[..., Any]) -> None:
    from tests.office import text_of

    office.mail()
    link = re.search(r"https?://[^/]+(/tasks/\S+)", text_of(office.letters("anna@city.example")[0]))
    assert link is not None
    first = office.task()
    office.mail(subject="Another leak")

    other = link[1].replace(first.reference, office.task().reference)
    for wrong in (other, link[1].replace("anna", "eve"), link[1][:-1]):
        assert _press(enter(), wrong).status_code == 404
    assert (office.task().assignee, type(first).objects.get(pk=first.pk).assignee) == ("", "")


@pytest.mark.parametrize("taken", [False, True])
def test_a_take_link_opens_no_private_task_that_has_left_the_team(
    office: Office, enter: Callable[..., Any], taken: bool
) -> None:
    """Not even after a level has fired: its letter calls others than whom the first one went to."""
    from orgo.flow.acting import perform
    from orgo.people.models import User
    from tests.office import text_of

    office.mail(body="About a colleague.")
    link = re.search(r"https?://[^/]+(/tasks/\S+)", text_of(office.letters("anna@city.example")[0]))
    assert link is not None
    anna, reference = User.objects.get(address="anna@city.example"), office.task().reference
    perform(anna, reference, "change", values={"visibility": "private"})
    perform(anna, reference, "route", team="hr@city.example")
    office.later(hours=3)
    assert office.task().level == 1
    if taken:
        perform(User.objects.get(address="hanna@city.example"), reference, "take")

    said = _press(enter(), link[1])

    assert b"it has gone to another team" in said.content and b"Hanna" not in said.content
    assert office.task().assignee == ("hanna@city.example" if taken else "")
    assert enter("anna@city.example").get(f"/tasks/{reference}").status_code == 404


def test_no_weak_hash_and_no_guessable_chance_is_used() -> None:
    source = Path(__file__).resolve().parents[2] / "src" / "orgo"
    for file in source.rglob("*.py"):
        # The sum by which S3 says what it has of a file's part is MD5; nothing is believed for it.
        text = file.read_text("utf-8").replace("hashlib.md5(data, usedforsecurity=False)", "")
        for word in ("hashlib.md5", "hashlib.sha1", "pickle", "eval(", "os.system", "shell=True"):
            assert word not in text or "re_eval" in text, f"{file.name} uses {word}"

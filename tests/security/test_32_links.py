"""S32, S33: links and tokens are random, stored hashed, used once, end, and are good for one purpose."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.office import Office


def _link(office: Office) -> str:
    from orgo.people.models import User
    from orgo.people.signin import sign_in_link

    return sign_in_link(User.objects.get(address="anna@city.example"), "")


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
    import re

    from tests.office import text_of

    office.mail()
    link = re.search(r"https?://[^/]+(/tasks/\S+)", text_of(office.letters("anna@city.example")[0]))
    assert link is not None
    first = office.task()
    office.mail(subject="Another leak")

    other = link[1].replace(first.reference, office.task().reference)
    for wrong in (other, link[1].replace("anna", "eve"), link[1][:-1]):
        enter().post(wrong)
    assert (office.task().assignee, type(first).objects.get(pk=first.pk).assignee) == ("", "")


def test_no_weak_hash_and_no_guessable_chance_is_used() -> None:
    source = Path(__file__).resolve().parents[2] / "src" / "orgo"
    for file in source.rglob("*.py"):
        text = file.read_text("utf-8")
        for word in ("hashlib.md5", "hashlib.sha1", "pickle", "eval(", "os.system", "shell=True"):
            assert word not in text or "re_eval" in text, f"{file.name} uses {word}"

"""S29, S30, S53: every route, every role, every kind of task: the one visibility function answers, and no is always 404."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.office import Office

WHO = [
    "", "admin@city.example", "chief@city.example", "anna@city.example", "hanna@city.example", "dora@city.example", "sofie@school.example", "rolf@city.example",
]  # fmt: skip
SECRET = "This is harassment by my superior."


def _routes(reference: str, mail: int, letter: int) -> Iterator[tuple[str, str]]:
    yield "get", f"/tasks/{reference}"
    yield "get", f"/mail/{mail}/html"
    yield "get", f"/mail/{mail}/raw"
    yield "get", f"/letters/{letter}"
    for action in (
        "take",
        "note",
        "answer",
        "done",
        "assign",
        "route",
        "watch",
        "undo",
        "change",
        "escalate",
        "nothing-known",
    ):
        yield "post", f"/tasks/{reference}/do/{action}"


@pytest.mark.parametrize("who", WHO)
def test_a_private_task_is_there_for_its_team_only(
    office: Office, enter: Callable[..., Any], who: str
) -> None:
    from orgo.outbox.models import Letter

    mail = office.mail(subject="Please help me", body=SECRET)
    task, letter = office.task(), Letter.objects.first()
    assert letter is not None
    client = enter(who)

    for method, path in _routes(task.reference, mail.pk, letter.pk):
        answer = getattr(client, method)(path, {"text": "x", "to": who, "team": "desk@city.example"})
        unknown = getattr(client, method)(
            path.replace(task.reference, "ZZZZZZ").replace(str(mail.pk), "1").replace(str(letter.pk), "1")
        )
        if who == "hanna@city.example":
            assert answer.status_code in (200, 302, 404), path
            continue
        assert answer.status_code == unknown.status_code, path
        assert answer.status_code == (404 if who else 302), path
        assert SECRET.encode() not in answer.content
    task.refresh_from_db()
    if who != "hanna@city.example":
        assert task.seq == 1


@pytest.mark.parametrize("who", WHO[1:])
@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/?queue=all",
        "/?q=harassment",
        "/?q=superior",
        "/?queue=overdue",
        "/letters",
        "/ignored",
        "/quarantine",
        "/news",
    ],
)
def test_no_list_count_or_search_tells_of_it(
    office: Office, enter: Callable[..., Any], who: str, path: str
) -> None:
    client = enter(who)
    before = client.get(path).content
    office.mail(subject="Please help me", body=SECRET)
    office.later(days=1)
    after = client.get(path)

    if who != "hanna@city.example":
        assert (
            b"Please help me" not in after.content and office.task().reference.encode() not in after.content
        )
        assert (
            after.status_code != 200
            or b"superior" not in after.content.replace(b"q=superior", b"").replace(b'value="superior"', b"")
            or path == "/?q=superior"
        )
    assert before is not None


def test_somebody_who_left_the_team_sees_nothing_of_it(office: Office, enter: Callable[..., Any]) -> None:
    from orgo.people.models import Membership

    office.mail(subject="A leak")
    client = enter("anna@city.example")
    assert client.get(f"/tasks/{office.task().reference}").status_code == 200

    Membership.objects.filter(user__address="anna@city.example").delete()
    assert client.get(f"/tasks/{office.task().reference}").status_code == 404


def test_nobody_becomes_more_by_what_a_form_says(office: Office, enter: Callable[..., Any]) -> None:
    from orgo.people.models import User

    office.mail(subject="A leak")
    client = enter("anna@city.example")
    more = {
        "roles": '["administrator"]',
        "is_active": "1",
        "state": "completed",
        "team": "hr@city.example",
        "seq": "99",
        "visibility": "public",
        "level": "9",
    }
    client.post(f"/tasks/{office.task().reference}/do/change", {"priority": "low", **more})
    client.post(f"/tasks/{office.task().reference}/do/note", {"text": "x", **more})

    task = office.task()
    assert (task.priority, task.state, task.team, task.visibility, task.level) == (
        "low",
        "pending",
        "works@city.example",
        "team",
        0,
    )
    assert User.objects.get(address="anna@city.example").roles == ["technician"]

"""S29, S30, S53: every route, every role, every kind of task: the one visibility function answers, and no is always 404."""

import logging
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
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


EMMA = "emma@people.example"
NO_SUCH_USER = f"550 5.1.1 <{EMMA.upper()}>: no such user"


@pytest.fixture
def reported(office: Office, caplog: pytest.LogCaptureFixture) -> Any:
    """The task of a report whose sender stays unnamed, whom HR has answered, all that the log says being kept."""
    from orgo.flow.acting import perform
    from orgo.people.models import User

    caplog.set_level(logging.INFO)
    office.mail(EMMA, "Please help me", body=SECRET)
    perform(User.objects.get(address="hanna@city.example"), office.task().reference, "answer", text="Come.")
    office.settle()
    assert EMMA in office.told()
    return office.task()


def _log(caplog: pytest.LogCaptureFixture) -> str:
    """What Orgo's own log says (the catcher in this process has one, too)."""
    own = (record.getMessage() for record in caplog.records if record.name.startswith("orgo"))
    return "\n".join(own).lower()


def _nowhere(client: Any, paths: Iterable[str]) -> None:
    for path in paths:
        said = client.get(path).content.lower()
        assert EMMA.encode() not in said, path


@pytest.mark.parametrize("who", WHO[1:])
def test_an_automatic_reply_of_the_reporter_names_nobody(
    office: Office, enter: Callable[..., Any], reported: Any, caplog: pytest.LogCaptureFixture, who: str
) -> None:
    row = office.answer(EMMA, "I am away.", headers={"Auto-Submitted": "auto-replied"})
    assert (row.outcome, row.task) == ("ignored", reported.pk)
    client = enter(who)

    _nowhere(client, ["/ignored", "/letters", f"/tasks/{reported.reference}", "/"])
    assert b"Please help me" not in client.get("/ignored").content
    assert EMMA not in _log(caplog)


@pytest.mark.parametrize("way", ["refused", "bounced", "put off"])
def test_a_letter_that_does_not_reach_the_reporter_names_nobody(
    office: Office, enter: Callable[..., Any], reported: Any, caplog: pytest.LogCaptureFixture, way: str
) -> None:
    from orgo.outbox.models import Letter, Outlet

    letter = Letter.objects.get(recipient=EMMA, kind="answer")
    if way == "bounced":
        _bounce(office, letter.sender)
    else:
        _refuse(office, letter, permanent=way == "refused")
    office.settle()

    hanna = enter("hanna@city.example")
    _nowhere(hanna, [f"/tasks/{reported.reference}", "/letters", f"/letters/{letter.pk}"])
    _nowhere(enter("admin@city.example"), ["/", "/ignored", "/letters"])
    for said in office.letters():
        if str(said["To"]) != EMMA:
            assert EMMA not in said.as_string().lower()
    assert EMMA not in _log(caplog)
    assert EMMA not in "".join(Outlet.objects.values_list("reason", flat=True)).lower()


def _bounce(office: Office, return_path: str) -> None:
    office.mail(
        "mailer-daemon@people.example",
        to=return_path,
        raw=(
            b"From: mailer-daemon@people.example\r\nSubject: Undelivered\r\nMIME-Version: 1.0\r\n"
            b"Content-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n"
            b"--b\r\n\r\nSorry.\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx\r\n\r\n"
            b"Final-Recipient: rfc822; %s\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; %s\r\n\r\n--b--\r\n"
            % (EMMA.encode(), NO_SUCH_USER.encode())
        ),
    )


def _refuse(office: Office, letter: Any, *, permanent: bool) -> None:
    """The letter leaves once more, and the server refuses it with its recipient's name."""
    from orgo.delivery.ports import DeliveryError, Parcel
    from orgo.pipeline import deliver

    class Refusing:
        def deliver(self, parcel: Parcel, before_dot: Callable[[], bool]) -> str:
            raise DeliveryError(NO_SUCH_USER, permanent=permanent)

    letter.state, letter.next_attempt_at, letter.settled_at = "pending", office.clock.now(), None
    letter.save()
    assert deliver(Refusing()) == 1


@pytest.mark.parametrize("who", WHO[1:])
def test_the_demos_caught_letters_are_for_those_who_may_see_their_task(
    office: Office, enter: Callable[..., Any], reported: Any, who: str
) -> None:
    office.mail(subject="A leak")
    folder = office.config.var / "caught"
    folder.mkdir(parents=True)
    for number, letter in enumerate(office.catcher.caught):
        (folder / f"{number:06}.eml").write_bytes(letter.data)
    client = enter(who)
    private = [
        f"/caught/{number:06}"
        for number, letter in enumerate(office.catcher.caught)
        if reported.reference.encode() in letter.data
    ]

    _nowhere(client, ["/caught", *private])
    assert b"Please help me" not in client.get("/caught").content
    assert len(private) == 2 and {client.get(path).status_code for path in private} == {404}
    if who == "admin@city.example":
        assert b"A leak" in client.get("/caught").content


def test_who_is_called_to_a_private_task_of_others_is_told_who_may_open_it(tmp_path: Path) -> None:
    """The letter has no link that would lead to nothing, and names those who may."""
    from tests.office import RULES, text_of

    wanted = "visibility: private, anonymize: true"
    levels = f"{wanted}, levels: [{{after: 2 hours, to: chief@city.example}}]"
    office = Office(tmp_path, rules=RULES.replace(wanted, levels))
    try:
        office.mail(EMMA, "Please help me", body=SECRET)
        office.later(hours=3)
        (letter,) = office.letters("chief@city.example")
    finally:
        office.close()

    assert "Hanna Hart (hanna@city.example)" in text_of(letter)
    assert "http" not in letter.as_string() and "Please help me" not in letter.as_string()

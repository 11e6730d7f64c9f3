"""The mailboxes' page: how each stands, what would become of observed mail, pause and go-live."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.office import CONFIG, MONDAY, Office, written

NAME = "info@city.example"


@pytest.fixture
def boxed(tmp_path: Path) -> Iterator[Office]:
    office = Office(
        tmp_path,
        config=CONFIG + f"imap: {{{{host: 127.0.0.1, port: 1, tls: none, username: {NAME}, password: x}}}}\n",
    )
    yield office
    office.close()


@pytest.fixture
def client(boxed: Office) -> Any:
    from django.test import Client

    from orgo.people.models import User

    made = Client()
    made.force_login(User.objects.get(address="admin@city.example"))
    return made


def _observed(office: Office) -> None:
    from orgo.intake.models import Mailbox
    from orgo.intake.store import Incoming
    from orgo.pipeline import take

    Mailbox.objects.create(name=NAME, state="ok")
    raw = written("clara@people.example", NAME, "Water leak <b>now</b>", MONDAY)
    take(
        [Incoming(data=raw, source="imap", mailbox=NAME, mode="observe", receipt_key="a", arrived_at=MONDAY)]
    )
    office.settle()


def test_forty_mailboxes_are_asked_for_as_one_is(boxed: Office) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from orgo.intake.mailbox.queries import standings
    from orgo.intake.models import Folder, Mailbox

    (account,) = boxed.config.accounts
    accounts = [account, *(account.model_copy(update={"name": f"{n}@city.example"}) for n in range(39))]
    for other in accounts[:2]:
        Folder.objects.create(mailbox=Mailbox.objects.create(name=other.name), name="A", problem=other.name)
    with CaptureQueriesContext(connection) as one:
        alone = standings(accounts[:1])
    with CaptureQueriesContext(connection) as many:
        found = standings(accounts)

    assert len(many) == len(one) and found[:1] == alone
    assert [row.problems for row in found] == [[f"A: {row.name}"] for row in found[:2]] + [[]] * 38


def test_it_says_how_each_stands(boxed: Office, client: Any) -> None:
    from orgo.intake.models import Mailbox

    assert "Not tried yet" in client.get("/mailboxes").content.decode()
    Mailbox.objects.create(
        name=NAME,
        state="auth_failed",
        detail="no <i>entry</i>",
        next_try_at=MONDAY,
        last_mail_at=MONDAY,
        lag_seconds=7,
    )
    page = client.get("/mailboxes").content.decode()

    assert (
        NAME in page
        and "does not take the password" in page
        and "no &lt;i&gt;entry" in page
        and "only observed" in page
        and "7 s after" in page
    )


def test_observed_mail_is_explained_and_goes_live(boxed: Office, client: Any) -> None:
    _observed(boxed)
    page = client.get("/mailboxes/1").content.decode()
    assert "it would open a task for works" in page and "Leaks" in page and "&lt;b&gt;now" in page

    assert client.post("/mailboxes/1/live", {"mailbox": NAME, "since": "2026-09-01"}).status_code == 302
    boxed.settle()
    assert boxed.tasks() == 1 and "live" in client.get("/mailboxes").content.decode()


def test_a_day_that_is_none_changes_nothing(boxed: Office, client: Any) -> None:
    from orgo.intake.models import Mailbox

    _observed(boxed)
    answer = client.post("/mailboxes/1/live", {"mailbox": NAME, "since": "soon"}, follow=True)

    assert "write the day like" in answer.content.decode() and Mailbox.objects.get().mode == "observe"


def test_pause_and_go_on(boxed: Office, client: Any) -> None:
    from orgo.intake.models import Mailbox

    client.post("/mailboxes/1/pause", {"mailbox": NAME})
    assert Mailbox.objects.get().paused
    client.post("/mailboxes/1/resume", {"mailbox": NAME})
    assert not Mailbox.objects.get().paused


@pytest.mark.parametrize("action", ["live", "pause", "resume"])
def test_a_page_of_another_configuration_changes_no_mailbox(boxed: Office, client: Any, action: str) -> None:
    """In the configuration of the page another one was the first."""
    from orgo.intake.models import Mailbox

    _observed(boxed)
    for posted in ({"mailbox": "other@city.example"}, {}):
        answer = client.post(f"/mailboxes/1/{action}", posted)
        assert answer.status_code == 409 and "the mailboxes have changed" in answer.content.decode()
    row = Mailbox.objects.get()
    assert (row.mode, row.paused) == ("observe", False)
    assert f'name="mailbox" value="{NAME}"' in client.get("/mailboxes").content.decode()


@pytest.mark.parametrize(
    "path", ["/mailboxes/2", "/mailboxes/0", "/mailboxes/2/pause", "/mailboxes/1/delete"]
)
def test_what_is_not_there_is_not_found(boxed: Office, client: Any, path: str) -> None:
    assert (client.post if path.count("/") == 3 else client.get)(path).status_code == 404


@pytest.mark.parametrize("who", ["anna@city.example", "chief@city.example", "hanna@city.example"])
def test_only_who_may_see_mail_sees_them(boxed: Office, client: Any, who: str) -> None:
    from orgo.people.models import User

    client.force_login(User.objects.get(address=who))

    assert client.get("/mailboxes").status_code in (403, 404) and client.post(
        "/mailboxes/1/pause"
    ).status_code in (403, 404)

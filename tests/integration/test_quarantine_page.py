"""The quarantine's page: all of it, originals, reading again, putting aside with a reason; and only for those who may."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.office import PEOPLE, Office, written


@pytest.fixture
def client(office: Office) -> Any:
    from django.test import Client

    from orgo.people.models import User

    made = Client()
    made.force_login(User.objects.get(address="admin@city.example"))
    return made


def test_a_mail_is_put_aside_with_a_reason(office: Office, client: Any) -> None:
    from orgo.audit.models import Event
    from orgo.intake.models import Mail

    mail = office.mail("a@x.example", raw=b"\r\n")
    assert mail.outcome == "quarantined"
    client.post(f"/quarantine/{mail.pk}/discard", {"reason": " "})
    assert Mail.objects.get(pk=mail.pk).outcome == "quarantined"
    answer = client.post(f"/quarantine/{mail.pk}/discard", {"reason": "Clara's test"}, follow=True)

    mail.refresh_from_db()
    assert mail.outcome == "ignored" and "kept as it came" in answer.content.decode()
    assert mail.reason == "put aside by admin@city.example: Clara's test"
    assert Event.objects.get(type="mail.discarded").data == {"mail": mail.pk}
    # What somebody wrote stands in a row that can be erased, never in the sealed trail.
    assert not any("Clara" in str(data) for data in Event.objects.values_list("data", flat=True))
    assert office.task().state == "cancelled"
    assert (
        "no longer in quarantine"
        in client.post(f"/quarantine/{mail.pk}/discard", {"reason": "x"}, follow=True).content.decode()
    )


def test_a_mail_without_a_byte_is_called_empty(office: Office) -> None:
    mail = office.mail("a@x.example", raw=b"\r\n")

    assert mail.reason == "the mail is empty"
    assert office.task().title == "A mail could not be read: the mail is empty"


def test_the_task_has_its_title_in_the_language_of_triage(tmp_path: Path) -> None:
    office = Office(tmp_path, people=PEOPLE.replace("triage: true", "triage: true, language: fr"))
    office.mail("a@x.example", raw=b"\r\n")

    assert office.task().title == "Un message n'a pas pu être lu : the mail is empty"
    office.close()


def test_who_may_not_manage_mail_does_not(office: Office, client: Any) -> None:
    from orgo.intake.models import Mail
    from orgo.people.models import User

    mail = office.mail("a@x.example", raw=b"\r\n")
    client.force_login(User.objects.get(address="anna@city.example"))

    assert client.post(f"/quarantine/{mail.pk}/discard", {"reason": "x"}).status_code in (403, 404)
    assert Mail.objects.get(pk=mail.pk).outcome == "quarantined"


def quarantined(office: Office, count: int) -> list[int]:
    """So many mails that an older version could not read; the newest last."""
    from orgo.flow.house import open_house
    from orgo.flow.place import quarantine
    from orgo.flow.unit import Unit
    from orgo.intake.store import Incoming, store

    raws = [
        written("c@people.example", "info@city.example", f"Question {n}", office.clock.now())
        for n in range(count)
    ]
    rows = store([Incoming(data=raw, source="smtp", envelope_to=("info@city.example",)) for raw in raws])
    with Unit(open_house()) as unit:
        for row in rows:
            quarantine(row, "the old version could not read it", unit)
    return [row.pk for row in rows]


def test_the_page_lists_all_that_is_there_by_pages(office: Office, client: Any) -> None:
    """The newest first, with the reason; the older ones are a page further, and none is missing."""
    numbers = quarantined(office, 230)
    pages, at = [], "/quarantine"
    while at:
        page = client.get(at).content.decode()
        pages.append({number for number in numbers if f"/mail/{number}/raw" in page})
        found = re.search(r'href="(\?before=\d+)"', page)
        at = f"/quarantine{found[1]}" if found else ""

    assert "the old version could not read it" in page
    assert [len(page) for page in pages] == [200, 30]
    assert set.union(*pages) == set(numbers) and numbers[-1] in pages[0]


@pytest.mark.parametrize("before", ["x", "-1", "9" * 30, "٣", ""])
def test_a_place_that_is_none_is_the_first_page(office: Office, client: Any, before: str) -> None:
    (number,) = quarantined(office, 1)
    assert f"/mail/{number}/raw" in client.get("/quarantine", {"before": before}).content.decode()


def test_the_original_is_handed_out_as_it_came(office: Office, client: Any) -> None:
    mail = office.mail("a@x.example", raw=b"\r\n<script>alert(1)</script>\r\n" * 2 + b"\0")
    quarantined(office, 1)
    answer = client.get(f"/mail/{mail.pk}/raw")

    assert answer.content == b"\r\n<script>alert(1)</script>\r\n" * 2 + b"\0"
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith("attachment;")


def test_one_mail_is_tried_again(office: Office, client: Any) -> None:
    """Its triage task is closed, and what can be read now becomes work; the others stay."""
    from orgo.audit.models import Event
    from orgo.intake.models import Mail

    first, second = quarantined(office, 2)
    task = Mail.objects.get(pk=first).task
    assert task is not None
    answer = client.post("/quarantine/retry", {"mail": str(first)}, follow=True).content.decode()
    assert "1 mail is tried again." in answer
    office.settle()

    assert [Mail.objects.get(pk=n).outcome for n in (first, second)] == ["opened", "quarantined"]
    from orgo.task.models import Task

    assert Task.objects.get(pk=task).state == "cancelled"
    assert Event.objects.get(type="mail.retried").actor == "admin@city.example"


def test_what_still_can_not_be_read_keeps_its_task(office: Office, client: Any) -> None:
    """Nobody is told a second time, and trying again puts no level off: the task's clock goes on from where it began."""
    from orgo.audit.models import Event
    from orgo.intake.models import Mail

    mail = office.mail("a@x.example", raw=b"\r\n")
    task, told = office.task(), office.told()
    happened = Event.objects.filter(task=task.pk).count()
    assert told and task.next_level_at is not None
    for _ in range(2):
        office.clock.move_to(office.clock.now() + timedelta(minutes=5))
        client.post("/quarantine/retry", {"mail": str(mail.pk)})
        assert office.task().state == "pending", "whoever dies here leaves a task that still escalates"
        office.settle()

    again = Mail.objects.get(pk=mail.pk)
    assert (again.outcome, again.task, office.tasks()) == ("quarantined", task.pk, 1)
    assert (office.task().state, office.task().next_level_at) == ("pending", task.next_level_at)
    assert Event.objects.filter(task=task.pk).count() == happened and office.told() == told


def test_a_new_task_comes_where_the_former_was_closed(office: Office, client: Any) -> None:
    """Somebody closed it and had the mail tried again: that it still can't be read is somebody's to see."""
    from orgo.flow.acting import perform
    from orgo.people.models import User

    mail = office.mail("a@x.example", raw=b"\r\n")
    perform(User.objects.get(address="admin@city.example"), office.task().reference, "done")
    client.post("/quarantine/retry", {"mail": str(mail.pk)})
    office.settle()

    assert office.tasks() == 2 and office.task().state == "pending"


def test_equal_mails_that_are_tried_again_are_one_task(office: Office, client: Any) -> None:
    """Neither ends at the other's triage task, which is closed."""
    from orgo.flow.house import open_house
    from orgo.flow.place import quarantine
    from orgo.flow.unit import Unit
    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming, store
    from orgo.message import content_key, parse
    from orgo.task.models import OPEN, Task

    raw = written("c@people.example", "info@city.example", "Question", office.clock.now())
    sent = [raw, b"Received: by another.example\r\n" + raw]
    rows = store([Incoming(data=one, source="smtp", envelope_to=("info@city.example",)) for one in sent])
    with Unit(open_house()) as unit:
        for row in rows:
            quarantine(row, "larger than it was allowed then", unit, {"content_key": content_key(parse(raw))})
    client.post("/quarantine/retry", {"mail": "all"})
    office.settle()

    (task,) = Task.objects.filter(state__in=OPEN)
    assert [(m.outcome, m.task) for m in Mail.objects.order_by("id")] == [
        ("opened", task.pk),
        ("linked", task.pk),
    ]


def test_what_turns_out_to_be_no_work_has_no_task(office: Office, client: Any) -> None:
    from orgo.flow.house import open_house
    from orgo.flow.place import quarantine
    from orgo.flow.unit import Unit
    from orgo.intake.models import Mail
    from orgo.intake.store import Incoming, store

    headers = {"Auto-Submitted": "auto-replied"}
    raw = written("c@people.example", "info@city.example", "Away", office.clock.now(), headers=headers)
    (row,) = store([Incoming(data=raw, source="smtp", envelope_to=("info@city.example",))])
    with Unit(open_house()) as unit:
        quarantine(row, "the old version could not read it", unit)
    client.post("/quarantine/retry", {"mail": "all"})
    office.settle()

    mail = Mail.objects.get(pk=row.pk)
    assert (mail.outcome, mail.task, office.task().state) == ("ignored", None, "cancelled")


def test_all_are_tried_again(office: Office, client: Any) -> None:
    """Also those that the page does not show."""
    from orgo.intake.models import Mail

    quarantined(office, 230)
    page = client.post("/quarantine/retry", {"mail": "all"}, follow=True).content.decode()

    assert "230 mails are tried again." in page
    assert not Mail.objects.filter(outcome="quarantined").exists()
    assert "Every mail could be read." in page


@pytest.mark.parametrize("mail", ["", "x", "9" * 19, "9" * 40, "1"])
def test_what_is_not_there_is_not_tried_again(office: Office, client: Any, mail: str) -> None:
    (number,) = quarantined(office, 1)
    page = client.post("/quarantine/retry", {"mail": mail}, follow=True).content.decode()

    assert "Nothing to try again." in page
    assert client.get(f"/mail/{number}/raw").status_code == 200


def test_who_may_not_see_mail_sees_no_quarantine(office: Office, client: Any) -> None:
    """Nor reads an original, nor tries again; an auditor looks and does nothing."""
    from orgo.people.models import User

    (number,) = quarantined(office, 1)
    client.force_login(User.objects.get(address="anna@city.example"))
    assert client.get("/quarantine").status_code in (403, 404)
    assert client.get(f"/mail/{number}/raw").status_code == 404
    assert client.post("/quarantine/retry", {"mail": "all"}).status_code in (403, 404)

    client.force_login(User.objects.get(address="rolf@city.example"))
    assert "/quarantine/retry" not in client.get("/quarantine").content.decode()
    assert client.post("/quarantine/retry", {"mail": "all"}).status_code in (403, 404)
    client.logout()
    assert client.get("/quarantine").status_code == 302

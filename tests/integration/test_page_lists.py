"""Lists on the page end with a word and go on; a step leads back to the list that it began in."""

import re
from typing import Any

import pytest

from orgo.lib import ids
from tests.office import PASS, Office


@pytest.fixture
def client(office: Office) -> Any:
    from django.test import Client

    from orgo.people.models import User

    made = Client()
    made.force_login(User.objects.get(address="admin@city.example"))
    return made


def _tasks(office: Office, count: int) -> None:
    """So many open tasks that all say "leak"."""
    from orgo.task import search
    from orgo.task.models import Task

    office.mail(headers={"Authentication-Results": PASS})
    first = office.task()
    values = {field.attname: getattr(first, field.attname) for field in Task._meta.concrete_fields}
    more = [
        Task(**values | {"id": ids.new_id(), "reference": ids.new_reference(), "mail": None})
        for _ in range(count - 1)
    ]
    Task.objects.bulk_create(more)
    search.index([(row.pk, "a leak") for row in more])


def _rows(page: str) -> list[str]:
    return re.findall(r'href="/tasks/(\w+)\?[^"]*" data-row', page)


@pytest.mark.parametrize("which", ["queue=all", "queue=unassigned", "q=leak"])
def test_a_long_list_says_how_many_more_there_are_and_shows_them(
    office: Office, client: Any, which: str
) -> None:
    _tasks(office, 235)
    first = client.get(f"/?{which}").content.decode()
    second = client.get(f"/?{which}&page=2").content.decode()

    assert len(_rows(first)) == 200 and "35 more</a>" in first
    assert f'href="/?{which}&amp;page=2"' in first and f'href="/?{which}&amp;page=1"' in second
    assert len(_rows(second)) == 35 and "more</a>" not in second
    assert len({*_rows(first), *_rows(second)}) == 235


def test_the_201st_is_one_more_and_the_200th_is_not(office: Office, client: Any) -> None:
    _tasks(office, 201)
    assert "1 more</a>" in client.get("/?queue=all").content.decode()
    client.post(f"/tasks/{office.task().reference}/do/done")
    assert "more</a>" not in client.get("/?queue=all").content.decode()


def test_what_is_found_by_its_reference_stands_once_and_first(office: Office, client: Any) -> None:
    from orgo.task import search

    _tasks(office, 3)
    task = office.task()
    search.index([(task.pk, task.reference)])

    assert _rows(client.get(f"/?q={task.reference}").content.decode()) == [task.reference]


@pytest.mark.parametrize("page", ["0", "-1", "x", "1e9", "99999999999999999999", "²", ""])
def test_a_page_that_is_none_is_the_first(office: Office, client: Any, page: str) -> None:
    _tasks(office, 2)

    assert len(_rows(client.get("/", {"queue": "all", "page": page}).content.decode())) == 2


def test_news_are_counted_in_the_whole_queue(office: Office, client: Any) -> None:
    _tasks(office, 205)
    page = client.get("/?queue=all").content.decode()
    news = re.search(r'hx-get="(/news[^"]+)"', page)
    assert news is not None
    link = news[1].replace("&amp;", "&")
    assert client.get(link).content.decode().strip() == ""
    office.mail(subject="Another leak")
    office.mail(subject="A third leak", sender="dirk@people.example")

    assert "2 new" in client.get(link).content.decode()
    assert client.get("/news?queue=all&since=99999999999999999999").status_code == 200


def test_a_step_leads_back_to_its_list(office: Office, client: Any) -> None:
    _tasks(office, 1)
    reference = office.task().reference
    page = client.get(f"/tasks/{reference}?queue=unassigned&page=1").content.decode()
    forms = re.findall(r'<form[^>]*/do/\w+">.*?</form>', page, re.DOTALL)
    assert forms and all('name="back" value="queue=unassigned"' in form for form in forms)

    for given, wanted in {
        "queue=mine&page=2": "?queue=mine&page=2",
        "q=leak+102": "?q=leak+102",
        "": "",
        "queue=none": "",
        "//evil.example/": "",
        "q=a\r\nX-Evil: 1": "?q=a%0D%0AX-Evil%3A+1",
    }.items():
        answer = client.post(f"/tasks/{reference}/do/note", {"text": "x", "back": given})
        assert answer.headers["Location"] == f"/tasks/{reference}{wanted}"


def test_letters_go_on_by_pages_and_alarms_are_among_them_for_who_sees_mail(
    office: Office, client: Any
) -> None:
    from orgo.outbox.models import Letter
    from orgo.people.models import User

    _tasks(office, 1)
    first = Letter.objects.filter(task=office.task().pk)[0]
    values = {field.attname: getattr(first, field.attname) for field in Letter._meta.concrete_fields}
    made = [
        Letter(**values | {"id": number, "event": number, "message_id": f"<{number}@x.example>"})
        for number in (ids.new_id() for _ in range(205))
    ]
    made[0].task, made[0].subject = None, "An alarm of Orgo itself"
    made[204].task, made[204].subject = None, "Another alarm"
    Letter.objects.bulk_create(made)
    page = client.get("/letters").content.decode()
    older = re.search(r'href="(/letters\?before=\d+)"', page)

    assert page.count("<tr>") == 201 and "Another alarm" in page and older is not None
    assert "An alarm of Orgo itself" in client.get(older[1]).content.decode()
    assert client.get(f"/letters/{made[0].pk}").status_code == 200
    client.force_login(User.objects.get(address="anna@city.example"))
    assert "Another alarm" not in client.get("/letters").content.decode()
    assert client.get(f"/letters/{made[0].pk}").status_code == 404


@pytest.mark.parametrize("count", [100, 101])
def test_what_people_got_says_where_it_ends(office: Office, client: Any, count: int) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    folder = office.config.var / "caught"
    folder.mkdir(parents=True)
    for number in range(1, count + 1):
        (folder / f"{number:06}.eml").write_bytes(office.catcher.caught[0].data)
    page = client.get("/caught").content.decode()

    assert page.count("<tr>") == 101 and ("The newest 100 are shown." in page) == (count > 100)

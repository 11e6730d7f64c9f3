"""What the page says in French: times, priorities, states, what is in trouble, why a mail lies aside."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest

from orgo.ops import trouble
from tests.office import PASS, Office


@pytest.fixture
def client(office: Office) -> Any:
    """The administrator's French browser."""
    from django.test import Client

    from orgo.people.models import User

    made = Client(headers={"Accept-Language": "fr"})
    made.force_login(User.objects.get(address="admin@city.example"))
    return made


@pytest.fixture
def page(client: Any) -> Any:
    """A page as it shows it."""
    return lambda path: client.get(path).content.decode()


def test_a_task_is_french_to_the_last_word(office: Office, page: Any) -> None:
    from orgo.task.models import Task

    office.mail(headers={"Authentication-Results": PASS})
    Task.objects.update(due_at=office.clock.now())
    office.clock.advance(days=2)
    shown = page(f"/tasks/{office.task().reference}?queue=all")

    assert "lun 7 sep, 08:00" in shown and "Sep," not in shown
    assert ">haute</option>" in shown and ">basse</option>" in shown
    assert "en retard de 2 j" in shown


def test_the_task_says_of_a_letter_that_it_may_have_arrived_twice(office: Office, page: Any) -> None:
    from orgo.outbox.models import Letter

    office.mail()
    words = "envoyé une fois de plus : il est peut-être arrivé deux fois"
    Letter.objects.filter(recipient="anna@city.example").update(repeated=True)
    assert page(f"/tasks/{office.task().reference}?queue=all").replace("\u00a0", " ").count(words) == 1


@pytest.mark.parametrize(
    ("language", "said"), [("en", "Mon 10 Jan 2028, 10:00"), ("fr", "lun 10 jan 2028, 10:00")]
)
def test_a_deadline_in_another_year_has_its_year(
    office: Office, client: Any, language: str, said: str
) -> None:
    from orgo.task.models import Task

    office.mail(headers={"Authentication-Results": PASS})
    Task.objects.update(due_at=datetime(2028, 1, 10, 10, 0, tzinfo=UTC))
    shown = client.get(f"/tasks/{office.task().reference}", headers={"Accept-Language": language})
    assert f"<dd>{said}</dd>" in shown.content.decode()


@pytest.mark.parametrize(
    ("priority", "chips"), [("high", ["haute"]), ("urgent", ["urgente"]), ("normal", [])]
)
def test_the_task_and_its_row_show_a_priority_that_is_not_usual(
    office: Office, page: Any, priority: str, chips: list[str]
) -> None:
    from orgo.task.models import Task

    office.mail(headers={"Authentication-Results": PASS})
    Task.objects.update(priority=priority)
    rows, _, task = page(f"/tasks/{office.task().reference}?queue=all").partition("<article")
    assert [re.findall('chip high">(.+?)<', part) for part in (rows, task)] == [chips, chips]


def test_a_row_says_when_it_is_due(office: Office, page: Any) -> None:
    from datetime import timedelta

    from orgo.task.models import Task

    office.mail(headers={"Authentication-Results": PASS})
    assert "échéance" not in page("/?queue=all").partition('class="rows"')[2]
    Task.objects.update(due_at=office.clock.now() + timedelta(hours=3))
    assert "échéance dans 3 h" in page("/?queue=all")


def test_trouble_and_reasons_are_french_where_the_words_are_orgos(office: Office, page: Any) -> None:
    from orgo.audit.keys import Gone

    office.mail("a@x.example", raw=b"\r\n")
    trouble.note("smtp", "letters can't leave by mail.city.example:25: 421 busy")
    trouble.note("trail", str(Gone()))
    trouble.note("other", "something that nobody translated")
    try:
        shown = page("/quarantine")
    finally:
        for what in ("smtp", "trail", "other"):
            trouble.over(what)

    assert "Les messages ne peuvent pas partir par mail.city.example:25\u00a0: 421 busy" in shown
    assert "Le journal a des sceaux et sa clé n&#x27;est plus dans la base" in shown
    assert "something that nobody translated" in shown and "le message est vide" in shown


def test_a_refusal_is_french_with_what_was_written_in_it(office: Office, client: Any) -> None:
    office.mail(headers={"Authentication-Results": PASS})
    path = f"/tasks/{office.task().reference}/do"
    said = client.post(f"{path}/due", {"until": "tantôt"}, follow=True).content.decode()
    assert (
        "«\u00a0tantôt\u00a0» n&#x27;est pas une durée\u202f; écrivez par exemple «\u00a02 heures\u00a0»"
        in said
    )
    said = client.post(f"{path}/assign", {"to": "x@city.example"}, follow=True).content.decode()
    assert "personne ici n&#x27;a l&#x27;adresse x@city.example" in said


def test_a_task_and_a_letter_are_cancelled_each_in_its_gender(office: Office, page: Any) -> None:
    from orgo.outbox.models import Letter
    from orgo.task.models import Task

    office.mail(headers={"Authentication-Results": PASS})
    Task.objects.update(priority="urgent", state="cancelled")
    Letter.objects.update(state="cancelled")
    shown = page("/?q=leak")

    assert '<span class="chip high">urgente</span>' in shown
    assert '<span class="chip state-cancelled">annulée</span>' in page(f"/tasks/{office.task().reference}")
    assert '<span class="reply cancelled">annulé</span>' in page("/letters")


def test_a_closed_task_shows_how_it_ended_and_neither_level_nor_deadline(office: Office, page: Any) -> None:
    from orgo.task.models import Task

    office.mail(headers={"Authentication-Results": PASS})
    Task.objects.update(due_at=office.clock.now())
    office.clock.advance(hours=3)
    office.settle()
    row = page("/?queue=all").partition('class="rows"')[2]
    assert "escaladée, niveau 1" in row and "en retard" in row
    office.answer("ben@city.example", "done")
    closed = page(f"/tasks/{office.task().reference}?queue=closed")

    assert "escaladée, niveau" not in closed and "en retard" not in closed.partition('class="rows"')[2]
    assert '<span class="chip state-completed">faite</span>' in closed
    assert "<dt>Fait par</dt><dd>Ben Berg</dd>" in closed


def test_what_would_become_of_observed_mail_is_french() -> None:
    from django.utils import translation

    from orgo.web.words import foreseen

    with translation.override("fr"):
        assert foreseen("it would open a task for Works") == "il ouvrirait une tâche pour Works"
        assert (
            foreseen("it would be ignored: an automatic reply")
            == "il serait ignoré\u00a0: une réponse automatique"
        )

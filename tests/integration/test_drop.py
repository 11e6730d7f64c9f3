"""A mail file that is dropped on the page goes the same way as every mail."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from tests.office import RULES, Office, written

SCHOOL = """
  - name: The school's
    condition: "organization == 'school'"
    action: {route_to: office@school.example}
"""


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    """An office where a rule asks for the organization."""
    made = Office(tmp_path, rules=RULES + SCHOOL)
    yield made
    made.close()


def _anna(language: str = "en") -> Any:
    """Anna's browser."""
    from django.test import Client

    from orgo.people.models import User

    client = Client(headers={"Accept-Language": language})
    client.force_login(User.objects.get(address="anna@city.example"))
    return client


def _drop(office: Office, data: bytes, name: str = "a.eml", language: str = "en") -> Any:
    """The page's answer to a file that Anna drops on it."""
    client = _anna(language)
    answer = client.post("/mail/drop", {"mail": SimpleUploadedFile(name, data)})
    office.settle()
    return answer


def test_the_rules_see_whom_it_was_sent_to(office: Office) -> None:
    data = written("clara@people.example", "Office <office@school.example>", "A question", office.clock.now())
    answer = _drop(office, data)

    assert answer.status_code == 201
    assert office.task().team == "office@school.example"
    assert office.task().organization == "school"


@pytest.mark.parametrize(
    ("name", "data"), [("a.pdf", b"%PDF-1.7\n1 0 obj\n"), ("photo.jpg", b"\xff\xd8\xff\0")]
)
def test_what_is_no_mail_is_refused(office: Office, name: str, data: bytes) -> None:
    answer = _drop(office, data, name)

    assert (answer.status_code, answer.json()) == (422, {"error": "This is not a mail file (.eml)."})
    assert office.tasks() == 0


ENVELOPE = b"From clara@people.example Mon Sep  7 08:00:00 2026\n"


def _mbox(office: Office, *bodies: str) -> bytes:
    """An mbox with a mail of Clara's for each body."""
    return b"\n".join(
        ENVELOPE + written("clara@people.example", "info@city.example", body, office.clock.now(), body=body)
        for body in bodies
    )


@pytest.mark.parametrize("name", ["archive.mbox", "archive.eml"])
@pytest.mark.parametrize("begin", [b"", b"\xef\xbb\xbf", b"\r\n"])
def test_no_mail_of_an_archive_ends_in_anothers_task(office: Office, name: str, begin: bytes) -> None:
    answer = _drop(office, begin + _mbox(office, "A leak", "A secret"), name)

    said = "This is an archive of several mails: import it by orgo import."
    assert (answer.status_code, answer.json()) == (422, {"error": said})
    assert office.tasks() == 0


def test_an_archive_is_refused_in_the_readers_language(office: Office) -> None:
    answer = _drop(office, _mbox(office, "A leak", "A secret"), language="fr")
    assert (
        answer.json()["error"] == "C'est une archive de plusieurs mails\u00a0: importez-la par orgo import."
    )


@pytest.mark.parametrize("body", ["A leak", "A leak\n\nFrom now on it drips", "A leak\n\n>From a@b.example"])
def test_an_mbox_of_one_mail_is_that_mail(office: Office, body: str) -> None:
    data = ENVELOPE + written(
        "c@people.example", "info@city.example", "A leak", office.clock.now(), body=body
    )
    assert _drop(office, data, "one.mbox").status_code == 201
    assert (office.tasks(), office.task().title) == (1, "A leak")


@pytest.mark.parametrize(
    ("language", "words"),
    [("en", "It is in task %s: A leak"), ("fr", "Il est dans la tâche %s\u00a0: A leak")],
)
def test_the_page_says_what_became_of_it(office: Office, language: str, words: str) -> None:
    data = written("clara@people.example", "info@city.example", "A leak", office.clock.now())
    number = _drop(office, data).json()["mail"]
    found = _anna(language).get(f"/mail/{number}/where").json()

    assert (found["task"], found["said"]) == (office.task().reference, words % office.task().reference)


def test_of_a_task_that_is_not_ones_own_to_see_only_that_is_said(office: Office) -> None:
    data = written("c@people.example", "info@city.example", "A leak", office.clock.now(), body="harassment")
    number = _drop(office, data).json()["mail"]
    found = _anna().get(f"/mail/{number}/where").json()

    assert found["task"] is None and "their task is not for you to see" in found["said"]


def test_what_makes_no_task_is_kept_and_the_reason_said(office: Office) -> None:
    data = written(
        "c@people.example",
        "info@city.example",
        "Away",
        office.clock.now(),
        headers={"Auto-Submitted": "auto-replied"},
    )
    number = _drop(office, data).json()["mail"]

    assert (
        "Il est gardé, sans devenir une tâche\u00a0: une réponse automatique"
        == _anna("fr").get(f"/mail/{number}/where").json()["said"]
    )


def test_a_file_that_is_too_large_is_refused_with_what_is_allowed(office: Office) -> None:
    office.take_at_most(1_500_000)
    answer = _drop(office, b"Subject: A leak\r\n\r\n" + b"It leaks. " * 150_000, language="fr")

    said = "Le fichier est trop volumineux\u00a0: un mail a au plus 1,5 Mo."
    assert (answer.status_code, answer.json()) == (413, {"error": said})
    assert office.tasks() == 0


def test_an_empty_file_is_refused_in_the_readers_language(office: Office) -> None:
    assert _drop(office, b"", language="fr").json() == {"error": "Le fichier est vide."}

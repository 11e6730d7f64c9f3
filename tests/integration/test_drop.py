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


def _drop(office: Office, data: bytes, name: str = "a.eml") -> Any:
    """The page's answer to a file that Anna drops on it."""
    from django.test import Client

    from orgo.people.models import User

    client = Client()
    client.force_login(User.objects.get(address="anna@city.example"))
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

    assert (answer.status_code, answer.json()) == (422, {"error": "This file is no mail."})
    assert office.tasks() == 0

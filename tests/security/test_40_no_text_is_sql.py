"""S40: words that are looked for, and names in addresses of pages, are values and never SQL or operators of a search."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.office import Office

WORDS = [
    "'", "''", '"', '"""', "' OR 1=1 --", "1; DROP TABLE task_task", "\\", "%", "_", "*", "* OR *", "NEAR(a b)", "title:leak", "a AND", "NOT", "(", "^leak", "-leak",
    "leak*", "\x00", "\ud7ff", "💧", "' UNION SELECT data FROM intake_raw --", "x" * 10_000, "a " * 5_000, "{1}", "+", "AND OR NOT", "leak\" OR \"x",
]  # fmt: skip


@pytest.mark.parametrize("words", WORDS)
def test_any_words_may_be_looked_for(office: Office, enter: Callable[..., Any], words: str) -> None:
    from orgo.task.models import Task

    office.mail(subject="A leak")
    client = enter("sofie@school.example")

    for query in ({"q": words}, {"queue": words}, {"queue": "all", "page": words, "sort": words}):
        answer = client.get("/?" + urlencode(query))
        assert answer.status_code in (200, 400, 404, 414), query
        assert b"A leak" not in answer.content
    assert Task.objects.count() == 1

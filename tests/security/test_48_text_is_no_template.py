"""S48: a stranger's text is never a template, and an administrator's template knows placeholders only."""

import re

import pytest

from tests.office import Office, text_of

PAYLOADS = [
    "{{7*7}}", "{{ config }}", "${7*7}", "#{7*7}", "<%= 7*7 %>", "{% debug %}", "{% load static %}", "{reference}", "{{reference}}", "{0}", "{0.__class__}", "%(title)s",
    "{{''.__class__.__mro__}}", "{% include '/etc/passwd' %}", "$(id)", "`id`", "{title.__class__}", "{!r}", "{", "}", "{{", "%s%s%s%n",
]  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_it_is_printed_as_it_stands(office: Office, payload: str) -> None:
    office.mail(subject=f"leak {payload}", body=f"Say {payload} please")
    letter = office.letters("anna@city.example")[0]

    assert payload in text_of(letter) and payload in str(letter["Subject"])
    words = re.sub(r"sig=\w+", "", text_of(letter).replace(office.task().reference, ""))
    assert "49" not in words or "49" in payload

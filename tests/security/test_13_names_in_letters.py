"""S13: a sender's name or a subject is text in our letters, never markup and never a link's label."""

import re

from tests.office import Office, text_of

NAME = "<img src=x onerror=alert(1)><a href=http://evil.example>IT desk</a>"


def test_markup_in_name_subject_and_text_is_escaped(office: Office) -> None:
    office.mail(
        "eve@evil.example",
        raw=f'From: "{NAME}" <eve@evil.example>\r\nSubject: leak {NAME}\r\n\r\n{NAME}\r\n'.encode(),
    )
    office.later(hours=5)
    office.answer("anna@city.example", "done")

    assert {"anna@city.example", "chief@city.example", "eve@evil.example"} <= set(office.told())
    for letter in office.letters():
        html = letter.get_body(("html",))
        assert html is not None
        assert "<img" not in html.get_content() and "href=http://evil" not in html.get_content()


LABEL = "IT desk http://evil.example/login"


def test_a_strangers_url_is_no_link_of_ours(office: Office) -> None:
    """In a name, a subject and a text, in every letter of a task's life; our own links are."""
    raw = f'From: "{LABEL}" <eve@evil.example>\r\nSubject: leak {LABEL}\r\n\r\n{LABEL}\r\n'.encode()
    office.mail("eve@evil.example", raw=raw)
    office.later(hours=5)
    for words in ("take", "eta 2 hours", f"Please see {LABEL}", "escalate", "done", "undo"):
        office.answer("anna@city.example", words)
    office.answer("eve@evil.example", f"And now? {LABEL}")

    kinds = set()
    for letter in office.letters():
        html = letter.get_body(("html",))
        assert html is not None
        links = re.findall(r'href="([^"]*)"', html.get_content())
        assert all(link.startswith("http://127.0.0.1:8000/") for link in links)
        kinds.add(str(letter["Subject"]).split(LABEL)[0])
    assert len(kinds) > 3


def test_a_name_is_cut_where_it_is_no_name_any_more(office: Office) -> None:
    office.mail(
        "eve@evil.example",
        raw=f"From: {'x' * 5000} <eve@evil.example>\r\nSubject: leak\r\n\r\nx\r\n".encode(),
    )

    assert "x" * 100 in text_of(office.letters("anna@city.example")[0]) and "x" * 129 not in text_of(
        office.letters("anna@city.example")[0]
    )

"""What Orgo signed for one person is shown to no other: not by a page, a download, a search or the next letter."""

import base64
import quopri
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from orgo.lib import ids
from tests.office import PASS, PEOPLE, Office, text_of

PERSONS = re.findall(r"address: ([\w.]+@[\w.]+)", PEOPLE)
FORMS: dict[str, Callable[[str], bytes]] = {
    "7bit": str.encode,
    "quoted-printable": lambda text: quopri.encodestring(text.encode()),
    "base64": lambda text: base64.encodebytes(text.encode()),
}


@pytest.fixture
def client(office: Office) -> Any:
    from django.test import Client

    return Client()


def _answer(office: Office, sender: str, words: str, form: str = "7bit") -> Any:
    """`sender` answers from a mail client that quotes the letter, in text and in HTML, and attaches it."""
    letter = office.letters(sender)[-1]
    quoted = "\n".join(f"> {line}" for line in text_of(letter).splitlines())
    html = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    parts = (("text/plain", f"{words}\n\nOn Monday, Orgo wrote:\n{quoted}\n"), ("text/html", html))
    body = b"".join(
        f"--b\r\nContent-Type: {kind}; charset=utf-8\r\nContent-Transfer-Encoding: {form}\r\n\r\n".encode()
        + FORMS[form](text)
        + b"\r\n"
        for kind, text in parts
    )
    attached = (
        b"--b\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment; filename=letter.eml\r\n\r\n"
    )
    head = (
        f"Authentication-Results: {PASS}\r\nFrom: {sender}\r\nTo: {letter['Reply-To']}\r\nSubject: Re: {letter['Subject']}\r\n"
        f"In-Reply-To: {letter['Message-ID']}\r\nMessage-ID: <{ids.new_id()}@city.example>\r\n"
        f"Date: {office.clock.now():%a, %d %b %Y %H:%M:%S} +0000\r\n"
        'MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="b"\r\n\r\n'
    )
    raw = head.encode() + body + attached + office.catcher.caught[0].data + b"\r\n--b--\r\n"
    return office.mail(sender, raw=raw, to=str(letter["Reply-To"]))


def _signatures(office: Office) -> set[str]:
    """All that Orgo signed: for each task, each person and each purpose."""
    from orgo.flow.house import open_house
    from orgo.outbox.models import Letter
    from orgo.task.models import Task

    signer = open_house().signer
    people = [*PERSONS, "clara@people.example"]
    found = {
        signer.sign(purpose, task.reference, person)
        for task in Task.objects.all()
        for person in people
        for purpose in ("reply", "mid", "take")
    }
    return found | {
        letter.sender.partition(".")[2].partition("@")[0] for letter in Letter.objects.all() if letter.sender
    }


def _pages(client: Any) -> Iterator[tuple[str, bytes]]:
    """Every page and download that links lead to."""
    seen, ahead = {"/"}, ["/", "/?queue=all", "/?queue=closed"]
    while ahead:
        path = ahead.pop()
        answer = client.get(path)
        yield path, answer.content
        links = re.findall(r'(?:href|src|hx-get)="(/[^"#]*)"', answer.content.decode("utf-8", "replace"))
        new = {link.replace("&amp;", "&") for link in links if not link.startswith("/static/")} - seen
        seen |= new
        ahead += new


def _decoded(content: bytes) -> str:
    """What a reader makes of it: with the parts in base64 and quoted-printable read."""
    texts = [content, quopri.decodestring(content)]
    for block in re.findall(rb"(?:[A-Za-z0-9+/]{40,}={0,2}\s+)+", content):
        texts.append(base64.b64decode(block + b"=="))
    return "\n".join(text.decode("utf-8", "replace") for text in texts)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize(
    "who", ["admin@city.example", "chief@city.example", "anna@city.example", "rolf@city.example"]
)
def test_no_page_of_any_role_shows_what_was_signed_for_another(
    office: Office, client: Any, who: str, form: str
) -> None:
    from orgo.people.models import User

    office.mail("clara@people.example", headers={"Authentication-Results": PASS})
    mail = _answer(office, "ben@city.example", "take", form)
    assert mail.outcome == "joined" and office.task().assignee == "ben@city.example"
    assert "sig=" in mail.text
    client.force_login(User.objects.get(address=who))
    pages = dict(_pages(client))

    assert {f"/mail/{mail.pk}/raw", f"/mail/{mail.pk}/html", f"/mail/{mail.pk}/attachment/0"} <= pages.keys()
    signed = _signatures(office)
    shown = {path: _decoded(content) for path, content in pages.items()}
    assert [
        path for path, text in shown.items() if "sig=" in text or any(one in text for one in signed)
    ] == []


def test_a_mail_without_anything_signed_is_handed_out_byte_by_byte(office: Office, client: Any) -> None:
    from orgo.people.models import User

    body = (
        base64.encodebytes("Élévateur: a sig=1 and more of it\n".encode() * 9).decode().replace("\n", "\r\n")
    )
    mail = office.mail(headers={"Content-Transfer-Encoding": "base64"}, body=body)
    client.force_login(User.objects.get(address="anna@city.example"))

    assert body.encode() in client.get(f"/mail/{mail.pk}/raw").content


def test_the_letter_about_an_answer_does_not_pass_on_what_the_answer_quotes(office: Office) -> None:
    office.mail("clara@people.example", headers={"Authentication-Results": PASS})
    office.answer("anna@city.example", "take")
    mail = _answer(office, "ben@city.example", "The door is locked, bring the key.")
    signature = re.search(r"sig=(\w+)", mail.text)
    told = text_of(office.letters("anna@city.example")[-1])

    assert signature is not None and "bring the key" in told and "There is work for" in told
    assert signature[1] not in told


def test_a_signature_is_not_found_letter_by_letter(office: Office, client: Any) -> None:
    from orgo.people.models import User

    office.mail("clara@people.example", headers={"Authentication-Results": PASS})
    mail = _answer(office, "ben@city.example", "take")
    signature = re.search(r"sig=(\w+)", mail.text)
    assert signature is not None
    client.force_login(User.objects.get(address="rolf@city.example"))

    assert b"data-row" in client.get("/?q=take").content
    assert b"data-row" not in client.get(f"/?q={signature[1][:5]}").content


def test_the_quotation_is_folded_and_the_words_stand_free(office: Office, client: Any) -> None:
    from orgo.people.models import User

    office.mail("clara@people.example", headers={"Authentication-Results": PASS})
    _answer(office, "ben@city.example", "I am on my way, with the long ladder.")
    client.force_login(User.objects.get(address="anna@city.example"))
    page = client.get(f"/tasks/{office.task().reference}").content.decode()

    before, _, quoted = page.partition('<details class="quoted">')
    assert "with the long ladder" in before and "There is work for" not in before
    assert "There is work for" in quoted

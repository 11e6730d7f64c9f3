"""README's ten minutes to one's own mailbox, step by step as they are printed, against a real Dovecot and a server for letters."""

import re
from collections.abc import Iterator
from email import message_from_bytes
from email.policy import default
from pathlib import Path

import pytest

from orgo.demo.catcher import Catcher
from tests.house.checkout import ROOT
from tests.house.doc_commands import of_page
from tests.runbook.reader import Reader, copy_of_the_checkout, wait_for
from tests.servers.dovecot import PASSWORD, Dovecot

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600), pytest.mark.needs("dovecot")]
README = (ROOT / "README.md").read_text("utf-8")
ACCOUNT = "info@organization.com"
PEOPLE = """\
teams:
  - {name: maintenance, address: maintenance@organization.com, supervisor: chief@organization.com, members: [anna@organization.com]}
  - {name: reception, address: reception@organization.com, supervisor: chief@organization.com, members: [chief@organization.com], triage: true}
users:
  - {address: admin@organization.com, name: Ada, role: administrator}
  - {address: anna@organization.com, name: Anna, role: technician}
  - {address: chief@organization.com, name: Carl, role: supervisor}
"""
OLD = b"From: old@people.example\r\nTo: info@organization.com\r\nSubject: a leak of last year\r\nMessage-ID: <old@people.example>\r\n\r\nDrip.\r\n"
NEW = b"From: clara@people.example\r\nTo: info@organization.com\r\nSubject: a leak in room 7\r\nMessage-ID: <new@people.example>\r\n\r\nDrip, drip.\r\n"


def printed(command: str) -> str:
    """The command as README prints it, by its first words."""
    (found,) = [
        one for one in of_page("README.md", README) if one.typed and " ".join(one.words).startswith(command)
    ]
    return " ".join(("./orgo", *found.words))


def block(key: str) -> str:
    """The block of README that begins with this key, without its indentation."""
    found = re.search(rf"^( +){key}:\n(?:\1 +.*\n)+", README, re.MULTILINE)
    assert found, key
    return re.sub(rf"^{found[1]}", "", found[0], flags=re.MULTILINE)


@pytest.fixture
def reader(environment: Path, tmp_path: Path) -> Reader:
    """Somebody who has typed step 1: a fresh copy, and an environment of venv's and pip's."""
    copy_of_the_checkout(tmp_path / "orgo")
    return Reader(tmp_path / "orgo", environment)


@pytest.fixture
def letters() -> Iterator[Catcher]:
    catcher = Catcher()
    yield catcher
    catcher.stop()


def said(reader: Reader, command: str, answer: str = "", code: int = 0) -> str:
    """What a command of the runbook says; it ends well."""
    done = reader.types(command, answer, ORGO_SMTP_PASSWORD="")
    assert done.returncode == code, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def test_ten_minutes_to_ones_own_mailbox(
    reader: Reader, letters: Catcher, dovecot: Dovecot, tmp_path: Path
) -> None:
    config = reader.checkout / "config"
    # 2, the first set-up
    assert "/sign-in/" in said(reader, "python setup.py")
    # 3, who is who, and how letters leave: README's block, with this test's server
    (config / "people.yaml").write_text(PEOPLE)
    smtp = block("smtp").replace("smtp.organization.com", "127.0.0.1").replace("587", str(letters.start()))
    smtp = re.sub(r"  username.*\n  password.*\n", "  from: orgo@organization.com\n", smtp)
    (config / "config.yaml").write_text((config / "config.yaml").read_text() + smtp)
    said(reader, "python setup.py")
    said(reader, "./orgo config check")
    # 4, a rule
    (config / "rules.yaml").write_text(block("rules"))
    said(reader, "./orgo rules check")
    # 5, where would a mail go
    assert "Routed To: maintenance@organization.com" in said(reader, printed("mail route"))
    # 6, the mailbox: observed first
    dovecot.put(ACCOUNT, OLD)
    where = f"localhost --port {dovecot.imaps} --tls implicit --ca-file {dovecot.certificate}"
    add = printed("mailbox add").replace("imap.organization.com", where)
    said(reader, add, PASSWORD)
    said(reader, printed("mailbox test"))
    with reader.working(tmp_path / "main.log"):
        wait_for(lambda: "a leak of last year" in said(reader, printed("mailbox preview")))
        assert said(reader, "./orgo task list --all --json") == ""
        said(reader, printed("mailbox go-live"))
        dovecot.put(ACCOUNT, NEW)
        wait_for(lambda: "a leak in room 7" in said(reader, "./orgo task list"))
        wait_for(lambda: any(letter.recipient == "anna@organization.com" for letter in letters.caught))
    listed = said(reader, "./orgo task list --all")
    assert "a leak of last year" not in listed and "maintenance" in listed
    (letter,) = [one for one in letters.caught if one.recipient == "anna@organization.com"]
    assert "a leak in room 7" in message_from_bytes(letter.data, policy=default)["Subject"]

"""An IMAP server that does not answer for one mail, and one that counts what it is asked: no mail waits for another."""

import re
from contextlib import suppress
from typing import Any

import pytest

from orgo.intake.mailbox.ports import MailboxError
from tests.integration.mailbox.conftest import leak
from tests.servers.scripted import Scripted, answering

CAPABLE = b"IMAP4rev1 UIDPLUS CONDSTORE"
REFUSED = b"NO [SERVERBUG] mail 8 is corrupt"


class Imap:
    """A server with these mails in its INBOX. What it does not say of a mail is set by the test.

    `silent` holds (uid, what) of which nothing is said, `refuses` those for which the whole FETCH is refused, `kills` those
    at which the connection ends; `announced` is a size that is told instead of the true one.
    """

    def __init__(self, *uids: int) -> None:
        self.mails = {uid: leak(uid) for uid in uids}
        self.silent: set[tuple[int, str]] = set()
        self.refuses: set[tuple[int, str]] = set()
        self.kills: set[tuple[int, str]] = set()
        self.announced: dict[int, int] = {}
        self.modseq = 0
        self.heard: list[str] = []
        self.bodies: list[list[int]] = []
        self.marked: set[int] = set()

    def answer(self, line: bytes) -> bytes:
        """The answer to one command."""
        tag, _, rest = line.decode().strip().partition(" ")
        words = rest.upper().removeprefix("UID ").split()[0]
        self.heard.append(words)
        lines, done = getattr(self, f"_{words.lower()}", lambda rest: (b"", b"OK done"))(rest)
        return lines + tag.encode() + b" " + done + b"\r\n"

    def _capability(self, rest: str) -> tuple[bytes, bytes]:
        return b"* CAPABILITY " + CAPABLE + b"\r\n", b"OK done"

    def _examine(self, rest: str) -> tuple[bytes, bytes]:
        told = [b"%d EXISTS" % len(self.mails), b"OK [UIDVALIDITY 5] x"]
        if self.modseq:
            told.append(b"OK [HIGHESTMODSEQ %d] x" % self.modseq)
        return b"".join(b"* " + line + b"\r\n" for line in told), b"OK [READ-ONLY] done"

    def _select(self, rest: str) -> tuple[bytes, bytes]:
        return self._examine(rest)[0], b"OK [READ-WRITE] done"

    def _store(self, rest: str) -> tuple[bytes, bytes]:
        asked = self._meant(rest.split()[2])
        if any((uid, "mark") in self.refuses for uid in asked):
            return b"", REFUSED
        self.marked |= set(asked)
        return b"", b"OK done"

    def _search(self, rest: str) -> tuple[bytes, bytes]:
        found = "".join(f" {uid}" for uid in self._meant(rest.split()[-1]))
        return f"* SEARCH{found}\r\n".encode(), b"OK done"

    def _fetch(self, rest: str) -> tuple[bytes, bytes]:
        what = "body" if "BODY" in rest else "size"
        asked = self._meant(rest.split()[2])
        if any((uid, what) in self.kills for uid in asked):
            raise EOFError  # it is gone
        self.bodies += [asked] if what == "body" else []
        if any((uid, what) in self.refuses for uid in asked):
            return b"", REFUSED
        return b"".join(self._told(uid, what) for uid in asked if (uid, what) not in self.silent), b"OK done"

    def _told(self, uid: int, what: str) -> bytes:
        mail = self.mails[uid]
        if what == "body":
            return b"* 1 FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (uid, len(mail), mail)
        date = b'INTERNALDATE "07-Sep-2026 08:00:00 +0000"'
        return b"* 1 FETCH (UID %d RFC822.SIZE %d %s)\r\n" % (uid, self.announced.get(uid, len(mail)), date)

    def _meant(self, numbers: str) -> list[int]:
        ends = [part.partition(":") for part in numbers.split(",")]
        last = str(max(self.mails, default=1))
        return [uid for uid in self.mails if any(_within(uid, a, b or a, last) for a, _, b in ends)]


def _within(uid: int, first: str, last: str, end: str) -> bool:
    low, high = sorted((int(first.replace("*", end)), int(last.replace("*", end))))
    return low <= uid <= high


@pytest.fixture
def look(office: Any) -> Any:
    """One look through a server's INBOX; returns how many mails were taken."""
    from orgo.conf.config import Mailbox as Account
    from orgo.intake.mailbox.watch import Watcher

    def looking(imap: Imap, password: str = "word", username: str = "info@city.example", **more: Any) -> int:
        with Scripted((b"* OK ready\r\n", *answering(imap.answer, 500))) as server:
            given = {"host": "127.0.0.1", "port": server.port, "tls": "none", "protocol": "imap"}
            return Watcher(Account(**given, username=username, password=password, **more)).fetch()

    return looking


def sizes() -> list[int]:
    from orgo.intake.models import Mail

    return list(Mail.objects.order_by("id").values_list("size", flat=True))


def left() -> list[tuple[str, str]]:
    from orgo.intake.models import Receipt

    return list(Receipt.objects.exclude(problem="").values_list("uid", "problem"))


@pytest.mark.parametrize("how", ["silent", "refuses"])
def test_a_mail_whose_size_is_not_told_is_taken_all_the_same(look: Any, how: str) -> None:
    imap = Imap(7, 8, 9)
    imap.mails[8] = leak(8, body="x" * 200_000)
    getattr(imap, how).add((8, "size"))

    assert look(imap) == 3 and look(imap) == 0
    assert len(imap.bodies) == 3, "one whose weight is not known is asked for alone"
    assert sizes() == [len(mail) for mail in imap.mails.values()]


@pytest.mark.parametrize("how", ["silent", "refuses"])
def test_a_mail_that_is_there_and_not_handed_out_is_listed_and_tried_again(look: Any, how: str) -> None:
    imap = Imap(7, 8, 9)
    getattr(imap, how).update({(8, "size"), (8, "body")})
    assert look(imap) == 2
    assert left() == [("8", "unreadable")]
    assert look(imap) == 0 and left() == [("8", "unreadable")]

    getattr(imap, how).clear()
    assert look(imap) == 1 and left() == []
    assert sorted(sizes()) == sorted(len(mail) for mail in imap.mails.values())


def test_a_mail_that_was_removed_between_search_and_fetch_is_none_that_is_left(look: Any) -> None:
    imap = Imap(7, 8, 9)
    said = imap._fetch

    def removed(rest: str) -> tuple[bytes, bytes]:
        imap.mails.pop(8, None)
        return said(rest)

    imap._fetch = removed  # type: ignore[method-assign]
    assert look(imap) == 2 and left() == []


def test_the_servers_words_are_shown_as_it_said_them(look: Any, office: Any) -> None:
    from orgo.intake.models import Mailbox

    imap = Imap(7)
    imap._search = lambda rest: (b"", REFUSED)  # type: ignore[method-assign]
    with pytest.raises(MailboxError):
        look(imap)
    detail = Mailbox.objects.get().detail
    assert "[SERVERBUG] mail 8 is corrupt" in detail and not re.search(r"b['\"]", detail)


def test_a_mail_that_comes_shorter_than_it_was_announced_is_taken_and_says_so(look: Any, office: Any) -> None:
    """bad input 55: a server that has lost a part of a mail gives what it has; a few bytes are Exchange's estimate."""
    from orgo.intake.models import Mail

    imap = Imap(7, 8)
    imap.announced = {7: 2 * len(imap.mails[7]), 8: len(imap.mails[8]) + 9}
    assert look(imap) == 2
    office.settle()
    short, whole = Mail.objects.order_by("id")
    words = "it is shorter than its server announced"
    assert short.outcome == "observed" and short.warnings.count(words) == 1 and words not in whole.warnings


def test_a_mail_that_ends_the_connection_when_its_size_is_asked_for_keeps_no_other_from_being_taken(
    office: Any,
) -> None:
    from orgo.conf.config import Mailbox as Account
    from orgo.intake.mailbox.watch import Watcher

    imap = Imap(*range(1, 9))
    imap.kills = {(5, "size")}
    taken: list[int] = []
    with Scripted((b"* OK ready\r\n", *answering(imap.answer, 500))) as server:
        given = {"host": "127.0.0.1", "port": server.port, "tls": "none", "protocol": "imap"}
        watcher = Watcher(Account(**given, username="info@city.example", password="word"))
        for _ in range(6):
            with suppress(MailboxError):
                taken.append(watcher.fetch())
        imap.mails[9] = leak(9)
        taken.append(watcher.fetch())

    assert sizes() == [len(mail) for mail in imap.mails.values()] and taken[-1] == 1


def owed() -> list[str]:
    from orgo.intake.models import Receipt

    return list(Receipt.objects.exclude(owed_since=None).values_list("uid", flat=True))


@pytest.mark.parametrize("bad", [7, 9, 11])
def test_a_mail_that_can_not_be_marked_keeps_no_other_from_it(
    look: Any, monkeypatch: pytest.MonkeyPatch, bad: int
) -> None:
    from orgo.intake.mailbox import ledger
    from orgo.intake.mailbox.golive import go_live
    from orgo.intake.models import Folder
    from tests.office import MONDAY

    monkeypatch.setattr(ledger, "AT_ONCE", 3)
    go_live("info@city.example", MONDAY)
    imap = Imap(*range(7, 12))
    imap.refuses = {(bad, "mark")}
    for _ in range(2):
        look(imap, after="flag")

    assert imap.marked == set(range(7, 12)) - {bad} and owed() == [str(bad)]
    assert "[SERVERBUG] mail 8 is corrupt" in Folder.objects.get().problem

    imap.refuses.clear()
    look(imap, after="flag")
    assert owed() == [] and not Folder.objects.get().problem


def test_a_server_that_marks_nothing_is_not_asked_for_each_mail(look: Any) -> None:
    from orgo.intake.mailbox.golive import go_live
    from tests.office import MONDAY

    go_live("info@city.example", MONDAY)
    imap = Imap(*range(1, 61))
    imap.refuses = {(uid, "mark") for uid in imap.mails}
    assert look(imap, after="flag") == 60

    assert len(owed()) == 60 and imap.heard.count("STORE") < 30


# -- CONDSTORE (RFC 7162): a folder that did not change is not searched


def test_a_folder_is_searched_only_when_its_modification_sequence_grew(look: Any) -> None:
    imap = Imap(7)
    imap.modseq = 40
    look(imap)
    assert imap.heard.count("SEARCH") == 1
    look(imap)
    assert imap.heard.count("SEARCH") == 1
    imap.mails[8], imap.modseq = leak(8), 41

    assert look(imap) == 1
    assert imap.heard.count("SEARCH") == 2


def test_a_server_without_modification_sequences_is_searched_each_time(look: Any) -> None:
    imap = Imap(7)
    look(imap), look(imap)
    assert imap.heard.count("SEARCH") == 2


def test_a_mail_that_was_left_is_tried_again_though_the_folder_did_not_change(look: Any) -> None:
    imap = Imap(7, 8)
    imap.modseq = 40
    imap.refuses.add((8, "body"))
    assert look(imap) == 1 and left() == [("8", "unreadable")]
    imap.refuses.clear()

    assert look(imap) == 1 and left() == []


# -- signing in beyond ASCII, where AUTHENTICATE PLAIN is not offered


class Literal(Imap):
    """Takes a password as a literal: it asks for it, and then compares the bytes."""

    def __init__(self, *uids: int) -> None:
        super().__init__(*uids)
        self.waits = b""

    def answer(self, line: bytes) -> bytes:
        if self.waits:
            tag, self.waits = self.waits, b""
            is_right = line == "wörd\r\n".encode()
            return tag + (b" OK in\r\n" if is_right else b" NO [AUTHENTICATIONFAILED] not " + line)
        if re.search(rb'LOGIN "info@city.example" \{\d+\}\r\n$', line):
            self.waits = line.split()[0]
            return b"+ go on\r\n"
        return super().answer(line)


def test_a_password_beyond_ascii_goes_as_a_literal(look: Any) -> None:
    assert look(Literal(7), password="wörd") == 1


def test_one_that_is_wrong_is_said_and_shown_nowhere(look: Any) -> None:
    from orgo.intake.mailbox.ports import AuthFailed
    from orgo.intake.models import Mailbox

    with pytest.raises(AuthFailed):
        look(Literal(7), password="gehéim")
    detail = Mailbox.objects.get().detail
    assert "AUTHENTICATIONFAILED" in detail and "ascii" not in detail
    assert "é" not in detail and "xe9" not in detail


def test_a_user_name_beyond_ascii_is_said_not_to_be_taken(look: Any) -> None:
    from orgo.intake.mailbox.ports import AuthFailed

    with pytest.raises(AuthFailed, match="no user name beyond ASCII"):
        look(Imap(7), username="jürgen")

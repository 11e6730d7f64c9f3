"""What POP3 servers may do with UIDLs, dates and single mails, and no mail is lost, held up or made history by it."""

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.mailbox.conftest import leak, leaks
from tests.office import MONDAY
from tests.servers.scripted import Scripted, answering

USER = "info@city.example"


class Maildrop:
    """A POP3 server's mails, in their order, each with the UIDL that the test gives it; DELE removes one at QUIT.

    `refuses` are commands that it answers with -ERR, `uidl` lines that it answers UIDL by instead.
    """

    def __init__(self, *mails: tuple[str, bytes]) -> None:
        self.mails = list(mails)
        self.asked = 0
        self.refuses: set[str] = set()
        self.uidl = ""
        self._deleted: set[int] = set()

    def answer(self, heard: bytes) -> bytes:
        """The answer to one command."""
        word, _, number = heard.decode().strip().partition(" ")
        refused = not self.refuses.isdisjoint((word, f"{word} {number}"))
        if word == "QUIT":
            self.mails = [mail for n, mail in enumerate(self.mails) if n not in self._deleted]
            self._deleted.clear()
        if refused:
            return b"-ERR no\r\n"
        if word == "LIST":
            return self._listed(lambda name, data: str(len(data)))
        if word == "UIDL" and self.uidl:
            return b"+OK\r\n" + self.uidl.encode() + b".\r\n"
        if word == "UIDL":
            return self._listed(lambda name, data: name)
        if word in ("RETR", "TOP"):
            self.asked += word == "RETR"
            number = number.split()[0]
            return b"+OK\r\n" + self.mails[int(number) - 1][1] + b".\r\n"
        if word == "DELE":
            self._deleted.add(int(number) - 1)
        return b"+OK\r\n"

    def _listed(self, told: Any) -> bytes:
        lines = [f"{n} {told(*mail)}\r\n".encode() for n, mail in enumerate(self.mails, 1)]
        return b"+OK\r\n" + b"".join(lines) + b".\r\n"


@pytest.fixture
def pop(office: Any) -> Any:
    """Looks once through a maildrop; returns how many mails were taken."""
    from orgo.conf.config import Mailbox as Account
    from orgo.intake.mailbox.watch import Watcher

    def look(drop: Maildrop, **more: Any) -> int:
        with Scripted((b"+OK ready\r\n", *answering(drop.answer))) as server:
            given = {"host": "127.0.0.1", "port": server.port, "tls": "none", "protocol": "pop3"}
            taken = Watcher(Account(**given, username=USER, password="hidden-word", **more)).fetch()
        office.settle()
        return taken

    return look


@pytest.fixture
def live(office: Any) -> None:
    from orgo.intake.mailbox.golive import go_live

    go_live(USER, MONDAY)


def outcomes() -> list[str]:
    from orgo.intake.models import Mail

    return list(Mail.objects.order_by("id").values_list("outcome", flat=True))


def same_size(mail: bytes) -> bytes:
    return mail.replace(b"Water", b"Waste")


# -- one key, two mails


def test_a_key_that_is_used_again_is_another_mail(pop: Any, live: None) -> None:
    drop = Maildrop(("u1", leak(1)))
    assert pop(drop) == 1
    drop.mails = []
    assert pop(drop) == 0
    drop.mails = [("u1", same_size(leak(1)))]

    assert pop(drop) == 1 and pop(drop) == 0
    assert len(outcomes()) == 2


def test_a_mail_that_was_not_listed_for_a_while_is_no_second_one(pop: Any, live: None) -> None:
    """A maildrop that is shown empty once (a server's trouble) is fetched again, and known by its bytes."""
    drop = Maildrop(("u1", leak(1)), ("u2", leak(2)))
    assert pop(drop) == 2
    mails, drop.mails = drop.mails, []
    pop(drop)
    drop.mails = mails

    assert pop(drop) == 0 and drop.asked == 4
    assert pop(drop, address="other@city.example") == 0 and drop.asked == 4, "and not each time"
    assert outcomes() == ["opened", "opened"]


def test_what_comes_under_the_key_of_a_mail_that_is_to_be_deleted_is_not_deleted_unread(
    pop: Any, live: None, office: Any
) -> None:
    keys = {"after": "delete", "delete_after": "1 s"}
    drop = Maildrop(("u1", leak(1)))
    pop(drop, **keys)
    drop.mails = []
    pop(drop, **keys)
    office.clock.advance(seconds=5)
    drop.mails = [("u1", same_size(leak(1)))]

    assert pop(drop, **keys) == 1
    assert len(drop.mails) == 1 and len(outcomes()) == 2


def test_two_mails_of_one_key_in_one_listing_are_two(pop: Any, live: None) -> None:
    drop = Maildrop(("u1", leak(1)), ("u1", same_size(leak(1))), ("u1", leak(10)))

    assert pop(drop) == 3 and pop(drop) == 0
    assert len(outcomes()) == 3


def test_history_that_is_listed_again_is_not_deleted_as_work(pop: Any, live: None, office: Any) -> None:
    keys = {"after": "delete", "delete_after": "1 s"}
    old = dated(leak(1), "Thu, 01 Jan 2015 08:00:00 +0000")
    drop = Maildrop(("u1", old))
    pop(drop, **keys)
    drop.mails = []
    pop(drop, **keys)
    drop.mails = [("u1", old)]
    for _ in range(3):
        pop(drop, **keys)
        office.clock.advance(seconds=5)
    assert outcomes() == ["history"] and len(drop.mails) == 1


# -- one mail is no reason to leave the others


@pytest.mark.parametrize("refused", ["DELE 1", "QUIT"])
def test_a_mail_that_is_not_deleted_keeps_no_other_from_being_deleted_or_taken(
    pop: Any, live: None, office: Any, refused: str
) -> None:
    from orgo.intake.models import Folder

    keys = {"after": "delete", "delete_after": "1 s"}
    drop = Maildrop(("u1", leak(1)), ("u2", leak(2)))
    pop(drop, **keys)
    office.clock.advance(seconds=5)
    drop.mails.append(("u3", leak(3)))
    drop.refuses = {refused}

    assert pop(drop, **keys) == 1 and len(outcomes()) == 3
    assert [name for name, _ in drop.mails] == (["u1", "u3"] if refused != "QUIT" else ["u3"])
    problem = Folder.objects.get().problem
    assert "can't be marked: 127.0.0.1:" in problem and problem.endswith("answers: -ERR no")


@pytest.mark.parametrize("listed", ["1 u1\r\n2 \r\n3 u3\r\n", "1 u1\r\n3 u3\r\n"])
def test_a_mail_without_a_uidl_is_known_by_its_headers_as_where_no_mail_has_one(
    pop: Any, live: None, listed: str
) -> None:
    drop = Maildrop(("u1", leak(1)), ("", leak(2)), ("u3", leak(3)))
    drop.uidl = listed

    assert pop(drop) == 3 and pop(drop) == 0


def test_a_mail_that_is_neither_named_nor_handed_out_keeps_no_other_from_being_taken(
    pop: Any, live: None
) -> None:
    from orgo.intake.models import Receipt

    drop = Maildrop(("u1", leak(1)), ("u2", leak(2)))
    drop.refuses = {"UIDL", "TOP 1 0", "RETR 1"}

    assert pop(drop) == 1 and pop(drop) == 0
    assert list(Receipt.objects.order_by("problem").values_list("problem", flat=True)) == ["", "unreadable"]


# -- when did it come? the sender's date says nothing


def dated(mail: bytes, date: str | None, received: str | None = None) -> bytes:
    lines = [line for line in mail.split(b"\r\n") if not line.startswith(b"Date:")]
    first = [b"Date: " + date.encode()] if date else []
    if received:
        first.insert(0, b"Received: from a.example by mx.city.example; " + received.encode())
    return b"\r\n".join(first + lines)


DATES = ["Thu, 01 Jan 1970 00:00:00 +0000", "Fri, 01 Jan 2099 00:00:00 +0000", None, "yesterday"]


@pytest.mark.parametrize("date", DATES)
@pytest.mark.parametrize("received", [None, "Thu, 01 Jan 1970 00:00:00 +0000"])
def test_a_new_mail_is_work_whatever_its_headers_say(
    pop: Any, live: None, office: Any, date: str | None, received: str | None
) -> None:
    """It was not there at the last look, so it came since."""
    drop = Maildrop(("u1", leak(1)))
    pop(drop)
    drop.mails.append(("u2", dated(leak(2), date, received)))
    pop(drop)

    assert outcomes() == ["opened", "opened"] and office.tasks() == 2


@pytest.mark.parametrize(
    ("date", "received", "outcome"),
    [
        ("Thu, 01 Jan 2015 00:00:00 +0000", None, "history"),
        ("Fri, 01 Jan 2099 00:00:00 +0000", "Thu, 01 Jan 2015 00:00:00 +0000 (GMT)", "history"),
        ("Thu, 01 Jan 1970 00:00:00 +0000", f"{MONDAY:%a, %d %b %Y %H:%M:%S} +0000", "opened"),
        ("Fri, 01 Jan 2099 00:00:00 +0000", None, "opened"),
        (None, None, "history"),
    ],
)
@pytest.mark.parametrize("observed_before", [False, True])
def test_what_is_there_at_the_first_look_is_judged_by_when_it_was_received(
    pop: Any, date: str | None, received: str | None, outcome: str, observed_before: bool, office: Any
) -> None:
    from orgo.intake.mailbox.golive import go_live

    drop = Maildrop(("u1", dated(leak(1), date, received)))
    if observed_before:
        pop(drop)
    go_live(USER, MONDAY)
    pop(drop)

    assert outcomes() == [outcome]


def test_what_came_while_the_mailbox_was_observed_is_judged_by_when_it_was_seen(
    pop: Any, office: Any
) -> None:
    from orgo.intake.mailbox.golive import go_live

    drop = Maildrop()
    pop(drop)
    drop.mails = [("u1", dated(leak(1), DATES[0]))]
    pop(drop)
    seen = office.clock.now()
    office.clock.advance(days=1)
    drop.mails.append(("u2", dated(leak(2), DATES[0])))
    pop(drop)
    go_live(USER, seen + timedelta(hours=1))
    pop(drop)

    assert outcomes() == ["history", "opened"]


def test_a_mail_too_large_at_the_first_look_is_no_work_when_it_is_taken_later(pop: Any, live: None) -> None:
    drop = Maildrop(("u1", dated(leak(1, body="x" * 30_000), "Thu, 01 Jan 2015 00:00:00 +0000")))
    assert pop(drop, max_size="20 kB") == 0
    drop.mails.append(("u2", dated(leak(2, body="x" * 30_000), "Thu, 01 Jan 2015 00:00:00 +0000")))
    assert pop(drop, max_size="20 kB") == 0

    assert pop(drop) == 2
    assert outcomes() == ["history", "opened"]


@pytest.mark.slow
def test_a_first_fetch_of_ten_thousand_old_mails_writes_to_nobody(pop: Any, live: None, office: Any) -> None:
    from orgo.outbox.models import Letter

    dates = ["Thu, 01 Jan 2015 00:00:00 +0000", None, DATES[0]]
    drop = Maildrop(*((f"u{n}", dated(mail, dates[n % 3])) for n, mail in enumerate(leaks(10_000))))

    assert pop(drop) == 10_000
    assert dict.fromkeys(outcomes()) == {"history": None}
    assert (office.tasks(), Letter.objects.count(), office.told()) == (0, 0, [])

"""IMAP and POP3 servers that say what they must not (design/bad-input.md 53 to 56): nothing wrong is stored, all is well later."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from orgo.intake.mailbox.ports import MailboxError, Malformed, NoTls, Unreachable
from tests.integration.mailbox.conftest import leak
from tests.servers.scripted import Script, Scripted, hears

MAIL = leak(1)
TLS_RECORD = b"\x16\x03\x03\x3f\xff"  # the head of a long handshake record (RFC 8446 section 5.1)
GREETING = b"* OK [CAPABILITY IMAP4rev1 UIDPLUS] ready\r\n"


def tagged(words: bytes, done: bytes = b"OK done") -> Callable[[bytes], bytes]:
    """Lines of data, and the end of the command that was heard last under its own tag."""

    def reply(heard: bytes) -> bytes:
        tag = re.findall(rb"(?m)^(\S+) [A-Z]", heard)[-1]
        return words + tag + b" " + done + b"\r\n"

    return reply


def command(name: str) -> "re.Pattern[bytes]":
    return re.compile(rb"(?im)^\S+ " + name.encode() + rb"[^\n]*\n")


CAPABLE = b"* CAPABILITY IMAP4rev1 UIDPLUS\r\n"
SIGNED_IN: Script = (GREETING, command("CAPABILITY"), tagged(CAPABLE), command("LOGIN"), tagged(CAPABLE))


def opened(uidvalidity: bytes) -> Script:
    return (
        command("EXAMINE"), tagged(b"* 1 EXISTS\r\n" + uidvalidity + b"* OK [UIDNEXT 8] x\r\n", b"OK [READ-ONLY] done"),
        command("UID SEARCH"), tagged(b"* SEARCH 7\r\n"),
        command("UID FETCH"), tagged(b"* 1 FETCH (UID 7 RFC822.SIZE %d INTERNALDATE \"07-Sep-2026 08:00:00 +0000\")\r\n" % len(MAIL)),
        command("UID FETCH"),
    )  # fmt: skip


IN_POP3: Script = (b"+OK hi\r\n", hears("USER"), b"+OK\r\n", hears("PASS"), b"+OK\r\n")
LISTED: Script = (hears("LIST"), b"+OK\r\n1 100\r\n.\r\n", hears("UIDL"), b"+OK\r\n1 abc\r\n.\r\n")
VALID = b"* OK [UIDVALIDITY 5] x\r\n"
WHOLE = tagged(b"* 1 FETCH (UID 7 BODY[] {%d}\r\n%s)\r\n" % (len(MAIL), MAIL))


@pytest.fixture
def look(
    office: Any, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., tuple[int | None, MailboxError | None]]:
    """One look through a mailbox of this script; returns how many mails were taken, or what was wrong."""
    from orgo.conf.config import Mailbox as Account
    from orgo.intake.mailbox import imap, pop3, signin
    from orgo.intake.mailbox.watch import Watcher

    for module in (imap, pop3, signin):
        monkeypatch.setattr(module, "TIMEOUT", 1.0)

    def looking(script: Script, **more: Any) -> tuple[int | None, MailboxError | None]:
        with Scripted(script) as server:
            given = {
                "host": "127.0.0.1",
                "port": server.port,
                "protocol": "imap",
                "tls": "none",
                "username": "info@city.example",
                "password": "hidden-word",
                **more,
            }
            try:
                return Watcher(Account(**given)).fetch(), None
            except MailboxError as error:
                assert "hidden-word" not in str(error)
                assert given["tls"] == "none" or b"hidden-word" not in server.all_heard
                return None, error

    return looking


def _stored() -> list[int]:
    from orgo.intake.models import Mail

    return list(Mail.objects.values_list("size", flat=True))


@pytest.mark.parametrize("uidvalidity", [VALID, b"* OK [UIDVALIDITY 0] x\r\n", b""])
def test_a_mail_is_taken_once_whatever_the_epoch_is(look: Any, uidvalidity: bytes) -> None:
    """bad input 56: UIDVALIDITY is 0 or missing, and then another: the same bytes are no second mail."""
    assert look((*SIGNED_IN, *opened(uidvalidity), WHOLE, "silence")) == (1, None)
    look((*SIGNED_IN, *opened(b"* OK [UIDVALIDITY 9] x\r\n"), WHOLE, "silence"))
    look((*SIGNED_IN, *opened(uidvalidity), WHOLE, "silence"))

    assert _stored() == [len(MAIL)]


@pytest.mark.parametrize(
    ("literal", "kind"),
    [
        (b"* 1 FETCH (UID 7 BODY[] {4294967296}\r\n" + MAIL, Malformed),
        (b"* 1 FETCH (UID 7 BODY[] {%d}\r\n" % (len(MAIL) + 500) + MAIL + b")\r\n", Unreachable),
        (b"* 1 FETCH (UID 7 BODY[] {%d}\r\n" % (len(MAIL) - 100) + MAIL + b")\r\n", MailboxError),
        (b"* 1 FETCH (UID 7 BODY[] {x}\r\n" + MAIL, MailboxError),
    ],
)
def test_a_literal_of_another_length_stores_nothing_that_is_wrong(
    look: Any, literal: bytes, kind: type[MailboxError]
) -> None:
    """bad input 55."""
    taken, wrong = look((*SIGNED_IN, *opened(VALID), literal, "silence"))

    assert taken is None and isinstance(wrong, kind) and _stored() == []


@pytest.mark.parametrize(
    ("script", "more", "kind"),
    [
        (
            (b"* OK ready\r\n", command("CAPABILITY"), tagged(b"* CAPABILITY IMAP4rev1\r\n"), "silence"),
            {"tls": "starttls"},
            NoTls,
        ),
        (
            (b"+OK ready\r\n", hears("CAPA"), b"+OK\r\n.\r\n", "silence"),
            {"tls": "starttls", "protocol": "pop3"},
            NoTls,
        ),
        (("silence",), {}, Unreachable),
        (("silence",), {"protocol": "pop3"}, Unreachable),
        ((b"hello\r\n", "close"), {}, MailboxError),
        ((b"hello\r\n", "close"), {"protocol": "pop3"}, MailboxError),
        ((*IN_POP3, *LISTED, hears("RETR"), "close"), {"protocol": "pop3"}, Unreachable),
        (
            (
                b"+OK hi\r\n",
                hears("USER"),
                b"+OK\r\n",
                hears("PASS"),
                b"+OK\r\n",
                hears("LIST"),
                b"+OK\r\nx y\r\n.\r\n",
                "silence",
            ),
            {"protocol": "pop3"},
            Malformed,
        ),
    ],
)
def test_a_server_that_does_not_keep_to_its_protocol_is_named(
    look: Any, script: Script, more: dict[str, str], kind: type[MailboxError]
) -> None:
    """bad input 53, bad input 54."""
    taken, wrong = look(script, **more)

    assert taken is None and isinstance(wrong, kind) and _stored() == []


@pytest.mark.parametrize(
    ("script", "more"),
    [
        (("drip",), {}),
        ((TLS_RECORD, "drip"), {"tls": "implicit"}),
        ((GREETING, command("CAPABILITY"), tagged(CAPABLE), command("LOGIN"), "drip"), {}),
        (("drip",), {"protocol": "pop3"}),
        ((TLS_RECORD, "drip"), {"protocol": "pop3", "tls": "implicit"}),
        ((b"+OK hi\r\n", hears("USER"), "drip"), {"protocol": "pop3"}),
        ((*SIGNED_IN, command("EXAMINE"), "drip"), {}),
        ((*SIGNED_IN, *opened(VALID)[:2], command("UID SEARCH"), "drip"), {}),
        ((*SIGNED_IN, *opened(VALID)[:4], command("UID FETCH"), "drip"), {}),
        ((*SIGNED_IN, *opened(VALID), "drip"), {}),
        ((*IN_POP3, hears("LIST"), "drip"), {"protocol": "pop3"}),
        ((*IN_POP3, hears("LIST"), b"+OK\r\n1 100\r\n.\r\n", hears("UIDL"), "drip"), {"protocol": "pop3"}),
        ((*IN_POP3, *LISTED, hears("RETR"), "drip"), {"protocol": "pop3"}),
    ],
)
def test_a_server_that_says_a_letter_now_and_then_is_given_up(
    look: Any, script: Script, more: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """bad input 54: Each letter comes in time, the line never does: the whole of it has a deadline."""
    from orgo.intake.mailbox import deadline, imap, pop3, signin

    for module in (imap, pop3, signin):
        monkeypatch.setattr(module, "TIMEOUT", 0.3)
    monkeypatch.setattr(deadline, "_SLOWEST", 10_000_000)
    taken, wrong = look(script, **more)

    assert taken is None and isinstance(wrong, Unreachable) and "did not answer within" in str(wrong)


@pytest.mark.parametrize(
    ("script", "more"),
    [
        ((GREETING, command("CAPABILITY"), tagged(CAPABLE), command("LOGIN"), "close"), {}),
        ((b"+OK hi\r\n", hears("USER"), b"+OK\r\n", hears("PASS"), "close"), {"protocol": "pop3"}),
    ],
)
def test_a_connection_that_ends_at_the_password_does_not_blame_it(
    look: Any, script: Script, more: dict[str, str]
) -> None:
    """Nobody is told to look after a password because the network was cut just then."""
    taken, wrong = look(script, **more)

    assert taken is None and isinstance(wrong, Unreachable)


def test_a_mail_that_always_breaks_the_connection_blocks_nobody(office: Any, monkeypatch: Any) -> None:
    """Three mails, the second with a literal that never ends as said: the others are taken, it is put aside and told."""
    from orgo.conf.config import Mailbox as Account
    from orgo.intake.mailbox import signin
    from orgo.intake.mailbox.watch import Watcher
    from orgo.intake.models import Receipt

    monkeypatch.setattr(signin, "TIMEOUT", 0.5)
    mails = {uid: leak(uid) for uid in (7, 8, 9)}

    def listed(heard: bytes) -> bytes:
        asked = _uids(heard, mails)
        lines = b"".join(
            b'* 1 FETCH (UID %d RFC822.SIZE %d INTERNALDATE "07-Sep-2026 08:00:00 +0000")\r\n'
            % (uid, len(mails[uid]))
            for uid in asked
        )
        return tagged(lines)(heard)

    def handed_out(heard: bytes) -> bytes:
        asked = _uids(heard, mails)
        if b"BODY.PEEK" not in heard:
            return listed(heard)
        lines = b""
        for uid in asked:
            if uid == 8:
                return lines + b"* 1 FETCH (UID 8 BODY[] {%d}\r\nx" % len(mails[8])
            lines += b"* 1 FETCH (UID %d BODY[] {%d}\r\n%s)\r\n" % (uid, len(mails[uid]), mails[uid])
        return tagged(lines)(heard)

    def found(heard: bytes) -> bytes:
        after = int(re.findall(rb"UID (\d+):", heard)[-1])
        return tagged(b"* SEARCH" + b"".join(b" %d" % uid for uid in mails if uid >= after) + b"\r\n")(heard)

    folder = b"* 3 EXISTS\r\n" + VALID + b"* OK [UIDNEXT 10] x\r\n"
    fetching = (command("UID FETCH"), handed_out) * 5
    script: Script = (
        *SIGNED_IN, command("EXAMINE"), tagged(folder, b"OK [READ-ONLY] done"),
        command("UID SEARCH"), found, *fetching, "silence",
    )  # fmt: skip
    with Scripted(script) as server:
        given = {"host": "127.0.0.1", "port": server.port, "tls": "none", "username": "a", "password": "b"}
        account = Account(**given, protocol="imap")
        watcher = Watcher(account)
        taken: list[int | None] = []
        for _ in range(6):
            try:
                taken.append(watcher.fetch())
            except MailboxError:
                taken.append(None)
        assert taken == [None, None, None, None, 1, 0]
        assert _stored() == [len(mails[7]), len(mails[9])]
        assert list(Receipt.objects.exclude(problem="").values_list("uid", "problem")) == [("8", "broken")]


def _uids(heard: bytes, mails: dict[int, bytes]) -> list[int]:
    """Which of the mails a FETCH asks for."""
    asked = re.findall(rb"UID FETCH (\S+)", heard)[-1].decode()
    ends = [part.partition(":") for part in asked.split(",")]
    return [uid for uid in mails if any(int(a) <= uid <= int(b or a) for a, _, b in ends)]


def test_pop3_without_uidl_knows_mails_by_their_headers(look: Any) -> None:
    """Some servers have none (it is optional, RFC 1939 section 7)."""
    head = MAIL.partition(b"\r\n\r\n")[0] + b"\r\n\r\n"
    script: Script = (
        b"+OK hi\r\n", hears("USER"), b"+OK\r\n", hears("PASS"), b"+OK\r\n", hears("LIST"), b"+OK\r\n1 %d\r\n.\r\n" % len(MAIL), hears("UIDL"), b"-ERR no\r\n",
        hears("TOP 1 0"), b"+OK\r\n" + head + b".\r\n",
    )  # fmt: skip
    assert (
        look(
            (*script, hears("RETR 1"), b"+OK\r\n" + MAIL + b".\r\n", hears("QUIT"), b"+OK\r\n"),
            protocol="pop3",
        )[0]
        == 1
    )
    assert look((*script, hears("QUIT"), b"+OK\r\n"), protocol="pop3")[0] == 0
    assert _stored() == [len(MAIL)]


def test_pop3_that_sends_more_than_it_announced_is_left(look: Any) -> None:
    """bad input 55."""
    script: Script = (
        b"+OK hi\r\n", hears("USER"), b"+OK\r\n", hears("PASS"), b"+OK\r\n", hears("LIST"), b"+OK\r\n1 100\r\n.\r\n", hears("UIDL"), b"+OK\r\n1 abc\r\n.\r\n",
        hears("RETR 1"), b"+OK\r\n" + b"x" * 70 + b"\r\n" + (b"y" * 900 + b"\r\n") * 200, "silence",
    )  # fmt: skip
    taken, wrong = look(script, protocol="pop3")

    assert taken is None and isinstance(wrong, Malformed) and _stored() == []


def test_news_in_the_same_breath_as_the_leave_to_wait_is_heard(office: Any) -> None:
    """A mail that comes just then: "+ idling" and "2 EXISTS" are one packet, and nothing more is ever said."""
    from orgo.conf.config import Mailbox as Account
    from orgo.intake.mailbox.imap import ImapSession

    capable = tagged(b"* CAPABILITY IMAP4rev1 IDLE\r\n")
    script: Script = (
        GREETING, command("CAPABILITY"), capable, command("LOGIN"), capable,
        command("EXAMINE"), tagged(b"* 1 EXISTS\r\n* OK [UIDVALIDITY 5] x\r\n", b"OK [READ-ONLY] done"),
        command("IDLE"), b"+ idling\r\n* 2 EXISTS\r\n", hears("DONE"), "close",
    )  # fmt: skip
    with Scripted(script) as server:
        given = {"host": "127.0.0.1", "port": server.port, "tls": "none", "username": "a", "password": "b"}
        session = ImapSession(Account(**given, protocol="imap"))
        session.look("INBOX", False)
        asked = iter(range(5))
        with pytest.raises(MailboxError):  # the script hangs up where the waiting ends
            session.wait(60.0, lambda: next(asked) > 2)
        session.abort()
        assert b"DONE" in server.all_heard and next(asked) == 0

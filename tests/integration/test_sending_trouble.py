"""SMTP servers that misbehave (design/bad-input.md 59): each case with the exact state that the letter ends in."""

import re
import threading
from datetime import timedelta
from typing import Any

import pytest

from orgo.delivery.email import courier as courier_module
from orgo.delivery.email.courier import EmailCourier, SmtpServer
from orgo.delivery.ports import Parcel
from tests.office import MONDAY, PASS, Office
from tests.servers.scripted import Script, Scripted, hears

HELLO = (b"220 mx.example ready\r\n", hears("EHLO"), b"250-mx.example\r\n250 8BITMIME\r\n")
MAIL = (*HELLO, hears("MAIL FROM"), b"250 ok\r\n")
RCPT = (*MAIL, hears("RCPT TO"), b"250 ok\r\n")
DATA = (*RCPT, hears("DATA"), b"354 go on\r\n", re.compile(rb"\r\n\.\r\n"))
# name: the script, then the letter's state, whether it was repeated, and words that its row keeps
CASES: dict[str, tuple[tuple[Any, ...], str, bool, str]] = {
    "421 at connect": ((b"421 too busy\r\n", "close"), "pending", False, "421"),
    "greylisted": ((*MAIL, hears("RCPT TO"), b"450 4.7.1 try later\r\n", hears("RSET"), b"250 ok\r\n", "silence"), "pending", False, "450"),
    "no such user": ((*MAIL, hears("RCPT TO"), b"550 5.1.1 no such user\r\n", hears("RSET"), b"250 ok\r\n", "silence"), "failed", False, "550"),
    "too large": ((*HELLO, hears("MAIL FROM"), b"552 5.3.4 too large\r\n", hears("RSET"), b"250 ok\r\n", "silence"), "failed", False, "552"),
    "refused after the dot": ((*DATA, b"554 5.7.1 no\r\n", hears("RSET"), b"250 ok\r\n", "silence"), "failed", False, "554"),
    "full for now after the dot": ((*DATA, b"452 4.3.1 full\r\n", hears("RSET"), b"250 ok\r\n", "silence"), "pending", False, "452"),
    "silence after the dot": ((*DATA, "silence"), "pending", True, ""),
    "reset after the dot": ((*DATA, "reset"), "pending", True, ""),
    "taken, then reset": ((*DATA, b"250 2.0.0 taken\r\n", "reset"), "sent", False, "250 2.0.0 taken"),
    "garbage": ((b"hello you\r\nwhat?\r\n", "close"), "pending", False, ""),
    "garbage after the dot": ((*DATA, b"xyz\r\n", "close"), "pending", True, ""),
    "closed at once": (("close",), "pending", False, ""),
    "421 in the middle": ((*RCPT, hears("DATA"), b"421 shutting down\r\n", "close"), "pending", False, "421"),
}  # fmt: skip


def _through(office: Office, port: int, **more: Any) -> None:
    """Letters leave by this server from now on."""
    office.courier.close()
    office.courier.courier = EmailCourier(
        SmtpServer("127.0.0.1", port, "none", "orgo@city.example", timeout=1.0, after_dot_timeout=0.5, **more)
    )


@pytest.mark.parametrize("case", list(CASES))
def test_a_letter_ends_in_its_exact_state(office: Office, case: str) -> None:
    """bad input 59."""
    from orgo.outbox.models import Letter

    script, state, repeated, words = CASES[case]
    with Scripted(script) as server:
        _through(office, server.port)
        office.mail()
        letter = Letter.objects.order_by("id").first()

    assert letter is not None
    assert (letter.state, letter.repeated) == (state, repeated)
    assert words in letter.server_reply
    if state == "pending":
        assert letter.next_attempt_at is not None and letter.next_attempt_at > office.clock.now()


def test_a_letter_that_may_have_arrived_goes_once_more_with_the_same_bytes_and_then_to_a_person(
    office: Office,
) -> None:
    from orgo.outbox.models import Letter

    with Scripted((*DATA, "reset")) as server:
        _through(office, server.port)
        office.mail()
        office.later(hours=1)
        letter = Letter.objects.filter(recipient="anna@city.example").first()

    assert letter is not None and letter.state == "ambiguous"
    sent = [heard.partition(b"data\r\n")[2] for heard in server.heard if b"rcpt TO:<anna@" in heard]
    assert len(sent) == 2 and sent[0] == sent[1]


@pytest.mark.parametrize("held_for", [timedelta(0), timedelta(days=3)])
def test_a_letter_is_tried_for_two_days_however_long_it_was_held(office: Office, held_for: timedelta) -> None:
    """H7: what waited for a server to be configured, or on a laptop that was closed, is as good as any other."""
    from orgo.outbox.models import Letter

    with Scripted((b"421 too busy\r\n", "close")) as server:
        _through(office, server.port)
        office.mail()
        Letter.objects.exclude(recipient="anna@city.example").delete()
        letter = Letter.objects.filter(recipient="anna@city.example", kind="opened")
        letter.update(state="pending", attempts=0, next_attempt_at=office.clock.now() + held_for)
        begun = office.clock.now() + held_for
        while (row := letter.get()).state == "pending":
            office.clock.move_to(row.next_attempt_at or begun)
            office.settle()

    tried = office.clock.now() - begun
    assert row.state == "failed" and timedelta(hours=39) < tried < timedelta(hours=60)


def test_one_of_two_recipients_is_refused_and_the_other_has_it(office: Office) -> None:
    """bad input 59: Each letter has one recipient: the fate of one is none of the other's."""
    from orgo.outbox.models import Letter

    first: Script = (*MAIL, hears("RCPT TO:<anna"), b"550 no such user\r\n", hears("RSET"), b"250 ok\r\n")
    again: Script = (hears("NOOP"), b"250 ok\r\n", hears("MAIL"), b"250 ok\r\n", hears("RCPT TO:<ben"), b"250 ok\r\n", hears("DATA"), b"354 go\r\n", re.compile(rb"\r\n\.\r\n"), b"250 taken\r\n", "silence")  # fmt: skip
    with Scripted((*first, *again)) as server:
        _through(office, server.port)
        office.mail()

    states = dict(
        Letter.objects.filter(recipient__in=["anna@city.example", "ben@city.example"]).values_list(
            "recipient", "state"
        )
    )
    assert states == {"anna@city.example": "failed", "ben@city.example": "sent"}


@pytest.mark.parametrize(
    "script",
    [
        (b"220 hi\r\n", hears("EHLO"), b"250-mx\r\n250 8BITMIME\r\n", "silence"),
        (
            b"220 hi\r\n",
            hears("EHLO"),
            b"250-mx\r\n250 STARTTLS\r\n",
            hears("STARTTLS"),
            b"220 go\r\n250 injected\r\n",
            b"plain text\r\n",
            "silence",
        ),
        (
            b"220 hi\r\n",
            hears("EHLO"),
            b"250-mx\r\n250 STARTTLS\r\n",
            hears("STARTTLS"),
            b"454 not now\r\n",
            "silence",
        ),
    ],
)
def test_without_tls_neither_password_nor_letter_leave(office: Office, script: tuple[Any, ...]) -> None:
    """bad input 59."""
    from orgo.outbox.models import Letter

    with Scripted(script) as server:
        office.courier.courier = EmailCourier(
            SmtpServer(
                "127.0.0.1",
                server.port,
                "starttls",
                "orgo@city.example",
                username="orgo",
                password="hidden-word",
                timeout=1.0,
            )
        )
        office.mail()

    heard = server.all_heard.lower()
    assert b"ehlo" in heard and b"auth" not in heard and b"mail from" not in heard and b"hidden" not in heard
    assert set(Letter.objects.values_list("state", flat=True)) == {"pending"}


def test_a_server_without_8bitmime_gets_seven_bits(office: Office) -> None:
    """bad input 59."""
    hello: Script = (b"220 hi\r\n", hears("EHLO"), b"250 mx\r\n")
    rest: Script = (
        hears("MAIL"),
        b"250 ok\r\n",
        hears("RCPT"),
        b"250 ok\r\n",
        hears("DATA"),
        b"354 go\r\n",
        re.compile(rb"\r\n\.\r\n"),
        b"250 taken\r\n",
        "silence",
    )
    with Scripted((*hello, *rest)) as server:
        _through(office, server.port)
        office.mail(subject="Fuite d'eau à l'école 💧 leak", body="Ça fuit, très fort.")

    assert server.heard[0].isascii()


def _answered_from_the_page(office: Office, *requesters: str) -> None:
    from orgo.flow.acting import perform
    from orgo.people.models import User
    from orgo.task.models import Task

    references = [
        office.mail(sender, f"Question {number}", headers={"Authentication-Results": PASS}).task
        for number, sender in enumerate(requesters)
    ]
    dora = User.objects.get(address="dora@city.example")
    for key in references:
        perform(dora, Task.objects.get(pk=key).reference, "answer", text="We are on it.")


def test_an_address_that_the_server_can_not_take_goes_to_a_person_and_harms_no_other(office: Office) -> None:
    """bad input 59: SMTPUTF8 is missing there (RFC 6531 section 3.2), so a recipient that is not ASCII can't be named."""
    from orgo.outbox.models import Letter

    good: Script = (hears("RCPT TO:<clara@"), b"250 ok\r\n", hears("DATA"), b"354 go\r\n", re.compile(rb"\r\n\.\r\n"), b"250 taken\r\n", "close")  # fmt: skip
    with Scripted((*MAIL, *good)) as server:
        _answered_from_the_page(office, "jürgen@people.example", "clara@people.example")
        _through(office, server.port)
        office.settle()

    states = dict(Letter.objects.filter(kind="answer").values_list("recipient", "state"))
    assert states == {"jürgen@people.example": "failed", "clara@people.example": "sent"}
    assert _told_a_person() == ["chief@city.example"]


def _told_a_person() -> list[str]:
    """Who is told that a letter did not arrive."""
    from orgo.outbox.models import Letter

    return list(Letter.objects.filter(kind="undelivered").values_list("recipient", flat=True))


def _size_offered(most: int) -> Script:
    return (b"220 mx.example ready\r\n", hears("EHLO"), b"250-mx.example\r\n250-SIZE %d\r\n250 8BITMIME\r\n" % most)  # fmt: skip


def test_a_letter_larger_than_the_server_takes_is_not_sent_first(office: Office) -> None:
    """bad input 59: SIZE is smaller than our mail (RFC 1870). It fails at once, a person is told, the next one leaves."""
    from orgo.outbox.models import Letter

    office.mail("clara@people.example", "Question", headers={"Authentication-Results": PASS})
    office.mail("carl@people.example", "Question 2", headers={"Authentication-Results": PASS})
    small, large = Letter.objects.filter(kind="opened").order_by("id")
    Letter.objects.exclude(pk__in=(small.pk, large.pk)).delete()
    Letter.objects.update(state="pending", attempts=0, next_attempt_at=office.clock.now())
    Letter.objects.filter(pk=large.pk).update(text="x" * 9000)
    taken: Script = (hears("MAIL FROM"), b"250 ok\r\n", hears("RCPT TO"), b"250 ok\r\n", hears("DATA"), b"354 go\r\n", re.compile(rb"\r\n\.\r\n"), b"250 taken\r\n", "close")  # fmt: skip
    with Scripted((*_size_offered(8000), *taken)) as server:
        _through(office, server.port)
        office.settle()

    states = dict(Letter.objects.filter(kind="opened").values_list("id", "state"))
    reply = Letter.objects.get(pk=large.pk).server_reply
    assert states == {small.pk: "sent", large.pk: "failed"}
    assert "the mail server takes 8000 at most" in reply and b"x" * 100 not in server.heard[0]
    assert re.search(rb"MAIL FROM:<[^>]+> SIZE=\d{3,4}\r\n", server.heard[0], re.IGNORECASE)
    assert _told_a_person() == ["chief@city.example"]


def test_a_server_that_names_no_size_takes_any(office: Office) -> None:
    """SIZE 0 is no limit."""
    from orgo.outbox.models import Letter

    office.mail()
    rest = DATA[len(HELLO) :]
    Letter.objects.exclude(recipient="anna@city.example").delete()
    Letter.objects.update(state="pending", attempts=0, next_attempt_at=office.clock.now())
    with Scripted((*_size_offered(0), *rest, b"250 2.0.0 taken\r\n", "close")) as server:
        _through(office, server.port)
        office.settle()

    assert Letter.objects.get(recipient="anna@city.example").state == "sent"


def test_where_the_server_offers_smtputf8_any_address_is_written_to(office: Office) -> None:
    _answered_from_the_page(office, "jürgen@people.example", "clara@people.example", "info@bücher.example")
    office.forget()
    office.settle()

    assert office.told() == ["jürgen@people.example", "clara@people.example", "info@xn--bcher-kva.example"]
    assert b"To: j\xc3\xbcrgen@people.example\r\n" in office.catcher.caught[0].data


def test_a_letter_that_breaks_off_inside_orgo_leaves_no_trace_in_the_next(office: Office) -> None:
    def database_is_away() -> bool:
        raise RuntimeError("the database is away")

    parcel = Parcel(
        "anna@city.example", "orgo@city.example", "<1@city.example>", MONDAY, "One", "One", "", {}
    )
    cut: Script = (*RCPT, hears("DATA"), b"354 go on\r\n", "silence")
    with Scripted(cut, (*DATA, b"250 2.0.0 taken\r\n", "close")) as server:
        _through(office, server.port)
        with pytest.raises(RuntimeError):
            office.courier.courier.deliver(parcel, database_is_away)
        assert office.courier.courier.deliver(parcel, lambda: True) == "250 2.0.0 taken"

    assert server.heard[0].lower().endswith(b"data\r\n")


def test_a_letter_that_is_under_way_when_orgo_is_told_to_stop_arrives_whole(office: Office) -> None:
    """No goodbye is said into the middle of it, where it would be the letter's first line."""
    from orgo.conf import boot
    from orgo.ops.up import Running
    from orgo.outbox.models import Letter

    _through(office, 1)
    office.mail()
    Letter.objects.exclude(recipient="anna@city.example").delete()
    Letter.objects.update(next_attempt_at=office.clock.now())
    asked, stopping = threading.Event(), threading.Event()

    def slowly(data: bytes) -> bytes:
        asked.set()
        stopping.wait(10)
        threading.Event().wait(0.3)  # time to say a wrong word
        return b"354 go on\r\n"

    rest: Script = (DATA[-1], b"250 2.0.0 taken\r\n", hears("QUIT"), b"221 bye\r\n", "close")
    script: Script = (*RCPT, hears("DATA"), slowly, *rest)
    with Scripted(script) as server:
        assert office.config.smtp is not None
        smtp = office.config.smtp.model_copy(update={"port": server.port})
        boot.use(office.config.model_copy(update={"smtp": smtp}))
        running = Running(boot.config(), {"deliver"})
        running.start()
        assert asked.wait(10)
        stop = threading.Thread(target=running.stop)
        stop.start()
        stopping.set()
        stop.join(20)

    letter = Letter.objects.get()
    assert not stop.is_alive()
    assert (letter.state, letter.server_reply) == ("sent", "250 2.0.0 taken")
    assert b"data\r\nquit" not in server.all_heard.lower()


def test_a_server_that_does_not_say_goodbye_holds_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(courier_module, "GOODBYE_TIMEOUT", 0.2)
    with Scripted((*HELLO, "silence")) as server:
        courier = EmailCourier(
            SmtpServer("127.0.0.1", server.port, "none", "orgo@city.example", timeout=600.0)
        )
        courier.try_out()
        closing = threading.Thread(target=courier.close, daemon=True)
        closing.start()
        closing.join(20)
    assert not closing.is_alive()

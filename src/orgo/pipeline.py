"""The whole way on one page: mail in, decided, task; letters out; the clock. It calls the stages in order, nothing else does.

    intake ──► message ──► rules ──► task ──► outbox ──► delivery
    store      parse       place     Unit     claim      courier
                                      │  ▲
                                      ▼  │
                                     sweep (escalation)

Each function here does one round of work and says how much there was; any number of processes may call any of them.
"""

import logging
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from django.db import connection

from orgo import dispatch
from orgo.conf.logging import within
from orgo.delivery.ports import Courier, DeliveryError, TakenOver
from orgo.flow.due import fire_due
from orgo.flow.hooks import second_path
from orgo.flow.house import House, open_house
from orgo.flow.place import place, set_aside
from orgo.flow.posting import hold_back, letter_failed, parcel_of
from orgo.flow.reading import Read, Reader, Unread
from orgo.flow.report import log_placed
from orgo.flow.storms import words_key
from orgo.flow.unit import Overtaken, Unit
from orgo.intake.blobs import BlobAway, BlobLost
from orgo.intake.claim import MOST_ATTEMPTS, MOST_DEATHS, claim, give_back, hold, release, still_mine
from orgo.intake.mailbox.golive import settle_observed
from orgo.intake.models import Mail
from orgo.intake.store import Incoming, read_raws, store
from orgo.lib import clock
from orgo.lib.crash import crashpoint
from orgo.lib.text import without
from orgo.message import Message
from orgo.message.pool import ParseFailure
from orgo.outbox import claim as outbox
from orgo.outbox.models import Letter
from orgo.outbox.outlets import note_failing, note_working
from orgo.task.queries import is_any_due

log = logging.getLogger("orgo.pipeline")
AT_ONCE = 200
# So many batches of which nothing can be read are passed by in a round.
_MOST_CLAIMS = 20


def take(mails: Sequence[Incoming]) -> list[Mail]:
    """1, intake: commit the mails' bytes, then ring for those that route."""
    rows = store(mails)
    dispatch.ring("routing")
    return rows


def route(parser: Reader, limit: int = AT_ONCE) -> int:
    """2 to 4, message, rules, task: decide up to `limit` waiting mails; returns how many were claimed."""
    mails = claim(limit)
    if not mails:
        return 0
    crashpoint("H2.after_claim")
    readable, raws = _bytes_of(mails)
    decide(readable, parser.parse(raws))
    return len(mails)


def _bytes_of(mails: Sequence[Mail]) -> tuple[list[Mail], list[bytes]]:
    """The mails whose bytes can be had, with these; the others wait, or go to quarantine where their bytes are lost."""
    found = list(zip(mails, read_raws([mail.pk for mail in mails]), strict=True))
    lacking = [(mail, _without_bytes(raw)) for mail, raw in found if not isinstance(raw, bytes)]
    if lacking:
        decide([mail for mail, _ in lacking], [why for _, why in lacking])
    there = [(mail, raw) for mail, raw in found if isinstance(raw, bytes)]
    return [mail for mail, _ in there], [raw for _, raw in there]


def _without_bytes(why: BlobAway | BlobLost) -> Read:
    return Unread(str(why)) if isinstance(why, BlobAway) else ParseFailure(str(why))


class Router:
    """`route` in rounds that overlap: while a batch is decided here, the parser's process reads the next one.

    One thread calls `round`. `close` gives back what was claimed ahead.
    """

    def __init__(self, parser: Reader) -> None:
        self._parser = parser
        self._thread = ThreadPoolExecutor(1, "orgo-parser")
        self._ahead: tuple[list[Mail], Future[Sequence[Read]]] | None = None

    def round(self, limit: int = AT_ONCE) -> int:
        """Decide up to `limit` waiting mails; returns how many."""
        batch, self._ahead = self._ahead or self._begin(limit), None
        if batch is None:
            return 0
        mails, reading = batch
        read = reading.result()
        if len(mails) >= limit:  # fewer were all that waited
            self._ahead = self._begin(limit)
        decide(mails, read)
        return len(mails)

    def close(self) -> None:
        """Give back what was claimed ahead, and end the thread."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None:
            give_back(ahead[0])
        self._thread.shutdown()

    def _begin(self, limit: int) -> tuple[list[Mail], "Future[Sequence[Read]]"] | None:
        """A batch of which something can be read: behind mails that wait for their blobs others don't."""
        for _ in range(_MOST_CLAIMS):
            mails = claim(limit)
            if not mails:
                return None
            crashpoint("H2.after_claim")
            readable, raws = _bytes_of(mails)
            if readable:
                return readable, self._thread.submit(self._parser.parse, raws)
        return None


def decide(mails: Sequence[Mail], read: Sequence[Read]) -> None:
    """Place a batch of claimed mails in one transaction, or each in its own where that fails."""
    crashpoint("H3.after_parse")
    try:
        _place_all(mails, read)
    except Exception as error:
        if not isinstance(error, Overtaken):
            log.warning(
                "a batch of %s mails failed (%s): each goes by itself now", len(mails), type(error).__name__
            )
        for mail, message in zip(mails, read, strict=True):
            _place_alone(mail, message)


def _place_all(mails: Sequence[Mail], read: Sequence[Read]) -> None:
    with Unit(open_house()) as unit:
        good = [
            (mail, one)
            for mail, one in zip(mails, read, strict=True)
            if isinstance(one, Message) and not _is_deadly(mail)
        ]
        unit.look_up(
            [one.content_key for _, one in good], {mail.pk: words_key(mail, one) for mail, one in good}
        )
        for mail, message in zip(mails, read, strict=True):
            _place_one(mail, message, unit)
    for mailbox in {mail.mailbox for mail in mails if mail.mode == "observe" and mail.outcome}:
        settle_observed(mailbox)  # it may have gone live while they were decided
    for mail in mails:
        log_placed(mail)


def _place_one(mail: Mail, message: Read, unit: Unit) -> None:
    with unit.caused_at(mail.came_at):
        _settle_one(mail, message, unit)


def _settle_one(mail: Mail, message: Read, unit: Unit) -> None:
    if _is_deadly(mail):
        set_aside(mail, f"whoever decided on it died or hung, {MOST_DEATHS} times", _head(message), unit)
    elif isinstance(message, Message):
        place(mail, message, unit)
    elif isinstance(message, Unread):
        hold([mail])
    elif mail.attempts >= MOST_ATTEMPTS:
        set_aside(mail, message.reason, _head(message), unit)
    else:
        release([mail])


def _is_deadly(mail: Mail) -> bool:
    """Whether so many deciders came to no end with it that nothing is made of its words any more."""
    return mail.attempts > MOST_DEATHS


def _place_alone(mail: Mail, message: Read) -> None:
    """One mail in a transaction of its own, so that a bad one stops and blames nobody else."""
    fresh = still_mine(mail)
    if fresh is None:
        return
    try:
        _place_all([fresh], [message])
    except Overtaken:
        release([fresh])
    except Exception as error:
        with within(mail=mail.pk):
            log.exception("mail %s could not be decided", mail.pk)
        connection.close_if_unusable_or_obsolete()
        if fresh.attempts < MOST_ATTEMPTS:
            release([fresh])
            return
        _give_up(mail.pk, f"{type(error).__name__}: {error}", _head(message))


def _give_up(mail: int, reason: str, head: Message | None) -> None:
    """Into quarantine, with what its head tells; without it where that is what nobody can take."""
    try:
        with Unit(open_house()) as unit:
            row = Mail.objects.get(pk=mail)
            with unit.caused_at(row.came_at):
                set_aside(row, reason, head, unit)
    except Exception:
        if head is None:
            raise
        connection.close_if_unusable_or_obsolete()
        _give_up(mail, reason, None)


def _head(read: Read) -> Message | None:
    """What can be told of a mail: all of it was read, or its headers alone."""
    return read if isinstance(read, Message) else getattr(read, "head", None)


def deliver(courier: Courier, limit: int = 20, channel: str = "email") -> int:
    """5 and 6, outbox, delivery: one round of a `Sender`; returns how many letters were claimed."""
    return Sender(courier, channel).round(limit)


class Sender:
    """Sends letters in rounds, which `stop` ends from another thread: what has not begun to leave is given back at once.

    Before webhooks are served, what is urgent and can't leave by mail is given to them.
    """

    def __init__(self, courier: Courier, channel: str = "email") -> None:
        self._courier, self._channel = courier, channel
        # Its popleft is atomic: a letter is sent or given back, never both.
        self._waiting: deque[Letter] = deque()
        self._stopping = threading.Event()

    def round(self, limit: int = 20) -> int:
        """Send up to `limit` letters that are due by this channel; returns how many were claimed."""
        if self._stopping.is_set():
            return 0
        if self._channel == "webhook":
            second_path()
        letters = outbox.claim(limit, self._channel)
        failing = any(
            letter.outlet_is_failing for letter in letters
        )  # else nobody is to be told that one left
        self._waiting.extend(hold_back(letters))
        if self._stopping.is_set():
            self.stop()
        for letter in _taken_from(self._waiting):
            crashpoint("H6.after_claim")
            with within(letter=letter.pk, task=letter.task):
                left = _deliver_one(self._courier, letter)
            if left and failing:
                note_working(self._channel)
            failing = not left
        return len(letters)

    def stop(self) -> None:
        """No more rounds; the letter that is under way is finished, those behind it are free for others."""
        self._stopping.set()
        outbox.give_back(list(_taken_from(self._waiting)))


def _taken_from(waiting: deque[Letter]) -> Iterator[Letter]:
    while True:
        try:
            yield waiting.popleft()
        except IndexError:
            return


def _deliver_one(courier: Courier, letter: Letter) -> bool:
    """Whether it has left."""
    try:
        reply = courier.deliver(parcel_of(letter), lambda: outbox.mark_dot(letter))
    except TakenOver as error:
        log.info("letter %s was not sent: %s", letter.pk, error.reason)
    except DeliveryError as error:
        _not_delivered(letter, error)
    except Exception as error:
        log.exception("letter %s could not be sent", letter.pk)
        _not_delivered(letter, DeliveryError(f"{type(error).__name__}: {error}", permanent=False))
    else:
        outbox.settle_sent(letter, reply)
        log.info("letter %s is sent: %s", letter.pk, without(reply, letter.recipient))
        return True
    return False


def _not_delivered(letter: Letter, error: DeliveryError) -> None:
    """Log and page name no recipient: it may be somebody who is to stay unnamed. The letter's row does."""
    unnamed = without(error.reason, letter.recipient)
    log.warning("letter %s was not sent: %s", letter.pk, unnamed)
    if error.any_letter or not error.permanent:
        note_failing(letter.channel, unnamed)
    if error.after_dot:
        outbox.settle_ambiguous(letter, error.reason)
    elif error.permanent or not outbox.settle_later(letter, error.reason):
        letter_failed(letter, error.reason)


def sweep(house: House | None = None, limit: int = AT_ONCE) -> int:
    """The clock: fire up to `limit` levels, reminders and ends of rest that are due by now; returns how many."""
    if not is_any_due(clock.now()):
        return 0
    return fire_due(house or open_house(), limit)

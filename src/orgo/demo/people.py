"""The people of the sample city: they read their letters and answer some of them by mail, as people do.

Who answers what is decided by the letter itself (its task's reference decides nothing, its title does), so that a run
comes out the same each time: of four tasks one is taken and done, one gets a time and is done, one is done by whom it
escalates to, and one is left alone.
"""

import email
import heapq
import itertools
import re
import threading
import zlib
from collections.abc import Collection
from datetime import datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.utils import format_datetime, make_msgid

import msgspec

from orgo.demo.catcher import Caught

_WORK = "/take?for="
_SAYS = {
    "en": {"take": "I take it.", "eta": "eta 30 min", "done": "Done, thanks."},
    "fr": {"take": "Je m'en charge.", "eta": "dans 30 min", "done": "C'est fait."},
}


class Reply(msgspec.Struct, frozen=True):
    """An answer that somebody is going to send; `asks` is what it is meant to do: take, eta or done."""

    sender: str
    recipient: str
    data: bytes
    asks: str


class People:
    """Everybody who may answer; `addresses` are those of the staff."""

    def __init__(self, addresses: Collection[str]) -> None:
        self.addresses = frozenset(addresses)
        self._waiting: list[tuple[datetime, int, Caught, str]] = []
        self._busy: set[tuple[str, str]] = set()
        self._count = itertools.count()
        self._lock = threading.Lock()

    def heard(self, letter: Caught, now: datetime) -> None:
        """Somebody reads a letter at `now`, and makes up the mind what to do."""
        message = email.message_from_bytes(letter.data, policy=policy.default)
        text = _text(message)
        reference = _reference(text)
        if letter.recipient not in self.addresses or _WORK not in text or not reference:
            return
        with self._lock:
            if (reference, "") in self._busy:
                return
            plan = _plan(str(message["Subject"]), escalated=_is_escalation(text))
            if plan:
                self._busy.add((reference, ""))
            for minutes, words in plan:
                item = (now + timedelta(minutes=minutes), next(self._count), letter, words)
                heapq.heappush(self._waiting, item)

    def next_at(self) -> datetime | None:
        """When the next answer is written."""
        with self._lock:
            return self._waiting[0][0] if self._waiting else None

    def answers(self, now: datetime) -> list[Reply]:
        """The answers that are written by `now`."""
        found = []
        with self._lock:
            while self._waiting and self._waiting[0][0] <= now:
                at, _, letter, words = heapq.heappop(self._waiting)
                found.append(_reply(letter, words, at))
        return found


def _plan(subject: str, *, escalated: bool) -> list[tuple[int, str]]:
    """Minutes from now and what is said then."""
    title = re.sub(r"\[#\w+\]|^.*?: (?=\[)|Level \d+: |Niveau \d+ : ", "", subject).strip()
    kind = zlib.crc32(title.encode()) % 4
    if escalated:
        return [(5, "take"), (45, "done")] if kind == 2 else []
    return {0: [(4, "take"), (40, "done")], 1: [(6, "eta"), (35, "done")]}.get(kind, [])


def _is_escalation(text: str) -> bool:
    return "comes to you" in text or "revient donc" in text


def _reference(text: str) -> str | None:
    found = re.search(r"/tasks/([0-9A-Z]{6})/take", text)
    return found[1] if found else None


def _text(message: EmailMessage) -> str:
    body = message.get_body(("plain",))
    return str(body.get_content()) if body is not None else ""


def _reply(letter: Caught, words: str, at: datetime) -> Reply:
    """The answer as a mail client writes it: one line on top, the letter quoted below."""
    original = email.message_from_bytes(letter.data, policy=policy.default)
    text = _text(original)
    french = "Ouvrir dans Orgo" in text
    answer = EmailMessage(policy=policy.SMTP)
    answer["From"] = letter.recipient
    answer["To"] = str(original["Reply-To"])
    answer["Subject"] = f"Re: {original['Subject']}"
    answer["Date"] = format_datetime(at)
    answer["Message-ID"] = make_msgid(domain=letter.recipient.rpartition("@")[2])
    answer["In-Reply-To"] = str(original["Message-ID"])
    quoted = "\n".join(f"> {line}" for line in text.splitlines())
    head = (
        f"Le {at:%d/%m/%Y %H:%M}, Orgo a écrit :" if french else f"On {at:%a, %d %b %Y at %H:%M}, Orgo wrote:"
    )
    answer.set_content(f"{_SAYS['fr' if french else 'en'][words]}\n\n{head}\n{quoted}\n")
    return Reply(letter.recipient, str(original["Reply-To"]), answer.as_bytes(), words)

"""Mails go in: by SMTP, by HTTP, or straight into the database, as fast as they are taken or at a rate."""

import smtplib
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Protocol

import urllib3

from orgo.conf import Config
from orgo.loadtest import mails
from orgo.loadtest.plan import Plan
from orgo.loadtest.report import Handed

CONNECTIONS = 4
AT_ONCE = 200
_TRIES = 5
_AGAIN_AFTER = 0.5


class Refused(Exception):
    """The other side said no for good."""


class Door(Protocol):
    """A way in. `put` returns when the mail is taken; raises Refused, or OSError where it is to be tried again."""

    def put(self, number: int, data: bytes) -> None: ...

    def close(self) -> None: ...


class Feeder:
    """Hands the plan's mails in by several connections; `handed` is what came of it."""

    def __init__(self, plan: Plan, door: Callable[[], Door]) -> None:
        taken: list[int] = []
        refused: list[int] = []
        self.handed = Handed(taken, refused)
        self._took, self._refused = taken.append, refused.append
        self._plan = plan
        self._door = door
        self._numbers = iter(count())
        self._lock = threading.Lock()
        self._began = time.monotonic()
        self._threads = [threading.Thread(target=self._feed, daemon=True) for _ in range(CONNECTIONS)]

    def start(self) -> None:
        self._began = time.monotonic()
        for thread in self._threads:
            thread.start()

    @property
    def is_over(self) -> bool:
        return not any(thread.is_alive() for thread in self._threads)

    def _feed(self) -> None:
        door = self._door()
        try:
            for number in self._due():
                data = mails.mail(number, self._plan.senders, self._plan.hostile)
                door = self._put(door, number, data)
        finally:
            door.close()

    def _due(self) -> Iterator[int]:
        """This thread's next mails, each when its time has come."""
        while True:
            with self._lock:
                number = next(self._numbers)
            if number >= self._plan.total:
                return
            if self._plan.rate is not None:
                time.sleep(max(0.0, self._began + number / self._plan.rate - time.monotonic()))
            yield number

    def _put(self, door: Door, number: int, data: bytes) -> Door:
        """Until it is taken or refused, or was tried often enough; returns the connection to go on with."""
        for _ in range(_TRIES):
            try:
                door.put(number, data)
            except Refused:
                self._refused(number)
                return door
            except (OSError, smtplib.SMTPException, urllib3.exceptions.HTTPError):
                door.close()
                time.sleep(_AGAIN_AFTER)
                door = self._door()
            else:
                self._took(number)
                return door
        return door


class SmtpDoor:
    """A connection to the listener, as a relay in front of it keeps one; opened when it is first needed."""

    def __init__(self, config: Config, plan: Plan) -> None:
        self._config, self._plan = config, plan
        self._smtp: smtplib.SMTP | None = None

    def put(self, number: int, data: bytes) -> None:
        smtp = self._smtp = self._smtp or self._connected()
        try:
            smtp.sendmail(self._plan.sender(number), [mails.recipient(number)], data)
        except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused, smtplib.SMTPRecipientsRefused) as error:
            if 500 <= _code(error) < 600:
                raise Refused from error
            raise

    def _connected(self) -> smtplib.SMTP:
        at = self._config.intake.smtp
        return smtplib.SMTP(at.host, at.port, timeout=60)

    def close(self) -> None:
        if self._smtp is not None:
            self._smtp.close()
            self._smtp = None


def _code(error: smtplib.SMTPResponseException | smtplib.SMTPRecipientsRefused) -> int:
    """What the other side said to the mail's only recipient, or to the mail."""
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        return min(code for code, _ in error.recipients.values())
    return error.smtp_code


class ApiDoor:
    """`POST /api/v1/mail` with a token."""

    def __init__(self, config: Config, plan: Plan, token: str) -> None:
        self._plan = plan
        self._pool = urllib3.PoolManager(maxsize=1, retries=False, timeout=60)
        self._url = f"http://{config.web.host}:{config.web.port}/api/v1/mail"
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "message/rfc822"}

    def put(self, number: int, data: bytes) -> None:
        fields = {"from": self._plan.sender(number), "to": mails.recipient(number)}
        url = f"{self._url}?{'&'.join(f'{name}={value}' for name, value in fields.items())}"
        answer = self._pool.request("POST", url, body=data, headers=self._headers)
        if answer.status >= 500:
            raise OSError(f"status {answer.status}")
        if answer.status >= 400:
            raise Refused

    def close(self) -> None:
        self._pool.clear()


class DatabaseDoor:
    """Straight into the database, a batch a commit: what comes behind the way in is loaded alone."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan

    def put_all(self, said: Callable[[int], None]) -> list[int]:
        """Store all of the plan's mails; `said` is told how many there are after each batch. Returns their numbers."""
        from orgo.intake.store import Incoming, store_many

        for first in range(0, self._plan.total, AT_ONCE):
            numbers = range(first, min(first + AT_ONCE, self._plan.total))
            store_many(
                Incoming(
                    data=mails.mail(number, self._plan.senders, self._plan.hostile),
                    source="smtp",
                    envelope_from=self._plan.sender(number),
                    envelope_to=(mails.recipient(number),),
                )
                for number in numbers
            )
            said(numbers.stop)
        return list(range(self._plan.total))

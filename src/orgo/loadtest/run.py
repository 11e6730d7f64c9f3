"""A load test from its beginning to its end: ground, processes, mails, and what is counted when all is quiet."""

import time
from collections.abc import Callable

from orgo.conf import Config
from orgo.loadtest import count, floor
from orgo.loadtest.crew import Crew, commands
from orgo.loadtest.feed import ApiDoor, DatabaseDoor, Door, Feeder, SmtpDoor
from orgo.loadtest.ground import ground
from orgo.loadtest.plan import Plan
from orgo.loadtest.report import Arrived, Handed, Report, report
from orgo.loadtest.sink import Sink

EACH = 1.0
# What the processes take is asked for at each fifth look: to ask costs more than to count.
_WEIGH_EVERY = 5
Progress = Callable[[count.Sample, int], None]


def run(own: Config, plan: Plan, progress: Progress) -> Report:
    """Load an Orgo of the test's own, on the server and broker of `own`; `progress` is told once a second.

    Raises BadInput where the test can't begin or one of its processes ends.
    """
    sink = Sink()
    port = sink.start()
    try:
        with ground(own, plan.rules, port) as (config, environ):
            crew = Crew(environ, config.home / "processes.log")
            try:
                test = _Test(plan, config, crew, sink, progress)
                handed = test.pour_in()
                settled = test.wait_until_quiet()
            finally:
                crew.stop()
            floor_rate = floor.measured(config, environ, plan) if plan.floor else None
            found = count.counted(handed.taken, stored_before=plan.via == "db")
            arrived = Arrived(sink.doubled, count.never_arrived(sink.seen))
            return report(
                plan, config, handed, found, test.samples, arrived, settled, floor_rate, test.seconds
            )
    finally:
        sink.stop()


class _Test:
    def __init__(self, plan: Plan, config: Config, crew: Crew, sink: Sink, progress: Progress) -> None:
        self.plan, self.config, self.crew, self.sink, self.progress = plan, config, crew, sink, progress
        self.samples: list[count.Sample] = []
        self.seconds = 0.0
        self._memory = 0
        self._began = time.monotonic()
        self._taken: Callable[[], int] = lambda: 0

    def pour_in(self) -> Handed:
        """Start the processes and hand all mails in; returns what became of them at the door."""
        if self.plan.via == "db":
            return self._stored()
        self._start()
        at = self.config.intake.smtp if self.plan.via == "smtp" else self.config.web
        self.crew.wait_for(at.host, at.port)
        feeder = Feeder(self.plan, self._door())
        self._taken = lambda: len(feeder.handed.taken)
        self._began = time.monotonic()
        feeder.start()
        while not feeder.is_over:
            self._sample()
        return feeder.handed

    def _stored(self) -> Handed:
        """All mails wait before the first process begins, so that deciding is loaded alone."""
        stored = DatabaseDoor(self.plan).put_all(self._said)
        self._taken = lambda: len(stored)
        self._began = time.monotonic()
        self._start()
        return Handed(stored)

    def _said(self, stored: int) -> None:
        self.progress(count.Sample(time.monotonic() - self._began, stored, 0, 0, 0), 0)

    def _start(self) -> None:
        self.crew.start(commands(self.config, self.plan.workers, self.plan.via))

    def _door(self) -> Callable[[], Door]:
        if self.plan.via == "smtp":
            return lambda: SmtpDoor(self.config, self.plan)
        token = _token()
        return lambda: ApiDoor(self.config, self.plan, token)

    def wait_until_quiet(self) -> bool:
        """Until every mail is decided, every letter has left and no level is about to fire; False where patience ended before."""
        end = time.monotonic() + self.plan.patience
        while time.monotonic() < end:
            self._sample()
            if not count.waiting_mails() and not count.letters()[0] and not count.levels_soon():
                self._look(weigh=True)
                return True
        return False

    def _sample(self) -> None:
        """Look once, tell of it, and wait a second."""
        self._look()
        time.sleep(EACH)

    def _look(self, *, weigh: bool = False) -> None:
        self.crew.look()
        if weigh or len(self.samples) % _WEIGH_EVERY == 0:
            self.seconds = max(self.seconds, self.crew.seconds())
            self._memory = self.crew.memory()
        taken, waiting, (unsent, sent) = self._taken(), count.waiting_mails(), count.letters()
        sample = count.Sample(
            time.monotonic() - self._began, taken, max(0, taken - waiting), sent, self._memory
        )
        self.samples.append(sample)
        self.progress(sample, unsent)


def _token() -> str:
    """A token for the way in by HTTP, of a person of the test's own."""
    from orgo.people import tokens
    from orgo.people.models import User

    user = User.objects.order_by("pk").first()
    assert user is not None
    return tokens.create(user, "mail", "load test", 1, "loadtest")[1]

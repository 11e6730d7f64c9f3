"""Plays a scenario: mails and answers at their times, everything that is due between them, and notes what happened."""

import email.utils
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from orgo.conf.kinds import address
from orgo.lib import clock
from orgo.simulate import write
from orgo.simulate.judge import judge
from orgo.simulate.letterbox import Letterbox
from orgo.simulate.script import AnswerStep, Expectation, MailStep, Scenario, Step
from orgo.simulate.stage import stage

if TYPE_CHECKING:
    from orgo.message.pool import ParserPool

MOST_MOMENTS = 10_000


@dataclass(frozen=True)
class Line:
    """Something that happened: `what` is one of mail, answer, task, letter, check."""

    at: datetime
    what: str
    words: str
    ok: bool = True


@dataclass
class Outcome:
    """What came of a scenario: the lines in order; `failed` are the words of what did not hold."""

    scenario: Scenario
    lines: list[Line] = field(default_factory=list)

    @property
    def failed(self) -> list[str]:
        return [line.words for line in self.lines if not line.ok]


def play(scenario: Scenario, parser: "ParserPool") -> Outcome:
    """Play one scenario on the database that Django runs on (it is emptied first); needs a started Django.

    Raises BadInput when its people, rules or configuration can't be used.
    """
    with stage(scenario):
        return Player(scenario, parser).play()


class Player:
    """One scenario while it is played."""

    def __init__(self, scenario: Scenario, parser: "ParserPool") -> None:
        self.scenario, self.parser = scenario, parser
        self.box = Letterbox(scenario.script.unreachable)
        self.outcome = Outcome(scenario)
        self.named: dict[str, int] = {}
        self.last_mail: int | None = None
        self._told = self._refused = 0
        self._events = 0
        self._looked = 0

    def play(self) -> Outcome:
        """Go from moment to moment to the scenario's end."""
        for at, steps, expectations in _moments(self.scenario):
            self._pass_time(at)
            for step in steps:
                self._do(step)
            self._settle()
            for expectation in expectations:
                self._look(expectation)
            if expectations:
                self._looked = len(self.box.caught)
        return self.outcome

    # -- time

    def _pass_time(self, until: datetime) -> None:
        """Stop at everything that is due up to `until`."""
        for _ in range(MOST_MOMENTS):
            at = self._next()
            if at is None or at > until:
                break
            self._move(max(at, clock.now()))
            self._settle()
        else:
            self._note("check", f"more than {MOST_MOMENTS} things were due in a row", ok=False)
        self._move(until)

    def _move(self, at: datetime) -> None:
        virtual = clock.current()
        assert isinstance(virtual, clock.VirtualClock)
        virtual.move_to(at)

    def _next(self) -> datetime | None:
        from orgo.outbox.claim import next_due
        from orgo.task.queries import next_timer

        return min((at for at in (next_timer(), next_due()) if at is not None), default=None)

    def _deliver(self, channel: str) -> int:
        from orgo import pipeline

        return pipeline.deliver(self.box, channel=channel)

    def _settle(self) -> None:
        """Work until nothing waits at this instant, and note what came of it."""
        from orgo import pipeline

        while any((pipeline.route(self.parser), pipeline.sweep(), *map(self._deliver, ("email", "webhook")))):
            pass
        self._note_events()
        for caught in self.box.caught[self._told :]:
            self._note("letter", f"to {caught.parcel.recipient}: {caught.parcel.subject}")
        for refused in self.box.refused[self._refused :]:
            self._note("letter", f"REFUSED by {refused.parcel.recipient}: {refused.parcel.subject}")
        self._told, self._refused = len(self.box.caught), len(self.box.refused)

    # -- doing

    def _do(self, step: Step) -> None:
        if step.mail is not None:
            self._mail(step.mail)
        elif step.answer is not None:
            self._answer(step.answer)

    def _mail(self, step: MailStep) -> None:
        from orgo.task.models import Task

        last = Task.objects.order_by("id").values_list("reference", flat=True).last()
        self._note("mail", f"{step.sender} to {', '.join(step.to)}: {step.subject}")
        data = write.mail(step, self.scenario, clock.now(), self._number(), last or "")
        task = self._take(data, step.sender, (*step.to, *step.cc))
        if step.task and task is not None:
            self.named[step.task] = task

    def _answer(self, step: AnswerStep) -> None:
        wanted = "" if step.to_letter == "latest" else step.to_letter
        letter = self.box.latest(step.letter_of or step.sender, wanted)
        if letter is None:
            words = f"{step.sender} can't answer: no letter {step.to_letter!r} came"
            self._note("answer", words, ok=False)
            return
        self._note("answer", f"{step.sender} to {letter.subject!r}: {step.body.strip()}")
        data = write.answer(step, letter, clock.now(), self._number())
        self._take(data, step.sender, (letter.headers["Reply-To"],))

    def _number(self) -> int:
        from orgo.intake.models import Mail

        return Mail.objects.count() + 1

    def _take(self, data: bytes, sender: str, to: tuple[str, ...]) -> int | None:
        """Hand a mail in as a server would; returns the task it ended at."""
        from orgo import pipeline
        from orgo.intake.models import Mail
        from orgo.intake.store import Incoming

        envelope_from = email.utils.parseaddr(sender)[1]
        incoming = Incoming(
            data=data,
            source="smtp",
            envelope_from=envelope_from,
            envelope_to=tuple(address(one) for one in to),
            peer="127.0.0.1",
        )
        (row,) = pipeline.take([incoming])
        self.last_mail = row.pk
        self._settle()
        return Mail.objects.get(pk=row.pk).task

    # -- noting

    def _look(self, expectation: Expectation) -> None:
        letters = self.box.caught[self._looked :]
        for words, ok in judge(expectation, letters, self.named, self.last_mail):
            self._note("check", words, ok)

    def _note(self, what: str, words: str, ok: bool = True) -> None:
        self.outcome.lines.append(Line(clock.now(), what, words, ok))

    def _note_events(self) -> None:
        """What became of tasks since the last look, in the trail's order."""
        from orgo.audit.models import Event
        from orgo.task.models import Task

        events = list(Event.objects.filter(task__isnull=False).order_by("id")[self._events :])
        self._events += len(events)
        references = dict(Task.objects.values_list("id", "reference"))
        for event in events:
            self._note("task", f"{references.get(event.task or 0, '?')} {_event_words(event)}")


def _event_words(event: Any) -> str:
    name = event.type.removeprefix("task.").replace("_", " ")
    if event.type == "task.escalated":
        return f"{name} to level {event.data['level']}"
    return f"{name} by {event.actor}" if event.actor else name


def _moments(scenario: Scenario) -> Iterator[tuple[datetime, list[Step], list[Expectation]]]:
    """Every time of the scenario with what stands there, in the order of time, then of the file."""
    script = scenario.script
    steps = [(script.instant(step.at), step) for step in script.steps]
    expectations = [(script.instant(one.at), one) for one in script.expect]
    for at in sorted({at for at, _ in steps} | {at for at, _ in expectations}):
        yield (
            at,
            [one for when, one in steps if when == at],
            [one for when, one in expectations if when == at],
        )

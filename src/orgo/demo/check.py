"""`orgo demo --check`: the main job on the sample mails, on a virtual clock, counted afterwards.

Mail really comes by SMTP, letters really leave by SMTP to a catcher; only the time is made up, so that a week is over
in seconds.
"""

import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from orgo.conf import boot
from orgo.demo.catcher import Catcher
from orgo.demo.levels import compare
from orgo.demo.people import People
from orgo.demo.samples import Sample, dated, samples
from orgo.demo.world import Sender, free_port, furnish
from orgo.lib import clock

if TYPE_CHECKING:
    from orgo.intake.models import Mail
    from orgo.message.pool import ParserPool

MONDAY = datetime(2026, 9, 7, 6, 30, tzinfo=UTC)
HORIZON = timedelta(days=7)
_DOES = {"take": "task.assigned", "eta": "task.eta_given", "done": "task.completed"}
OUTCOMES = ("opened", "joined", "linked", "bounce", "ignored", "history", "quarantined")


def check() -> dict[str, Any]:
    """Play the sample week and count; the object that `orgo demo --check --json` prints. Starts Django."""
    began = time.monotonic()
    with (
        tempfile.TemporaryDirectory(prefix="orgo-demo-") as folder,
        clock.using(clock.VirtualClock(MONDAY)),
        _week(Path(folder)) as week,
    ):
        week.play()
        found = week.report()
    found["seconds"] = round(time.monotonic() - began, 1)
    return found


@contextmanager
def _week(home: Path) -> Iterator["Week"]:
    """A world in `home`, listening; ended in good order."""
    catcher = Catcher()
    config = furnish(home, catcher=catcher.start(), smtp=free_port(), web=free_port())
    boot.start(config)
    from orgo.message.pool import ParserPool
    from orgo.ops.up import Running, courier_for
    from orgo.people.roster import apply_roster

    running = Running(config, {"intake"})
    running.start()
    apply_roster(config.roster)
    parser, courier = ParserPool(), courier_for(config)
    try:
        assert running.smtp_port is not None
        people = People([user.address for user in config.roster.users])
        yield Week(Sender(running.smtp_port), catcher, people, parser, courier)
    finally:
        running.stop()
        parser.close()
        courier.close()
        catcher.stop()


class Week:
    """The sample week: all mails on Monday morning, then whatever follows until nothing is due any more."""

    def __init__(
        self, sender: Sender, catcher: Catcher, people: People, parser: "ParserPool", courier: Any
    ) -> None:
        self.sender, self.catcher, self.people = sender, catcher, people
        self.parser, self.courier = parser, courier
        self.sent: dict[int, Sample] = {}
        self.answers: dict[int, str] = {}
        self._heard = 0

    def play(self) -> None:
        """Send the samples, then let time pass from one thing that is due to the next."""
        for sample in samples():
            number = self.sender.send(sample.envelope_from, sample.envelope_to, dated(sample.raw, MONDAY))
            assert number is not None
            self.sent[number] = sample
        self._settle()
        while (at := self._next()) is not None and at <= MONDAY + HORIZON:
            virtual = clock.current()
            assert isinstance(virtual, clock.VirtualClock)
            virtual.move_to(max(at, clock.now()))
            self._answer()
            self._settle()

    def _next(self) -> datetime | None:
        from orgo.outbox.claim import next_due
        from orgo.task.queries import next_timer

        return min(
            (at for at in (next_timer(), next_due(), self.people.next_at()) if at is not None), default=None
        )

    def _answer(self) -> None:
        for reply in self.people.answers(clock.now()):
            number = self.sender.send(reply.sender, (reply.recipient,), reply.data)
            assert number is not None
            self.answers[number] = reply.asks

    def _settle(self) -> None:
        """Work until nothing waits at this instant."""
        from orgo import pipeline

        while any((pipeline.route(self.parser), pipeline.sweep(), pipeline.deliver(self.courier))):
            pass
        for letter in self.catcher.caught[self._heard :]:
            self.people.heard(letter, clock.now())
        self._heard = len(self.catcher.caught)

    # -- counting

    def report(self) -> dict[str, Any]:
        """The figures and the checks."""
        from orgo.audit.models import Event
        from orgo.intake.models import Mail
        from orgo.outbox.models import Letter
        from orgo.task.models import Task

        outcomes = Counter(Mail.objects.values_list("outcome", flat=True))
        sent = len(self.sent) + len(self.answers)
        checks = [
            self._mails(),
            self._answers(),
            self._letters(),
            self._levels(),
            self._rows(),
            self._confidential(),
        ]
        return {
            "mails": sent,
            **{outcome: outcomes[outcome] for outcome in OUTCOMES},
            "tasks": Task.objects.count(),
            "escalations": Event.objects.filter(type="task.escalated").count(),
            "letters_sent": Letter.objects.filter(state="sent").count(),
            "lost": sent - sum(outcomes[outcome] for outcome in OUTCOMES),
            "seconds": 0.0,
            "checks": checks,
        }

    def _mails(self) -> dict[str, Any]:
        from orgo.intake.models import Mail
        from orgo.task.models import Task

        rows = {row.pk: row for row in Mail.objects.filter(pk__in=self.sent)}
        tasks = {row.pk: row for row in Task.objects.all()}
        wrong = []
        for number, sample in self.sent.items():
            row = rows[number]
            team = tasks[row.task].team if row.task and sample.team else None
            rule = (row.decision or {}).get("rule") if sample.rule else None
            if (row.outcome, team, rule) != (sample.outcome, sample.team, sample.rule):
                wrong.append(
                    f"{sample.name}: {row.outcome} {team} {rule}, not {sample.outcome} {sample.team} {sample.rule}"
                )
        return _check("every mail ended where its sample says", wrong)

    def _answers(self) -> dict[str, Any]:
        from orgo.intake.models import Mail

        wrong = [
            f"{row.from_address} {row.subject}: {row.outcome} {row.reason}, {self.answers[row.pk]} was not done"
            for row in Mail.objects.filter(pk__in=self.answers)
            if row.outcome != "joined" or not _was_done(row, _DOES[self.answers[row.pk]])
        ]
        return _check("every answer did what it asks for", wrong if self.answers else ["nobody answered"])

    def _letters(self) -> dict[str, Any]:
        from orgo.outbox.models import Letter

        arrived = Counter(_message_id(letter.data) for letter in self.catcher.caught)
        rows = dict(Letter.objects.values_list("message_id", "state"))
        wrong = [f"{id} is {state}" for id, state in rows.items() if state != "sent"]
        wrong += [f"{id} arrived {arrived[id]} times" for id in rows if arrived[id] != 1]
        wrong += [f"{id} is no letter of ours" for id in arrived if id not in rows]
        return _check("every letter reached the catcher once", wrong if rows else ["there was no letter"])

    def _levels(self) -> dict[str, Any]:
        from orgo.flow.house import open_house
        from orgo.flow.undoing import events_of
        from orgo.task.models import Task

        calendars = open_house().calendar
        found = [
            compare(events_of(task), calendars, MONDAY + HORIZON)
            for task in Task.objects.values_list("id", flat=True)
        ]
        late = Task.objects.filter(next_level_at__lte=clock.now()).values_list("reference", flat=True)
        wrong = [f"what was due on task {reference} was not done" for reference in late]
        wrong += [words for one in found for words in one.wrong]
        fired = sum(one.fired for one in found)
        return _check("every due level fired once", wrong if fired else [*wrong, "nothing escalated"])

    def _rows(self) -> dict[str, Any]:
        from orgo.flow.rebuild import check_all

        return _check("every task is the fold of its events", [str(found) for found in check_all()])

    def _confidential(self) -> dict[str, Any]:
        """Letters about a private task say something only to its team and the one who wrote."""
        from orgo.outbox.models import Letter
        from orgo.people.queries import directory
        from orgo.task.models import Task

        people, wrong = directory(), []
        for task in Task.objects.filter(visibility="private"):
            may_read = {*people.team(task.team).members, task.team, task.requester}
            for letter in Letter.objects.filter(task=task.pk).exclude(recipient__in=may_read):
                if task.title in letter.subject + letter.text:
                    wrong.append(f"a letter to {letter.recipient} tells of task {task.reference}")
        return _check("confidential mail is told to its team only", wrong)


def _check(name: str, wrong: list[str]) -> dict[str, Any]:
    return {"name": name, "ok": not wrong, "detail": "; ".join(wrong[:20])}


def _message_id(data: bytes) -> str:
    head = data.partition(b"\r\n\r\n")[0]
    line = next(line for line in head.split(b"\r\n") if line.lower().startswith(b"message-id:"))
    return line.partition(b":")[2].strip().decode()


def _was_done(answer: "Mail", event: str) -> bool:
    """Whether the task of an answer has this event by its sender, of the answer's instant."""
    from orgo.audit.models import Event

    found = Event.objects.filter(task=answer.task, type=event, actor=answer.from_address)
    return found.filter(at=answer.received_at).exists()

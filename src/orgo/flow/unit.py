"""The unit of work: gathers what commands come to, and writes it in one transaction. Nothing else writes tasks.

    with Unit(house) as unit:
        handle(commands, unit)

All of it is committed at the end of the block, or nothing. Who waits for new work is rung after the commit.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from types import TracebackType
from typing import Any, NamedTuple, Self

from django.db import transaction
from django.db.models import Q
from msgspec.structs import replace

from orgo import dispatch
from orgo.audit.models import Event as EventRow
from orgo.conf import sql
from orgo.flow import letters, together
from orgo.flow.hidden import Hidden, gathered_unnamed, hidden_of, wrote_unnamed
from orgo.flow.house import House
from orgo.flow.planner import plan_with
from orgo.flow.restored import doubted_until
from orgo.intake.models import Mail
from orgo.lib import clock, ids
from orgo.lib.crash import crashpoint
from orgo.outbox.models import Document, Letter
from orgo.outbox.token import masked
from orgo.task import search
from orgo.task.models import Note, Task
from orgo.task.queries import due_tasks
from orgo.task.rows import row_of, state_of
from orgo.task.values import Event, Notice, Outcome, TaskState

TAKEN_BACK = "taken back before it left"
# What a mail's task is while the mail is in quarantine or read again: one to look at it, which is closed when it is read.
UNREAD = ("", "quarantined")
# A letter that was sent once more may have arrived the first time, and so may one of before a backup was restored.
_UNSENT = Q(state__in=("pending", "held"), repeated=False, maybe_sent=False)
_CLAIMED = Q(state="claimed", repeated=False, maybe_sent=False)


class Known(NamedTuple):
    """A mail that was decided before, with its task."""

    mail: int
    task: int
    received_at: datetime


class Overtaken(Exception):
    """Somebody else changed the same task in between; the work is to be done again on its new state."""


class Unit:
    """One transaction's worth of changes. `house` knows the people, calendars and keys."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.planner = plan_with(house)
        self.now = clock.now()
        self.mails: dict[int, Mail] = {}
        self._states: dict[int, TaskState] = {}
        self._read_seq: dict[int, int] = {}
        self._events: list[tuple[int, int, Event]] = []
        self._event_ids: dict[tuple[int, int], int] = {}
        self._notices: list[tuple[TaskState, Notice]] = []
        self._later: datetime | None = None
        self._doubted = False
        self._left_out = ""
        # When what is wished leaves; a door gives its users a moment to take a step back first.
        self.leave_at = self.now
        self._notes: dict[int, Note] = {}
        self._settled: dict[int, dict[str, Any]] = {}
        self._texts: list[tuple[int, str]] = []
        self._by_content: dict[str, list[Known]] = defaultdict(list)
        self._by_words: dict[str, list[Known]] = defaultdict(list)
        self.words_keys: dict[int, str] = {}
        self._references: list[str] = []
        self._given: set[str] = set()

    # -- the transaction

    def __enter__(self) -> Self:
        self._atomic = transaction.atomic()
        self._atomic.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self.flush()
        except BaseException as failure:
            self._atomic.__exit__(type(failure), failure, failure.__traceback__)
            raise
        self._atomic.__exit__(kind, error, trace)
        if kind is None:
            crashpoint("H4.after_commit")

    # -- what the one door asks for (task/ports.py)

    def state(self, task: int) -> TaskState | None:
        """The task's state, what was gathered included; its row is locked until the end of the block."""
        if task not in self._states:
            row = Task.objects.select_for_update().filter(pk=task).first()
            if row is None:
                return None
            self._states[task] = state_of(row)
            self._read_seq[task] = row.seq
        return self._states[task]

    def lock(self, task: int | None) -> None:
        """Hold a task's row before rows of its letters, as everybody does: two that wait for each other would be ended."""
        if task is not None:
            self.state(task)

    def claim_due(self, limit: int) -> list[TaskState]:
        """The states of tasks whose timer is due, their rows locked; what their letters quote is read with them."""
        rows = due_tasks(self.now, limit)
        for row in rows:
            self._states[row.pk] = state_of(row)
            self._read_seq[row.pk] = row.seq
        self.mails |= Mail.objects.in_bulk([row.mail for row in rows if row.mail is not None])
        return [self._states[row.pk] for row in rows]

    def gather(self, state: TaskState, outcome: Outcome) -> None:
        """Take over the events and notices of one command."""
        self._states[state.id] = state
        for event in outcome.events:
            key = (state.id, event.seq)
            self._event_ids[key] = ids.new_id()
            self._events.append((self._event_ids[key], state.id, event))
        for notice in outcome.notices:
            self.tell(state, notice)

    # -- what the pipeline adds

    def tell(self, state: TaskState, notice: Notice) -> None:
        """Wish letters: a command's, and those that none wished by itself (a confirmation, a refusal)."""
        if self._left_out and notice.by == self._left_out:
            notice = replace(notice, data={**notice.data, "unnamed": True})
        later = None if self._doubted or notice.kind in together.AT_ONCE else self._later
        if later or self._doubted:
            notice = replace(notice, later=later, doubted=self._doubted)
        self._notices.append((state, notice))

    @contextmanager
    def caused_at(self, at: datetime) -> Iterator[None]:
        """What is wished within the block comes of what happened at this instant: before a restore it may have been told."""
        until = self._doubted_until
        self._doubted = until is not None and at < until
        try:
            yield
        finally:
            self._doubted = False

    @cached_property
    def _doubted_until(self) -> datetime | None:
        return doubted_until()

    @contextmanager
    def telling_later(self, until: datetime | None) -> Iterator[None]:
        """Put off what is wished within the block until then (None: nothing is put off)."""
        self._later = until
        try:
            yield
        finally:
            self._later = None

    def hidden(self, state: TaskState) -> Hidden:
        """Who stays unnamed on a task, with what was gathered."""
        if not state.anonymize:
            return Hidden()
        wrote, copied = gathered_unnamed(self.gathered(state.id))
        return hidden_of(state, [*wrote, *wrote_unnamed([state.id], copied)[state.id]], self.house)

    @contextmanager
    def leaving_out(self, actor: str) -> Iterator[None]:
        """Nobody is told that this address did what is wished within the block ("": all is told)."""
        self._left_out = actor
        try:
            yield
        finally:
            self._left_out = ""

    def gathered(self, task: int) -> list[Event]:
        """The task's events that are not written yet, in order."""
        return [event for _, its, event in self._events if its == task]

    def wished(self, kind: str) -> list[TaskState]:
        """The tasks of the letters of this kind that are wished so far."""
        return [state for state, notice in self._notices if notice.kind == kind]

    def told_of(self, task: int, numbers: set[int]) -> tuple[tuple[str, ...], tuple[int, ...]]:
        """The addresses that heard of these events of a task, or are about to (but for answers to their author); and the
        letters about them that can still be kept from leaving."""
        events = EventRow.objects.filter(task=task, seq__in=numbers).values_list("id", flat=True)
        rows = Letter.objects.filter(event__in=list(events)).exclude(kind__in=letters.AUTO_REPLIES)
        unsent = tuple(rows.filter(_UNSENT).values_list("id", flat=True))
        gone = rows.exclude(state__in=("failed", "cancelled")).exclude(id__in=unsent)
        told = [*gone.values_list("recipient", flat=True)]
        for state, notice in self._notices:
            if state.id == task and notice.seq in numbers and notice.kind not in letters.AUTO_REPLIES:
                told += letters.audience(self.house, state, notice, self.now)
        return tuple(dict.fromkeys(told)), unsent

    def add_note(self, task: int, kind: str, author: str, text: str) -> int:
        """Keep a text that somebody wrote here; returns the note's id for the command that refers to it."""
        note = Note(id=ids.new_id(), task=task, kind=kind, author=author, at=self.now, text=text)
        self._notes[note.id] = note
        self.index(task, text)
        return note.id

    def settle_mail(self, mail: Mail, outcome: str, **values: Any) -> None:
        """Say where a mail ends: one of intake.models.OUTCOMES, and what the parser read of it."""
        row = {"outcome": outcome, "decided_at": self.now, "lease_until": None, "task": None, **values}
        self._settled[mail.id] = row
        vars(mail).update(row)
        self.mails[mail.id] = mail
        if mail.content_key and mail.task and outcome not in UNREAD:
            self._by_content[mail.content_key].append(Known(mail.id, mail.task, mail.received_at))
        if mail.words_key and mail.task:
            self._by_words[mail.words_key].append(Known(mail.id, mail.task, mail.received_at))

    def look_up(self, content_keys: Iterable[str], words_keys: Mapping[int, str]) -> None:
        """Find the mails with these keys whose work has a task: one query of each kind for a whole batch.

        The words' keys are by the mails' ids, and are kept for when a mail is placed.
        """
        self.words_keys |= words_keys
        _find("content_key", content_keys, self._by_content)
        _find("words_key", words_keys.values(), self._by_words)

    def same_content(self, key: str) -> list["Known"]:
        """The mails with this content key that have a task, those of this batch included, the oldest first."""
        if key not in self._by_content:
            _find("content_key", [key], self._by_content)
        return self._by_content[key]

    def same_words(self, mail: int) -> list["Known"]:
        """The mails with this mail's words_key that opened a task, those of this batch included, the oldest first."""
        key = self.words_keys[mail]
        return self._by_words[key] if key else []

    def index(self, task: int, text: str) -> None:
        """Make a text findable on the task, but not what is signed in it: a search finds it letter by letter."""
        self._texts.append((task, masked(text)))

    def free_reference(self) -> str:
        """A reference that no task has yet; those of a batch are looked up together."""
        while not self._references:
            candidates = {ids.new_reference() for _ in range(max(1, len(self._by_content)))}
            taken = {found for (found,) in sql.among(Task, ("reference",), "reference", list(candidates))}
            self._references = list(candidates - taken - self._given)
        reference = self._references.pop()
        self._given.add(reference)
        return reference

    def mail(self, mail: int | None) -> Mail | None:
        """A mail's row, from this batch or from the database."""
        if mail is None:
            return None
        if mail not in self.mails:
            found = Mail.objects.filter(pk=mail).first()
            if found is None:
                return None
            self.mails[mail] = found
        return self.mails[mail]

    def note(self, note: int) -> Note | None:
        """A note, from this unit or from the database."""
        return self._notes.get(note) or Note.objects.filter(pk=note).first()

    def pending_tasks(self) -> list[TaskState]:
        """The tasks this unit has touched, newest state (for finding one that the same batch opened)."""
        return list(self._states.values())

    # -- writing

    def flush(self) -> None:
        """Write everything gathered, in this transaction. The only code that writes tasks, events and letters."""
        made = letters.make(self, [(self._as_strict(state), notice) for state, notice in self._notices])
        crashpoint("H4.before_write")
        self._write_tasks()
        crashpoint("H4.after_tasks")
        sql.insert(EventRow, [_event_row(*found) for found in self._events])
        crashpoint("H4.after_events")
        sql.insert(Note, [_note_row(note) for note in self._notes.values()])
        self._write_documents(made.documents)
        self._write_letters(made.rows)
        self._keep_from_leaving()
        self._tell_less()
        crashpoint("H5.after_letters")
        self._write_mails()
        self._tell_copies()
        crashpoint("H4.after_mails")
        search.index(self._texts)
        crashpoint("H4.before_commit")
        if made.rows:
            transaction.on_commit(_ring_for_delivery)
        if self._events:
            transaction.on_commit(dispatch.changed)

    def _as_strict(self, state: TaskState) -> TaskState:
        """The state that a notice tells of, with what has been gathered since of who may read it and who is named in it."""
        newest = self._states.get(state.id, state)
        if (newest.visibility, newest.anonymize) == (state.visibility, state.anonymize):
            return state
        return replace(state, visibility=newest.visibility, anonymize=newest.anonymize)

    def event_id(self, task: int, seq: int) -> int:
        """The id that the event has in the trail."""
        known = self._event_ids.get((task, seq))
        return known if known is not None else EventRow.objects.only("id").get(task=task, seq=seq).id

    def _write_tasks(self) -> None:
        touched = {task for _, task, _ in self._events}
        new = [row_of(self._states[t]) for t in touched if t not in self._read_seq]
        sql.insert(Task, new)
        old = [t for t in touched if t in self._read_seq]
        hit = sql.update(
            Task, [row_of(self._states[t]) for t in old], [{"id": t, "seq": self._read_seq[t]} for t in old]
        )
        if hit != len(old):
            raise Overtaken

    def _write_letters(self, rows: list[dict[str, Any]]) -> None:
        new, longer = together.put_together(rows, self.now)
        sql.insert(Letter, new)
        waiting = [{"id": id, "state": "pending"} for id in longer]
        if sql.update(Letter, list(longer.values()), waiting) != len(longer):
            raise Overtaken

    def _keep_from_leaving(self) -> None:
        """Cancel the letters about what was taken back; where one has left meanwhile, its recipient is to be told of it."""
        unsent = [id for _, _, event in self._events for id in event.data.get("unsent", ())]
        if not unsent:
            return
        waiting = Letter.objects.filter(_UNSENT, id__in=unsent)
        if waiting.update(state="cancelled", server_reply=TAKEN_BACK, settled_at=self.now) != len(unsent):
            raise Overtaken

    def _tell_less(self) -> None:
        """Letters that wait were made before their task became stricter: they are to say no more than one made now.

        One that a sender has, but has not begun, is taken from it.
        """
        for state in (self._states[task] for task in self._stricter()):
            of_task = Letter.objects.filter(task=state.id).exclude(recipient=state.requester)
            mine = list(of_task.select_for_update().filter(_UNSENT | _CLAIMED))
            events = EventRow.objects.in_bulk([letter.event for letter in mine])
            hidden = self.hidden(state)
            for letter in mine:
                event = events.get(letter.event) or EventRow(at=letter.date)  # one that was erased
                changed = letters.told_less(self, state, letter, event, hidden)
                if changed and letter.state == "claimed":
                    # Who has it can't mark its dot then, and has sent nothing (outbox/claim.py).
                    changed |= {"state": "pending", "lease_until": None, "attempts": letter.attempts + 1}
                if changed:
                    Letter.objects.filter(pk=letter.pk).update(**changed)

    def _stricter(self) -> set[int]:
        """The tasks that have come to be read by fewer, or to leave somebody out."""
        return {
            task
            for _, task, event in self._events
            if "unnamed_mail" in event.data
            or (event.type == "task.changed" and {"anonymize", "visibility"} & event.data["set"].keys())
        }

    def _write_mails(self) -> None:
        """Only those that nobody else has claimed meanwhile (the number of the attempt is the fence) and decided."""
        mine = [{"id": id, "outcome": "", "attempts": self.mails[id].attempts} for id in self._settled]
        if sql.update(Mail, list(self._settled.values()), mine) != len(mine):
            raise Overtaken

    def _tell_copies(self) -> None:
        """Copies that were handed in before their first was decided belong to its task as well."""
        decided = {id: row["task"] for id, row in self._settled.items() if row.get("task")}
        copies = sql.among(Mail, ("id", "same_as", "task"), "same_as", list(decided))
        waiting = [(id, decided[first]) for id, first, task in copies if task is None]
        sql.update(Mail, [{"task": task} for _, task in waiting], [{"id": id} for id, _ in waiting])

    def _write_documents(self, documents: dict[str, bytes]) -> None:
        known = (
            set(Document.objects.filter(pk__in=list(documents)).values_list("pk", flat=True))
            if documents
            else set()
        )
        sql.insert(Document, [{"sha256": k, "data": v} for k, v in documents.items() if k not in known])


def _find(column: str, keys: Iterable[str], known: dict[str, list[Known]]) -> None:
    wanted = {key for key in keys if key} - known.keys()
    for key in wanted:
        known[key] = []
    columns = ("id", "task", "outcome", "received_at", column)
    for id, task, outcome, at, key in sorted(sql.among(Mail, columns, column, list(wanted))):
        if task is not None and outcome not in UNREAD:
            known[key].append(Known(id, task, at))


def _ring_for_delivery() -> None:
    crashpoint("H5.before_ring")
    dispatch.ring("delivery")


def _event_row(id: int, task: int, event: Event) -> dict[str, Any]:
    return {
        "id": id,
        "task": task,
        "seq": event.seq,
        "v": event.v,
        "type": event.type,
        "actor_kind": event.actor.kind,
        "actor": event.actor.address,
        "at": event.at,
        "data": event.data,
    }


def _note_row(note: Note) -> dict[str, Any]:
    return {name: getattr(note, name) for name in ("id", "task", "kind", "author", "at", "text")}

"""A scenario as typed values: when it starts, what happens, what must be true afterwards (pure)."""

import email.utils
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from orgo.conf.kinds import Addresses, Count, Text, address, listed, plain_text, whole, zone
from orgo.conf.section import Section
from orgo.lib.durations import parse_duration

AT_FORMS = 'write it like "+2 hours 30 min" (counted from start), or 2026-09-04T18:50 (in the zone of start)'
_SENDERS = "name@organization.com, or Name <name@organization.com>"
_HEADER = re.compile("[!-9;-~]{1,76}")
_NOTHING = re.compile(r"0\s*[a-z]*", re.IGNORECASE)
_LOCAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2})?")


def moment(value: Any) -> timedelta | datetime:
    """A time of a scenario: elapsed since its start, or the local time of its zone (naive)."""
    text = str(value).strip()
    if text.startswith("+"):
        return _elapsed(text[1:].strip())
    if _LOCAL.fullmatch(text):
        return _local(text)
    raise ValueError(f"not a time; {AT_FORMS}")


def _elapsed(text: str) -> timedelta:
    if _NOTHING.fullmatch(text):
        return timedelta()
    try:
        found = parse_duration(text)
    except ValueError:
        raise ValueError(f"not a time; {AT_FORMS}") from None
    return timedelta(days=found.days, seconds=found.seconds)


def _local(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"no such day or hour; {AT_FORMS}") from None


def beginning(value: Any) -> datetime:
    """The instant at which a scenario begins: local time and zone."""
    local, _, name = str(value).strip().rpartition(" ")
    if not _LOCAL.fullmatch(local):
        raise ValueError("not a time with its zone; write it like 2026-09-04T16:50 Europe/Paris")
    return aware(_local(local), ZoneInfo(zone(name)))


def aware(local: datetime, zone: ZoneInfo) -> datetime:
    """The instant of a local time (the first of two, on the night when an hour comes twice).

    Raises ValueError on the night when that hour does not come.
    """
    instant = local.replace(tzinfo=zone)
    if instant.astimezone(UTC).astimezone(zone).replace(tzinfo=None) != local:
        raise ValueError(f"the clocks of {zone.key} skip this hour; take the one after it")
    return instant


def several(value: Any) -> Any:
    """One map where a list of them is meant is a list of one."""
    return [value] if isinstance(value, dict) else value


def sender(text: str) -> str:
    """Who writes: an address, or a name with an address in < >."""
    _, at = email.utils.parseaddr(plain_text(text))
    try:
        address(at)
    except ValueError:
        raise ValueError(f"not a sender; write {_SENDERS}") from None
    return text.strip()


def header_name(text: str) -> str:
    """The name of a header (RFC 5322 section 2.2)."""
    if not _HEADER.fullmatch(text):
        raise ValueError("not the name of a header; write it like Authentication-Results")
    return text


Words = Annotated[str, StringConstraints(strict=True, max_length=100_000)]
Line = Annotated[str, StringConstraints(strict=True, max_length=2000), AfterValidator(plain_text)]
Sender = Annotated[str, StringConstraints(strict=True, max_length=400), AfterValidator(sender)]
HeaderName = Annotated[str, StringConstraints(strict=True), AfterValidator(header_name)]
At = Annotated[timedelta | datetime, BeforeValidator(moment)]
Number = Annotated[int, BeforeValidator(whole), Field(ge=0, le=1_000_000)]
State = Literal["pending", "in_progress", "waiting", "completed", "cancelled", "failed"]
Outcome = Literal["opened", "joined", "linked", "bounce", "ignored", "history", "observed", "quarantined"]
Names = Annotated[tuple[Text, ...], BeforeValidator(listed)]


class Files(Section):
    """The files that the scenario plays with, relative to it."""

    people: Text | None = Field(None, description="people.yaml")
    rules: Text | None = Field(None, description="rules.yaml")
    config: Text | None = Field(None, description="config.yaml")


class MailStep(Section):
    """Somebody writes."""

    sender: Sender = Field(alias="from", description="Who writes: an address, or a name with one in < >")
    to: Addresses = Field(min_length=1, description="To whom: an address or a list of them")
    cc: Addresses = Field((), description="To whom besides")
    subject: Line = Field("", description="The subject")
    body: Words = Field("", description="The text")
    attach: Names = Field((), description="Files to attach, relative to the scenario")
    headers: dict[HeaderName, Line] = Field({}, description="More headers")
    task: Text | None = Field(None, description="A name for the task that this mail opens")


class AnswerStep(Section):
    """Somebody answers a letter that came."""

    sender: Sender = Field(alias="from", description="Who answers")
    to_letter: Words = Field("latest", description="`latest`, or words of the letter's subject")
    letter_of: Text | None = Field(None, description="To whom that letter went; none is who answers")
    body: Words = Field(description="The answer's text")
    subject: Line | None = Field(None, description="The subject; none is Re: and the letter's")
    headers: dict[HeaderName, Line] = Field({}, description="More headers")


class Step(Section):
    """Something that happens."""

    at: At = Field(description="When")
    mail: MailStep | None = Field(None, description="Somebody writes")
    answer: AnswerStep | None = Field(None, description="Somebody answers a letter")

    @model_validator(mode="after")
    def _one(self) -> "Step":
        if (self.mail is None) == (self.answer is None):
            raise ValueError("a step has either mail or answer; give one of them")
        return self


class TaskWanted(Section):
    """What a task must be like; what is not mentioned is not looked at."""

    name: Text | None = Field(
        None, description="The task that a mail step called so; none is the last opened"
    )
    state: State | None = Field(None, description="Its state")
    level: Number | None = Field(None, description="The level of escalation")
    round: Number | None = Field(None, description="How often it began anew")
    team: Text | None = Field(None, description="The team's address")
    assignee: Words | None = Field(None, description="Whose it is; null is nobody's")
    requester: Text | None = Field(None, description="Who asked")
    priority: Text | None = Field(None, description="Its priority")
    type: Text | None = Field(None, description="Its type")
    visibility: Literal["team", "private", "organization", "public"] | None = Field(
        None, description="Who sees it"
    )
    labels: Names | None = Field(None, description="All of its labels")
    rule: Text | None = Field(None, description="The rule that routed it")
    title: Text | None = Field(None, description="Its title")

    @model_validator(mode="before")
    @classmethod
    def _nobody(cls, data: Any) -> Any:
        """`assignee: null` says nobody, it is no key left empty."""
        if isinstance(data, dict) and "assignee" in data and data["assignee"] is None:
            return {**data, "assignee": ""}
        return data


class LetterWanted(Section):
    """What a letter must be like; texts are compared without case."""

    to: Text | None = Field(None, description="Its recipient")
    subject: Words | None = Field(None, description="Contained in the subject")
    text: Words | None = Field(None, description="Contained in the text")
    text_lacks: Words | None = Field(None, description="Not contained in the text")
    times: Count | None = Field(None, description="How many such letters exactly; none is at least one")


class MailWanted(Section):
    """What must have become of the last mail that came."""

    outcome: Outcome = Field(description="What became of it")


class Expectation(Section):
    """What must be true at a time."""

    at: At = Field(description="When")
    tasks: Number | None = Field(None, description="How many tasks exist")
    task: Annotated[tuple[TaskWanted, ...], BeforeValidator(several)] = Field((), description="Tasks")
    letter: Annotated[tuple[LetterWanted, ...], BeforeValidator(several)] = Field(
        (), description="Letters that left"
    )
    no_letter: Annotated[tuple[LetterWanted, ...], BeforeValidator(several)] = Field(
        (), description="Letters that did not leave"
    )
    mail: MailWanted | None = Field(None, description="What became of the last mail")


class Script(Section):
    """A scenario file."""

    name: Text | None = Field(None, description="What it is about")
    start: Annotated[datetime, BeforeValidator(beginning)] = Field(description="Local time and zone")
    config: Files = Field(default_factory=Files, description="The files it plays with")
    unreachable: Addresses = Field((), description="Addresses whose server refuses every letter")
    steps: tuple[Step, ...] = Field(min_length=1, description="What happens")
    expect: tuple[Expectation, ...] = Field((), description="What must be true")

    def instant(self, at: timedelta | datetime) -> datetime:
        """A time of this scenario as an aware UTC instant; elapsed time is real time, whatever the clocks do."""
        if isinstance(at, timedelta):
            return self.start.astimezone(UTC) + at
        assert isinstance(self.start.tzinfo, ZoneInfo)
        return aware(at, self.start.tzinfo).astimezone(UTC)


class Scenario:
    """A script with the file it was read from; `folder` is what its paths count from."""

    def __init__(self, script: Script, file: str, folder: Path) -> None:
        self.script, self.file, self.folder = script, file, folder
        self.name = script.name or file

    @property
    def zone(self) -> ZoneInfo:
        """The zone in which its times are told."""
        assert isinstance(self.script.start.tzinfo, ZoneInfo)
        return self.script.start.tzinfo

    def path(self, named: str) -> Path:
        """A file that the scenario names."""
        return self.folder / named

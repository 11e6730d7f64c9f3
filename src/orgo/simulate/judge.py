"""Looks whether an expectation holds, and says what was found instead where it does not."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orgo.simulate.letterbox import Caught, same
from orgo.simulate.script import Expectation, LetterWanted, TaskWanted

Verdict = tuple[str, bool]


def judge(
    wanted: Expectation, letters: Sequence[Caught], named: Mapping[str, int], last_mail: int | None
) -> Iterator[Verdict]:
    """The words of each single thing that is expected, and whether it holds.

    `letters` are those sent since the former expectation; `named` the numbers of the tasks that have a name.
    """
    if wanted.mail is not None:
        yield _mail(wanted.mail.outcome, last_mail)
    if wanted.tasks is not None:
        yield _tasks(wanted.tasks)
    for one in wanted.task:
        yield _task(one, named)
    for letter in wanted.letter:
        yield _letter(letter, letters)
    for letter in wanted.no_letter:
        yield _no_letter(letter, letters)


def _mail(outcome: str, last_mail: int | None) -> Verdict:
    from orgo.intake.models import Mail

    row = Mail.objects.get(pk=last_mail) if last_mail is not None else None
    found = f"{row.outcome or 'not decided'} ({row.reason})" if row else "no mail came"
    ok = row is not None and row.outcome == outcome
    return (f"the last mail is {outcome}" if ok else f"the last mail: {found}, not {outcome}"), ok


def _tasks(count: int) -> Verdict:
    from orgo.task.models import Task

    found = Task.objects.count()
    return (f"tasks: {count}" if found == count else f"tasks: {found}, not {count}"), found == count


def _task(wanted: TaskWanted, named: Mapping[str, int]) -> Verdict:
    from orgo.task.models import Task

    rows = Task.objects.filter(pk=named.get(wanted.name, 0)) if wanted.name else Task.objects.order_by("id")
    row = rows.last()
    who = f"task {wanted.name}" if wanted.name else "task"
    if row is None:
        return f"{who}: there is none", False
    expected = {key: getattr(wanted, key) for key in wanted.model_fields_set - {"name"}}
    wrong = [_differs(key, getattr(row, key), value) for key, value in sorted(expected.items())]
    wrong = [words for words in wrong if words]
    told = ", ".join(f"{key} {_said(value)}" for key, value in sorted(expected.items()))
    return f"{who}: {'; '.join(wrong)}" if wrong else f"{who}: {told}", not wrong


def _differs(key: str, found: Any, wanted: Any) -> str:
    equal = _comparable(found) == _comparable(wanted)
    return "" if equal else f"{key} is {_said(found)}, not {_said(wanted)}"


def _comparable(value: Any) -> Any:
    """Texts without case, lists without order."""
    return sorted(value) if isinstance(value, tuple | list) else str(value).casefold()


def _said(value: Any) -> str:
    if isinstance(value, tuple | list):
        return f"[{', '.join(value)}]"
    return "nobody" if value in ("", None) else str(value)


def _letter(wanted: LetterWanted, letters: Sequence[Caught]) -> Verdict:
    fitting = [caught for caught in letters if _fits(wanted, caught)]
    told = f"letter {_about(wanted)}"
    if wanted.times is not None:
        ok = len(fitting) == wanted.times
        return (told if ok else f"{told}: {len(fitting)} left; sent were: {_sent(letters)}"), ok
    return (told if fitting else f"no {told}; sent were: {_sent(letters)}"), bool(fitting)


def _no_letter(wanted: LetterWanted, letters: Sequence[Caught]) -> Verdict:
    fitting = [caught for caught in letters if _fits(wanted, caught)]
    told = f"no letter {_about(wanted)}"
    return (f"{told}, but: {_sent(fitting)}" if fitting else told), not fitting


def _fits(wanted: LetterWanted, caught: Caught) -> bool:
    parcel = caught.parcel
    text = " ".join(parcel.text.split()).casefold()
    return (
        (wanted.to is None or same(wanted.to, parcel.recipient))
        and (wanted.subject or "").casefold() in parcel.subject.casefold()
        and (wanted.text or "").casefold() in text
        and (wanted.text_lacks is None or wanted.text_lacks.casefold() not in text)
    )


def _about(wanted: LetterWanted) -> str:
    said = {key: getattr(wanted, key) for key in ("to", "subject", "text", "text_lacks", "times")}
    words = {"text_lacks": "without", "text": "saying", "subject": "about"}
    return " ".join(f"{words.get(key, key)} {value}" for key, value in said.items() if value is not None)


def _sent(letters: Sequence[Caught]) -> str:
    return ", ".join(f"{one.parcel.recipient} ({one.parcel.subject})" for one in letters) or "none"

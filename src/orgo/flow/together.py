"""What is told later is told once: all that is put off for a recipient on a task becomes one letter.

The letter waits among the others until its time; what else is put off until then is added to it.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from orgo.flow import words
from orgo.outbox.models import Letter

KIND = "together"
# Somebody is to act on these: they are never put off.
AT_ONCE = frozenset({"escalated", "informed"})
LONGEST = 100_000
_BETWEEN = "\n" + "-" * 40 + "\n\n"


def put_together(
    rows: Iterable[dict[str, Any]], now: datetime
) -> tuple[list[dict[str, Any]], dict[int, dict[str, Any]]]:
    """The letters to be written, and by their ids the new texts of letters that wait already and become longer."""
    new: list[dict[str, Any]] = []
    longer: dict[int, dict[str, Any]] = {}
    of: dict[tuple[int, str], dict[str, Any]] = {}
    for row in rows:
        if row["kind"] != KIND:
            new.append(row)
            continue
        key = (row["task"], row["recipient"])
        known = of.get(key) or _waiting(*key, now)
        if known is None:
            # Of what several templates link to, only our pages are links here.
            known = row | {"text": f"{words.said('together', row['language'])}\n\n{row['text']}", "html": ""}
            new.append(known)
        else:
            known |= {"text": _added(known["text"], row["text"]), "html": ""}
        of[key] = known
        if "event" not in known:
            longer[known["id"]] = {"text": known["text"], "html": known["html"]}
    return new, longer


def _added(text: str, more: str) -> str:
    return text + _BETWEEN + more if len(text) < LONGEST else text


def _waiting(task: int, recipient: str, now: datetime) -> dict[str, Any] | None:
    """The letter that waits for its time already; one whose time has come may be on its way."""
    of_task = Letter.objects.filter(task=task, recipient=recipient, kind=KIND, state="pending")
    found = of_task.filter(next_attempt_at__gt=now).values("id", "text").first()
    return dict(found) if found else None

"""Outgoing mail, and what the demo's catcher caught."""

import re

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext
from django.views.decorators.http import require_GET

from orgo.audit.models import Event
from orgo.conf import boot
from orgo.flow.hidden import Hidden, hidden_in, hidden_on
from orgo.flow.house import open_house
from orgo.message import body_text, parse
from orgo.outbox.models import STATES, Letter
from orgo.outbox.queries import newest
from orgo.outbox.token import masked
from orgo.people.models import User
from orgo.people.visibility import Viewer
from orgo.task.models import Task
from orgo.web.views.access import number_of, signed_in, user_of
from orgo.web.words import LETTER_STATES

MOST_CAUGHT = 100


@require_GET
@signed_in
def letters(request: HttpRequest) -> HttpResponse:
    """The letters of the tasks that this user may see, the newest first and by pages; Orgo's own alarms for who sees mail."""
    state, user = request.GET.get("state", ""), user_of(request)
    visible = Task.objects.filter(Viewer(user).filter()).values("pk")
    rows, older = newest(
        state if state in STATES else "",
        visible,
        own=user.may("see_mail"),
        before=number_of(request.GET.get("before", "")),
    )
    tasks = Task.objects.filter(pk__in=[row.task for row in rows if row.task is not None], anonymize=True)
    hidden = hidden_in(tasks, open_house())
    shown = [
        {
            "letter": row,
            "recipient": _recipient(row, hidden[row.task or 0]),
            "subject": hidden[row.task or 0].without_any(row.subject),
            "state": LETTER_STATES[row.state],
        }
        for row in rows
    ]
    choices = [
        (key, LETTER_STATES[key]) for key in ("sent", "pending", "held", "failed", "ambiguous", "cancelled")
    ]
    return render(
        request, "letters.html", {"rows": shown, "state": state, "choices": choices, "older": older}
    )


def _recipient(row: Letter, hidden: Hidden) -> str:
    """Whom a letter went to; a sender who is to stay unnamed is not named here either."""
    return gettext("the sender") if hidden.got(row) else row.recipient


@require_GET
@signed_in
def letter(request: HttpRequest, number: int) -> HttpResponse:
    """One letter: its words as they were made (but for what is signed for its recipient), and the server's answer."""
    row, user = get_object_or_404(Letter, pk=number), user_of(request)
    task = Task.objects.filter(Viewer(user).filter(), pk=row.task or 0).first()
    if task is None and (row.task is not None or not user.may("see_mail")):
        raise Http404
    hidden = hidden_on(task, open_house()) if task is not None else Hidden()
    event = Event.objects.filter(pk=row.event).first() if hidden.others else None
    context = {
        "letter": row,
        "task": task,
        "hidden": hidden,
        "is_withheld": event is not None and hidden.hides_other(event),
        "state": LETTER_STATES[row.state],
    }
    return render(request, "letter.html", context)


@require_GET
@signed_in
def caught(request: HttpRequest, name: str = "") -> HttpResponse:
    """The letters as they arrived at the demo's catcher: what people got."""
    folder = boot.config().var / "caught"
    if not folder.is_dir() or not user_of(request).may("see_mail"):
        raise Http404
    if name:
        if not re.fullmatch(r"[0-9]{6}", name) or not (folder / f"{name}.eml").is_file():
            raise Http404
        message = parse((folder / f"{name}.eml").read_bytes())
        if not _open_to(user_of(request), [message.message_id]):
            raise Http404
        return render(
            request, "caught.html", {"message": message, "text": masked(body_text(message)), "name": name}
        )
    files = sorted(folder.glob("*.eml"), reverse=True)
    rows = [(file.stem, parse(file.read_bytes())) for file in files[:MOST_CAUGHT]]
    shown = _open_to(user_of(request), [message.message_id for _, message in rows])
    rows = [row for row in rows if row[1].message_id in shown]
    return render(request, "caught_list.html", {"rows": rows, "cut": len(files) > MOST_CAUGHT})


def _open_to(user: User, message_ids: list[str]) -> set[str]:
    """Those of these letters that this user may read: of tasks that they see, and none to a sender who stays unnamed."""
    letters = Letter.objects.filter(message_id__in=message_ids)
    tasks = Task.objects.filter(Viewer(user).filter(), pk__in=letters.values("task")).in_bulk()
    hidden = hidden_in(tasks.values(), open_house())
    return {
        row.message_id
        for row in letters
        if row.task is None or (row.task in tasks and not hidden[row.task].got(row))
    }

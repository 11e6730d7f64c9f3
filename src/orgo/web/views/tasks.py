"""The three panes and the task's page."""

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils import translation
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from orgo.flow import words
from orgo.flow.arrival import ways_of
from orgo.flow.hidden import hidden_on
from orgo.flow.house import open_house
from orgo.flow.thread import parts_of
from orgo.flow.undoing import events_of
from orgo.flow.unit import Unit
from orgo.intake.models import Mail
from orgo.lib import clock
from orgo.people.models import User
from orgo.people.visibility import Viewer
from orgo.task.models import Task
from orgo.task.queries import MOST_COUNTED, QUEUES, Page, counts, newer, newest, queue_page, search_page
from orgo.task.rows import state_of
from orgo.task.undo import last_step
from orgo.web.views.access import number_of, signed_in, task_or_404, user_of
from orgo.web.views.conversation import conversation, done_by, timeline, told
from orgo.web.views.live import sight
from orgo.web.words import PRIORITIES

NAMES = {
    "mine": (_("Mine"), "user"),
    "team": (_("My teams"), "users"),
    "unassigned": (_("Nobody's yet"), "hand"),
    "waiting": (_("Waiting"), "pause"),
    "overdue": (_("Overdue"), "triangle-alert"),
    "all": (_("All open"), "list"),
    "closed": (_("Closed"), "archive"),
}
EMPTY = {
    "mine": _("Nothing is yours at the moment. Look at what your teams have, and take something."),
    "team": _("Your teams have no open task. New mail to a team's address shows up here by itself."),
    "unassigned": _("Everything is in somebody's hands."),
    "waiting": _("No task is waiting for anything."),
    "overdue": _("Nothing is overdue. Well done."),
    "all": _("There is no open task. Send a mail to a team's address, or drop a mail file on this page."),
    "closed": _("No task has been closed yet."),
}


@require_GET
@signed_in
def home(request: HttpRequest, reference: str | None = None) -> HttpResponseBase:
    """Queues, list and task beside each other; with `reference` that task is open."""
    seen = sight()  # before the lists are read: what comes between is told twice rather than never
    viewer, now = Viewer(user_of(request)), clock.now()
    place = place_of(request.GET)
    held = counts(viewer, now)
    queue = place.get("queue") or ("all" if reference else _first_queue(held))
    words_asked, number = place.get("q", ""), int(place.get("page", "1"))
    page = search_page(viewer, words_asked, number) if words_asked else queue_page(viewer, queue, now, number)
    task = task_or_404(request, reference) if reference else None
    list_of = {"q": words_asked} if words_asked else {"queue": queue}
    context: dict[str, Any] = {
        "seen": seen,
        "queue": queue,
        "q": words_asked,
        "rows": page.rows,
        "more": page.more,
        "more_said": _said(page.more),
        "here": urlencode(list_of | ({"page": number} if number > 1 else {})),
        "next_page": urlencode(list_of | {"page": number + 1}),
        "former_page": urlencode(list_of | {"page": number - 1}) if number > 1 else "",
        "queues": _queues(held, queue),
        "empty": EMPTY[queue],
        "newest": _newest(viewer, queue, now, page, number) if not words_asked else 0,
        "house": open_house(),
        "title": NAMES[queue][0],
    }
    if task is not None:
        context |= _task_context(request, task, context["house"])
    return render(request, "home.html", context)


def place_of(values: Mapping[str, str]) -> dict[str, str]:
    """Which list a query names: `queue` or `q`, and `page`; what is none of these is left out."""
    queue, page = values.get("queue", ""), values.get("page", "")
    found = {"queue": queue if queue in QUEUES else "", "q": values.get("q", "").strip()[:200]}
    found["page"] = page if re.fullmatch(r"[1-9][0-9]{0,5}", page, re.ASCII) else ""
    return {name: value for name, value in found.items() if value}


def _first_queue(held: dict[str, int]) -> str:
    return next((queue for queue in ("mine", "team") if held[queue]), "all")


def _newest(viewer: Viewer, queue: str, now: datetime, page: Page, number: int) -> int:
    """The queue's newest task: of one that is shown whole, without asking (to find none, every task would be looked at)."""
    if number == 1 and not page.more:
        return max((task.pk for task in page.rows), default=0)
    return newest(viewer, queue, now)


def _said(count: int) -> str:
    """A number that was counted up to a point; from there on only that there are more."""
    return str(count) if count < MOST_COUNTED else f"{MOST_COUNTED - 1}+"


def _queues(held: dict[str, int], current: str) -> list[dict[str, Any]]:
    return [
        {
            "key": key,
            "name": NAMES[key][0],
            "icon": NAMES[key][1],
            "count": _said(held[key]) if key in held else None,
            "current": key == current,
        }
        for key in QUEUES
    ]


@require_GET
@signed_in
def news(request: HttpRequest) -> HttpResponse:
    """How many tasks came into the list since it was shown: "3 new" instead of rows that jump."""
    viewer, queue = Viewer(user_of(request)), request.GET.get("queue", "all")
    after = number_of(request.GET.get("since", "")) or 0
    new = newer(viewer, queue if queue in QUEUES else "all", clock.now(), after)
    return render(request, "_news.html", {"new": new, "queue": queue, "since": after})


def _task_context(request: HttpRequest, task: Task, house: Any) -> dict[str, Any]:
    user, state, hidden = user_of(request), state_of(task), hidden_on(task, house)
    language = translation.get_language() or "en"
    mail = Mail.objects.filter(pk=task.mail).first() if task.mail else None
    return {
        "task": task,
        "state": state,
        "hidden": hidden,
        "conversation": conversation(task, house, hidden),
        "timeline": timeline(task, house, hidden),
        "told": told(task),
        "done_by": done_by(task, house, hidden),
        "why": words.why(mail.decision if mail else None, language).partition("? ")[2],
        "next": _without_heading(words.what_next(state, house, language)),
        "can": _can(user, task, state, house),
        "people": User.objects.filter(is_active=True).order_by("name", "address"),
        "teams": sorted(house.directory.teams.values(), key=lambda team: team.title),
        "priorities": PRIORITIES,
        "ways": ways_of(task),
        "copies": Mail.objects.filter(task=task.pk, outcome="linked", same_as__isnull=False).count(),
        "times": state.repeats + 1,
        "undoable": bool(last_step(events_of(task.pk), user.address, clock.now())),
    }


def _without_heading(sentence: str) -> str:
    """What happens next, for a page that has these words as its heading."""
    rest = sentence.partition(": ")[2] or sentence
    return rest[:1].upper() + rest[1:]


def _can(user: User, task: Task, state: Any, house: Any) -> dict[str, bool]:
    """Which of the page's forms make sense for this user on this task."""
    unit = Unit(house)
    parts = set(parts_of(state, user.address, unit))
    if user.may("act_all") and state.visibility != "private":
        parts.add("chief")
    works = bool({"member", "assignee", "chief"} & parts)
    is_open = not state.is_closed
    return {
        "work": works,
        "act": works and is_open,
        "answer": works and bool(state.requester),
        "take": works and is_open and state.assignee != user.address,
        "resume": works and state.state == "waiting",
        "reopen": state.is_closed and (works or "requester" in parts),
    }

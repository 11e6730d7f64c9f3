"""What people do to a task from its page: each form comes here and goes through flow/acting.py."""

from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from orgo.conf import boot
from orgo.flow.acting import ACTIONS, Done, NotAllowed, NotFound, Refused, perform
from orgo.flow.links import LinkRefused, TakeLink, open_link, take_by_link
from orgo.intake.models import Mail
from orgo.lib import clock
from orgo.lib.clock import FastClock
from orgo.lib.durations import Duration, NotADuration, parse_duration
from orgo.task.reply import understand_time
from orgo.task.reply_times import Edge
from orgo.task.values import TaskState
from orgo.web import words
from orgo.web.views.access import signed_in, user_of
from orgo.web.views.tasks import place_of

FORMS = {"answer": ("text",), "note": ("text",), "assign": ("to",), "route": ("team",), "cancel": ("reason",)}


@require_POST
@signed_in
def act(request: HttpRequest, reference: str, action: str) -> HttpResponseBase:
    """Do one thing to a task, and say what came of it."""
    if action not in ACTIONS:
        raise Http404
    try:
        done = perform(
            user_of(request), reference, action, undo_within=_a_moment(), **_values(request, action)
        )
    except NotFound:
        raise Http404 from None
    except NotAllowed:
        messages.error(request, _("That is not yours to do on this task."))
    except (Refused, ValueError) as error:
        messages.error(request, _("Nothing was done: %s.") % words.refused(str(error)))
    else:
        messages.success(
            request,
            _said(action, done, user_of(request).address),
            extra_tags="undoable" if done.undoable else action,
        )
    back = urlencode(place_of(QueryDict(request.POST.get("back", "")[:1000])))
    return redirect(f"/tasks/{quote(reference, safe='')}" + (f"?{back}" if back else ""))


def _a_moment() -> timedelta:
    """How long letters wait for an undo: ten seconds of the person who may press it, whatever the clock's rate."""
    running = clock.current()
    return UNDO_WITHIN * (running.rate if isinstance(running, FastClock) else 1)


def _said(action: str, done: Done, by: str) -> str:
    """What came of it, in words that are so."""
    if not done.changed:
        return _("Nothing changed: it was like that already.")
    if action == "assign" and not done.state.assignee:
        return _("It is the team's again.")
    if action == "answer" and done.taken:
        return f"{_SAID[action]()} {_('The task is yours now.')}"
    told = bool(done.state.requester) and done.state.requester in done.told
    if (action, told) not in _TOLD:
        return _SAID.get(action, lambda: _("Done."))()
    return " ".join(filter(None, (_TOLD[action, told](), "" if told else _why_not(done.state, by))))


def _why_not(state: TaskState, by: str) -> str:
    """Why a requester is not told, as far as it is known."""
    if not state.requester:
        return _("Nobody knows who asked for it.")
    if state.requester == by:
        return _("The requester is you.")
    if state.answerable:
        return ""
    trust = Mail.objects.filter(pk=state.mail or 0).values_list("trust", flat=True).first()
    return _UNANSWERABLE.get(trust, _of_a_machine)() if trust else ""


def _of_a_machine() -> str:
    return _("The mail came from a machine, and machines are not written to.")


UNDO_WITHIN = timedelta(seconds=10)
_TOLD = {
    ("eta", True): lambda: _("The requester will be told when to expect it."),
    ("eta", False): lambda: _("The time is noted. The requester is not told."),
    ("done", True): lambda: _("Done. The requester will be told."),
    ("done", False): lambda: _("Done. The requester is not told."),
    ("cancel", True): lambda: _("It is closed. The requester will be told."),
    ("cancel", False): lambda: _("It is closed. The requester is not told."),
}
# A mail that opened a task is answered by itself unless its sender is in doubt or a machine (flow/opening.py).
_UNANSWERABLE = {
    "fail": lambda: _("The mail's sender could not be verified."),
    "unknown": lambda: _("The mail's sender is unclear."),
}
_SAID = {
    "take": lambda: _("It is yours now."),
    "assign": lambda: _("It has been handed over."),
    "answer": lambda: _("Your answer is on its way."),
    "note": lambda: _("Your note is kept."),
    "wait": lambda: _("It waits; its clock stands still."),
    "resume": lambda: _("Work goes on; its clock runs again."),
    "due": lambda: _("The deadline is set."),
    "change": lambda: _("The priority is set."),
    "reopen": lambda: _("It is open again."),
    "route": lambda: _("It belongs to the other team now."),
    "escalate": lambda: _("It has been escalated."),
    "undo": lambda: _("Your last step was taken back."),
}


def _values(request: HttpRequest, action: str) -> dict[str, Any]:
    """The values of an action's form. Raises ValueError for a time that can't be read."""
    if action in ("eta", "wait", "due"):
        until = _until(request.POST.get("until", ""), "start" if action == "wait" else "end")
        if until is None and action != "wait":
            raise ValueError(_("a time is missing"))
        return {"until": until}
    if action == "cancel" and not request.POST.get("reason", "").strip():
        raise ValueError(_("say why it is closed"))
    if action == "change":
        return {"values": {"priority": request.POST.get("priority", "normal")}}
    if action == "watch":
        return {"on": request.POST.get("on", "1") == "1"}
    return {name: request.POST.get(name, "") for name in FORMS.get(action, ())}


def _until(text: str, edge: Edge) -> datetime | None:
    """An instant of a form: a local date and time, or what a reply by mail may say ("2 hours", "tomorrow 14:00").

    `edge` says which end of a day is meant. Raises ValueError in the reader's words for what is none.
    """
    text = text.strip()
    if not text:
        return None
    zone = boot.config().organization.zone
    found = understand_time(text, now=clock.now(), zone=zone, edge=edge, language=get_language() or "")
    if isinstance(found, datetime):
        return found
    if found is not None:
        raise ValueError(_WRONG_TIME[found]())
    try:
        return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))
    except ValueError:
        length = _length(text)
        return clock.now() + timedelta(days=length.days, seconds=length.seconds)


_WRONG_TIME = {
    "over": lambda: _("that time is over"),
    "far": lambda: _("that time is more than ten years ahead"),
    "no_day": lambda: _("there is no such day"),
}


def _length(text: str) -> Duration:
    """A duration of a form. Raises ValueError in the reader's words."""
    try:
        return parse_duration(text)
    except NotADuration as error:
        raise ValueError(words.NOT_A_DURATION[error.wrong] % error.given) from None


@require_http_methods(["GET", "POST"])
def take_link(request: HttpRequest, reference: str) -> HttpResponseBase:
    """The signed link of a letter: it shows a button, or why there is none, and acts when the button is pressed."""
    values = request.GET if request.method == "GET" else request.POST
    try:
        link = open_link(reference, values.get("for", ""), values.get("sig", ""))
    except LinkRefused:
        raise Http404 from None
    done, refused = link.is_taken, ""
    if request.method == "POST":
        try:
            take_by_link(link)
            done = True
        except Refused as error:
            refused = words.refused(str(error))
    return render(
        request,
        "take.html",
        {
            "link": link,
            "done": done,
            "refused": refused,
            "hindrance": words.refused(link.hindrance) if link.hindrance else "",
            "is_private": _is_private(link),
        },
    )


def _is_private(link: TakeLink) -> bool:
    return link.state.visibility == "private"

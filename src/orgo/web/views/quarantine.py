"""Mail that could not be read, and mail that was ignored."""

from typing import Any

from django.contrib import messages
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from orgo.flow.quarantine import discard, retry
from orgo.intake.queries import UNHEEDED, in_quarantine, newest, quarantined
from orgo.people.visibility import Viewer
from orgo.task.models import Task
from orgo.web.views.access import allowed, number_of, user_of


@require_GET
@allowed("see_mail")
def quarantine(request: HttpRequest) -> HttpResponseBase:
    """What is in quarantine, with the reason, the newest first and by pages; the bytes are kept."""
    return render(
        request, "quarantine.html", {**_listed(request, Q(outcome="quarantined")), "count": quarantined()}
    )


@require_POST
@allowed("manage_mail")
def try_again(request: HttpRequest) -> HttpResponseBase:
    """Read one mail again, or all of them."""
    wanted = request.POST.get("mail", "")
    number = number_of(wanted)
    ids = in_quarantine() if wanted == "all" else [number] if number is not None else []
    count = retry(ids, user_of(request).address)
    said = ngettext("%s mail is tried again.", "%s mails are tried again.", count) % count
    messages.success(request, said if count else _("Nothing to try again."))
    return redirect("quarantine")


@require_POST
@allowed("manage_mail")
def put_aside(request: HttpRequest, number: int) -> HttpResponseBase:
    """Put a mail aside for good, with a reason; its bytes stay."""
    reason = request.POST.get("reason", "").strip()[:200]
    if not reason:
        messages.error(request, _("Nothing was done: say why it is put aside."))
    elif discard(number, reason, user_of(request).address):
        messages.success(request, _("It is put aside, and kept as it came."))
    else:
        messages.error(request, _("It is no longer in quarantine."))
    return redirect("quarantine")


@require_GET
@allowed("see_mail")
def ignored(request: HttpRequest) -> HttpResponseBase:
    """Mail that was kept but made no task, with the reason; what belongs to a task only for those who may see that."""
    visible = Task.objects.filter(Viewer(user_of(request)).filter(), anonymize=False)
    # Asked of each mail in its turn: under an OR, PostgreSQL would read a list of all tasks again for each.
    shown = Q(task=None) | Q(Exists(visible.filter(pk=OuterRef("task"))))
    return render(request, "ignored.html", _listed(request, UNHEEDED & shown))


def _listed(request: HttpRequest, which: Q) -> dict[str, Any]:
    """A page of these mails, and where the next page begins."""
    rows, older = newest(which, number_of(request.GET.get("before", "")))
    return {"rows": rows, "older": older}

"""The mailboxes that mail is fetched from: how each stands, what observed mail would become, going live."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from orgo.conf import boot
from orgo.conf.config import Mailbox
from orgo.intake.mailbox import actions, queries
from orgo.intake.models import WaitingFile
from orgo.intake.queries import waiting_files
from orgo.lib import clock
from orgo.web.views.access import allowed, user_of
from orgo.web.words import foreseen

SHOWN = 200


@require_GET
@allowed("see_mail")
def mailboxes(request: HttpRequest) -> HttpResponseBase:
    """Every mailbox of the configuration: its mode, how it is, its last mail."""
    return _page(request)


def _page(request: HttpRequest, status: int = 200) -> HttpResponseBase:
    rows = [(row, _state(row)) for row in queries.standings(boot.config().accounts)]
    files = [(file.name, _why(file)) for file in waiting_files()[:SHOWN]]
    return render(request, "mailboxes.html", {"rows": rows, "files": files}, status=status)


def _why(file: WaitingFile) -> str:
    """Why a file of the watched folder is not taken, in words."""
    if file.reason == "failed":
        return _("It was not taken: %s") % file.why
    if file.reason == "locked":
        return _("It waits: another program has it open.")
    return (
        _("It waits: %s tasks would come of it. On the machine: orgo import, as history, or --as work --yes.")
        % file.tasks
    )


def _state(row: queries.Standing) -> str:
    """How it is, in words."""
    words = {
        "": _("Not tried yet"),
        "ok": _("Works"),
        "auth_failed": _("The server does not take the password"),
        "unreachable": _("The server can't be reached"),
        "certificate": _("The server's certificate is not to be believed"),
        "tls": _("The server does not speak TLS as configured"),
        "folder": _("A folder is not there"),
        "no_room": _("There is too little room here, so mail stays on the server"),
        "silent": _("No look at it has ended for a while"),
    }
    return _("Paused") if row.paused else words.get(row.state, _("Something is wrong"))


@require_GET
@allowed("see_mail")
def preview(request: HttpRequest, number: int) -> HttpResponseBase:
    """What the mails that were observed would become, the newest first."""
    account = _account(number)
    rows = queries.observed(account.name, SHOWN + 1)
    counts = {foreseen(said): count for said, count in queries.foreseen(account.name).items()}
    return render(
        request,
        "mailbox_preview.html",
        {"name": account.name, "rows": rows[:SHOWN], "cut": len(rows) > SHOWN, "counts": counts},
    )


@require_POST
@allowed("manage_mail")
def act(request: HttpRequest, number: int, action: str) -> HttpResponseBase:
    """Pause a mailbox, go on with it, or let it work from a day on.

    The page says which mailbox it meant: in another configuration the same place is another's (409).
    """
    account, by = _account(number), user_of(request).address
    if action not in ("live", "pause", "resume"):
        raise Http404
    if request.POST.get("mailbox") != account.name:
        messages.error(request, _("Nothing was done: the mailboxes have changed. Here is how they are now."))
        return _page(request, 409)
    if action == "live":
        _go_live(request, account, by)
    else:
        actions.set_paused(account.name, action == "pause", by)
        messages.success(request, _("It is left alone.") if action == "pause" else _("It is fetched again."))
    return redirect("mailboxes")


def _go_live(request: HttpRequest, account: Mailbox, by: str) -> None:
    text = request.POST.get("since", "").strip()[:40]
    try:
        since = datetime.fromisoformat(text) if text else clock.now()
    except ValueError:
        messages.error(request, _("Nothing was done: write the day like 2026-11-23."))
        return
    if since.tzinfo is None:
        since = since.replace(tzinfo=ZoneInfo(boot.config().organization.zone))
    work = actions.start_work(account.name, since, by)
    messages.success(request, _("It is live; mails that were observed and become work: %s.") % work)


def _account(number: int) -> Mailbox:
    """The mailbox with this place in the configuration: a name of somebody's is never part of an address."""
    accounts = boot.config().accounts
    if not 1 <= number <= len(accounts):
        raise Http404
    return accounts[number - 1]

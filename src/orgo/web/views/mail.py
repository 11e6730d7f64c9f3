"""Mail on the page: shown safely, its attachments as downloads, its bytes for those who may, and mail dropped here."""

import base64
import logging
import re
from collections.abc import Callable
from functools import wraps
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils.cache import patch_cache_control
from django.utils.translation import gettext as _
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_GET, require_POST

from orgo.conf import boot
from orgo.flow.showing import Unreadable, file_of, html_of, is_read
from orgo.intake.blobs import BlobAway, BlobLost
from orgo.intake.envelope import envelope_of
from orgo.intake.models import Mail
from orgo.intake.readers import are_many, looks_like_mail
from orgo.intake.space import NoRoom
from orgo.intake.store import Incoming, read_raw
from orgo.outbox.token import masked
from orgo.task.models import Task
from orgo.web.templatetags.orgo import too_large
from orgo.web.views.access import mail_task_visible, signed_in, user_of

log = logging.getLogger("orgo.web")
FRAME_POLICY = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
_BASE64 = re.compile(rb"(?:^[A-Za-z0-9+/]{4,}={0,2}\r?\n?)+", re.MULTILINE)


View = Callable[..., HttpResponseBase]


def with_bytes(view: View) -> View:
    """Where a mail's bytes can't be had (the place of large ones is away) or read, the page says so, and nothing is broken."""

    @wraps(view)
    def answer(request: HttpRequest, *words: object, **named: object) -> HttpResponseBase:
        try:
            return view(request, *words, **named)
        except (BlobAway, BlobLost) as error:
            log.warning("a mail can't be shown: %s", error)
            return _said(_("The content of this mail can't be had at the moment. Try again later."), 503)
        except Unreadable as error:
            log.warning("a mail can't be shown: %s", error)
            return _said(_("This mail can't be shown: it could not be read, or not in time."), 422)

    return answer


def _said(words: str, status: int) -> HttpResponse:
    return HttpResponse(words, status=status, content_type="text/plain; charset=utf-8")


def _mail(request: HttpRequest, number: int) -> Mail:
    mail = get_object_or_404(Mail, pk=number)
    if not mail_task_visible(request, mail.task):
        raise Http404
    return mail


def _read_mail(request: HttpRequest, number: int) -> Mail:
    """One that was read when it came: what lies in quarantine is not read to be shown.

    Nor is a report of what did not arrive, which names whom it was for, on a task that leaves its sender out.
    """
    mail = _mail(request, number)
    if not is_read(mail) or (mail.outcome == "bounce" and _leaves_its_sender_out(mail)):
        raise Http404
    return mail


@require_GET
@signed_in
@xframe_options_sameorigin
@with_bytes
def html(request: HttpRequest, number: int) -> HttpResponse:
    """The HTML of a mail, cleaned when it is shown, in a document that may do nothing: no script, no form, no request."""
    mail = _read_mail(request, number)
    if not mail.has_html:
        raise Http404
    body = masked(html_of(mail))
    page = f'<!doctype html><meta charset="utf-8"><meta name="color-scheme" content="light"><title>Mail</title><body>{body}'
    response = HttpResponse(page, content_type="text/html; charset=utf-8")
    response.headers["Content-Security-Policy"] = FRAME_POLICY
    return response


@require_GET
@signed_in
@with_bytes
def attachment(request: HttpRequest, number: int, place: int) -> HttpResponse:
    """An attachment, always as a download that the browser neither opens nor guesses at."""
    mail = _read_mail(request, number)
    if not 0 <= place < len(mail.attachments):
        raise Http404
    file = file_of(mail, place)
    return download(_without_secrets(file.data), file.name or f"attachment-{place + 1}")


@require_GET
@signed_in
@with_bytes
def raw(request: HttpRequest, number: int) -> HttpResponse:
    """The bytes of a mail as they came, if its sender may be named; what is signed for whom Orgo wrote to is blanked."""
    mail = _mail(request, number)
    if _leaves_its_sender_out(mail):
        raise Http404
    return download(_without_secrets(read_raw(mail.pk)), f"mail-{mail.pk}.eml")


def _leaves_its_sender_out(mail: Mail) -> bool:
    return Task.objects.filter(pk=mail.task or 0, anonymize=True).exists()


def _without_secrets(data: bytes) -> bytes:
    """Bytes without what their reader could act with as somebody else, in parts in base64 too."""
    return _BASE64.sub(_part_without_secrets, masked(data.decode("latin-1"), "*").encode("latin-1"))


def _part_without_secrets(found: re.Match[bytes]) -> bytes:
    """A part as it came, unless it holds a signature (what is no base64 holds none that a reader would decode)."""
    try:
        inner = base64.b64decode(found[0])
    except ValueError:
        return found[0]
    shown = _without_secrets(inner)
    return found[0] if shown == inner else base64.encodebytes(shown)


def download(data: bytes, name: str) -> HttpResponse:
    """Bytes as a download (RFC 6266 section 4.3: the name in ASCII and, whole, in UTF-8)."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)[:80] or "file"
    response = HttpResponse(data, content_type="application/octet-stream")
    response.headers["Content-Disposition"] = (
        f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
    )
    response.headers["Content-Security-Policy"] = "sandbox; default-src 'none'"
    patch_cache_control(response, private=True, no_store=True)
    return response


@require_POST
@signed_in
def drop(request: HttpRequest) -> HttpResponseBase:
    """A mail file dropped on the page goes the way of every mail. Answers where to ask for its task."""
    from orgo.pipeline import take

    file = request.FILES.get("mail")
    if file is None or file.size is None or not file.size:
        return JsonResponse({"error": _("The file is empty.")}, status=422)
    if file.size > boot.config().intake.smtp.max_size:
        return JsonResponse({"error": too_large()}, status=413)
    data = file.read()
    if not looks_like_mail(data) and not str(file.name).lower().endswith(".eml"):
        return JsonResponse({"error": _("This is not a mail file (.eml).")}, status=422)
    if are_many(data):
        return JsonResponse(
            {"error": _("This is an archive of several mails: import it by orgo import.")}, status=422
        )
    by, to = user_of(request).address, envelope_of(data).to
    try:
        (row,) = take([Incoming(data=data, source="page", envelope_from=by, envelope_to=to)])
    except NoRoom:
        said = _("There is too little room for mail at the moment. Try again later.")
        return JsonResponse({"error": said}, status=503)
    return JsonResponse({"mail": str(row.pk)}, status=201)


@require_GET
@signed_in
def where(request: HttpRequest, number: int) -> HttpResponse:
    """Where a mail that this user dropped has ended, also in words; its task as far as the user may see it."""
    mail = get_object_or_404(Mail, pk=number, source="page", envelope_from=user_of(request).address)
    visible = mail.task is not None and mail_task_visible(request, mail.task)
    task = Task.objects.get(pk=mail.task or 0) if visible else None
    return JsonResponse(
        {
            "outcome": mail.outcome,
            "reason": mail.reason,
            "task": task.reference if task else None,
            "said": _ended(mail, task),
        }
    )


def _ended(mail: Mail, task: Task | None) -> str:
    """What became of a dropped mail, for the one who dropped it, who may see `task`."""
    if not mail.outcome:
        return _("The mail is here and waits for its turn.")
    if task is not None:
        found = {"reference": task.reference, "title": task.title or _("(no subject)")}
        return _("It is in task %(reference)s: %(title)s") % found
    if mail.task is not None:
        return _("It is with those whom it concerns; their task is not for you to see.")
    return _("It is kept, and made no task: %s") % _(mail.reason or mail.outcome)

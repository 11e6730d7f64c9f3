"""`POST /api/v1/mail`: a mail's bytes from a program, answered only after they are committed."""

import logging
import re

from django.core.exceptions import TooManyFieldsSent
from django.db import Error, IntegrityError, connection
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.csrf import csrf_exempt

from orgo.api.length import length_of
from orgo.api.problem import Refused
from orgo.conf.kinds import address
from orgo.intake import keyed
from orgo.intake.models import Mail
from orgo.intake.readers import are_many
from orgo.intake.space import NoRoom
from orgo.intake.store import Incoming
from orgo.lib.crash import crashpoint
from orgo.people import tokens
from orgo.people.models import User
from orgo.pipeline import take

log = logging.getLogger("orgo.api")
TYPES = ("", "message/rfc822", "application/octet-stream")
MOST_RECIPIENTS = 100
_KEY = re.compile(r"[\x20-\x7e]{1,200}")
_AGAIN = {"Retry-After": "30"}
_OTHER_MAIL = "This Idempotency-Key was used for another mail."


@csrf_exempt
def mail(request: HttpRequest) -> HttpResponse:
    """Take a mail in: 202 when it is on disk, a problem (RFC 9457) and nothing taken else."""
    try:
        return _taken(request)
    except Refused as refused:
        return refused.answer()
    except NoRoom:
        return Refused(503, "There is too little room for mail now. Send it again later.", _AGAIN).answer()
    except Error as error:
        log.error("a mail by HTTP could not be stored: %s: %s", type(error).__name__, error)
        connection.close()
        return Refused(503, "The mail could not be taken now. Send it again later.", _AGAIN).answer()


def _taken(request: HttpRequest) -> HttpResponse:
    if request.method != "POST":
        raise Refused(405, "Mail is handed in by POST.", {"Allow": "POST"})
    user = _user(request)
    sender, recipients = _envelope(request)
    key = _key(request, user)
    incoming = Incoming(
        data=_body(request), source="http", envelope_from=sender, envelope_to=recipients, receipt_key=key
    )
    crashpoint("H1h.before_store")
    row = _store(incoming)
    crashpoint("H1h.before_answer")
    log.info("mail %s came by HTTP, handed in by %s", row.pk, user.address)
    answer = {"id": str(row.same_as or row.pk), "outcome": row.outcome}
    return JsonResponse(answer, status=202, headers={"Cache-Control": "no-store"})


def _user(request: HttpRequest) -> User:
    """Whose token it is. Raises Refused; the good token of somebody else at the same address stays good."""
    scheme, _, secret = request.headers.get("Authorization", "").strip().partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Refused(401, "A token is needed.", {"WWW-Authenticate": "Bearer"})
    try:
        user = tokens.user_of(secret.strip(), "mail")
    except tokens.OtherScope:
        challenge = 'Bearer error="insufficient_scope", scope="mail"'
        raise Refused(403, "This token is for something else.", {"WWW-Authenticate": challenge}) from None
    if user is None:
        raise _no_such_token(request.META.get("REMOTE_ADDR") or "")
    return user


def _no_such_token(peer: str) -> Refused:
    if tokens.too_many_refused(peer):
        wait = str(int(tokens.REFUSED_WITHIN.total_seconds()))
        return Refused(429, "Too many tokens were refused. Wait a while.", {"Retry-After": wait})
    tokens.note_refused(peer)
    challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
    return Refused(401, "This token is not known, revoked or too old.", challenge)


def _envelope(request: HttpRequest) -> tuple[str, tuple[str, ...]]:
    """Sender and recipients. An empty `from` is the sender of a bounce (RFC 5321 section 4.5.5)."""
    try:
        unknown = request.GET.keys() - {"from", "to"}
        if unknown:  # a misspelt one would be an envelope that nobody meant
            raise Refused(422, "Only `from` and `to` are taken in the query.")
        senders, recipients = request.GET.getlist("from"), request.GET.getlist("to")
        if len(senders) > 1 or len(recipients) > MOST_RECIPIENTS:
            raise Refused(422, f"At most one `from` and {MOST_RECIPIENTS} `to` are taken.")
        sender = address(senders[0]) if any(senders) else ""
        return sender, tuple(dict.fromkeys(map(address, recipients)))
    except (ValueError, TooManyFieldsSent):
        raise Refused(422, "`from` or `to` is not a mail address, such as name@organization.com.") from None


def _key(request: HttpRequest, user: User) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not _KEY.fullmatch(key):
        raise Refused(422, "An Idempotency-Key is 1 to 200 printable ASCII characters.")
    return None if key is None else keyed.receipt_key(user.pk, key)


def _body(request: HttpRequest) -> bytes:
    """The mail's bytes; read past Django's limit for forms, which is meant for fields."""
    if (request.content_type or "") not in TYPES:
        raise Refused(415, "The body is a mail: message/rfc822 or application/octet-stream.")
    if request.headers.get("Content-Encoding", "identity").strip().lower() != "identity":
        raise Refused(
            415, "The body is a mail as it is: no Content-Encoding.", {"Accept-Encoding": "identity"}
        )
    length = length_of(request.META.get("CONTENT_LENGTH"))
    data = request.read(length) if length else b""
    if not data:
        raise Refused(422, "The body is empty; a mail's bytes are needed.")
    if len(data) != length:
        raise Refused(400, "The body is shorter than its Content-Length.")
    if are_many(data):
        raise Refused(422, "The body is an archive of several mails (mbox); give each by itself.")
    return data


def _store(incoming: Incoming) -> Mail:
    """The mail's row after the commit. Raises Refused where its key was used for another mail."""
    if keyed.is_of_another(incoming):
        raise Refused(422, _OTHER_MAIL)
    try:
        (row,) = take([incoming])
    except IntegrityError:  # the same key came twice at one moment, and the other was first
        (row,) = take([incoming])
    if row.same_as is not None and keyed.is_of_another(incoming):
        raise Refused(422, _OTHER_MAIL)
    return row

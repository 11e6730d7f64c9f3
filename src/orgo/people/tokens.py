"""Tokens for programs: each opens one scope of the API, for one user, until it ends or is revoked."""

from datetime import timedelta

from django.db import transaction

from orgo.audit.models import Event, record
from orgo.lib import clock, ids
from orgo.people.keeping import NoSuch
from orgo.people.models import API, Token, User

SCOPES = ("mail",)
MOST_DAYS = 3650
LONGEST_NAME = 100
MOST_REFUSED = 20
REFUSED_WITHIN = timedelta(minutes=15)


class OtherScope(Exception):
    """The token is good, and for something else."""


def create(user: User, scope: str, name: str, days: int, by: str) -> tuple[Token, str]:
    """A new token and its secret, which is not stored. Raises ValueError for a value that can't be."""
    if scope not in SCOPES:
        raise ValueError(f"a scope is one of: {', '.join(SCOPES)}")
    if not 1 <= days <= MOST_DAYS:
        raise ValueError(f"a token lives 1 to {MOST_DAYS} days")
    if len(name) > LONGEST_NAME or not name.isprintable():
        raise ValueError(f"a name has at most {LONGEST_NAME} characters, in one line")
    if not user.is_active:
        raise ValueError(f"{user.address} is not active")
    now = clock.now()
    with transaction.atomic():
        secret = Token.give(user, API + scope, now, now + timedelta(days=days), name.strip())
        token = Token.objects.get(hash=ids.token_hash(secret))
        record("token.created", actor=by, token=token.pk, person=user.pk, scope=scope, days=days)
    return token, secret


def given() -> list[Token]:
    """All tokens for programs, those that have ended too, with their users."""
    return list(Token.objects.filter(purpose__startswith=API).select_related("user").order_by("pk"))


def revoke(number: int, by: str) -> None:
    """End a token at once. Raises NoSuch."""
    with transaction.atomic():
        token = Token.objects.filter(pk=number, purpose__startswith=API).first()
        if token is None:
            raise NoSuch("token", str(number))
        record("token.revoked", actor=by, token=number, person=token.user_id, scope=token.scope)
        token.delete()


def user_of(secret: str, scope: str) -> User | None:
    """The user whose token this is; None where it is unknown, revoked, too old, its user's gone, or no token for programs.

    Raises OtherScope for a good token of another scope. One look at the database whatever was given.
    """
    token = Token.objects.filter(hash=ids.token_hash(secret)).select_related("user").first()
    if token is None or not token.purpose.startswith(API) or token.expires_at <= clock.now():
        return None
    if token.user is None or not token.user.is_active:
        return None
    if token.scope != scope:
        raise OtherScope
    return token.user


def too_many_refused(peer: str) -> bool:
    """Whether so many tokens from this network address were refused of late that its next wrong one is not even noted."""
    since = clock.now() - REFUSED_WITHIN
    refused = Event.objects.filter(type="token.refused", at__gte=since, actor=peer[:254])
    return refused.count() >= MOST_REFUSED


def note_refused(peer: str) -> None:
    """Leave the event of a token that was refused."""
    record("token.refused", actor=peer[:254], actor_kind="stranger")

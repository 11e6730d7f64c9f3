"""Signing in: by password (Argon2id) or by a link that works once; every try leaves an event."""

from datetime import timedelta
from typing import Any

from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.hashers import Argon2PasswordHasher, check_password, make_password
from django.db import transaction

from orgo.audit.models import Event, record
from orgo.lib import clock, ids
from orgo.people.models import Token, User

LINK_LIVES = timedelta(hours=72)
LONGEST_PASSWORD = 1024
MOST_FAILURES = 10
FAILURES_WITHIN = timedelta(minutes=15)


class Argon2(Argon2PasswordHasher):
    """Argon2id with OWASP's figures: 19 MiB, two passes, one lane."""

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1


class AddressBackend(BaseBackend):
    """Django's question "who is this?" answered by address and password; the same work is done for an unknown one."""

    def authenticate(
        self, request: Any, username: str | None = None, password: str | None = None, **_: Any
    ) -> User | None:
        if not username or not password or len(password) > LONGEST_PASSWORD:
            return None
        user = User.objects.filter(address=username.strip().lower(), is_active=True).first()
        right = check_password(
            password, user.password if user and user.has_usable_password() else _nobodys_password()
        )
        return user if user is not None and user.has_usable_password() and right else None

    def get_user(self, user_id: int) -> User | None:
        return User.objects.filter(pk=user_id, is_active=True).first()


_nobody: str = ""


def _nobodys_password() -> str:
    global _nobody
    if not _nobody:
        _nobody = make_password(ids.new_token())
    return _nobody


def sign_in_link(user: User, base: str) -> str:
    """A link that signs `user` in once, within 72 hours; a new one makes the former worthless."""
    now = clock.now()
    secret = Token.give(user, "sign-in", now, now + LINK_LIVES)
    return f"{base}/sign-in/{secret}"


def redeem(secret: str) -> User | None:
    """The user of a sign-in link, which is used up by this; None when it is unknown, used or too old."""
    now = clock.now()
    found = Token.objects.filter(
        hash=ids.token_hash(secret), purpose="sign-in", used_at=None, expires_at__gt=now
    )
    with transaction.atomic():
        token = found.select_related("user").first()
        if token is None or not found.filter(pk=token.pk).update(used_at=now):
            return None
    return token.user if token.user and token.user.is_active else None


def too_many_failures(address: str) -> bool:
    """Whether so many tries failed of late that this address has to wait."""
    since = clock.now() - FAILURES_WITHIN
    failed = Event.objects.filter(
        type="person.sign_in_failed", at__gte=since, actor=address.strip().lower()[:254]
    )
    return failed.count() >= MOST_FAILURES


def note_sign_in(address: str, *, by: str, ok: bool) -> None:
    """Leave the event of a sign-in or of one that failed (`by`: "password" or "link")."""
    record("person.signed_in" if ok else "person.sign_in_failed", actor=address.strip().lower()[:254], by=by)

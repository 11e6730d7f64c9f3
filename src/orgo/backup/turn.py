"""Whose turn it is to make a backup: one process of this machine (a file's lock), and one machine of all (a lease)."""

import secrets
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from datetime import timedelta

from orgo.backup import state
from orgo.conf.config import Config
from orgo.lib import clock
from orgo.lib.locks import locked

LEASE = timedelta(minutes=10)
RENEW_EVERY = 60.0


class Busy(Exception):
    """Another backup is being made at this moment."""


@contextmanager
def alone(config: Config) -> Iterator[None]:
    """Nobody else makes or sends a backup meanwhile. Raises Busy. One that dies with it keeps others off for minutes."""
    with _alone_here(config):
        holder = _machine(config)
        _take(holder)
        over = threading.Event()
        renewal = threading.Thread(target=_renew, args=(holder, over), name="orgo-backup-lease", daemon=True)
        renewal.start()
        try:
            yield
        finally:
            over.set()
            renewal.join()
            _give_back(holder)


def _take(holder: str) -> None:
    """A lease that this machine holds already is of a process that died: the file's lock says that none lives."""
    from django.db.models import Q

    from orgo.ops.models import Backups

    now = clock.now()
    row = state.read()
    free = Q(lease_until=None) | Q(lease_until__lte=now) | Q(holder=holder)
    if not Backups.objects.filter(free, pk=row.pk).update(holder=holder, lease_until=now + LEASE):
        raise Busy("another machine makes or sends a backup at this moment")


def _renew(holder: str, over: threading.Event) -> None:
    """As long as it takes: a large one takes longer than a machine that died should be waited for."""
    from django.db import DatabaseError, connection

    from orgo.ops.models import Backups

    while not over.wait(RENEW_EVERY):
        with suppress(DatabaseError):  # it is tried again before the lease ends
            Backups.objects.filter(holder=holder).update(lease_until=clock.now() + LEASE)
            connection.close()


def _give_back(holder: str) -> None:
    from django.db import DatabaseError

    from orgo.ops.models import Backups

    with suppress(DatabaseError):  # the database may be away: the lease runs out by itself
        Backups.objects.filter(holder=holder).update(lease_until=None)


def _machine(config: Config) -> str:
    """What this machine's folder is known by among all."""
    file = config.var / "backup" / "machine"
    if not file.exists():
        file.write_text(secrets.token_hex(16))
    return file.read_text()


@contextmanager
def _alone_here(config: Config) -> Iterator[None]:
    """One at a time on this machine."""
    with ExitStack() as held:
        try:
            held.enter_context(locked(config.var / "backup" / "lock"))
        except BlockingIOError:
            raise Busy("another backup is being made at this moment") from None
        yield

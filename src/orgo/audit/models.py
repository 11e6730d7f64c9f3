"""The one trail: every event, of tasks and of the house."""

import logging
from typing import Any, ClassVar

from django.db import models, transaction

from orgo.lib import clock, ids

log = logging.getLogger("orgo.security")
# What the log's files for security hold, beside the trail: who came in, and who was given or took which right.
_SECURITY = ("person.", "token.", "team.", "audit.", "mail.exported")


class Event(models.Model):
    """Something that happened: who, when, what came of it. Rows are added, never changed.

    `task` and `seq` are empty for what belongs to no task (a sign-in, a restored backup). `data` holds results, never
    personal text: that stands in a mail or note row, so that it can be erased.
    """

    id = models.BigIntegerField(primary_key=True, default=ids.new_id)
    task = models.BigIntegerField(null=True)
    seq = models.IntegerField(null=True)
    v = models.SmallIntegerField(default=1)
    type = models.CharField(max_length=40)
    actor_kind = models.CharField(max_length=10)
    actor = models.CharField(max_length=254, blank=True)
    at = models.DateTimeField()
    data = models.JSONField(default=dict)

    class Meta:
        db_table = "audit_event"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["task", "seq"], name="audit_event_task_seq")
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["type", "at"], name="audit_event_type_at")
        ]


def record(type: str, *, actor: str, actor_kind: str = "user", **data: Any) -> Event:
    """Add an event of the house (one that belongs to no task) to the trail."""
    event = Event.objects.create(type=type, actor=actor, actor_kind=actor_kind, at=clock.now(), data=data)
    if type.startswith(_SECURITY):
        said = {"type": type, "actor": actor, "actor_kind": actor_kind, "about": data}
        transaction.on_commit(lambda: log.info("%s by %s", type, actor or actor_kind, extra=said))
    return event


class Entry(models.Model):
    """An event's place in the journal: a number without gaps, given by the sealer, and the event's hash under it."""

    number = models.BigIntegerField(primary_key=True)
    event = models.BigIntegerField(unique=True)
    hash = models.BinaryField()

    class Meta:
        db_table = "audit_entry"


class Seal(models.Model):
    """A block of the journal, closed: the Merkle root of its entries, the seal before it, and a signature over both."""

    number = models.BigIntegerField(primary_key=True)
    first = models.BigIntegerField()
    last = models.BigIntegerField()
    root = models.BinaryField()
    previous = models.BinaryField()
    hash = models.BinaryField()
    signature = models.BinaryField()
    key = models.CharField(max_length=64)
    at = models.CharField(max_length=32)
    # Every event with a lower id had its number when this was sealed: the next search begins here.
    horizon = models.BigIntegerField()

    class Meta:
        db_table = "audit_seal"


class TrailKey(models.Model):
    """A key that signs this database's seals, the newest of them: its private half lies under the installation's secret."""

    number = models.SmallIntegerField(primary_key=True)
    key = models.CharField(max_length=64)
    sealed = models.BinaryField()
    since = models.DateTimeField()

    class Meta:
        db_table = "audit_key"

"""The task's row (the fold of its events), the texts that people wrote on it, and what the clock could not do."""

from typing import ClassVar

from django.db import models

from orgo.lib import ids

OPEN = ("pending", "in_progress", "waiting")


class Task(models.Model):
    """A task as it stands now. Only the unit of work writes it; `seq` is the number of its last event."""

    id = models.BigIntegerField(primary_key=True, default=ids.new_id)
    reference = models.CharField(max_length=6, unique=True)
    seq = models.IntegerField()
    title = models.CharField(max_length=1000)
    state = models.CharField(max_length=12)
    level = models.SmallIntegerField(default=0)
    round = models.SmallIntegerField(default=0)
    priority = models.CharField(max_length=10, default="normal")
    type = models.CharField(max_length=100, blank=True)
    labels = models.JSONField(default=list)
    fields = models.JSONField(default=dict)
    requester = models.CharField(max_length=320, blank=True)
    requester_name = models.CharField(max_length=200, blank=True)
    team = models.CharField(max_length=254)
    assignee = models.CharField(max_length=254, blank=True)
    watchers = models.TextField(blank=True)
    # Whom the levels that fired in this round speak to, as they were named: persons, teams.
    called = models.TextField(blank=True)
    organization = models.CharField(max_length=60, blank=True)
    visibility = models.CharField(max_length=14, default="team")
    anonymize = models.BooleanField(default=False)
    mail = models.BigIntegerField(null=True)
    rule = models.CharField(max_length=200, blank=True)
    revision = models.CharField(max_length=64, blank=True)
    opened_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    due_at = models.DateTimeField(null=True)
    next_level_at = models.DateTimeField(null=True)
    closed_at = models.DateTimeField(null=True)
    # Everything else of the folded state, as JSON (policy, pauses, fired levels, eta ..): see task/state.py.
    more = models.JSONField(default=dict)

    class Meta:
        db_table = "task_task"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["next_level_at"],
                name="task_task_next",
                condition=models.Q(next_level_at__isnull=False),
            ),
            models.Index(fields=["team", "state", "opened_at"], name="task_task_team"),
            models.Index(fields=["assignee", "state"], name="task_task_assignee"),
            models.Index(fields=["state", "due_at"], name="task_task_due"),
            models.Index(fields=["opened_at"], name="task_task_opened"),
            # The page's lists in their order, and what a viewer may see besides teams and own tasks.
            models.Index(
                fields=["-level", "next_level_at", "id"],
                name="task_task_list",
                condition=models.Q(state__in=OPEN),
            ),
            models.Index(
                fields=["-closed_at", "-id"],
                name="task_task_closed",
                condition=models.Q(closed_at__isnull=False),
            ),
            models.Index(fields=["id"], name="task_task_public", condition=models.Q(visibility="public")),
            models.Index(
                fields=["organization"],
                name="task_task_organization",
                condition=models.Q(visibility="organization"),
            ),
            models.Index(fields=["id"], name="task_task_watched", condition=~models.Q(watchers="")),
            models.Index(fields=["id"], name="task_task_called", condition=~models.Q(called="")),
        ]


class Note(models.Model):
    """A text that a person wrote on a task here: an internal note, or an answer to the requester."""

    id = models.BigIntegerField(primary_key=True, default=ids.new_id)
    task = models.BigIntegerField(db_index=True)
    kind = models.CharField(max_length=8)
    author = models.CharField(max_length=254)
    at = models.DateTimeField()
    text = models.TextField()

    class Meta:
        db_table = "task_note"


class PutOff(models.Model):
    """What was due on a task raised: until when the clock lets it be. It holds while the task stands as it did, at `seq`."""

    task = models.BigIntegerField(primary_key=True)
    seq = models.IntegerField()
    until = models.DateTimeField()
    times = models.IntegerField()

    class Meta:
        db_table = "task_put_off"

"""The rows of outgoing letters, one recipient each, the documents they carry, and how it stands with the ways out."""

from typing import ClassVar

from django.db import models

from orgo.lib import ids

STATES = ("pending", "claimed", "dot", "sent", "failed", "ambiguous", "held", "cancelled")


class Letter(models.Model):
    """A letter to one recipient. Its text, Message-ID and date are stored when it is made: a resend is the same letter.

    `html` is stored where the letter's template has links of its own; else the courier is given what is made of the text.
    `channel` names the courier: email, or webhook (the recipient is "webhook:" and its name; `headers` are then facts).
    States (design/reliability.md H7): pending -> claimed -> dot (the bytes are about to be ended) -> sent; failed
    (a person is told), ambiguous (it may have arrived), held (no way out is configured, or it may have
    left before a backup was restored), cancelled.
    """

    id = models.BigIntegerField(primary_key=True, default=ids.new_id)
    task = models.BigIntegerField(null=True, db_index=True)
    event = models.BigIntegerField()
    kind = models.CharField(max_length=16)
    channel = models.CharField(max_length=10, default="email")
    recipient = models.CharField(max_length=320)
    language = models.CharField(max_length=8, default="en")
    message_id = models.CharField(max_length=255, unique=True)
    date = models.DateTimeField()
    sender = models.CharField(max_length=320, blank=True)
    subject = models.CharField(max_length=1000)
    text = models.TextField()
    html = models.TextField(blank=True)
    headers = models.JSONField(default=dict)
    attachments = models.JSONField(default=list)
    state = models.CharField(max_length=10, default="pending")
    repeat = models.CharField(max_length=6, default="resend")
    repeated = models.BooleanField(default=False)
    # It may have left after the backup that was restored: it is held until a person releases it (flow/restored.py).
    maybe_sent = models.BooleanField(default=False, db_default=False)
    attempts = models.SmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True)
    # When it is its turn among those that are due (outbox/turns.py).
    turn = models.BigIntegerField(default=0, db_default=0)
    lease_until = models.DateTimeField(null=True)
    # The status that a bounce gave (RFC 3463), such as 5.1.1: three hard ones within 30 days suppress the address.
    bounce = models.CharField(max_length=12, blank=True)
    server_reply = models.CharField(max_length=500, blank=True)
    settled_at = models.DateTimeField(null=True)

    # Found beside a letter that is claimed: why its recipient gets none (None: it does); whether its channel is noted as failing.
    barred: str | None = None
    outlet_is_failing: bool = False

    class Meta:
        db_table = "outbox_letter"
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(
                fields=["event", "recipient", "channel", "kind"], name="outbox_letter_once"
            )
        ]
        indexes: ClassVar[list[models.Index]] = [
            models.Index(
                fields=["channel", "next_attempt_at", "id"],
                name="outbox_letter_pending",
                condition=models.Q(state="pending"),
            ),
            models.Index(
                fields=["channel", "turn", "id"],
                name="outbox_letter_turn",
                condition=models.Q(state="pending"),
            ),
            models.Index(
                fields=["recipient", "turn"], name="outbox_letter_owner", condition=models.Q(state="pending")
            ),
            models.Index(
                fields=["recipient", "date"],
                name="outbox_letter_received",
                condition=models.Q(kind="received"),
            ),
            models.Index(fields=["state", "date"], name="outbox_letter_state"),
            models.Index(fields=["settled_at"], name="outbox_letter_sent", condition=models.Q(state="sent")),
            models.Index(fields=["recipient"], name="outbox_letter_bounced", condition=~models.Q(bounce="")),
            models.Index(
                fields=["id"],
                name="outbox_letter_maybe",
                condition=models.Q(state="held", maybe_sent=True),
            ),
        ]


class Outlet(models.Model):
    """How it stands with a way out: since when letters can't leave by it, where they can't. One row a channel."""

    channel = models.CharField(max_length=10, primary_key=True)
    failing_since = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "outbox_outlet"


class Recipient(models.Model):
    """An address that letters bounced from so often that none is sent any more, until a person lifts that."""

    address = models.CharField(max_length=320, primary_key=True)
    suppressed_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    lifted_at = models.DateTimeField(null=True)

    class Meta:
        db_table = "outbox_recipient"


class Document(models.Model):
    """The bytes of a document that letters carry, kept once under its SHA-256."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    data = models.BinaryField()

    class Meta:
        db_table = "outbox_document"

"""The rows of mail as it came: one for each mail, its bytes beside it."""

from typing import ClassVar

from django.db import models

from orgo.lib import ids

OUTCOMES = ("opened", "joined", "linked", "bounce", "ignored", "history", "observed", "quarantined")


class Mail(models.Model):
    """A mail that was taken. `outcome` is empty until it was decided where it ends; then it is one of OUTCOMES."""

    id = models.BigIntegerField(primary_key=True, default=ids.new_id)
    # Where it came from, and what makes a second taking of the same mail known (DESIGN.md section 3, H1).
    source = models.CharField(max_length=10)
    mailbox = models.CharField(max_length=254, blank=True)
    receipt_key = models.CharField(max_length=200, null=True, unique=True)
    data_hash = models.CharField(max_length=64, db_index=True)
    envelope_from = models.CharField(max_length=320, blank=True)
    envelope_to = models.JSONField(default=list)
    peer = models.CharField(max_length=60, blank=True)
    received_at = models.DateTimeField()
    size = models.IntegerField()
    mode = models.CharField(max_length=8, default="work")
    # The way to its decision.
    outcome = models.CharField(max_length=12, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    attempts = models.SmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    decided_at = models.DateTimeField(null=True)
    task = models.BigIntegerField(null=True, db_index=True)
    same_as = models.BigIntegerField(null=True)
    decision = models.JSONField(null=True)
    # What the parser read, for the page and for search.
    content_key = models.CharField(max_length=64, blank=True)
    message_id = models.CharField(max_length=255, blank=True)
    from_address = models.CharField(max_length=320, blank=True)
    from_name = models.CharField(max_length=200, blank=True)
    trust = models.CharField(max_length=8, blank=True)
    subject = models.CharField(max_length=1000, blank=True)
    text = models.TextField(blank=True)
    has_html = models.BooleanField(default=False)
    attachments = models.JSONField(default=list)
    warnings = models.JSONField(default=list)

    class Meta:
        db_table = "intake_mail"
        indexes: ClassVar[list[models.Index]] = [
            models.Index(fields=["id"], name="intake_mail_undecided", condition=models.Q(outcome="")),
            models.Index(
                fields=["content_key"], name="intake_mail_content", condition=~models.Q(content_key="")
            ),
            models.Index(fields=["message_id"], name="intake_mail_msgid", condition=~models.Q(message_id="")),
            models.Index(fields=["outcome", "decided_at"], name="intake_mail_outcome"),
            models.Index(
                fields=["same_as"], name="intake_mail_copies", condition=models.Q(same_as__isnull=False)
            ),
        ]


class RawMail(models.Model):
    """The bytes of a mail as they came, zstd-compressed, kept once."""

    mail = models.OneToOneField(Mail, primary_key=True, on_delete=models.CASCADE, related_name="raw")
    data = models.BinaryField()

    class Meta:
        db_table = "intake_raw"


class ImportRun(models.Model):
    """An archive that is being read in, so that a second run goes on where the first stopped."""

    key = models.CharField(max_length=64, unique=True)
    path = models.TextField()
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    done = models.IntegerField(default=0)
    taken = models.IntegerField(default=0)

    class Meta:
        db_table = "intake_import"

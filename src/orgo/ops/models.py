"""What processes tell each other of themselves, of backups and certificates, and what was counted so far (ops/tally.py)."""

from django.db import models


class Role(models.Model):
    """A part of Orgo (ops/up.py), whichever process runs it: when one said last that it works, and what did not work since.

    The row `heartbeat` says when the watch outside was told last; whoever moves it on tells it.
    """

    name = models.CharField(max_length=12, primary_key=True)
    well_at = models.DateTimeField(null=True)
    ailing = models.CharField(max_length=300, blank=True)

    class Meta:
        db_table = "ops_role"


class Tally(models.Model):
    """A series: how many ended so, and their seconds together. The series "" says until when all are counted."""

    series = models.CharField(max_length=400, primary_key=True)
    count = models.BigIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    until = models.DateTimeField(null=True)

    class Meta:
        db_table = "ops_tally"


class Backups(models.Model):
    """How it stands with backups, for all machines of this database: one row.

    `since` is when they were first wanted, `made_at` when the last one was made, `sent_at` when one last reached the store.
    `tries` counts those that came to nothing since, and none is begun by itself before `next_at`. `holder` is the machine
    that makes one now, until `lease_until` at most. `told` is the trouble that the administrators were told of.
    `lost` counts the mails whose bytes the last one that was sent lacks, for they are gone; `lost_mails` are the first of them.
    """

    number = models.SmallIntegerField(primary_key=True)
    since = models.DateTimeField()
    made_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    away_since = models.DateTimeField(null=True)
    waiting = models.IntegerField(default=0)
    reason = models.CharField(max_length=500, blank=True)
    tries = models.IntegerField(default=0)
    next_at = models.DateTimeField(null=True)
    holder = models.CharField(max_length=32, blank=True)
    lease_until = models.DateTimeField(null=True)
    told = models.CharField(max_length=10, blank=True)
    lost = models.IntegerField(default=0, db_default=0)
    lost_mails = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        db_table = "ops_backups"


class Certificate(models.Model):
    """Until when the certificate is good that a server (host:port) showed at the last connection."""

    server = models.CharField(max_length=264, primary_key=True)
    until = models.DateTimeField()

    class Meta:
        db_table = "ops_certificate"

"""What processes tell each other of themselves, and what was counted so far (ops/tally.py)."""

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

"""What processes tell each other of themselves."""

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

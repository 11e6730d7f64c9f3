"""Letters that left in the last minutes are counted without reading all others."""

from django.db import migrations, models

from orgo.conf.tuning import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("outbox", "0005_turn")]
    operations = [
        AddIndex(
            "letter",
            models.Index(
                condition=models.Q(("state", "sent")), fields=["settled_at"], name="outbox_letter_sent"
            ),
        ),
    ]

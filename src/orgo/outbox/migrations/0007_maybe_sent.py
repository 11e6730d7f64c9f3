"""Letters that may have left after the backup that was restored are told from those that wait for a way out."""

from django.db import migrations, models

from orgo.conf.tuning import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("outbox", "0006_settled")]
    operations = [
        migrations.AddField("letter", "maybe_sent", models.BooleanField(db_default=False, default=False)),
        AddIndex(
            "letter",
            models.Index(
                condition=models.Q(("maybe_sent", True), ("state", "held")),
                fields=["id"],
                name="outbox_letter_maybe",
            ),
        ),
    ]

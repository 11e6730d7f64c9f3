"""Letters that wait have a turn: what is urgent goes first, and one recipient's flood delays nobody else's."""

from django.db import migrations, models

from orgo.conf.tuning import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("outbox", "0004_tuned")]
    operations = [
        migrations.AddField("letter", "turn", models.BigIntegerField(db_default=0, default=0)),
        AddIndex(
            "letter",
            models.Index(
                condition=models.Q(("state", "pending")), fields=["channel", "turn", "id"], name="outbox_letter_turn"
            ),
        ),
        AddIndex(
            "letter",
            models.Index(
                condition=models.Q(("state", "pending")), fields=["recipient", "turn"], name="outbox_letter_owner"
            ),
        ),
    ]

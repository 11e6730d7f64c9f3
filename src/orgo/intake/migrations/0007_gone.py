"""A POP3 key may be used again when its mail is gone, and what is new in a folder came after its last look."""

from typing import Any

from django.db import migrations, models


def _read_before(apps: Any, editor: Any) -> None:
    """A mailbox that was looked through before has no first look ahead of it."""
    for box in apps.get_model("intake", "Mailbox").objects.exclude(last_ok_at=None):
        box.folders.update(read_at=box.last_ok_at)


class Migration(migrations.Migration):
    dependencies = [("intake", "0006_turn")]
    operations = [
        migrations.AddField("folder", "read_at", models.DateTimeField(null=True)),
        migrations.AddField("receipt", "gone", models.BooleanField(db_default=False, default=False)),
        migrations.AddField(
            "receipt", "sha256", models.CharField(blank=True, db_default="", default="", max_length=64)
        ),
        migrations.RunPython(_read_before, migrations.RunPython.noop),
    ]

"""How far each archive of an import was read, and what could not be read of it."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0008_waiting_file")]
    operations = [
        migrations.CreateModel(
            name="ImportPlace",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("file", models.CharField(max_length=64)),
                ("stamp", models.CharField(max_length=64)),
                ("number", models.BigIntegerField(default=0)),
                ("offset", models.BigIntegerField(default=0)),
                ("ended", models.BooleanField(default=False)),
                ("mails", models.IntegerField(default=0)),
                ("older", models.IntegerField(default=0)),
                ("others", models.JSONField(default=dict)),
                (
                    "run",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="places", to="intake.importrun"
                    ),
                ),
            ],
            options={"db_table": "intake_import_place"},
        ),
        migrations.AddConstraint(
            "importplace", models.UniqueConstraint(fields=("run", "file"), name="intake_import_place_once")
        ),
        migrations.CreateModel(
            name="ImportUnread",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("item", models.TextField()),
                ("why", models.TextField()),
                (
                    "place",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="unread", to="intake.importplace"
                    ),
                ),
            ],
            options={"db_table": "intake_import_unread"},
        ),
    ]

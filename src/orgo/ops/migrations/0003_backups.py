"""How it stands with backups, for all machines."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ops", "0002_tally")]
    operations = [
        migrations.CreateModel(
            name="Backups",
            fields=[
                ("number", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("since", models.DateTimeField()),
                ("made_at", models.DateTimeField(null=True)),
                ("sent_at", models.DateTimeField(null=True)),
                ("away_since", models.DateTimeField(null=True)),
                ("waiting", models.IntegerField(default=0)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("tries", models.IntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("holder", models.CharField(blank=True, max_length=32)),
                ("lease_until", models.DateTimeField(null=True)),
                ("told", models.CharField(blank=True, max_length=10)),
            ],
            options={"db_table": "ops_backups"},
        ),
    ]

"""What was counted so far."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ops", "0001_initial")]
    operations = [
        migrations.CreateModel(
            name="Tally",
            fields=[
                ("series", models.CharField(max_length=400, primary_key=True, serialize=False)),
                ("count", models.BigIntegerField(default=0)),
                ("seconds", models.FloatField(default=0.0)),
                ("until", models.DateTimeField(null=True)),
            ],
            options={"db_table": "ops_tally"},
        ),
    ]

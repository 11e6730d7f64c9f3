"""Until when the servers' certificates are good."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ops", "0003_backups")]
    operations = [
        migrations.CreateModel(
            name="Certificate",
            fields=[
                ("server", models.CharField(max_length=264, primary_key=True, serialize=False)),
                ("until", models.DateTimeField()),
            ],
            options={"db_table": "ops_certificate"},
        ),
    ]

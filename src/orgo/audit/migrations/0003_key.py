"""The key of the trail lies in the database that it signs for."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_seals")]
    operations = [
        migrations.CreateModel(
            name="TrailKey",
            fields=[
                ("number", models.SmallIntegerField(primary_key=True, serialize=False)),
                ("key", models.CharField(max_length=64)),
                ("sealed", models.BinaryField()),
                ("since", models.DateTimeField()),
            ],
            options={"db_table": "audit_key"},
        ),
    ]

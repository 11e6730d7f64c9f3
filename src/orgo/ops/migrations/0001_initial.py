"""Which parts of Orgo run."""

from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    dependencies = []
    operations = [
        migrations.CreateModel(
            name="Role",
            fields=[
                ("name", models.CharField(max_length=12, primary_key=True, serialize=False)),
                ("well_at", models.DateTimeField(null=True)),
                ("ailing", models.CharField(blank=True, max_length=300)),
            ],
            options={"db_table": "ops_role"},
        ),
    ]

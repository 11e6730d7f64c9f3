"""Of a file of the watched folder that failed is noted why."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0010_blob")]
    operations = [
        migrations.AddField("waitingfile", "why", models.TextField(blank=True, db_default="", default="")),
    ]

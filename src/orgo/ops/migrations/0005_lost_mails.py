"""Which mails' bytes the last backup lacks, for they are gone."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("ops", "0004_certificate")]
    operations = [
        migrations.AddField("backups", "lost", models.IntegerField(db_default=0, default=0)),
        migrations.AddField(
            "backups", "lost_mails", models.CharField(blank=True, db_default="", default="", max_length=500)
        ),
    ]

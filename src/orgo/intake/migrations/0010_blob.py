"""The bytes of large mail may lie beside the database: the row names them."""

from django.db import migrations, models

from orgo.conf.tuning import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("intake", "0009_import_place")]
    operations = [
        migrations.AddField("rawmail", "blob", models.CharField(blank=True, db_default="", default="", max_length=64)),
        AddIndex(
            "rawmail",
            models.Index(condition=models.Q(("blob", ""), _negated=True), fields=["blob"], name="intake_raw_blob"),
        ),
    ]

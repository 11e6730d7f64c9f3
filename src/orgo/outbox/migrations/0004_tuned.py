"""Letters are written faster on PostgreSQL."""

from django.db import migrations

from orgo.conf.tuning import tune


class Migration(migrations.Migration):
    dependencies = [("outbox", "0003_waiting")]
    operations = [tune("outbox_letter", texts=("text", "html"))]

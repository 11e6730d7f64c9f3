"""Tasks are written to the indexes that are asked on PostgreSQL."""

from django.db import migrations

from orgo.conf.tuning import tune


class Migration(migrations.Migration):
    dependencies = [("task", "0003_called")]
    operations = [tune("task_task")]

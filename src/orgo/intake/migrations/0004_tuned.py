"""Mails are claimed in place on PostgreSQL."""

from django.db import migrations

from orgo.conf.tuning import tune


class Migration(migrations.Migration):
    dependencies = [("intake", "0003_waiting")]
    operations = [tune("intake_mail", texts=("text", "decision"), fillfactor=50)]

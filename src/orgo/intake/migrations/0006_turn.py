"""Mails that wait have a turn, so that one sender's flood delays nobody else's."""

from django.db import migrations, models

from orgo.conf.tuning import AddIndex


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("intake", "0005_words")]
    operations = [
        migrations.AddField("mail", "sender", models.BigIntegerField(db_default=0, default=0)),
        migrations.AddField("mail", "turn", models.BigIntegerField(db_default=0, default=0)),
        AddIndex(
            "mail",
            models.Index(
                condition=models.Q(("outcome", "")), fields=["mode", "turn", "id"], name="intake_mail_turn"
            ),
        ),
        AddIndex(
            "mail",
            models.Index(condition=models.Q(("outcome", "")), fields=["sender", "turn"], name="intake_mail_sender"),
        ),
        migrations.RemoveIndex("mail", "intake_mail_waiting"),
    ]

"""Equal mails are known by their words."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0004_tuned")]
    operations = [
        migrations.AddField(
            "mail", "words_key", models.CharField(blank=True, db_default="", default="", max_length=64)
        ),
        migrations.AddIndex(
            "mail",
            models.Index(
                condition=models.Q(("words_key", ""), _negated=True),
                fields=["words_key"],
                name="intake_mail_words",
            ),
        ),
    ]

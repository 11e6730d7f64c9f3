"""Files of the watched folder that wait for another program, or for somebody's yes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("intake", "0007_gone")]
    operations = [
        migrations.CreateModel(
            name="WaitingFile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=300, unique=True)),
                ("reason", models.CharField(max_length=8)),
                ("tasks", models.IntegerField(default=0)),
                ("since", models.DateTimeField()),
            ],
            options={"db_table": "intake_waiting_file"},
        ),
    ]

"""What was due on a task and raised is put off beside the task's row."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("task", "0006_named")]
    operations = [
        migrations.CreateModel(
            name="PutOff",
            fields=[
                ("task", models.BigIntegerField(primary_key=True, serialize=False)),
                ("seq", models.IntegerField()),
                ("until", models.DateTimeField()),
                ("times", models.IntegerField()),
            ],
            options={"db_table": "task_put_off"},
        ),
    ]

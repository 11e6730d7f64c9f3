"""The page's lists are read in their order, whatever the number of tasks."""

from django.db import migrations, models

from orgo.conf.tuning import AddIndex

OPEN = ("pending", "in_progress", "waiting")


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("task", "0004_tuned")]
    operations = [
        AddIndex(
            "task",
            models.Index(
                fields=["-level", "next_level_at", "id"], name="task_task_list", condition=models.Q(("state__in", OPEN))
            ),
        ),
        AddIndex(
            "task",
            models.Index(
                fields=["-closed_at", "-id"], name="task_task_closed", condition=models.Q(("closed_at__isnull", False))
            ),
        ),
        AddIndex(
            "task", models.Index(fields=["id"], name="task_task_public", condition=models.Q(("visibility", "public")))
        ),
        AddIndex(
            "task",
            models.Index(
                fields=["organization"],
                name="task_task_organization",
                condition=models.Q(("visibility", "organization")),
            ),
        ),
        AddIndex(
            "task",
            models.Index(
                fields=["id"], name="task_task_watched", condition=models.Q(("watchers", ""), _negated=True)
            ),
        ),
        AddIndex(
            "task",
            models.Index(fields=["id"], name="task_task_called", condition=models.Q(("called", ""), _negated=True)),
        ),
    ]

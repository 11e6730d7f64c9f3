"""Who watches a task, and whom its levels called, is looked up in an index of the addresses on PostgreSQL."""

from django.db import migrations

from orgo.conf.tuning import add_index_of_postgresql

# As people/visibility.py asks (Names).
ADDRESSES = "USING gin (string_to_array(btrim({0}, '|'), '|')) WITH (fastupdate = off) WHERE NOT ({0} = '')"


class Migration(migrations.Migration):
    atomic = False
    dependencies = [("task", "0005_lists")]
    operations = [
        add_index_of_postgresql("task_task", "task_task_watching", ADDRESSES.format("watchers")),
        add_index_of_postgresql("task_task", "task_task_calling", ADDRESSES.format("called")),
    ]

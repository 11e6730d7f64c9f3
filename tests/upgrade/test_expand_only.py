"""The former release works on beside this one while machines are upgraded: migrations add, they take nothing away."""

import os
import subprocess
import sys
from pathlib import Path

from orgo.ops.schema import narrows

ROOT = Path(__file__).resolve().parents[2]
# Steps that a former release might feel, each with the reason that it does not.
MARKED = {
    "intake.0004_tuned: RunPython": "how PostgreSQL stores the rows, not which",
    "intake.0007_gone: RunPython": "fills a column that the former release does not know",
    "outbox.0002_outlets: letter.bounce is NOT NULL without a default of the database": "before the first release",
    "outbox.0004_tuned: RunPython": "how PostgreSQL stores the rows, not which",
    "people.0002_token_name: token.name is NOT NULL without a default of the database": "before the first release",
    "task.0002_search: RunPython": "makes a table",
    "task.0003_called: task.called is NOT NULL without a default of the database": "before the first release",
    "task.0004_tuned: RunPython": "how PostgreSQL stores the rows, not which",
    "task.0006_named: RunPython": "makes indexes",
}
# Prints each step that may take something from a program that does not know of it: all but what surely only adds.
CODE = """
import sys
from pathlib import Path
from orgo.conf import boot, load
boot.start(load(Path(sys.argv[1])))
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
ADDING = (migrations.CreateModel, migrations.AddIndex, migrations.RemoveIndex, migrations.AlterModelOptions)
for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
    if not migration.__module__.startswith("orgo.") or migration.initial or name.startswith("0001"):
        continue
    made = {step.name_lower for step in migration.operations if isinstance(step, migrations.CreateModel)}
    for step in migration.operations:
        model = getattr(step, "model_name_lower", "")
        if isinstance(step, ADDING) or model in made:
            continue
        if not isinstance(step, migrations.AddField):
            print(f"{app}.{name}: {type(step).__name__}{model and ' to ' + model}")
            continue
        field = step.field
        if not field.null and field.db_default is models.NOT_PROVIDED and not field.many_to_many:
            print(f"{app}.{name}: {model}.{step.name} is NOT NULL without a default of the database")
        if field.unique:
            print(f"{app}.{name}: {model}.{step.name} has to be unique")
"""


def is_marked(step: str) -> bool:
    """Whether it may be: named above, or its migration's name says so, and then a former release refuses the database."""
    migration = step.partition(":")[0]
    return step in MARKED or narrows(migration.partition(".")[2])


def test_migrations_take_nothing_from_the_former_release(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = done.stdout.splitlines()
    assert [step for step in found if not is_marked(step)] == []
    assert set(MARKED) <= set(found)

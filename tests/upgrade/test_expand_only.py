"""The former release works on beside this one while machines are upgraded: migrations add, they take nothing away."""

import os
import subprocess
import sys
from pathlib import Path

from orgo.ops.schema import narrows

ROOT = Path(__file__).resolve().parents[2]
# Migrations that are known to narrow the database, as "app.name", each with the reason that it may.
MARKED = {
    "outbox.0002_outlets": "before the first release",
    "people.0002_token_name": "before the first release",
    "task.0003_called": "before the first release",
}
CODE = """
import sys
from pathlib import Path
from orgo.conf import boot, load
boot.start(load(Path(sys.argv[1])))
from django.db import migrations, models
from django.db.migrations.loader import MigrationLoader
NARROWING = (migrations.RemoveField, migrations.RenameField, migrations.DeleteModel, migrations.RenameModel, migrations.AlterModelTable)
for (app, name), migration in sorted(MigrationLoader(None).disk_migrations.items()):
    if not migration.__module__.startswith("orgo.") or migration.initial or name.startswith("0001"):
        continue
    made = {step.name_lower for step in migration.operations if isinstance(step, migrations.CreateModel)}
    for step in migration.operations:
        if isinstance(step, NARROWING):
            print(f"{app}.{name}: {type(step).__name__}")
        elif isinstance(step, migrations.AddField) and step.model_name_lower not in made:
            field = step.field
            if not field.null and field.db_default is models.NOT_PROVIDED and not field.many_to_many:
                print(f"{app}.{name}: {step.model_name}.{step.name} is NOT NULL without a default of the database")
"""


def is_marked(migration: str) -> bool:
    """Whether it may narrow: its name says so, and then a former release refuses the database (orgo/ops/schema.py)."""
    return migration in MARKED or narrows(migration.partition(".")[2])


def test_migrations_take_nothing_from_the_former_release(tmp_path: Path) -> None:
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path)],
        env=environment, cwd=tmp_path, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = [line for line in done.stdout.splitlines() if not is_marked(line.partition(":")[0])]
    assert found == []

"""The drill: a backup is brought up in a folder of its own and looked through, as after a real loss; nothing else is touched."""

from pathlib import Path
from typing import BinaryIO

import msgspec

from orgo.backup import snapshot
from orgo.backup.blobs import Beside
from orgo.backup.restoring import Stage, staged

_MOST = 20


class Drilled(msgspec.Struct, frozen=True):
    """What was compared, and what does not hold (nothing: the backup can be restored)."""

    made_at: str
    rows: int
    tables: int
    tasks: int
    events: int
    seals: int
    wrong: list[str]


def drill(source: BinaryIO, secret: bytes, name: str, folder: Path, beside: Beside) -> Drilled:
    """Restore into `folder` and compare counts, blobs, the fold of all events with the tasks, and the seals. Raises BadInput."""
    with staged(source, secret, name, folder, beside, skip_lost=True) as stage:
        return _compare(stage)


def _compare(stage: Stage) -> Drilled:
    from django.db import connections

    from orgo.audit.verify import verify
    from orgo.flow.rebuild import check_all
    from orgo.task.models import Task

    var = stage.files / "var"
    var.mkdir(parents=True, exist_ok=True)
    if stage.manifest.head is not None:
        (var / "audit.head").write_text(snapshot.head_text(stage.manifest.head))
    trail = verify(
        var
    )  # a key that lies beside its seals proves no more than they do: the auditor's copy does
    wrong = _integrity()
    wrong += [f"task {d.reference}: {d.field} is {d.row}, its events say {d.events}" for d in check_all()]
    wrong += [f"{one} (restore --skip-lost brings the rest)" for one in stage.lost]
    wrong += [f"the trail, number {trail.wrong.number}: {trail.wrong.words}"] if trail.wrong else []
    rows = stage.manifest.rows
    tasks = Task.objects.count()
    connections["default"].close()
    events = rows.get("audit_event", 0)
    return Drilled(
        stage.manifest.made_at, sum(rows.values()), len(rows), tasks, events, trail.seals, wrong[:_MOST]
    )


def _integrity() -> list[str]:
    """What SQLite itself finds wrong."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("PRAGMA integrity_check(5)")
        found = [f"the database: {words}" for (words,) in cursor.fetchall() if words != "ok"]
        cursor.execute("PRAGMA foreign_key_check")
        return found + [f"the database: a row of {row[0]} points nowhere" for row in cursor.fetchmany(5)]

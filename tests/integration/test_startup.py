"""A start on a database that has this program's form changes nothing in it, and does not wait for Django's look at it."""

from collections.abc import Callable

import pytest

from tests.office import Office


def test_nothing_is_migrated_where_there_is_nothing_to_migrate(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db.migrations.recorder import MigrationRecorder

    from orgo.ops.schema import migrate

    called: list[str] = []
    call: Callable[..., None] = lambda name, **_: called.append(name)  # noqa: E731
    monkeypatch.setattr("django.core.management.call_command", call)
    assert (migrate(office.config), called) == ([], [])

    MigrationRecorder.Migration.objects.filter(app="task").order_by("-id")[0].delete()
    migrate(office.config)
    assert called == ["migrate"]

"""The database's form: older, newer, none; every command says what to do."""

from datetime import UTC, datetime

import pytest
from django.db.migrations.recorder import MigrationRecorder


@pytest.fixture
def migrations(office):
    """Take migrations back or add unknown ones, in the record only; put right afterwards."""
    rows = MigrationRecorder.Migration.objects
    kept = list(rows.values("app", "name", "applied"))
    yield rows
    rows.all().delete()
    rows.bulk_create(MigrationRecorder.Migration(**row) for row in kept)


def test_migrate_has_nothing_to_do_twice(run):
    code, out, _ = run("database", "migrate")
    assert (code, out) == (0, "nothing to do: the database is up to date\n")


def test_an_older_form_is_refused_with_the_command(run, migrations):
    migrations.filter(app="task").delete()
    code, _, err = run("task", "list")
    assert code == 2
    assert "run: orgo database migrate" in err


def test_a_database_that_a_newer_release_added_to_is_worked_on(run, migrations, caplog):
    migrations.create(app="task", name="9999_later", applied=datetime.now(UTC))
    assert run("task", "list")[0] == 0
    assert "prepared by a newer Orgo" in caplog.text
    assert run("database", "migrate")[0] == 0


def test_a_newer_form_is_refused(run, migrations):
    migrations.create(app="task", name="9999_contract_former", applied=datetime.now(UTC))
    code, _, err = run("task", "list")
    assert code == 2
    assert "upgrade Orgo" in err
    assert run("database", "migrate")[0] == 2


def test_without_tables_the_set_up_is_named(run, migrations):
    migrations.all().delete()
    code, _, err = run("task", "list")
    assert code == 2
    assert "orgo init" in err

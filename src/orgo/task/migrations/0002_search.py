"""The full-text index: FTS5 on SQLite, a plain table elsewhere (PostgreSQL's own index comes with PostgreSQL)."""

from typing import Any

from django.db import migrations

FTS5 = """CREATE VIRTUAL TABLE search_entry USING fts5(text, task UNINDEXED, tokenize="unicode61 remove_diacritics 2")"""
TABLE = "CREATE TABLE search_entry (text text NOT NULL, task bigint NOT NULL)"


def make(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(FTS5 if schema_editor.connection.vendor == "sqlite" else TABLE)


def drop(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("DROP TABLE search_entry")


class Migration(migrations.Migration):
    dependencies = [("task", "0001_initial")]
    operations = [migrations.RunPython(make, drop)]

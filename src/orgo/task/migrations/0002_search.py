"""The full-text index: FTS5 on SQLite, words with a GIN index on PostgreSQL."""

from typing import Any

from django.db import migrations

FTS5 = """CREATE VIRTUAL TABLE search_entry USING fts5(text, task UNINDEXED, tokenize="unicode61 remove_diacritics 2")"""
WORDS = """CREATE TABLE search_entry (task bigint NOT NULL, words tsvector NOT NULL);
CREATE INDEX search_entry_words ON search_entry USING gin (words);
CREATE INDEX search_entry_task ON search_entry (task)"""


def make(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute(FTS5 if schema_editor.connection.vendor == "sqlite" else WORDS)


def drop(apps: Any, schema_editor: Any) -> None:
    schema_editor.execute("DROP TABLE search_entry")


class Migration(migrations.Migration):
    dependencies = [("task", "0001_initial")]
    operations = [migrations.RunPython(make, drop)]

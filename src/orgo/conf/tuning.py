"""What PostgreSQL is told of large tables; nothing, or the usual, on SQLite."""

from typing import Any

from django.db import migrations


def tune(table: str, texts: tuple[str, ...] = (), fillfactor: int = 100) -> migrations.RunPython:
    """A migration's step for one table.

    Long `texts` are compressed by lz4 where the server has it, at a fifth of the time. A `fillfactor` under 100 leaves
    room, so that a row that is claimed stays in its page and no index is touched. The indexes that Django makes for
    LIKE beside each unique text go away: nobody here asks so, and each mail would be written to them.
    """

    def run(apps: Any, editor: Any) -> None:
        if editor.connection.vendor != "postgresql":
            return
        with editor.connection.cursor() as cursor:
            cursor.execute(
                "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = %s"
                " AND indexname LIKE '%%\\_like'",
                [table],
            )
            unused = [name for (name,) in cursor.fetchall()]
            cursor.execute("SELECT enumvals FROM pg_settings WHERE name = 'default_toast_compression'")
            has_lz4 = "lz4" in (cursor.fetchone() or ([],))[0]
        for name in unused:
            editor.execute(f'DROP INDEX "{name}"')
        for column in texts if has_lz4 else ():
            editor.execute(f'ALTER TABLE "{table}" ALTER COLUMN "{column}" SET COMPRESSION lz4')
        if fillfactor < 100:
            editor.execute(f'ALTER TABLE "{table}" SET (fillfactor = {fillfactor})')

    return migrations.RunPython(run, migrations.RunPython.noop)


class AddIndex(migrations.AddIndex):
    """An index on a table that may be large: made CONCURRENTLY on PostgreSQL, so that Orgo works on meanwhile.

    Its migration says `atomic = False`. One that was stopped in the middle leaves an index that is not valid; it goes first.
    """

    def database_forwards(self, app_label: str, schema_editor: Any, from_state: Any, to_state: Any) -> None:
        """Make the index."""
        if schema_editor.connection.vendor != "postgresql":
            super().database_forwards(app_label, schema_editor, from_state, to_state)
            return
        schema_editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{self.index.name}"')
        model = to_state.apps.get_model(app_label, self.model_name)
        schema_editor.add_index(model, self.index, concurrently=True)


def add_index_of_postgresql(table: str, name: str, what: str) -> migrations.RunPython:
    """A migration's step for an index that only PostgreSQL can have; `what` is all that follows the table's name.

    Made as `AddIndex` makes one, and the table is analyzed, for an expression's frequent values are not known before.
    """

    def run(apps: Any, editor: Any) -> None:
        if editor.connection.vendor != "postgresql":
            return
        editor.execute(f'DROP INDEX CONCURRENTLY IF EXISTS "{name}"')
        editor.execute(f'CREATE INDEX CONCURRENTLY "{name}" ON "{table}" {what}')
        editor.execute(f'ANALYZE "{table}"')

    return migrations.RunPython(run, migrations.RunPython.noop)

"""What PostgreSQL is told of the tables that the mail's way writes to; nothing on SQLite."""

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

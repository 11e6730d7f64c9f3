"""The full-text index: words of mails and notes by task, in SQLite's FTS5 or in a PostgreSQL tsvector.

What is looked for is never an operator: each word is a term, the last one a beginning.
"""

import re
from collections.abc import Sequence

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models.expressions import RawSQL

from orgo.lib.text import fold

MOST_WORDS = 20
# PostgreSQL's tsvector holds at most 1 MB, and a word of it at most 2 kB.
_MOST_DISTINCT, _LONGEST = 20_000, 50
_WORD = re.compile(r"[^\W_]+", re.UNICODE)


def index(texts: Sequence[tuple[int, str]], database: str = DEFAULT_DB_ALIAS) -> None:
    """Make each text findable on its task (id), in the database of this alias."""
    if not texts:
        return
    place = connections[database]
    if place.vendor == "sqlite":
        sql, rows = "INSERT INTO search_entry (task, text) VALUES (%s, %s)", list(texts)
    else:
        sql = "INSERT INTO search_entry (task, words) VALUES (%s, array_to_tsvector(%s))"
        rows = [(task, _words(text)) for task, text in texts]  # type: ignore[misc]
    with place.cursor() as cursor:
        cursor.executemany(sql, rows)


def tasks_with(words: str) -> RawSQL | None:
    """A query of the ids of tasks on which all of these words stand; None where there is no word in `words`."""
    terms = _WORD.findall(words)[:MOST_WORDS]
    if not terms:
        return None
    if connection.vendor == "sqlite":
        asked = " ".join(f'"{term}"' for term in terms) + "*"
        return RawSQL("SELECT task FROM search_entry WHERE search_entry MATCH %s", [asked])
    asked = " & ".join(f"'{fold(term)[:_LONGEST]}'" for term in terms) + ":*"
    return RawSQL("SELECT task FROM search_entry WHERE words @@ to_tsquery('simple', %s)", [asked])


def _words(text: str) -> list[str]:
    found = {word[:_LONGEST]: None for word in _WORD.findall(fold(text))}
    return list(found)[:_MOST_DISTINCT]

"""The full-text index: words of mails and notes by task, in SQLite's FTS5 or in a PostgreSQL tsvector.

What is looked for is never an operator: each word is a term, the last one a beginning.
"""

import re
from collections.abc import Sequence

from django.db import DEFAULT_DB_ALIAS, connection, connections
from django.db.models.expressions import RawSQL

from orgo.conf import sql
from orgo.lib.text import fold

MOST_WORDS = 20
# PostgreSQL's tsvector holds less than 1 MiB, and a word of it at most 2 kB.
_MOST_BYTES, _MOST_DISTINCT, _LONGEST = 1_000_000, 20_000, 50
_WORD = re.compile(rf"[^\W_]{{1,{_LONGEST}}}")
_GAPS = "".join(chr(code) if chr(code).isalnum() else " " for code in range(128))  # for str.translate


def index(texts: Sequence[tuple[int, str]], database: str = DEFAULT_DB_ALIAS) -> None:
    """Make each text findable on its task (id), in the database of this alias."""
    if not texts:
        return
    if connections[database].vendor == "sqlite":
        sql.add("search_entry", {"task": "", "text": ""}, texts, database)
    else:
        rows = [(task, _vector(text)) for task, text in texts]
        sql.add("search_entry", {"task": "bigint", "words": "bytea"}, rows, database)


def tasks_with(words: str) -> RawSQL | None:
    """A query of the ids of tasks on which all of these words stand; None where there is no word in `words`."""
    terms = _WORD.findall(words)[:MOST_WORDS]
    if not terms:
        return None
    if connection.vendor == "sqlite":
        asked = " ".join(f'"{term}"' for term in terms) + "*"
        return RawSQL("SELECT task FROM search_entry WHERE search_entry MATCH %s", [asked])
    asked = " & ".join(f"'{fold(term)}'" for term in terms) + ":*"
    return RawSQL("SELECT task FROM search_entry WHERE words @@ to_tsquery('simple', %s)", [asked])


def _vector(text: str) -> bytes:
    """The text's words as the binary form of a tsvector, which the server reads in half the time of a text.

    That is how many there are in 32 bits, then each with a zero byte behind it and 16 bits for how many positions it has,
    none here (tsvectorsend in PostgreSQL's utils/adt/tsvector.c). A word has no zero in it.
    """
    words = list(_words(fold(text)))[:_MOST_DISTINCT]
    vector = "".join([f"{word}\0\0\0" for word in words]).encode()
    if len(vector) > _MOST_BYTES:
        vector = vector[: vector.rindex(b"\0\0\0", 0, _MOST_BYTES) + 3]
        words = words[: vector.count(b"\0\0\0")]
    return len(words).to_bytes(4, "big") + vector


def _words(folded: str) -> dict[str, None]:
    """The words of a folded text, each once. Where all are ASCII and short it takes a third of the pattern's time."""
    if folded.isascii():
        words = dict.fromkeys(folded.translate(_GAPS).split())
        if max(map(len, words), default=0) <= _LONGEST:
            return words
    return dict.fromkeys(_WORD.findall(folded))

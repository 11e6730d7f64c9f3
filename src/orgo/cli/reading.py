"""The mails of files that were named on the command line, read in a process of their own."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from orgo.cli.errors import Code
from orgo.cli.output import line, say
from orgo.lib.problems import BadInput, Problem
from orgo.message import Message
from orgo.message.pool import ParseFailure, ParserPool

if TYPE_CHECKING:
    from orgo.intake.readers import Item

BATCH, BATCH_BYTES = 20, 4_000_000


class Reading:
    """The mails of the files that were named. What can't be read is said as it is met, and counts for the exit code.

    With `as_json`, a mail that breaks the parser has its line too: {"file", "error"}. Raises BadInput for files that
    are not there.
    """

    def __init__(self, files: Sequence[str], as_json: bool = False) -> None:
        missing = [
            name for name in files if name != "-" and not Path(name).exists() and not Path(name).is_symlink()
        ]
        if missing:
            raise BadInput([Problem("no such file", file=name) for name in missing])
        self.files, self.as_json = files, as_json
        self.unread: list[str] = []
        self._has_read = False

    def mails(self) -> Iterator[tuple["Item", Message]]:
        """Each mail with what was read in it, in the order of the files."""
        pool = ParserPool()
        try:
            for batch in self._batches():
                for item, found in zip(batch, pool.parse([one.data for one in batch]), strict=True):
                    if isinstance(found, ParseFailure):
                        self._failed(item, found.reason)
                    else:
                        self._has_read = True
                        yield item, found
        finally:
            pool.close()

    def _batches(self) -> Iterator[list["Item"]]:
        """A first mail alone, so that its answer does not wait for others; then several at once."""
        batch: list[Item] = []
        size, most = 0, 1
        for item in self._items():
            batch.append(item)
            size += len(item.data)
            if len(batch) >= most or size >= BATCH_BYTES:
                yield batch
                batch, size, most = [], 0, BATCH
        if batch:
            yield batch

    def _items(self) -> Iterator["Item"]:
        """The bytes of each mail; `-` is standard input."""
        from orgo.intake.readers import Item, read

        for name in self.files:
            if name == "-":
                yield Item("-", sys.stdin.buffer.read() if sys.stdin else b"")
            else:
                yield from read([Path(name)], self._trouble, other=self._other)

    def _other(self, where: str, kind: str) -> None:
        say(f"{where}: is no mail but an item of the kind {kind}")

    def _trouble(self, where: str, why: str) -> None:
        self.unread.append(where)
        say(f"{where}: {why}")

    def _failed(self, item: "Item", why: str) -> None:
        self._trouble(item.where, why)
        if self.as_json:
            line({"file": item.where, "error": {"message": why}})

    @property
    def code(self) -> Code:
        """All done, or partly; where none could be read that is wrong input."""
        if not self.unread:
            return Code.DONE
        return Code.PARTLY if self._has_read else Code.WRONG_INPUT

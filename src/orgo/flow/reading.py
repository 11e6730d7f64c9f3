"""What is read of waiting mails: by the parser alone, or after a virus scanner has looked at them."""

from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from orgo.intake.scanner import Clamd, ScannerDown, ScannerRefused
from orgo.message import Message
from orgo.message.pool import ParseFailure, ParserPool

MALWARE = "malware"


class Unread(msgspec.Struct, frozen=True):
    """A mail that waits, unread: the scanner can't be asked about it, or its bytes can't be had for now."""

    reason: str


Read = Message | ParseFailure | Unread


class Reader(Protocol):
    """Reads mails, each into a Message or why there is none."""

    def parse(self, raws: Sequence[bytes], /) -> Sequence[Read]: ...

    def close(self) -> None: ...


class ScanningReader:
    """Has each mail scanned before it is read. `tell` hears why the scanner can't be asked, and None once it can."""

    def __init__(self, parser: ParserPool, scanner: Clamd, tell: Callable[[str | None], None]) -> None:
        self._parser, self._scanner, self._tell = parser, scanner, tell

    def parse(self, raws: Sequence[bytes], /) -> list[Read]:
        """Read these mails; from the first one on that the scanner is not there for, none is."""
        found: list[str | ParseFailure] = []
        down = ""
        for raw in raws:
            try:
                found.append(self._scanner.scan(raw))
            except ScannerRefused as refused:
                found.append(ParseFailure(f"the scanner did not look at it: {refused}"))
            except ScannerDown as error:
                down = str(error)
                break
        self._tell(down or None)
        read = self._parser.parse(raws[: len(found)])
        return [*map(_with_verdict, read, found), *[Unread(down)] * (len(raws) - len(found))]

    def close(self) -> None:
        """End the parser's process."""
        self._parser.close()


def _with_verdict(read: Message | ParseFailure, verdict: str | ParseFailure) -> Read:
    """A mail with malware says who sent it and no more: neither its text nor its files are shown."""
    if isinstance(verdict, ParseFailure):
        return verdict
    if not verdict:
        return read
    bare = read if isinstance(read, Message) else Message()
    return msgspec.structs.replace(
        bare,
        limit=f"{MALWARE}: {verdict}",
        text="",
        html="",
        attachments=[],
        warnings=[f"{MALWARE}: {verdict}"],
    )

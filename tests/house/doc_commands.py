"""The commands of Orgo that README.md and the pages under docs/ show: those of their blocks, and those within a sentence."""

import re
import shlex
from collections.abc import Iterator
from typing import NamedTuple

from tests.house.checkout import ROOT

PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "adr"),
]
_FENCE = re.compile(r"^ *```(\w*)\s*$")
_SHELLS = ("", "sh", "console", "bash")
_INDENTED = re.compile(r"^ {4,}(?=\S)")
_CALL = re.compile(r"(?:^|[\s&|;])(?:\./)?orgo (?=[a-z])(.*)")
_INLINE = re.compile(r"`(?:sudo )?(?:\./)?orgo ([a-z][^`]*)`")
_OF_A_CLUSTER = re.compile(r"^\s*(?:kubectl|helm)\b.*?(?: -- |$)")  # there `orgo` is a namespace, a release
_ENDS = ("&&", "||", "|", ">", ">>", ";", "#")


class Command(NamedTuple):
    """A command as a page shows it: what stands behind `orgo`, and whether it stands in a block, to be typed as it is."""

    page: str
    line: int
    words: tuple[str, ...]
    typed: bool

    def __str__(self) -> str:
        return f"{self.page}:{self.line}: orgo {shlex.join(self.words)}"


def commands() -> list[Command]:
    """All of them, in the order of the pages."""
    return [
        found
        for page in PAGES
        for found in of_page(page.relative_to(ROOT).as_posix(), page.read_text("utf-8"))
    ]


def of_page(page: str, text: str) -> Iterator[Command]:
    """The commands of one page."""
    for number, line, block in lines(text):
        if block:
            yield from (Command(page, number, words, typed=True) for words in _calls(line))
        else:
            yield from (Command(page, number, _words(call), typed=False) for call in _INLINE.findall(line))


def lines(text: str) -> Iterator[tuple[int, str, str]]:
    """Each line with its number and its block: "sh", "indented", "" within a sentence; blocks of other languages are left out.

    Lines of a block that end in a backslash are joined with the next.
    """
    fence: str | None = None
    begun, held = 0, ""
    for number, line in enumerate(text.split("\n"), 1):
        mark = _FENCE.match(line)
        if mark:
            fence = mark[1] if fence is None else None
            continue
        block = _block(fence, line)
        if block and line.endswith("\\"):
            begun, held = begun or number, held + line[:-1]
            continue
        if fence is None or block:
            yield begun or number, held + line, block
        begun, held = 0, ""


def _block(fence: str | None, line: str) -> str:
    if fence is not None:
        return "sh" if fence in _SHELLS else ""
    return "indented" if _INDENTED.match(line) else ""


def _calls(line: str) -> Iterator[tuple[str, ...]]:
    """The calls of Orgo in a shell's line: behind `sudo`, `docker compose exec orgo`, variables, or another command."""
    found = _CALL.search(_OF_A_CLUSTER.sub("", line))
    while found:
        words = shlex.split(found[1], comments=True)
        end = next((place for place, word in enumerate(words) if word in _ENDS), len(words))
        if words[0] != "orgo":  # `exec orgo orgo user`: the first is a container
            yield tuple(words[:end])
        found = _CALL.search(found[1])


def _words(call: str) -> tuple[str, ...]:
    """The words of a command within a sentence; what is no shell's word stays as it is."""
    try:
        return tuple(shlex.split(call))
    except ValueError:
        return tuple(call.split())

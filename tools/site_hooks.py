"""Hooks of mkdocs: pages are read as a forge reads them, and one that mkdocs.yml does not name stands at its section's end.

A forge goes by CommonMark. Python-Markdown, which mkdocs uses, wants four spaces before what belongs to an entry of a list,
and an empty line before a list.
"""

import logging
import re
from collections.abc import Iterator
from itertools import groupby
from typing import Any

log = logging.getLogger("mkdocs.hooks.site")
_ENTRY = re.compile(r" *(?:[-*] |\d+\. )")
_FENCE = re.compile(r" *```")
_PARAGRAPH = re.compile(r"<p>(.*?)</p>", re.DOTALL)
_LEFT_OVER = re.compile(r"```|^ *(?:- |\d+\. )", re.MULTILINE)


def on_files(files: Any, config: Any) -> Any:
    """Put the pages that nobody named into the navigation; a section that is not there yet is made."""
    named = set(_pages(config.nav))
    for file in sorted(files.documentation_pages(), key=lambda file: file.src_uri):
        section = config.extra["sections"].get(file.src_uri.partition("/")[0])
        if file.src_uri not in named and section and file.inclusion.is_included():
            _section(config.nav, section).append(file.src_uri)
    return files


def _pages(nav: Any) -> Iterator[str]:
    """The pages that a navigation names, however deep."""
    if isinstance(nav, str):
        yield nav
        return
    for entry in nav.values() if isinstance(nav, dict) else nav:
        yield from _pages(entry)


def _section(nav: list[Any], title: str) -> list[Any]:
    """The pages of the section of this title."""
    found = next((entry[title] for entry in nav if isinstance(entry, dict) and title in entry), None)
    if found is None:
        found = []
        nav.append({title: found})
    return found


def on_page_markdown(markdown: str, **_: Any) -> str:
    """The same page in the form that Python-Markdown reads as it is meant."""
    return "\n".join(line for block in _blocks(markdown) for line in _strict(block))


def _blocks(markdown: str) -> Iterator[list[str]]:
    """What stands between empty lines; a fence is one block, whatever is in it."""
    number, fenced, numbers = 0, False, []
    lines = markdown.split("\n")
    for line in lines:
        begins = bool(_FENCE.match(line)) and not fenced
        number += begins or (not fenced and not line.strip())
        numbers.append(number)
        fenced ^= bool(_FENCE.match(line))
        number += not fenced and (bool(_FENCE.match(line)) or not line.strip())
    for _, found in groupby(zip(numbers, lines, strict=True), key=lambda pair: pair[0]):
        yield [line for _, line in found]


def _strict(block: list[str]) -> Iterator[str]:
    """A block's lines: deeper where it belongs to an entry or is its code, with an empty line before a list inside it."""
    head = block[0]
    depth = len(head) - len(head.lstrip())
    more = 0 if _ENTRY.match(head) else {2: 2, 3: 1, 5: 3, 6: 2, 7: 1}.get(depth, 0)
    in_text = not _ENTRY.match(head) and not _FENCE.match(head)
    for line in block:
        if in_text and _ENTRY.match(line):
            yield ""
            in_text, more = False, 0
        yield " " * more + line if line.strip() else line


def on_page_content(html: str, page: Any, **_: Any) -> str:
    """Warn of a list or a fence that became running text all the same; have a search find records behind the other pages."""
    if page.file.src_uri.startswith("adr/"):
        page.meta["search"] = {"boost": 0.5}
    for paragraph in _PARAGRAPH.findall(html):
        if _LEFT_OVER.search(paragraph):
            log.warning("%s: this was meant as a list or a fence: %s", page.file.src_uri, paragraph[:80])
    return html

"""A hook of mkdocs: a page that mkdocs.yml does not name stands at the end of its folder's section, so none is lost."""

from collections.abc import Iterator
from typing import Any


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

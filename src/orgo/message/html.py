"""HTML as text, in one pass of lexbor (pure; the library is loaded when the first HTML comes)."""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

from orgo.lib.text import clean_text

LONGEST = 2_000_000
DEEPEST = 400
_TAG = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9]{0,20})[^<>]*>")
_VOID = frozenset("br img hr input meta link area base col wbr".split())
_BLOCKS = frozenset(
    "p div br tr li ul ol table h1 h2 h3 h4 h5 h6 blockquote pre hr section article header footer dl dt dd".split()
)
_SILENT = frozenset("script style head title template noscript".split())
_SPACES = re.compile(r"[ \t\u00a0\r\n]{2,}|[\t\u00a0\r\n]")  # not a single blank, which is as it should be
_EMPTY_LINES = re.compile(r"\n{3,}")


@cache
def _parser() -> Any:
    from selectolax.lexbor import LexborHTMLParser

    return LexborHTMLParser


def html_to_text(html: str) -> str:
    """What a reader sees of an HTML mail: a line a block, items with a dash, links after their words."""
    tree = _parser()(_shallow(html[:LONGEST]))
    root = tree.body or tree.root
    if root is None:
        return ""
    out: list[str] = []
    _walk(root, out)
    text = "\n".join([line.strip(" \t") for line in "".join(out).split("\n")])
    return clean_text(_EMPTY_LINES.sub("\n\n", text)).strip()


def joined(htmls: Sequence[str]) -> str:
    """The HTML of a mail that has it in several parts; each is closed first, so that none swallows the next.

    A part that ends within an attribute would make the address of an image of what follows, such as a text that was
    encrypted (EFAIL, CVE-2017-17688).
    """
    if len(htmls) < 2:
        return "".join(htmls)
    trees = [_parser()(_shallow(html[:LONGEST])) for html in htmls]
    return "\n".join(tree.body.inner_html if tree.body else "" for tree in trees)


def _shallow(html: str) -> str:
    """The HTML without the tags that nest deeper than anybody reads: lexbor takes quadratic time for depth (measured)."""
    if html.count("<") <= DEEPEST:
        return html
    depth = 0

    def keep(found: "re.Match[str]") -> str:
        nonlocal depth
        if found[2].lower() in _VOID:
            return found[0]
        depth += -1 if found[1] else 1
        depth = max(depth, 0)
        return found[0] if depth <= DEEPEST else ""

    return _TAG.sub(keep, html)


def _walk(root: Any, out: list[str]) -> None:
    """Down the tree without recursion: a mail may nest a hundred thousand deep."""
    stack: list[tuple[Any, bool]] = [(root, False)]
    while stack:
        node, leaving = stack.pop()
        tag = node.tag or ""
        if tag == "-text":
            text = _SPACES.sub(" ", node.text_content or "")
            out.append(text if not out or not out[-1].endswith(("\n", " ")) else text.lstrip())
            continue
        if tag in _SILENT or tag.startswith("-") or tag == "!doctype":
            continue
        if leaving:
            out.append(_after(tag, node))
            continue
        out.append(_before(tag))
        stack.append((node, True))
        children = []
        child = node.child
        while child is not None:
            children.append((child, False))
            child = child.next
        stack.extend(reversed(children))


def _before(tag: str) -> str:
    if tag == "li":
        return "\n- "
    return "\n" if tag in _BLOCKS else ""


def _after(tag: str, node: Any) -> str:
    if tag in ("td", "th"):
        return " "
    if tag in ("p", "table", "ul", "ol", "blockquote") or (len(tag) == 2 and tag[0] == "h"):
        return "\n\n" if tag != "hr" else "\n"
    if tag == "a":
        href = (node.attributes.get("href") or "").strip()
        return (
            f" <{href}>"
            if href.startswith(("http:", "https:", "mailto:")) and href not in (node.text() or "")
            else ""
        )
    return "\n" if tag in _BLOCKS and tag not in ("br", "li") else ""

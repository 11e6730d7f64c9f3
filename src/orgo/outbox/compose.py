"""The words of a letter: a kind, a task and a recipient become subject, text and HTML (pure).

The texts are files under letters/<language>/<kind>.txt, the subject in the first line, placeholders only.
"""

import html
import re
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec

from orgo.lib.text import clean_header, clip
from orgo.outbox import template

LANGUAGES = ("en", "fr")
PLACEHOLDERS = (
    "reference title who requester team assignee priority due text facts next why link take_link eta level status "
    "recipient organization state understood undo opened".split()
)
_LETTERS = Path(__file__).parent / "letters"
_URL = re.compile(r"https?://[^\s<>\"]+")


class Words(msgspec.Struct, frozen=True):
    """What a letter says."""

    subject: str
    text: str
    html: str


@cache
def letter_template(kind: str, language: str) -> str:
    """The shipped text for a kind of letter; English where the language has none."""
    path = _LETTERS / language / f"{kind}.txt"
    if language not in LANGUAGES or not path.is_file():
        path = _LETTERS / "en" / f"{kind}.txt"
    return path.read_text(encoding="utf-8")


def compose(kind: str, language: str, values: dict[str, str], *, own: str | None = None) -> Words:
    """The words of a letter of this kind.

    `values` fill the placeholders; `own` is an organization's own template in place of the shipped one (its first
    line is the subject when it begins with "Subject:").
    """
    source = own if own is not None else letter_template(kind, language)
    head, _, body = source.replace("\r\n", "\n").partition("\n")
    if not head.lower().startswith("subject:"):
        head, body = letter_template(kind, language).partition("\n")[0], source
    wanted = head.partition(":")[2].strip()
    flat = {name: clean_header(values[name]) for name in template.names(wanted) if name in values}
    subject = clip(clean_header(template.render(wanted, flat)), 200)
    text = _tidy(template.render(body, values))
    return Words(subject, text, as_html(text, language))


def _tidy(text: str) -> str:
    """No more than one empty line in a row, none at the ends."""
    return re.sub(r"\n{3,}", "\n\n", text).strip("\n") + "\n"


def as_html(text: str, language: str = "en") -> str:
    """The text as a plain HTML letter: everything escaped, links made, a line that is one link shown as a button."""
    blocks = "\n".join(_block(block) for block in text.strip().split("\n\n"))
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"></head>'
        '<body style="font:16px/1.5 system-ui,sans-serif;color:#1a1d21;max-width:40em;margin:1.5em">\n'
        f"{blocks}\n</body></html>\n"
    )


_BUTTON = "display:inline-block;padding:.5em 1em;border-radius:6px;background:#0b5cad;color:#fff;text-decoration:none"


@lru_cache(512)
def _block(block: str) -> str:
    """A paragraph; the letters of one task share nearly all of theirs."""
    lines = block.split("\n")
    if len(lines) == 2 and _URL.fullmatch(lines[1].strip()) and lines[0].endswith(":"):
        label, url = lines[0].rstrip(":"), html.escape(lines[1].strip())
        return f'<p><a href="{url}" style="{_BUTTON}">{html.escape(label)}</a></p>'
    if all(line.startswith(">") for line in lines):
        quoted = "<br>".join(_linked(line.removeprefix(">").strip()) for line in lines)
        return f'<blockquote style="border-left:3px solid #cbd2d9;margin:0;padding-left:1em">{quoted}</blockquote>'
    return f"<p>{'<br>'.join(_linked(line) for line in lines)}</p>"


def _linked(line: str) -> str:
    parts, end = [], 0
    for found in _URL.finditer(line):
        url = html.escape(found[0])
        parts += [html.escape(line[end : found.start()]), f'<a href="{url}">{url}</a>']
        end = found.end()
    return "".join([*parts, html.escape(line[end:])])


def quote(text: str, *, lines: int = 30) -> str:
    """Somebody's words as a quotation, at most `lines` lines of it."""
    shown = [clip(line, 500) for line in text.strip().split("\n")]
    cut = [*shown[:lines], "…"] if len(shown) > lines else shown
    return "\n".join(f"> {line}".rstrip() for line in cut)


def check_own(text: str, file: str) -> list[Any]:
    """Problems of an organization's own template."""
    return template.check(text, PLACEHOLDERS, file)

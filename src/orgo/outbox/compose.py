"""The words of a letter: a kind, a task and a recipient become subject and text, and the text HTML (pure).

The texts are files under letters/<language>/<kind>.txt, the subject in the first line, placeholders only.
"""

import html
import re
import secrets
from collections.abc import Mapping
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import msgspec

from orgo.lib.text import clean_header, clip, is_within
from orgo.outbox import template
from orgo.outbox.template import Template

# In which all letters are; an answer to a command is also in the others that commands are understood in.
LANGUAGES = ("en", "fr")
ANSWERED = (*LANGUAGES, "de", "es")
PLACEHOLDERS = (
    "reference title who requester team assignee priority due text facts next why link take_link eta level status "
    "recipient organization state understood undo opened times members".split()
)
_LETTERS = Path(__file__).parent / "letters"
_GAP = re.compile(r"\n{3,}")
LONGEST_SUBJECT = 200
_URL = re.compile(r"https?://[^\s<>\"]+")
# A link in a template up to its first placeholder, which has to come after the host.
_PLACE = re.compile(r"(https?://[^\s<>\"{}/]+(?:/[^\s<>\"{}]*)?)(\{)?")


# What a letter says to its recipient only. Letters of one notice are composed once, with these in its place; no text
# that comes in can hold them, for they are drawn by every process anew.
OWN = ("take_link", "recipient")
_TAKE_LINK, _RECIPIENT = f"https://{secrets.token_hex(16)}", secrets.token_hex(16)


class Words(msgspec.Struct, frozen=True):
    """What a letter says, and the places that its template links to."""

    subject: str
    text: str
    places: tuple[str, ...] = ()


class Draft(msgspec.Struct, frozen=True):
    """The words of a letter before its recipient is known; `subject` is None where it names the recipient (`head`)."""

    head: Template
    values: dict[str, str]
    subject: str | None
    text: str
    places: tuple[str, ...]

    def to(self, recipient: str, take_link: str) -> Words:
        """The letter to one recipient."""
        subject = self.subject
        if subject is None:
            subject = _subject(self.head, {**self.values, "recipient": recipient, "take_link": take_link})
        text = self.text.replace(_RECIPIENT, recipient).replace(_TAKE_LINK, take_link)
        return Words(subject, text, self.places)


@cache
def letter_template(kind: str, language: str) -> str:
    """The shipped text for a kind of letter; English where the language has none."""
    path = _LETTERS / language / f"{kind}.txt"
    if language not in ANSWERED or not path.is_file():
        path = _LETTERS / "en" / f"{kind}.txt"
    return path.read_text(encoding="utf-8")


def compose(kind: str, language: str, values: Mapping[str, str], *, own: str | None = None) -> Words:
    """The words of a letter to one recipient; as `draft`, and `values` fill all placeholders."""
    recipient, take_link = values.get("recipient", "{recipient}"), values.get("take_link", "{take_link}")
    return draft(kind, language, values, own=own).to(recipient, take_link)


def placeholders(kind: str, language: str, own: str | None = None) -> frozenset[str]:
    """The names that a letter's subject and text ask for; the arguments are those of `draft`."""
    head, body, _ = _templates(kind, language, own)
    return head.names | body.names


def draft(kind: str, language: str, values: Mapping[str, str], *, own: str | None = None) -> Draft:
    """The words of all letters of this kind that a notice comes to.

    `values` fill the placeholders but for those in OWN; `own` is an organization's own template in place of the shipped
    one (its first line is the subject when it begins with "Subject:").
    """
    head, body, places = _templates(kind, language, own)
    shared = {**values, "take_link": _TAKE_LINK, "recipient": _RECIPIENT}
    said = {name: values[name] for name in head.names if name in values}
    subject = _subject(head, said) if head.names.isdisjoint(OWN) else None
    return Draft(head, said, subject, _tidy(body.render(shared)), places)


def _subject(head: Template, values: Mapping[str, str]) -> str:
    """The subject, on one line. Where it is too long the longest of its values is cut, never the reference.

    The reference is how a person's own mail on the task is known, and it may stand at the end.
    """
    said = {name: clean_header(values[name]) for name in head.names if name in values}
    while (over := len(subject := clean_header(head.render(said))) - LONGEST_SUBJECT) > 0:
        others = sorted(said.keys() - {"reference"})
        longest = max(others, key=lambda name: len(said[name]), default="reference")
        if longest == "reference" or len(said[longest]) <= 1:
            return clip(subject, LONGEST_SUBJECT)
        said[longest] = clip(said[longest], max(len(said[longest]) - over, 1))
    return subject


@lru_cache(256)
def _templates(kind: str, language: str, own: str | None) -> tuple[Template, Template, tuple[str, ...]]:
    """The templates of a letter's subject and text, and the places that the text itself links to."""
    source = own if own is not None else letter_template(kind, language)
    head, _, body = source.replace("\r\n", "\n").partition("\n")
    if not head.lower().startswith("subject:"):
        head, body = letter_template(kind, language).partition("\n")[0], source
    places = tuple(found[0].rpartition("/")[0] if found[2] else found[1] for found in _PLACE.finditer(body))
    return Template(head.partition(":")[2].strip()), Template(body), places


def _tidy(text: str) -> str:
    """No more than one empty line in a row, none at the ends."""
    return (_GAP.sub("\n\n", text) if "\n\n\n" in text else text).strip("\n") + "\n"


def as_html(text: str, language: str, places: tuple[str, ...]) -> str:
    """The text as a plain HTML letter: everything escaped, a line that is one link shown as a button.

    Links are made of what is at one of `places` or below it: the address of our pages, and what the letter's template
    itself names. A link in somebody's words stays text (S13).
    """
    blocks = "\n".join(_block(block, places) for block in text.strip().split("\n\n"))
    return (
        f'<!doctype html><html lang="{language}"><head><meta charset="utf-8"></head>'
        '<body style="font:16px/1.5 system-ui,sans-serif;color:#1a1d21;max-width:40em;margin:1.5em">\n'
        f"{blocks}\n</body></html>\n"
    )


_BUTTON = "display:inline-block;padding:.5em 1em;border-radius:6px;background:#0b5cad;color:#fff;text-decoration:none"


@lru_cache(512)
def _block(block: str, places: tuple[str, ...]) -> str:
    """A paragraph; the letters of one task share nearly all of theirs."""
    lines = block.split("\n")
    if len(lines) == 2 and lines[0].endswith(":") and _is_ours(lines[1].strip(), places):
        label, url = lines[0].rstrip(":"), html.escape(lines[1].strip())
        return f'<p><a href="{url}" style="{_BUTTON}">{html.escape(label)}</a></p>'
    if all(line.startswith(">") for line in lines):
        quoted = _joined([line.removeprefix(">").strip() for line in lines], places)
        return f'<blockquote style="border-left:3px solid #cbd2d9;margin:0;padding-left:1em">{quoted}</blockquote>'
    return f"<p>{_joined(lines, places)}</p>"


def _joined(lines: list[str], places: tuple[str, ...]) -> str:
    """Lines one below the other; most have no link to look for."""
    text = "\n".join(lines)
    if "://" not in text:
        return html.escape(text).replace("\n", "<br>")
    return "<br>".join(_linked(line, places) for line in lines)


def _is_ours(url: str, places: tuple[str, ...]) -> bool:
    return _URL.fullmatch(url) is not None and any(is_within(url, place) for place in places)


def _linked(line: str, places: tuple[str, ...]) -> str:
    parts, end = [], 0
    for found in _URL.finditer(line):
        url = html.escape(found[0])
        # Mail programs make links of their own accord, but not of what may be broken in the middle.
        shown = (
            f'<a href="{url}">{url}</a>' if _is_ours(found[0], places) else url.replace("//", "<wbr>//", 1)
        )
        parts += [html.escape(line[end : found.start()]), shown]
        end = found.end()
    return "".join([*parts, html.escape(line[end:])])


def quote(text: str, *, lines: int = 30) -> str:
    """Somebody's words as a quotation, at most `lines` lines of it."""
    said = text.strip().split("\n")
    shown = [f"> {line if len(line) <= 500 else clip(line, 500)}".rstrip() for line in said[:lines]]
    return "\n".join([*shown, "> …"] if len(said) > lines else shown)


def unquoted(text: str) -> str:
    """A letter's text without what it quotes."""
    return _tidy("\n".join(line for line in text.split("\n") if not line.startswith(">")))


def check_own(text: str, file: str) -> list[Any]:
    """Problems of an organization's own template."""
    return template.check(text, PLACEHOLDERS, file)

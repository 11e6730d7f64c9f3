"""Writes the tables of docs/operator/configuration.md from the models; a test compares, so that no key goes undescribed.

Run `python tools/configuration_page.py` after changing a key.
"""

import sys
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "src"))

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from orgo.conf import kinds
from orgo.conf.config import Config
from orgo.conf.roster import Roster
from orgo.conf.section import Section, contains, is_list, is_map, section_of
from orgo.conf.show import text

PAGE = ROOT / "docs" / "operator" / "configuration.md"


def page(current: str) -> str:
    """The page with its tables written again; what stands around them is kept."""
    for name, model in (("config", Config), ("people", Roster)):
        begin, end = f"<!-- {name}: written by tools/configuration_page.py -->\n", f"<!-- end of {name} -->"
        before, rest = current.split(begin)
        current = before + begin + table(model) + end + rest.split(end)[1]
    return current


def table(model: type[Section]) -> str:
    """Every key of a model as a Markdown table."""
    lines = ["| key | value | default | what it is for |", "|---|---|---|---|", *rows(model, "")]
    return "\n".join(lines) + "\n"


def rows(model: type[Section], before: str) -> list[str]:
    """The rows of a section and of the sections in it."""
    found: list[str] = []
    for name, field in model.model_fields.items():
        key = f"{before}{field.alias or name}"
        inner = section_of(field.annotation)
        if inner is None:
            found.append(f"| `{key}` | {value(field)} | {default(key, field)} | {field.description} |")
            continue
        mark = ".NAME" if is_map(field) else "[]" if is_list(field) else ""
        found.append(f"| **`{key}`** | {group(mark)} | | {field.description} |")
        found.extend(rows(inner, f"{key}{mark}."))
    return found


def group(mark: str) -> str:
    """What a key with keys below it is."""
    return {"": "keys", "[]": "list of keys", ".NAME": "keys by name"}[mark]


def value(field: FieldInfo) -> str:
    """What may be written, in a word."""
    choices = _choices(field.annotation)
    kind = " \\| ".join(f"`{choice}`" for choice in choices) or _kind(field)
    return f"list of {kind}" if is_list(field) and choices else kind


def _kind(field: FieldInfo) -> str:
    known = {bool: "true or false", Path: "path", SecretStr: "secret"}
    for kind, word in known.items():
        if contains(field.annotation, kind):
            return f"list of {word}s" if is_list(field) else word
    validators = {getattr(mark, "func", None) for mark in (*field.metadata, *_marks(field.annotation))}
    for function, word in _WORDS.items():
        if function in validators:
            return f"list of {_PLURALS.get(word, word + 's')}" if is_list(field) and word != "hours" else word
    return "list of texts" if is_list(field) else "text"


_WORDS = {
    kinds.address: "mail address",
    kinds.domain: "domain",
    kinds.host: "host name or IP address",
    kinds.zone: "IANA zone",
    kinds.network: "network",
    kinds.database_url: "URL",
    kinds.queue_url: "URL",
    kinds.web_url: "URL",
    kinds.whole: "number",
    kinds.size: "size",
    kinds.day: "date",
    kinds.duration: "duration",
    kinds.hours: "hours",
}


_PLURALS = {"mail address": "mail addresses"}


def _marks(annotation: Any) -> list[Any]:
    """All validators in an annotation, however deep."""
    found = list(getattr(annotation, "__metadata__", ()))
    for part in (getattr(annotation, "__origin__", None), *get_args(annotation)):
        if part is not None and part is not annotation and (hasattr(part, "__metadata__") or get_args(part)):
            found.extend(_marks(part))
    return found


def _choices(annotation: Any) -> tuple[str, ...]:
    if get_origin(annotation) is Literal:
        return tuple(str(choice) for choice in get_args(annotation))
    return next((found for part in get_args(annotation) if (found := _choices(part))), ())


def default(key: str, field: FieldInfo) -> str:
    """The default as it would be written, or what it follows from."""
    for ending, words in _FOLLOWS.items():
        if key.endswith(ending):
            return words
    if field.is_required():
        return "**needed**"
    if field.default in (None, (), ""):
        return ""
    return (
        f"{field.default:,} bytes".replace(",", " ") if value(field) == "size" else f"`{text(field.default)}`"
    )


_FOLLOWS = {
    "imap[].name": "the username",
    "mailboxes[].name": "the username",
    "smtp.from": "the username",
    "smtp.tls": "by the port",
    "[].tls": "by the port",
    "organization.zone": "the machine's",
    "files": "the folder of the rules",
}


if __name__ == "__main__":
    PAGE.write_text(page(PAGE.read_text("utf-8")), "utf-8")

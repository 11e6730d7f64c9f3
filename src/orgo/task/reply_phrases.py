"""The phrases by which a reply asks for something: reads `phrases/LANGUAGE.txt` and finds a clause among them (pure).

A file has sections of lines. `[filler]`, `[trailer]`, `[doubt]` and `[negation]` are words: the first two take nothing
away from what they stand before or after, the others turn a sentence into something else than a plain statement. All
other sections are the phrases of one kind, one a line, written in slots: `a|b` is one of two words, `a_b` two words in
one place, `x?` may be left out, `*` is one to six words, `*?` none to two, and `l'*` such that begin with an elided
article; `{when}` is a time, `{length}` a length of time, `{who}` an address or name, `{adr}` an address, `$NAME` what
`NAME = ..` says above. Words are folded (no case, no accents). A phrase must be a whole clause: a clause that has other
words besides is a comment. The phrases of `[KIND.bare]` are so short that they count only where a sentence begins.
"""

import re
from collections.abc import Iterator
from functools import cache
from importlib import resources
from typing import NamedTuple

from orgo.task.understood import Kind

LANGUAGES = ("en", "fr", "de", "es")
# Stands before the number of an address, and for quoted words: nobody writes it.
MARK = "\ue000"
# The more particular kinds come first: "I'll do it at 3" is an eta before it is a take.
_KINDS: tuple[Kind, ...] = ("undo", "not_mine", "escalate", "eta", "take", "assign", "wait", "done")
_WORD = f"[^ {MARK}]+ "
_ADDRESS = f"{MARK}[0-9]+ "
_CAPTURES = {
    "*": f"{_WORD}(?:{_WORD}){{0,5}}",
    "*?": f"(?:{_WORD}){{0,2}}",
    "l'*": f"l'{_WORD}(?:{_WORD}){{0,5}}",
    "{when}": f"((?:{_WORD}){{1,14}}?)",
    "{when}?": f"((?:{_WORD}){{0,14}}?)",
    "{length}": f"((?:[0-9][^ ]* |an? |une? |una |einer? |einem |half |media ){_WORD}(?:{_WORD}){{0,3}}?)",
    "{who}": f"({_ADDRESS}|{_WORD}(?:{_WORD}){{0,2}}?)",
    "{adr}": f"({_ADDRESS})",
}


class Hit(NamedTuple):
    """A clause that is a phrase: its kind and language, and the words that stand where it asks for a time or person.

    `bare` says that the phrase is a single word or little more; `slot` is `when`, `who`, `adr` or empty; `first` and
    `last` number the words of the slot (`last` is not one of them).
    """

    kind: Kind
    language: str
    bare: bool
    slot: str = ""
    first: int = 0
    last: int = 0


def hits(words: list[str], languages: tuple[str, ...], *, begins: bool) -> Iterator[Hit]:
    """What the clause of these folded `words` may mean, likeliest first.

    `languages` are tried in their order; `begins` says whether the clause begins its sentence.
    """
    clause = _joined(words)
    if any(_found(clause, language, "none", "idiom") for language in LANGUAGES):
        return
    for kind in _KINDS:
        for section in (kind, f"{kind}.bare") if begins else (kind,):
            for language in languages:
                yield from _found(clause, language, kind, section)


def target(words: list[str], languages: tuple[str, ...]) -> Hit | None:
    """Whom a clause names after "not mine", as in "try it@organization.com"."""
    clause = _joined(words)
    return next((hit for language in languages for hit in _found(clause, language, "not_mine", "try")), None)


def is_thanks(words: list[str]) -> bool:
    """Whether a clause says thanks, agreement or a farewell, and nothing else."""
    return any(_found(_joined(words), language, "thanks", "thanks") for language in LANGUAGES)


def is_filler(words: list[str]) -> bool:
    """Whether a clause says nothing that matters: a greeting, yes, please."""
    return _fillers().fullmatch(_joined(words)) is not None


def takes_back(words: list[str]) -> bool:
    """Whether a sentence of these words takes back the one before it, as "but" and "well, almost" do."""
    first = words[1:2] if words and is_filler(words[:1]) else words[:1]
    return any(word in _section(language, "retraction") for language in LANGUAGES for word in first)


def is_nobody(words: list[str]) -> bool:
    """Whether the words that stand for a person name none, as "someone else" does."""
    return any(word in _section(language, "nobody") for language in LANGUAGES for word in words)


def doubtful(words: list[str], hit: Hit) -> bool:
    """Whether the sentence of these folded `words` denies, doubts or bounds what `hit` says."""
    doubts = set(_section(hit.language, "doubt"))
    if hit.kind == "not_mine":
        words = _before_whom(words, hit.language)
    if hit.kind in ("wait", "eta"):
        doubts -= _section(hit.language, "no doubt of a time")
    if hit.kind != "not_mine":
        doubts |= _section(hit.language, "negation")
        if any(word.endswith("n't") or word.startswith("n'") for word in words):
            return True
    text = f" {' '.join(words)} "
    return any(word in doubts for word in words) or any(
        f" {doubt} " in text for doubt in doubts if " " in doubt
    )


def _before_whom(words: list[str], language: str) -> list[str]:
    """The words of a "not mine" without an end that says whose it is: "but it@organization.com" bounds nothing."""
    return _whom(language).sub(" ", _joined(words)).split()


@cache
def _whom(language: str) -> re.Pattern[str]:
    but = "|".join(sorted(_section(language, "retraction")))
    return re.compile(f"(?<= )(?:{but}) (?:{_WORD})?{_ADDRESS}(?:{_any_of('trailer')} )*$")


# ---------------------------------------------------------------- the files


@cache
def _sections(language: str) -> dict[str, list[str]]:
    text = resources.files("orgo.task").joinpath("phrases", f"{language}.txt").read_text("utf-8")
    macros: dict[str, str] = {}
    sections: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in filter(None, (line.partition("#")[0].strip() for line in text.splitlines())):
        line = re.sub(r"\$([A-Z]+)", lambda match: macros[match[1]], line)
        if line.startswith("["):
            lines = sections.setdefault(line.strip("[]"), [])
        elif " = " in line:
            name, _, value = line.partition(" = ")
            macros[name] = value
        else:
            lines.append(line)
    return sections


@cache
def _section(language: str, name: str) -> frozenset[str]:
    """The words of a section, those of several words with spaces."""
    return frozenset(
        word.replace("_", " ") for line in _sections(language).get(name, ()) for word in line.split()
    )


@cache
def _phrases(language: str, name: str) -> tuple[tuple[re.Pattern[str], str], ...]:
    """The phrases of a section as patterns, each with the name of the slot that it captures.

    Those without a slot are one pattern. Those with one stay apart, because what fills the slot decides which is meant.
    """
    before, after = _any_of("filler"), _any_of("trailer")
    plain: list[str] = []
    phrases: list[tuple[str, str]] = []
    for line in _sections(language).get(name, ()):
        slot = re.search(r"\{(\w+)\}", line)
        pattern = "".join(map(_slot, line.split()))
        if slot:
            phrases.append((pattern, "when" if slot[1] == "length" else slot[1]))
        else:
            plain.append(pattern)
    if plain:
        phrases.append(("|".join(plain), ""))
    return tuple((re.compile(f"(?:{before} )*(?:{pattern})(?:{after} )*"), slot) for pattern, slot in phrases)


@cache
def _fillers() -> re.Pattern[str]:
    return re.compile(f"(?:{_any_of('filler')} )*")


@cache
def _any_of(section: str) -> str:
    """A pattern for one of the section's words in any language (people mix them), the longer ones first."""
    words = {word for language in LANGUAGES for word in _section(language, section)}
    return f"(?:{'|'.join(map(re.escape, sorted(words, key=len, reverse=True)))})"


def _slot(slot: str) -> str:
    """The pattern of one place in a phrase."""
    if slot in _CAPTURES:
        return _CAPTURES[slot]
    words = sorted(slot.removesuffix("?").split("|"), key=len, reverse=True)  # "it_is" before "it"
    pattern = f"(?:{'|'.join(re.escape(word.replace('_', ' ')) for word in words)}) "
    return f"(?:{pattern})?" if slot.endswith("?") else pattern


def _joined(words: list[str]) -> str:
    return "".join(f"{word} " for word in words)


def _found(clause: str, language: str, kind: Kind, section: str) -> list[Hit]:
    """The phrases of a section that are this clause."""
    found = []
    for pattern, slot in _phrases(language, section):
        match = pattern.fullmatch(clause)
        if match is not None:
            group = match.lastindex or 0
            first, last = (clause.count(" ", 0, place) for place in (match.start(group), match.end(group)))
            bare = section.endswith(".bare")
            found.append(Hit(kind, language, bare, slot, first, last) if group else Hit(kind, language, bare))
    return found

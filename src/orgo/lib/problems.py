"""What is wrong with an input, said so that a person can mend it: file, line, column, key, what is allowed."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

SHOWN_AT_MOST = 50


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong, with the place where it stands.

    `line` and `column` count from 1; `key` is the dotted path of a configuration key; `hint` says what is allowed or
    what to do, or begins with a line break and shows the place; `severity` is "error" (nothing is taken over) or "warning".
    """

    message: str
    file: str | None = None
    line: int | None = None
    column: int | None = None
    key: str | None = None
    hint: str | None = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.file, self.line, self.column) if part is not None)
        head = [part for part in (place, self.key) if part]
        text = ": ".join([*head, self.message])
        if not self.hint:
            return text
        return text + self.hint if self.hint.startswith("\n") else f"{text}; {self.hint}"

    def as_json(self) -> dict[str, Any]:
        """The problem as a JSON object, without the fields that say nothing."""
        return {name: value for name, value in asdict(self).items() if value is not None}


class BadInput(Exception):
    """An input that can't be taken: nothing was changed. Carries every problem found, not only the first."""

    def __init__(self, problems: Sequence[Problem] | Problem | str) -> None:
        if isinstance(problems, str):
            problems = Problem(problems)
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that `word` was probably meant to be, or None when nothing is near."""
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return matches[0] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint for an unknown word: the nearest known one, else the list of what is allowed."""
    words = sorted(set(known))
    near = nearest(word, words)
    if near:
        return f"did you mean {near}?"
    return f"allowed: {', '.join(words)}" if words else None

"""One configuration file while it is read: its data, and for each value the place where it was written."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import SecretStr

from orgo.conf.section import Keys, Section, contains, dotted, field_at, names, section_at
from orgo.lib.problems import Problem
from orgo.lib.yaml import Node


@dataclass
class Sheet:
    """What a file and the environment say together.

    `data` is what will be checked; `given` says for a path that did not come from the file where it came from; `notes`
    what a reference in a value stands for; `spoiled` are paths already complained of.
    """

    model: type[Section]
    file: str
    folder: Path
    node: Node | None
    data: dict[str, Any] = field(default_factory=dict)
    given: dict[Keys, str] = field(default_factory=dict)
    notes: dict[Keys, str] = field(default_factory=dict)
    spoiled: set[Keys] = field(default_factory=set)
    problems: list[Problem] = field(default_factory=list)

    def blame(
        self,
        path: Keys,
        message: str,
        hint: str | None = None,
        severity: Literal["error", "warning"] = "error",
        at_key: bool = False,
    ) -> None:
        """Note what is wrong with the value at `path` (or with its key)."""
        self.problems.append(self.problem(path, message, hint, severity, at_key))

    def problem(
        self,
        path: Keys,
        message: str,
        hint: str | None = None,
        severity: Literal["error", "warning"] = "error",
        at_key: bool = False,
    ) -> Problem:
        """What is wrong with the value at `path`, with the place where it was written."""
        origin = self.origin(path)
        if origin:
            return Problem(message, file=origin, key=dotted(path), hint=hint, severity=severity)
        line, column = self.mark(path, at_key)
        return Problem(message, self.file, line, column, dotted(path) or None, hint, severity)

    def origin(self, path: Keys) -> str | None:
        """Where the value at `path` came from if it was not the file."""
        return next(
            (self.given[path[:end]] for end in range(len(path), 0, -1) if path[:end] in self.given), None
        )

    def mark(self, path: Keys, at_key: bool = False) -> tuple[int | None, int | None]:
        """Line and column of the value at `path`, or of what stands nearest above it."""
        if self.node is None:
            return None, None
        node, key_mark = self._walk(path)
        return key_mark if at_key and key_mark else (node.line, node.column)

    def source(self, path: Keys) -> str | None:
        """Where the value at `path` was given ("config.yaml:4"), or None where it was not."""
        origin = self.origin(path)
        if origin is None and self.node is not None and self._stands(path):
            origin = f"{self.file}:{self.mark(path)[0]}"
        note = self.notes.get(path) or self.notes.get(tuple(key for key in path if isinstance(key, str)))
        return f"{origin} ({note})" if origin and note else origin

    def written(self, path: Keys) -> Any:
        """The value at `path` as it stands in the file, None where it does not."""
        return self._walk(path)[0].plain() if self.node is not None and self._stands(path) else None

    def is_secret(self, path: Keys) -> bool:
        """Whether the value at `path` must not be shown."""
        found = field_at(self.model, path)
        return found is not None and contains(found.annotation, SecretStr)

    def _stands(self, path: Keys) -> bool:
        return self._reach(path)[2]

    def _walk(self, path: Keys) -> tuple[Node, tuple[int, int] | None]:
        node, key_mark, _ = self._reach(path)
        return node, key_mark

    def _reach(self, path: Keys) -> tuple[Node, tuple[int, int] | None, bool]:
        """The node at `path`, its key's mark, and whether it was reached to the end.

        A number is passed over where one value stands for a list of one (`imap:` as a map, `roles: hr`), and a key is
        found under its other spellings.
        """
        assert self.node is not None
        node, key_mark = self.node, None
        for depth, key in enumerate(path):
            if isinstance(key, int) and node.kind != "list":
                continue
            step = _child(node, key, _spellings(section_at(self.model, path[:depth]), key))
            if step is None:
                return node, key_mark, False
            node, key_mark = step
        return node, key_mark, True


def _spellings(model: type[Section] | None, key: str | int) -> set[str | int]:
    if model is None or isinstance(key, int):
        return {key}
    known = names(model)
    spelt: set[str | int] = {name for name, target in known.items() if target == known.get(key)}
    return spelt | {key}


def _child(
    node: Node, key: str | int, spellings: set[str | int]
) -> tuple[Node, tuple[int, int] | None] | None:
    if isinstance(key, int):
        return (node.value[key], None) if node.kind == "list" and key < len(node.value) else None
    if node.kind != "map":
        return None
    for name, child in node.items():
        if name.value in spellings:
            return child, (name.line, name.column)
    return None

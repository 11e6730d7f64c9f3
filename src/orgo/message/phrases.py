"""The phrases that machines write, kept as text beside the code: one pattern a line, in sections."""

import re
from functools import cache
from pathlib import Path

_FOLDER = Path(__file__).parent / "phrases"


@cache
def patterns(file: str) -> dict[str, "re.Pattern[str]"]:
    """The sections of a phrase file, each as one pattern without regard to case."""
    sections: dict[str, list[str]] = {}
    name = ""
    for line in (_FOLDER / f"{file}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("[") and line.endswith("]") and line[1:-1].isidentifier():
            name = line[1:-1]
        elif line.strip() and not line.startswith("#"):
            sections.setdefault(name, []).append(line)
    return {name: re.compile("(?i)(?:" + "|".join(lines) + ")") for name, lines in sections.items()}

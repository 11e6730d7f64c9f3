"""A home folder that a test fills with files, and the words of what is wrong with it."""

from collections.abc import Callable
from pathlib import Path

import pytest

from orgo.conf import Config, load
from orgo.lib.problems import BadInput

Write = Callable[..., Path]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty Orgo home."""
    return tmp_path.resolve()


@pytest.fixture
def write(home: Path) -> Write:
    """Write a file below the home: write("config.yaml", text)."""

    def put(name: str, text: str) -> Path:
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return put


def read(home: Path, text: str = "", **environ: str) -> Config:
    """The configuration of a home whose config.yaml is `text`."""
    if text:
        (home / "config.yaml").write_text(text, encoding="utf-8")
    return load(home, environ)


def wrong(home: Path, text: str = "", **environ: str) -> list[str]:
    """The problems of a configuration that must be refused, as they are printed."""
    with pytest.raises(BadInput) as caught:
        read(home, text, **environ)
    return [str(problem) for problem in caught.value.problems]

"""The pages stay true: every file and every link that they name is there."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orgo.task.reply import understand
from tests.house.checkout import ROOT

NOW = datetime(2026, 11, 26, 9, tzinfo=UTC)
PAGES = sorted(
    path for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "config").rglob("*.md")]
)
_FILE = re.compile(
    r"`((?:src|tests|tools|bench|config|docs|deploy)/[^\s`*<]+|(?:main|tasks|setup)\.py|schema\.sql)`"
)
_LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_file_and_link_of_a_page_is_there(page: Path) -> None:
    text = page.read_text("utf-8")
    files = [name for name in _FILE.findall(text) if "NAME" not in name and "-NN-" not in name]
    named = [ROOT / name for name in files] + [page.parent / name for name in _LINK.findall(text)]
    assert [path.relative_to(ROOT).as_posix() for path in named if not path.exists()] == []


def test_flow_names_every_stage() -> None:
    """A stage that docs/flow.md forgets would be a stage that a newcomer does not find."""
    text = (ROOT / "docs" / "flow.md").read_text("utf-8")
    stages = [path.name for path in (ROOT / "src" / "orgo").iterdir() if (path / "__init__.py").exists()]
    outside = {"audit", "cli", "demo", "web", "api"}
    assert [stage for stage in stages if stage not in outside and f"src/orgo/{stage}/" not in text] == []


def test_no_picture_makes_a_page_slow() -> None:
    pictures = sorted((ROOT / "docs" / "pictures").iterdir())
    assert [path.name for path in pictures if path.stat().st_size >= 100_000] == []


@pytest.mark.parametrize(("guide", "language"), [("guide.md", "en"), ("guide.fr.md", "fr")])
def test_what_the_guide_says_one_may_answer_is_understood(guide: str, language: str) -> None:
    rows = re.findall(r"^\| (`.+?) \|", (ROOT / "docs" / "user" / guide).read_text("utf-8"), re.MULTILINE)
    said = [
        understand(words, now=NOW, zone="UTC", language=language)
        for row in rows
        for words in re.findall(r"`(.+?)`", row)
    ]
    assert {one.kind for one in said} == {
        "take",
        "eta",
        "wait",
        "assign",
        "not_mine",
        "escalate",
        "done",
        "undo",
    }

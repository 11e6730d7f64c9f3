"""The pages stay true: every file and every link that they name is there."""

import re
import sys
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace

import pytest

from orgo.task.reply import understand
from tests.house.checkout import ROOT

sys.path.insert(0, str(ROOT / "tools"))

import site_hooks

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


@pytest.mark.parametrize(
    ("as_a_forge_reads_it", "as_mkdocs_does"),
    [
        ("What is left:\n- one\n- two", "What is left:\n\n- one\n- two"),
        ("1. First\n\n       orgo up", "1. First\n\n        orgo up"),
        (
            "- One\n\n  ```\n  a: 1\n\n  b: 2\n  ```\n- Two",
            "- One\n\n    ```\n    a: 1\n\n    b: 2\n    ```\n- Two",
        ),
        ("1. One\n   goes on\n\n   and on\n2. Two", "1. One\n   goes on\n\n    and on\n\n2. Two"),
        ("```\n- no list\n  text:\n- here\n```", "```\n- no list\n  text:\n- here\n```"),
    ],
)
def test_a_page_is_read_by_the_site_as_a_forge_reads_it(
    as_a_forge_reads_it: str, as_mkdocs_does: str
) -> None:
    assert site_hooks.on_page_markdown(as_a_forge_reads_it) == as_mkdocs_does


def test_a_page_that_nobody_named_stands_at_the_end_of_its_folders_section() -> None:
    pages = [
        SimpleNamespace(src_uri=uri, inclusion=SimpleNamespace(is_included=lambda: True))
        for uri in ("operator/new.md", "operator/a.md", "adr/1.md")
    ]
    config = SimpleNamespace(
        nav=[{"Keeping it": ["operator/a.md"]}], extra={"sections": {"operator": "Keeping it", "adr": "Why"}}
    )
    site_hooks.on_files(SimpleNamespace(documentation_pages=lambda: pages), config)
    assert config.nav == [{"Keeping it": ["operator/a.md", "operator/new.md"]}, {"Why": ["adr/1.md"]}]


@pytest.mark.parametrize(
    ("uri", "ranked"), [("adr/0001-ids.md", {"search": {"boost": 0.5}}), ("flow.md", {})]
)
def test_a_search_finds_a_record_behind_the_other_pages(uri: str, ranked: dict[str, object]) -> None:
    page = SimpleNamespace(file=SimpleNamespace(src_uri=uri), meta={})
    site_hooks.on_page_content("<p>text</p>", page)
    assert page.meta == ranked

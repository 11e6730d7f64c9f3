"""The operator's page has every key."""

import runpy
from pathlib import Path

from orgo.conf import load, show

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "operator" / "configuration.md"


def test_the_page_is_what_the_models_say() -> None:
    """After changing a key, run `python tools/configuration_page.py`."""
    tool = runpy.run_path(str(ROOT / "tools" / "configuration_page.py"))
    text = PAGE.read_text("utf-8")

    assert tool["page"](text) == text


def test_the_page_names_every_key_that_show_lists(tmp_path: Path) -> None:
    """Entry numbers are written [] there."""
    text = PAGE.read_text("utf-8")
    keys = {row.key.replace("[0]", "[]").replace("[1]", "[]") for row in show(load(tmp_path, {}))}

    assert [key for key in sorted(keys) if f"`{key}`" not in text] == []

"""The users' pages say the same in English and French, and quote the page by the labels that it really has."""

import gettext
import re
from pathlib import Path

import pytest

from tests.house.checkout import ROOT

USER = ROOT / "docs" / "user"
CATALOGUE = ROOT / "src" / "orgo" / "web" / "locale" / "fr" / "LC_MESSAGES" / "django.mo"
PAGES = ["guide", "rules"]
_FENCED = re.compile(r"^```(\w*)\n.*?^```$", re.DOTALL | re.MULTILINE)
_NO_BREAK = re.compile("[\u00a0\u202f]")  # the pages' sources have plain spaces


def text(page: str, language: str) -> str:
    return (USER / (f"{page}.md" if language == "en" else f"{page}.{language}.md")).read_text("utf-8")


def shape(page: str) -> dict[str, list[str]]:
    """What a translation has to have as well, in its order: headings by level, blocks by kind, rows, items, pictures by stem."""
    prose = _FENCED.sub("", page)
    return {
        "headings": re.findall(r"^(#+) ", prose, re.MULTILINE),
        "blocks": _FENCED.findall(page),
        "rows and items": re.findall(r"^ *(\||-|\d+\.)(?: |-)", prose, re.MULTILINE),
        "pictures": [
            re.sub("-[a-z]{2}$", "", Path(name).stem) for name in re.findall(r"!\[.*?\]\((.+?)\)", prose)
        ],
    }


@pytest.mark.parametrize("page", PAGES)
def test_the_french_page_has_all_that_the_english_one_has(page: str) -> None:
    assert shape(text(page, "fr")) == shape(text(page, "en"))


def test_the_tables_of_the_rules_explain_the_same_words_in_both_languages() -> None:
    """Operators, fields, keys and actions are words of the rules' language, which has no translation."""
    english, french = (
        [
            re.findall(r"`([^`]+)`", row)
            for row in re.findall(r"^\|(.+?)\|", text("rules", language), re.MULTILINE)
        ]
        for language in ("en", "fr")
    )
    assert french == english


@pytest.mark.parametrize("language", ["en", "fr"])
def test_the_guides_pictures_are_of_the_guides_language(language: str) -> None:
    pictures = re.findall(r"!\[.*?\]\((.+?)\)", text("guide", language))
    assert pictures
    assert {name for name in pictures if not name.endswith(f"-{language}.webp")} == set()


def labels(guide: str) -> list[str]:
    """What the guide quotes of the page: in italics, and in bold where it is the page's turn (the third section)."""
    of_the_page = guide.split("\n## ")[2]
    return re.findall(r"(?<!\*)\*([^*\[\]]+)\*(?!\*)", guide) + re.findall(r"\*\*(.+?)\*\*", of_the_page)


def test_the_labels_that_the_guides_quote_stand_on_the_page() -> None:
    """Each is a phrase of the catalogue or its first words, in French the translation of the English one."""
    with CATALOGUE.open("rb") as file:
        known = gettext.GNUTranslations(file)._catalog.items()  # type: ignore[attr-defined]
    phrases = [
        (said.casefold(), _NO_BREAK.sub(" ", french.casefold()))
        for said, french in known
        if isinstance(said, str)
    ]
    quoted = list(zip(*(labels(text("guide", language)) for language in ("en", "fr")), strict=True))
    assert ("Why here?", "Pourquoi ici ?") in quoted

    missing = [
        (english, french)
        for english, french in quoted
        if not any(
            begins(said, english.casefold()) and begins(in_french, french.casefold())
            for said, in_french in phrases
        )
    ]
    assert missing == []


def begins(phrase: str, words: str) -> bool:
    return re.match(rf"{re.escape(words)}(?!\w)", phrase) is not None

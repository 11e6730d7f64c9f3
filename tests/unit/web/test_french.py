"""Everything that the page says is said in French too, and the compiled catalogue is that of the text."""

import gettext
import re
from pathlib import Path

WEB = Path(__file__).resolve().parents[3] / "src" / "orgo" / "web"
CATALOGUE = WEB / "locale" / "fr" / "LC_MESSAGES"
_TEMPLATE = re.compile(
    r"\{%\s*trans\s+(?:\"([^\"]*)\"|'([^']*)')|_\(\"([^\"]*)\"\)|\{%\s*blocktrans[^%]*%\}(.*?)(?:\{%\s*plural\s*%\}.*?)?\{%\s*endblocktrans\s*%\}",
    re.DOTALL,
)
_PYTHON = re.compile(r'\b_\(\s*"((?:[^"\\]|\\.)*)"\s*,?\s*\)')


def said() -> set[str]:
    """Every phrase of the templates and views."""
    found: set[str] = set()
    for path in WEB.glob("templates/*.html"):
        for groups in _TEMPLATE.findall(path.read_text(encoding="utf-8")):
            text = next(group for group in groups if group)
            found.add(re.sub(r"\{\{\s*(\w+)\s*\}\}", r"%(\1)s", text))
    for path in [*WEB.glob("views/*.py"), WEB / "context.py", WEB / "words.py"]:
        found.update(_PYTHON.findall(path.read_text(encoding="utf-8")))
    return found


def test_every_phrase_has_its_french() -> None:
    with (CATALOGUE / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    known = {key[0] if isinstance(key, tuple) else key for key in catalogue}

    assert said() - known == set()


def test_the_compiled_catalogue_is_that_of_the_text() -> None:
    with (CATALOGUE / "django.mo").open("rb") as file:
        catalogue = gettext.GNUTranslations(file)._catalog  # type: ignore[attr-defined]
    text = (CATALOGUE / "django.po").read_text(encoding="utf-8")
    written = re.findall(r'^msgstr(?:\[\d\])? "(.+)"$', text, re.MULTILINE)

    assert {w.replace('\\"', '"') for w in written} - set(catalogue.values()) == set()


def test_no_line_breaks_before_a_mark_or_within_quotes() -> None:
    """French sets a space there, at which a browser would break the line: it is one that does not break."""
    text = (CATALOGUE / "django.po").read_text(encoding="utf-8").partition("\n\n")[2]
    written = re.findall(r'^msgstr(?:\[\d\])? "(.+)"$', text, re.MULTILINE)

    assert [w for w in written if re.search(" [:;!?»]|« ", w)] == []
    assert [w for w in written if re.search(r"[^\u202f][;!?]|[^\u00a0]»|«[^\u00a0]", w)] == []

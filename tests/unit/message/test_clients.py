"""Replies in the true form of the mail programs of the day: the author's own words, and what they ask for.

The samples in clients/ are our own: what each program makes of an answer to one letter of Orgo, whose quoted words hold
"take", "eta" and "done". Those with -html have no text part.
"""

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from orgo.message import parse, reply_text
from orgo.task.reply import understand

CLIENTS = Path(__file__).with_name("clients")
BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 9, 7, 10, 12, tzinfo=BERLIN)
# The reply's own words, and the command.
EXPECTED = {
    "apple-mail-en": ("wait until Friday", "wait"),
    "gmail-android-de": ("Nicht zuständig", "not_mine"),
    "gmail-android-fr": ("C'est fait", "done"),
    "gmail-web-en": ("done", "done"),
    "gmail-web-es": ("Hecho", "done"),
    "gmx-de-html": ("Erledigt\n\nGruß Anna", "done"),
    "iphone-de-html": ("erledigt", "done"),
    "iphone-es": ("Me encargo yo", "take"),
    "iphone-fr-html": ("Fait", "done"),
    "notes-de": ("Erledigt", "done"),
    "notes-en": ("Done", "done"),
    "notes-fr": ("C'est fait", "done"),
    "outlook-ios-de-html": ("Erledigt", "done"),
    "outlook-web-en-html": ("eta 30 min", "eta"),
    "outlook-web-fr-html": ("Je m'en occupe.", "take"),
    "outlook-windows-de": ("Ich übernehme das.\n\nMit freundlichen Grüßen\nAnna Abel", "take"),
    "outlook-windows-en": ("Done\n\nKind regards\nAnna Abel", "done"),
    "outlook-windows-es-html": ("Hecho\n\nUn saludo\n\nAnna Abel", "done"),
    "outlook-windows-fr-html": ("C'est fait\n\nCordialement\n\nAnna Abel", "done"),
    "proton-en": ("done", "done"),
    "proton-fr-html": ("Je m'en occupe", "take"),
    "samsung-de-html": ("Erledigt", "done"),
    "samsung-en-html": ("I'll take it", "take"),
    "samsung-fr-html": ("Je prends", "take"),
    "thunderbird-de": ("Erledigt.", "done"),
    "thunderbird-en-html": ("done", "done"),
    "thunderbird-fr": ("Pas pour moi.", "not_mine"),
}


def test_every_sample_is_expected() -> None:
    assert sorted(EXPECTED) == sorted(path.stem for path in CLIENTS.glob("*.eml"))


@pytest.mark.parametrize("name", EXPECTED)
def test_the_authors_words_are_found_and_understood(name: str) -> None:
    message = parse((CLIENTS / f"{name}.eml").read_bytes())
    own = reply_text(message)
    understood = understand(own, now=NOW, zone=BERLIN.key, language=message.language)
    assert (own, understood.kind) == EXPECTED[name]


@pytest.mark.parametrize("gap", [" ", "  ", "\t", " " * 12])
def test_the_head_of_the_original_is_seen_whatever_stands_behind_the_colons(gap: str) -> None:
    """Notes puts the values below each other, by blanks or a tab."""
    head = "".join(f"{name}:{gap}x\n" for name in ("From", "To", "Date", "Subject"))
    assert reply_text(parse(f"Subject: Re: x\n\nDone\n\n\n{head}\nThere is work\n".encode())) == "Done"

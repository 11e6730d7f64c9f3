"""Text is cut where a reader sees it end, and compared without case and accents."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from wcwidth import iter_graphemes

from orgo.lib.text import clip, fold, without_people

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467"
FRANCE = "\U0001f1eb\U0001f1f7"


@pytest.mark.parametrize(
    ("text", "length", "cut"),
    [
        ("leak", 4, "leak"),
        ("leaking", 5, "leak…"),
        ("a leak", 3, "a…"),
        ("e\u0301e\u0301e\u0301", 4, "e\u0301…"),
        (f"ab{FAMILY}cd", 5, "ab…"),
        (f"ab{FAMILY}cd", 8, f"ab{FAMILY}…"),
        (f"{FRANCE}{FRANCE}{FRANCE}", 4, f"{FRANCE}…"),
        ("leak a" + "\u0301" * 1_000_000, 100, "leak…"),
        ("\U0001f468\u200d" * 500_000, 100, "\U0001f468\u200d" * 49 + "\U0001f468…"),
    ],
)
def test_no_character_is_cut_in_two(text: str, length: int, cut: str) -> None:
    """bad input 42: letters with their marks, families and flags stay whole; a megabyte that is one is cut."""
    assert clip(text, length) == cut


@given(st.text(st.sampled_from(f"ab \u0301\r{FAMILY}{FRANCE}"), max_size=40), st.integers(2, 30))
def test_what_is_left_are_whole_characters(text: str, length: int) -> None:
    cut = clip(text, length)
    whole = [*iter_graphemes(text)]

    assert len(cut) <= length
    if cut != text and len(whole[0]) < length:
        kept = len([*iter_graphemes(cut[:-1])])
        assert "".join(whole[:kept]).rstrip() == cut[:-1]


@given(st.text(st.characters(max_codepoint=255)) | st.text(st.characters(max_codepoint=0x17F)) | st.text())
def test_folding_is_without_case_and_accents_on_every_way(text: str) -> None:
    apart = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in apart if not _is_accent(letter))

    assert fold(text) == unicodedata.normalize("NFC", bare)


def _is_accent(letter: str) -> bool:
    blocks = (0x300, 0x36F), (0x1AB0, 0x1AFF), (0x1DC0, 0x1DFF), (0x20D0, 0x20FF), (0xFE20, 0xFE2F)
    return any(first <= ord(letter) <= last for first, last in blocks)


def test_a_name_is_left_out_where_it_stands_as_a_whole() -> None:
    assert without_name("CLARA Cole wrote; see clara coles", "Clara Cole") == "… wrote; see clara coles"
    assert without_name("http://x.example/a", "e") == "http://x.example/a"
    assert without_name("a (b) c", "(b)") == "a … c"
    link = "https://town.example/tasks/A/take?town=1"
    assert without_name(f"Town: {link} of Town", "town") == f"…: {link} of …"
    assert without_name("as it is", "") == "as it is"


def test_of_two_names_that_begin_alike_nothing_of_the_longer_one_stays() -> None:
    text = "Ben Berg writes (ben.berg@city.example, berg@city.example)"
    addresses, names = ["berg@city.example", "ben.berg@city.example"], ["Ben", "Ben Berg", ""]
    assert without_people(text, addresses, names) == "… writes (…, …)"


def without_name(text: str, name: str) -> str:
    return without_people(text, [], [name])

"""The words of a text that a search finds are the same on the fast way as on the other."""

import re

from hypothesis import given
from hypothesis import strategies as st

from orgo.task.search import _vector


@given(st.text(st.sampled_from("aZé9_-. \n\x1f\x00ß"), max_size=80) | st.just("a" * 51 + " b_c") | st.text())
def test_a_word_is_letters_and_digits_at_most_fifty_of_them(text: str) -> None:
    from orgo.lib.text import fold

    wanted = dict.fromkeys(re.findall(r"[^\W_]{1,50}", fold(text)))

    vector = _vector(text)
    assert int.from_bytes(vector[:4], "big") == len(wanted)
    assert vector[4:].decode() == "".join(f"{word}\0\0\0" for word in wanted)


def test_of_a_text_whose_words_are_too_long_together_the_first_are_found() -> None:
    text = " ".join(
        chr(0x4E00 + number // 3000) * 40 + chr(0x5E00 + number % 3000) for number in range(12_000)
    )
    vector = _vector(text)
    *words, rest = vector[4:].split(b"\0\0\0")

    assert 990_000 < len(vector) <= 1_000_004 and not rest
    assert words == [word.encode() for word in text.split()[: int.from_bytes(vector[:4], "big")]]

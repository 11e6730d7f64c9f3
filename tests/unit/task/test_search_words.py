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

"""References that can be said on the phone, ids that grow, signatures that are of one list of words only."""

import hmac
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.lib import ids


@pytest.mark.parametrize("said", ["7QK3MD", "7qk3md", "T-7QK3MD", "#7qk-3md", " 7QK 3MD "])
def test_a_reference_is_read_however_it_is_said(said: str) -> None:
    assert ids.normal_reference(said) == "7QK3MD"


def test_letters_that_are_confused_are_read_as_digits() -> None:
    assert ids.normal_reference("oil1oi") == "011101"


@pytest.mark.parametrize("text", ["", "7QK3M", "7QK3MDX", "7QK3MU", "7QK3M!"])
def test_what_can_be_no_reference_is_none(text: str) -> None:
    assert ids.normal_reference(text) is None


def test_new_references_can_be_read_back() -> None:
    assert all(
        ids.normal_reference(reference) == reference
        for reference in (ids.new_reference() for _ in range(200))
    )


def test_ids_grow_and_are_each_made_once_also_by_several_threads() -> None:
    with ThreadPoolExecutor(4) as threads:
        made = [
            n for part in threads.map(lambda _: [ids.new_id() for _ in range(2000)], range(8)) for n in part
        ]

    assert len(set(made)) == len(made)
    assert ids.new_id() > max(made) and max(made) < 2**63
    one_after_the_other = [ids.new_id() for _ in range(1000)]
    assert one_after_the_other == sorted(one_after_the_other)


@given(st.lists(st.text(max_size=8), max_size=4), st.lists(st.text(max_size=8), max_size=4))
def test_two_lists_of_words_never_sign_alike(one: list[str], other: list[str]) -> None:
    assert (ids.sign(b"k", *one) == ids.sign(b"k", *other)) == (one == other)


@given(st.binary(min_size=1, max_size=100), st.text(max_size=40))
def test_a_signature_is_the_beginning_of_an_hmac(key: bytes, text: str) -> None:
    data = text.encode()
    whole = hmac.digest(key, len(data).to_bytes(4, "big") + data, "sha256")

    number = 0
    for letter in ids.sign(key, text).upper():
        number = number << 5 | ids.CROCKFORD.index(letter)

    assert number == int.from_bytes(whole, "big") >> 126

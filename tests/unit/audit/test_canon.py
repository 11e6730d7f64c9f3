"""Leaves, roots and heads: what a seal is made of."""

import hashlib

from hypothesis import given
from hypothesis import strategies as st

from orgo.audit import canon

EVENTS = st.tuples(
    st.integers(1, 2**62), st.none() | st.integers(1, 2**62), st.none() | st.integers(1, 1000), st.just(1), st.text(), st.text(), st.text(), st.text(),
    st.dictionaries(st.text(), st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text() | st.lists(st.text())),
)  # fmt: skip


@given(EVENTS, st.integers(1, 2**62))
def test_the_order_of_an_events_data_does_not_matter(event: tuple, number: int) -> None:
    turned = dict(reversed(list(event[8].items())))

    assert canon.leaf(number, event) == canon.leaf(number, (*event[:8], turned))


@given(EVENTS, EVENTS, st.integers(1, 2**62), st.integers(1, 2**62))
def test_other_events_and_other_numbers_have_other_leaves(
    one: tuple, other: tuple, number: int, place: int
) -> None:
    assert (canon.leaf(number, one) == canon.leaf(place, other)) == ((number, one) == (place, other))


def test_the_root_is_that_of_rfc_6962() -> None:
    """Section 2.1.3's tree of seven leaves, built by hand."""
    leaves = [bytes([n]) * 32 for n in range(7)]

    def node(left: bytes, right: bytes) -> bytes:
        return hashlib.sha256(b"\x01" + left + right).digest()

    left = node(node(leaves[0], leaves[1]), node(leaves[2], leaves[3]))
    assert canon.root(leaves) == node(left, node(node(leaves[4], leaves[5]), leaves[6]))


@given(st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40), st.data())
def test_any_other_leaf_order_or_length_is_another_root(leaves: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(leaves) - 1))
    root = canon.root(leaves)

    assert canon.root([*leaves[:place], b"\xff" * 31 + b"\xfe", *leaves[place + 1 :]]) != root
    assert canon.root([*leaves, b"x" * 32]) != root
    if len(leaves) > 1 and leaves[0] != leaves[-1]:
        assert canon.root([leaves[-1], *leaves[1:-1], leaves[0]]) != root

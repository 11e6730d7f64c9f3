"""Making the next thing while this one is used, unless it is large."""

import threading
from collections.abc import Iterator

import pytest

from orgo.lib.ahead import ahead

_LONG = 10.0


@pytest.fixture
def made() -> dict[int, threading.Event]:
    return {number: threading.Event() for number in range(3)}


def making(made: dict[int, threading.Event]) -> Iterator[int]:
    for number, event in made.items():
        event.set()
        yield number


def test_the_next_is_made_while_one_is_used(made: dict[int, threading.Event]) -> None:
    used = []
    for number in ahead(making(made)):
        assert all(made[later].wait(_LONG) for later in (number + 1,) if later in made)
        used.append(number)
    assert used == [0, 1, 2]


def test_behind_a_large_one_nothing_is_made_until_it_has_been_used(made: dict[int, threading.Event]) -> None:
    used = []
    for number in ahead(making(made), lambda item: item == 1):
        if number == 1:
            assert not made[2].wait(0.2)
        used.append(number)
    assert used == [0, 1, 2]

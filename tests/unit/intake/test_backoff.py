"""How long a mailbox in trouble is left alone."""

from datetime import timedelta
from typing import get_args

import pytest

from orgo.intake.mailbox.backoff import pause
from orgo.intake.mailbox.ports import State


def minutes(state: State, chance: float = 0.0) -> list[float]:
    return [pause(state, failures, chance).total_seconds() / 60 for failures in range(1, 12)]


def test_a_wrong_password_is_tried_after_a_minute_and_at_last_once_an_hour() -> None:
    assert minutes("auth_failed") == [1, 2, 4, 8, 16, 32, 60, 60, 60, 60, 60]


def test_where_there_was_no_room_it_is_looked_for_once_a_minute() -> None:
    assert max(minutes("no_room", 0.999)) == 1


def test_a_server_that_is_away_is_tried_sooner() -> None:
    assert minutes("unreachable")[:3] == pytest.approx([5 / 60, 10 / 60, 20 / 60])
    assert max(minutes("unreachable")) == 5


@pytest.mark.parametrize("state", get_args(State))
def test_chance_only_makes_it_longer_and_never_longer_than_an_hour(state: State) -> None:
    for failures in (1, 3, 100_000):
        shortest, longest = pause(state, failures, 0.0), pause(state, failures, 0.999)
        assert timedelta(0) < shortest <= longest <= min(timedelta(hours=1), shortest * 1.25)

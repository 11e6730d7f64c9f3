"""The autoscaler's day: nothing is lost, the documented algorithm is kept, and known days come out as they must."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orgo.simulate.autoscale import DAY, HOURS, TICK, Plan, Scaler, day_of, play

PLANS = st.builds(
    Plan,
    rate=st.floats(0.01, 50),
    mails=st.just(0),
    least=st.integers(1, 4),
    most=st.integers(4, 12),
    target=st.floats(0.3, 0.9),
    ready=st.sampled_from([0, 15, 30, 120]),
    stabilization=st.sampled_from([15, 60, 300]),
)
ARRIVALS = st.lists(st.integers(0, 400), min_size=1, max_size=300)


@given(PLANS, ARRIVALS)
def test_no_mail_is_lost_and_the_bounds_are_kept(plan: Plan, arrivals: list[int]) -> None:
    day = play(plan, arrivals)

    assert day.decided + day.left == sum(arrivals) == sum(hour.mails for hour in day.hours)
    assert all(plan.least <= hour.replicas_least <= hour.replicas_most <= plan.most for hour in day.hours)
    assert all(0 <= hour.late_mean <= hour.late_most for hour in day.hours)
    most = plan.most * plan.rate * len(arrivals) * TICK + 1
    assert day.decided <= most
    assert (
        plan.least * len(arrivals) * TICK
        <= day.replica_hours * 3600 + 180
        <= plan.most * len(arrivals) * TICK + 360
    )


@given(PLANS, st.lists(st.floats(0, 1), min_size=1, max_size=200))
def test_each_look_keeps_to_the_documented_steps(plan: Plan, used: list[float]) -> None:
    scaler, wished = Scaler(plan), list[tuple[int, int]]()
    for number, share in enumerate(used, 1):
        before, at = scaler.replicas, number * TICK
        working = scaler.working(at - TICK)
        scaler.look(at, share, working)
        if working == before and share / plan.target > 1 + plan.tolerance:
            wished.append((at, min(plan.most, before + 1)))
        if working == before and abs(share / plan.target - 1) <= plan.tolerance:
            assert scaler.replicas >= before
        assert scaler.replicas <= max(2 * before, before + 4)
        held = [wish for then, wish in wished if then > at - plan.stabilization]
        assert all(scaler.replicas >= wish for wish in held)


@given(st.integers(0, 200_000))
def test_a_day_has_all_its_mails_and_a_fifth_of_them_from_nine_to_ten(mails: int) -> None:
    arrivals = day_of(mails)

    assert len(arrivals) == DAY // TICK and sum(arrivals) == mails and min(arrivals) >= 0
    hour = arrivals[9 * 3600 // TICK : 10 * 3600 // TICK]
    assert sum(hour) == pytest.approx(mails / 5, abs=2)
    assert sum(hour[: 60 // TICK]) == pytest.approx(mails / 5 / 60 * 5, abs=2)


def test_a_replica_that_is_fast_enough_leaves_the_least_and_nobody_waits() -> None:
    day = play(Plan(rate=100))

    assert (day.decided, day.left, len(day.hours)) == (50_000, 0, HOURS)
    assert {(hour.replicas_least, hour.replicas_most, hour.late_most) for hour in day.hours} == {(2, 2, 0.0)}
    assert day.replica_hours == 48


def test_a_steady_load_settles_where_the_formula_says() -> None:
    """4 mails a second, 1 a second and replica: ceil(4 / 0.7) = 6, reached from 2 by way of the backlog."""
    day = play(Plan(rate=1.0), [4 * TICK] * (2 * 3600 // TICK))

    assert (day.hours[1].replicas_least, day.hours[1].replicas_most) == (6, 6)
    assert day.hours[1].late_most == 0 < day.hours[0].late_most


def test_new_replicas_work_only_when_they_are_ready() -> None:
    load = [0] * 4 + [200] * 4 + [0] * 400
    slow, quick = (play(Plan(rate=1.0, ready=ready), load).hours[0].late_most for ready in (120, 0))

    assert slow > quick > 0


def test_what_was_wanted_is_kept_for_five_minutes() -> None:
    scaler = Scaler(Plan(rate=1.0))
    scaler.look(15, 1.0, 2)
    sizes = {}
    for at in range(30, 615, 15):
        scaler.look(at, 0.0, scaler.working(at))
        sizes[at] = scaler.replicas

    assert {sizes[at] for at in range(30, 315, 15)} == {3}
    assert sizes[315] == 2


def test_within_the_tolerance_nothing_changes() -> None:
    scaler = Scaler(Plan(rate=1.0))
    for used, wanted in ((0.76, 2), (0.78, 3)):
        scaler.look(15, used, scaler.working(15))
        assert scaler.replicas == wanted


def test_replicas_that_are_not_ready_hold_the_next_ones_off() -> None:
    """2 work at full, 3 are there: 1.0 / 0.7 * 2 / 3 is below 1, so the wish turns and nothing is changed."""
    scaler = Scaler(Plan(rate=1.0, ready=60))
    scaler.look(15, 1.0, 2)
    assert (scaler.replicas, scaler.working(30)) == (3, 2)
    scaler.look(30, 1.0, 2)
    assert scaler.replicas == 3


def test_too_little_leaves_a_backlog_that_is_told() -> None:
    day = play(Plan(rate=0.02))

    assert day.left == 50_000 - day.decided > 0
    assert day.hours[-1].backlog >= day.left and day.hours[12].replicas_most == 10

"""kill -9 again and again while mail pours in: nothing is lost, nothing happens twice."""

import os
import random
import threading

import pytest

from tests.crash.house import House, Sender, invariants
from tests.servers.postgresql import Postgresql

KILLS = int(os.environ.get("ORGO_KILLS", "8"))
MAILS_A_KILL = 4


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "database", ["sqlite", pytest.param("postgresql", marks=pytest.mark.needs("postgresql"))]
)
def test_killed_while_mail_pours_in_nothing_is_lost_and_nothing_doubled(house: House, database: str) -> None:
    sender = Sender(house, KILLS * MAILS_A_KILL)
    spread = random.Random(7)
    house.start()
    sender.start()
    for number in range(KILLS):
        threading.Event().wait(0.2 + spread.random())
        house.kill()
        # Each start is six minutes later: what the dead one had leased is free again.
        house.start(hours=(number + 1) * 0.1)
    sender.join(timeout=300)
    house.stop()
    house.start(hours=KILLS * 0.1 + 1)

    assert house.until(house.idle, seconds=120)
    assert sender.sent == KILLS * MAILS_A_KILL
    # Each kill may come in the same letter's dot.
    assert invariants(house, sender.sent, escalated=None, unsure=True) == []


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.needs("postgresql")
@pytest.mark.parametrize("database", ["postgresql"])
def test_a_database_that_dies_under_it_is_waited_for(house: House, server: Postgresql, database: str) -> None:
    """While the server is away no mail is taken; when it is back Orgo goes on by itself."""
    house.start()
    for number in range(10):
        assert house.send(number, tries=50)
        if number in (3, 6):
            server.end("immediate")
            assert not house.send(99)
            server.begin()

    # What was under way when it died is free again once its lease has run out.
    house.stop()
    house.start(hours=1)
    assert house.until(house.idle, seconds=60)
    assert invariants(house, 10) == []
